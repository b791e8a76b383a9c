//! Every refusal, reached by a case. Codes and texts are a contract: the snapshot shows them.

use std::collections::BTreeSet;

use super::house::*;
use super::run::Run;
use crate::session::{End, Lapse};
use crate::sign_in::SignOut;
use crate::{Actor, Command, Refusal, Role, Span, Usd, limits};

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
        | Refusal::SignInUnknown => true,
    }
}

/// All that `decide` can give, which is all but [`Refusal::LoginTaken`].
const VARIANTS: usize = 21;

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
];

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
