//! Every refusal, reached by a case. Codes and texts are a contract: the snapshot shows them.

use std::collections::BTreeSet;

use super::house::*;
use super::run::Run;
use crate::credential::Request;
use crate::lock::{Acquire, Lapse as LapseLock, Mode, Patience};
use crate::session::{End, Lapse};
use crate::sign_in::SignOut;
use crate::{Actor, BrokerKind, Command, Refusal, Role, Span, Usd, broker, credential, freeze, grant, limits, lock};

type Case = (&'static str, fn(&mut Run) -> (Actor, Command));

/// A new variant fails to compile here: give it a case below, too.
fn is_known(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::Forbidden { .. }
        | Refusal::BootstrapSpent
        | Refusal::LastAdmin
        // Decided where the names are: a test of the scribe in `control` reaches it.
        | Refusal::LoginTaken
        | Refusal::DeveloperUnknown(_)
        | Refusal::DeveloperDisabled(_)
        | Refusal::TeamUnknown
        | Refusal::ProjectUnknown(_)
        | Refusal::ProjectForbidden { .. }
        | Refusal::NameTaken
        | Refusal::IdTaken
        | Refusal::TtlOutOfBounds { .. }
        | Refusal::AmountOutOfBounds { .. }
        | Refusal::TextTooLong { .. }
        | Refusal::SessionUnknown(_)
        | Refusal::SessionOver { .. }
        | Refusal::SessionSuspect { .. }
        | Refusal::NotOverdue(_)
        | Refusal::LimitReached { .. }
        | Refusal::BudgetExhausted { .. }
        | Refusal::CallUnknown
        | Refusal::SignInUnknown
        | Refusal::TextMalformed { .. }
        | Refusal::BrokerUnknown(_)
        | Refusal::BrokerOff(_)
        | Refusal::BrokerKindFixed { .. }
        | Refusal::BrokerInUse { .. }
        | Refusal::TargetUnknown { .. }
        | Refusal::NotGranted { .. }
        | Refusal::OutsideGrant { .. }
        | Refusal::LifeOutOfBounds { .. }
        | Refusal::GrantUnknown
        | Refusal::CredentialUnknown(_)
        | Refusal::CredentialAlive(_)
        | Refusal::LockRequired(_)
        | Refusal::TicketUnknown(_)
        | Refusal::TicketOver(_)
        | Refusal::TicketNotDue(_)
        | Refusal::LockHeld { .. }
        | Refusal::WouldDeadlock { .. }
        | Refusal::LockPinned { .. }
        | Refusal::ResourceFrozen(_)
        | Refusal::FreezeUnknown(_) => true,
    }
}

/// All that `decide` can give, which is all but [`Refusal::LoginTaken`].
const VARIANTS: usize = 42;

const CASES: &[Case] = &[
    ("forbidden", |_| (bob(), create_team(1, "apps"))),
    ("bootstrap_spent", |_| (Actor::Bootstrap, register(3, roles([Role::Admin])))),
    ("last_admin", |_| (ada(), disable(0))),
    ("developer_unknown", |_| (ada(), join(0, 9))),
    ("developer_disabled", |run| {
        run.ok(ada(), &disable(1));
        (bob(), opening(open(0)))
    }),
    ("team_unknown", |_| (ada(), join(9, 1))),
    ("project_unknown", |_| {
        let open = crate::session::Open { project: Some(prj(9)), ..open(0) };
        (bob(), opening(open))
    }),
    ("project_forbidden", |_| {
        let open = crate::session::Open { developer: dev(2), ..open(0) };
        (eve(), opening(open))
    }),
    ("name_taken", |_| (ada(), create_team(1, "core"))),
    ("id_taken", |run| {
        run.ok(bob(), &opening(open(0)));
        (bob(), opening(open(0)))
    }),
    ("ttl_out_of_bounds", |_| {
        let open = crate::session::Open { ttl: Span::from_secs(59), ..open(0) };
        (bob(), opening(open))
    }),
    ("amount_out_of_bounds", |run| {
        run.ok(bob(), &opening(open(0)));
        (Actor::System, reserving(reserve(0, 0, limits::ENTRY_USD_NANOS_MAX + 1)))
    }),
    ("text_too_long", |run| {
        run.ok(bob(), &opening(open(0)));
        let model = "m".repeat(limits::MODEL_CHARS_MAX + 1);
        (Actor::System, reserving(crate::call::Reserve { model, ..reserve(0, 0, 1) }))
    }),
    ("session_unknown", |_| (Actor::System, reserving(reserve(0, 9, 1)))),
    ("session_over", |run| {
        run.ok(bob(), &opening(open(0)));
        run.ok(bob(), &Command::EndSession(End { session: ses(0), exit_code: Some(0) }));
        (Actor::System, reserving(reserve(0, 0, 1)))
    }),
    ("session_suspect", |run| {
        run.ok(bob(), &opening(open(0)));
        run.wait(limits::BEAT_SUSPECT_AFTER);
        run.ok(Actor::System, &Command::LapseSession(Lapse { session: ses(0), last_beat: MORNING }));
        (Actor::Session(ses(0)), opening(child(1, 0)))
    }),
    ("not_overdue", |run| {
        run.ok(bob(), &opening(open(0)));
        (Actor::System, Command::LapseSession(Lapse { session: ses(0), last_beat: MORNING }))
    }),
    ("limit_reached", |run| {
        for n in 0..limits::SESSIONS_LIVE_PER_DEVELOPER_MAX as u128 {
            run.ok(bob(), &opening(open(n)));
        }
        (bob(), opening(open(999)))
    }),
    ("budget_exhausted", |run| {
        let budget = Some(Usd::from_nanos(2_000_000_000));
        run.ok(bob(), &opening(crate::session::Open { budget, ..open(0) }));
        run.ok(Actor::System, &reserving(reserve(0, 0, 1_500_000_000)));
        run.ok(Actor::System, &settling(0, settlement(1_000_000_000)));
        run.ok(Actor::System, &reserving(reserve(1, 0, 400_000_000)));
        (Actor::System, reserving(reserve(2, 0, 600_000_001)))
    }),
    ("call_unknown", |_| (Actor::System, settling(0, settlement(0)))),
    ("sign_in_unknown", |_| (ada(), Command::SignOut(SignOut { sign_in: sin(9) }))),
    ("text_malformed", |run| {
        run.ok(bob(), &opening(open(0)));
        (Actor::Session(ses(0)), requesting(Request { public_key: Some("a\nb".to_owned()), ..request(0, 0, "far") }))
    }),
    ("broker_unknown", |_| {
        let switch = broker::Switch { broker: name("none"), is_on: false, reason: String::new() };
        (ada(), Command::SwitchBroker(switch))
    }),
    ("broker_off", |run| {
        run.ok(bob(), &opening(open(0)));
        let switch = broker::Switch { broker: name("vault"), is_on: false, reason: String::new() };
        run.ok(ada(), &Command::SwitchBroker(switch));
        (Actor::Session(ses(0)), requesting(request(0, 0, "far")))
    }),
    ("broker_kind_fixed", |_| {
        let Command::ConfigureBroker(configure) = configure("vault") else { panic!("another command") };
        let other = broker::Configure { kind: BrokerKind::Aws, ..*configure };
        (ada(), Command::ConfigureBroker(Box::new(other)))
    }),
    ("broker_in_use", |run| {
        run.ok(bob(), &opening(open(0)));
        run.ok(Actor::Session(ses(0)), &requesting(request(0, 0, "far")));
        (ada(), Command::RemoveBroker(broker::Remove { broker: name("vault") }))
    }),
    ("target_unknown", |_| (ada(), grant("nowhere", Span::from_secs(600)))),
    ("not_granted", |run| {
        run.ok(bob(), &opening(open(0)));
        (Actor::Session(ses(0)), requesting(Request { broker: name("other"), ..request(0, 0, "far") }))
    }),
    ("outside_grant", |run| {
        run.ok(bob(), &opening(open(0)));
        (Actor::Session(ses(0)), requesting(Request { scope: rooms(&["a", "c"]), ..request(0, 0, "far") }))
    }),
    ("life_out_of_bounds", |run| {
        run.ok(bob(), &opening(open(0)));
        let life = Some(Span::from_secs(3600));
        (Actor::Session(ses(0)), requesting(Request { life, ..request(0, 0, "far") }))
    }),
    ("grant_unknown", |_| {
        let remove = crate::grant::Remove {
            project: prj(0),
            broker: name("vault"),
            target: name("far"),
            profile: Some(name("other")),
        };
        (ada(), Command::RemoveGrant(remove))
    }),
    ("credential_unknown", |_| {
        let revoke = credential::Revoke { credential: cre(9), reason: String::new() };
        (ada(), Command::RevokeCredential(revoke))
    }),
    ("credential_alive", |run| {
        run.ok(bob(), &opening(open(0)));
        run.ok(Actor::Session(ses(0)), &requesting(request(0, 0, "far")));
        let finish = credential::Finish { credential: cre(0), how: credential::How::Expired };
        (Actor::System, Command::FinishCredential(finish))
    }),
    ("lock_required", |run| {
        run.ok(bob(), &opening(open(0)));
        let Command::SetGrant(set) = grant("far", Span::from_secs(600)) else { panic!("another command") };
        let grant = grant::Grant { lock: Some(resource("env:prod")), ..set.grant };
        run.ok(ada(), &Command::SetGrant(Box::new(grant::Set { grant, ..*set })));
        (agent(0), requesting(request(0, 0, "far")))
    }),
    ("ticket_unknown", |_| (ada(), breaking(9))),
    ("ticket_over", |run| {
        run.ok(bob(), &opening(open(0)));
        run.ok(agent(0), &asking(0, PROD));
        run.ok(agent(0), &release(0, None));
        (agent(0), asking(0, PROD))
    }),
    ("ticket_not_due", |run| {
        run.ok(bob(), &opening(open(0)));
        run.ok(agent(0), &asking(0, PROD));
        (Actor::System, Command::LapseLock(LapseLock { ticket: tkt(0) }))
    }),
    ("lock_held", |run| {
        run.ok(bob(), &opening(open(0)));
        run.ok(bob(), &opening(open(1)));
        run.ok(agent(0), &asking(0, PROD));
        (agent(1), acquiring(Acquire { patience: Patience::None, ..acquire(1, PROD) }))
    }),
    ("would_deadlock", |run| {
        run.ok(bob(), &opening(open(0)));
        run.ok(bob(), &opening(open(1)));
        run.ok(agent(0), &asking(0, PROD));
        run.ok(agent(1), &asking(1, &[("slot:a", Mode::X)]));
        run.ok(agent(0), &asking(2, &[("slot:a", Mode::X)]));
        (agent(1), asking(3, PROD))
    }),
    ("lock_pinned", |run| {
        run.ok(bob(), &opening(open(0)));
        run.ok(agent(0), &asking(0, PROD));
        run.state.locks.tickets.get_mut(&tkt(0)).unwrap().pinned_until = Some(run.clock + limits::LOCK_PIN_MAX);
        (ada(), breaking(0))
    }),
    ("resource_frozen", |run| {
        run.ok(bob(), &opening(open(0)));
        run.ok(ada(), &freezing("env:prod/payments"));
        (agent(0), asking(0, PROD))
    }),
    ("freeze_unknown", |_| {
        let thaw = freeze::Thaw { resource: resource("env:prod"), reason: "seen".to_owned() };
        (ada(), Command::ThawResource(Box::new(thaw)))
    }),
];

const PROD: &[(&str, Mode)] = &[("env:prod", Mode::X)];

fn breaking(ticket: u128) -> Command {
    Command::BreakLock(lock::Break { ticket: tkt(ticket), reason: "gone home".to_owned(), revoke: false })
}

#[test]
fn every_refusal_is_reached() {
    let mut texts = String::new();
    for (code, prepare) in CASES {
        let mut run = Run::furnished();
        let (by, command) = prepare(&mut run);
        let refusal = run.refused(by, &command);
        assert!(is_known(&refusal));
        assert_eq!(refusal.code(), *code);
        texts.push_str(&format!("{code}: {refusal}\n"));
    }
    texts.push_str(&format!("{}: {}\n", Refusal::LoginTaken.code(), Refusal::LoginTaken));
    let codes: BTreeSet<_> = CASES.iter().map(|(code, _)| code).collect();
    assert_eq!(codes.len(), VARIANTS, "one case for each variant");
    insta::assert_snapshot!("refusals", texts);
}
