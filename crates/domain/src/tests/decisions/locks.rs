use super::house::*;
use crate::lock::{Acquire, Break, Choice, Holder, Lapse, Mode, Patience, Phase, Priority};
use crate::session::{End, Lapse as LapseSession};
use crate::tests::run::Run;
use crate::{Actor, Command, Event, Refusal, Span, Time, limits};

/// A house with three sessions of one human.
fn three() -> Run {
    let mut run = Run::furnished();
    for n in 0..3 {
        run.ok(bob(), &opening(open(n)));
    }
    run
}

fn token(run: &Run, ticket: u128) -> Option<u64> {
    run.state.locks.tickets.get(&tkt(ticket)).and_then(|ticket| ticket.phase.token())
}

fn phase(run: &Run, ticket: u128) -> Option<Phase> {
    run.state.locks.tickets.get(&tkt(ticket)).map(|ticket| ticket.phase)
}

const DB: &str = "env:prod/payments/db";

#[test]
fn the_token_is_the_position_of_the_grant() {
    let mut run = three();
    run.ok(agent(0), &asking(0, &[(DB, Mode::X)]));
    assert_eq!(token(&run, 0), Some(run.log.len() as u64 - 1));
    assert!(run.ok(agent(0), &asking(0, &[(DB, Mode::X)])).is_empty(), "a retry is the same request");
}

#[test]
fn who_comes_next_is_offered_in_the_same_breath_and_claims() {
    let mut run = three();
    run.ok(agent(0), &asking(0, &[(DB, Mode::X)]));
    run.ok(agent(1), &asking(1, &[(DB, Mode::X)]));
    run.ok(agent(2), &asking(2, &[(DB, Mode::X)]));
    let first = token(&run, 0);
    let events = run.ok(agent(0), &release(0, first));
    assert!(
        matches!(&events[..], [Event::LockOver(_), Event::LockOffered(next)] if next.ticket == tkt(1)),
        "{events:?}"
    );
    run.ok(agent(1), &asking(1, &[(DB, Mode::X)]));
    assert!(token(&run, 1) > first);
    assert_eq!(phase(&run, 2), Some(Phase::Waiting));
}

#[test]
fn what_nobody_takes_up_goes_to_the_next() {
    let mut run = three();
    run.ok(agent(0), &asking(0, &[(DB, Mode::X)]));
    run.ok(agent(1), &asking(1, &[(DB, Mode::X)]));
    run.ok(agent(2), &asking(2, &[(DB, Mode::X)]));
    run.ok(agent(0), &release(0, None));
    assert_eq!(
        run.refused(Actor::System, &Command::LapseLock(Lapse { ticket: tkt(1) })),
        Refusal::TicketNotDue(tkt(1))
    );
    run.wait(limits::LOCK_OFFER);
    let events = run.ok(Actor::System, &Command::LapseLock(Lapse { ticket: tkt(1) }));
    assert!(
        matches!(&events[..], [Event::LockOver(_), Event::LockOffered(next)] if next.ticket == tkt(2)),
        "{events:?}"
    );
    assert_eq!(run.refused(agent(1), &asking(1, &[(DB, Mode::X)])), Refusal::TicketOver(tkt(1)));
}

#[test]
fn a_release_with_an_old_token_changes_nothing() {
    let mut run = three();
    run.ok(agent(0), &asking(0, &[(DB, Mode::X)]));
    let old = token(&run, 0).unwrap();
    assert!(run.ok(agent(0), &release(0, Some(old - 1))).is_empty());
    run.ok(agent(0), &release(0, Some(old)));
    run.ok(agent(0), &asking(3, &[(DB, Mode::X)]));
    assert!(run.ok(agent(0), &release(0, Some(old))).is_empty(), "it is over already");
    let holder = Holder::Session(ses(0));
    let db = DB.parse().unwrap();
    assert!(!is_current(&run.state.locks, holder, &db, old), "nor does the old token open a gate");
    assert!(is_current(&run.state.locks, holder, &db, token(&run, 3).unwrap()));
}

#[test]
fn nobody_passes_one_who_waits_and_does_not_go_with_them() {
    let mut run = three();
    run.ok(agent(0), &asking(0, &[(DB, Mode::S)]));
    run.ok(agent(1), &asking(1, &[(DB, Mode::X)]));
    run.ok(agent(2), &asking(2, &[(DB, Mode::S)]));
    assert_eq!(phase(&run, 2), Some(Phase::Waiting), "a reader waits behind the writer");
    run.ok(agent(2), &asking(3, &[(DB, Mode::N)]));
    assert!(token(&run, 3).is_some(), "what keeps nobody out does not wait");
    run.ok(agent(1), &release(1, None));
    assert!(matches!(phase(&run, 2), Some(Phase::Offered { .. })), "when the writer gives up, the reader goes on");
}

#[test]
fn exclusive_above_keeps_out_what_is_below_and_the_other_way_round() {
    let mut run = three();
    run.ok(agent(0), &asking(0, &[("env:prod", Mode::X)]));
    run.ok(agent(1), &asking(1, &[(DB, Mode::IS)]));
    assert_eq!(phase(&run, 1), Some(Phase::Waiting));
    run.ok(agent(1), &asking(2, &[("env:prod2/payments", Mode::X)]));
    assert!(token(&run, 2).is_some());
    run.ok(agent(2), &asking(3, &[("env:prod2", Mode::S)]));
    assert_eq!(phase(&run, 3), Some(Phase::Waiting));
}

#[test]
fn a_circle_is_refused_to_the_one_who_closes_it() {
    let mut run = three();
    run.ok(agent(0), &asking(0, &[("slot:a", Mode::X)]));
    run.ok(agent(1), &asking(1, &[("slot:b", Mode::X)]));
    run.ok(agent(2), &asking(2, &[("slot:c", Mode::X)]));
    run.ok(agent(0), &asking(3, &[("slot:b", Mode::X)]));
    run.ok(agent(1), &asking(4, &[("slot:c", Mode::X)]));
    let Refusal::WouldDeadlock { cycle } = run.refused(agent(2), &asking(5, &[("slot:a", Mode::X)])) else {
        panic!("no circle was seen");
    };
    let waits: Vec<_> = cycle.iter().map(|step| step.waits).collect();
    assert_eq!(waits, [2, 0, 1].map(|n| Holder::Session(ses(n))));
}

#[test]
fn of_two_readers_who_want_to_write_one_is_refused_at_once() {
    let mut run = three();
    run.ok(agent(0), &asking(0, &[(DB, Mode::S)]));
    run.ok(agent(1), &asking(1, &[(DB, Mode::S)]));
    run.ok(agent(0), &asking(2, &[(DB, Mode::X)]));
    assert!(matches!(run.refused(agent(1), &asking(3, &[(DB, Mode::X)])), Refusal::WouldDeadlock { .. }));
}

#[test]
fn what_a_session_had_goes_on_when_it_ends() {
    let mut run = three();
    run.ok(agent(0), &asking(0, &[(DB, Mode::X)]));
    run.ok(agent(1), &asking(1, &[(DB, Mode::X)]));
    let events = run.ok(bob(), &Command::EndSession(End { session: ses(0), exit_code: Some(0) }));
    assert!(
        events.iter().any(|event| matches!(event, Event::LockOffered(next) if next.ticket == tkt(1))),
        "{events:?}"
    );
}

#[test]
fn what_a_vanished_session_had_rests_where_no_gate_looks() {
    let mut run = three();
    run.ok(agent(0), &asking(0, &[(DB, Mode::X)]));
    run.ok(agent(0), &asking(1, &[("path:api//a", Mode::X)]));
    run.ok(agent(1), &asking(2, &[(DB, Mode::X)]));
    run.ok(agent(1), &asking(3, &[("path:api//a", Mode::X)]));
    run.wait(limits::BEAT_EXPIRE_AFTER);
    run.ok(Actor::System, &Command::LapseSession(LapseSession { session: ses(0), last_beat: Time::default() }));
    assert!(matches!(phase(&run, 0), Some(Phase::Resting { .. })));
    assert_eq!(phase(&run, 2), Some(Phase::Waiting));
    assert!(matches!(phase(&run, 3), Some(Phase::Offered { .. })), "a gate looks at paths");
    run.wait(limits::LOCK_REST);
    let events = run.ok(Actor::System, &Command::LapseLock(Lapse { ticket: tkt(0) }));
    assert!(
        matches!(&events[..2], [Event::LockOver(_), Event::LockOffered(next)] if next.ticket == tkt(2)),
        "{events:?}"
    );
}

#[test]
fn a_human_takes_a_lock_away_and_the_token_with_it() {
    let mut run = three();
    run.ok(agent(0), &asking(0, &[(DB, Mode::X)]));
    let old = token(&run, 0).unwrap();
    let breaking = Command::BreakLock(Break { ticket: tkt(0), reason: "gone home".to_owned(), revoke: false });
    assert!(matches!(run.refused(agent(1), &breaking), Refusal::Forbidden { .. }));
    run.ok(ada(), &breaking);
    assert!(!is_current(&run.state.locks, Holder::Session(ses(0)), &DB.parse().unwrap(), old));
}

#[test]
fn a_maintenance_lock_outlives_every_session_and_no_session_lets_it_go() {
    let mut run = three();
    run.ok(ada(), &asking(0, &[("env:prod", Mode::X)]));
    run.ok(agent(0), &asking(1, &[(DB, Mode::X)]));
    assert!(matches!(run.refused(agent(0), &release(0, None)), Refusal::Forbidden { .. }));
    run.ok(bob(), &Command::EndSession(End { session: ses(1), exit_code: None }));
    assert!(token(&run, 0).is_some());
    run.ok(ada(), &release(0, token(&run, 0)));
    assert!(matches!(phase(&run, 1), Some(Phase::Offered { .. })));
}

#[test]
fn a_session_does_not_stand_in_its_childs_way() {
    let mut run = three();
    run.ok(agent(0), &opening(child(3, 0)));
    run.ok(agent(0), &asking(0, &[(DB, Mode::X)]));
    run.ok(agent(3), &asking(1, &[(DB, Mode::X)]));
    assert!(token(&run, 1).is_some());
    assert_eq!(
        run.refused(agent(1), &acquiring(Acquire { patience: Patience::None, ..acquire(2, &[(DB, Mode::IS)]) })).code(),
        "lock_held"
    );
}

#[test]
fn of_several_the_first_that_is_free_is_given() {
    let mut run = three();
    let any = |ticket| {
        let slots = acquire(ticket, &[("slot:a", Mode::X), ("slot:b", Mode::X)]);
        acquiring(Acquire { choice: Choice::Any, patience: Patience::None, ..slots })
    };
    for (n, expected) in [(0, "slot:a"), (0, "slot:b")].into_iter().enumerate() {
        run.ok(agent(expected.0), &any(n as u128));
        let held: Vec<_> =
            run.state.locks.tickets[&tkt(n as u128)].wants.iter().map(|want| want.resource.to_string()).collect();
        assert_eq!(held, [expected.1]);
    }
    assert_eq!(run.refused(agent(1), &any(2)).code(), "lock_held");
}

/// A newcomer of higher priority gets ahead of one that waits: it closes a circle if that one's holder has what it wants.
#[test]
fn a_circle_is_seen_where_a_newcomer_gets_ahead() {
    let mut run = three();
    run.ok(agent(1), &asking(0, &[("slot:a", Mode::X)]));
    run.ok(agent(2), &asking(1, &[("slot:b", Mode::X)]));
    run.ok(agent(1), &asking(2, &[("slot:b", Mode::X)]));
    let both = acquire(3, &[("slot:a", Mode::X), ("slot:b", Mode::X)]);
    assert!(run.clone().ok(agent(0), &acquiring(both.clone())).len() == 1, "behind it there is no circle");
    let urgent = acquiring(Acquire { priority: Priority::High, ..both });
    assert!(matches!(run.refused(agent(0), &urgent), Refusal::WouldDeadlock { .. }));
}

/// What is free may close a circle, too: of those who wait, some are passed.
#[test]
fn a_circle_is_seen_where_a_grant_passes_one_who_waits() {
    let mut run = three();
    run.ok(agent(2), &asking(0, &[(DB, Mode::S)]));
    run.ok(agent(1), &asking(1, &[("slot:a", Mode::X)]));
    run.ok(agent(1), &asking(2, &[(DB, Mode::X)]));
    run.ok(agent(0), &asking(3, &[("slot:a", Mode::X)]));
    assert!(matches!(run.refused(agent(0), &asking(4, &[(DB, Mode::IS)])), Refusal::WouldDeadlock { .. }));
    let momentary = acquiring(Acquire { patience: Patience::Pass, ..acquire(4, &[(DB, Mode::IS)]) });
    assert_eq!(run.ok(agent(0), &momentary).len(), 2, "who lets go at once is in nobody's way");
}

/// Handing on may put a ticket in the way of another that waits: that is seen when it asks to wait.
#[test]
fn a_circle_is_seen_that_handing_on_would_close() {
    let mut run = three();
    run.ok(agent(2), &asking(0, &[(DB, Mode::X)]));
    run.ok(agent(1), &asking(1, &[("slot:a", Mode::X)]));
    run.ok(agent(1), &asking(2, &[(DB, Mode::IS)]));
    run.ok(agent(0), &asking(3, &[("slot:a", Mode::X)]));
    let high = acquire(4, &[(DB, Mode::X)]);
    let high = acquiring(Acquire { priority: Priority::High, ..high });
    assert!(matches!(run.refused(agent(0), &high), Refusal::WouldDeadlock { .. }));
}

/// What rests is its session's still: the session's last entry comes after it.
#[test]
fn a_session_is_closed_when_nothing_of_it_rests() {
    let mut run = three();
    run.ok(agent(0), &asking(0, &[(DB, Mode::X)]));
    run.wait(limits::BEAT_EXPIRE_AFTER);
    let lapse = Command::LapseSession(LapseSession { session: ses(0), last_beat: Time::default() });
    let is_closed = |events: &[Event]| events.iter().any(|event| matches!(event, Event::SessionClosed(_)));
    assert!(!is_closed(&run.ok(Actor::System, &lapse)));
    run.wait(limits::LOCK_REST);
    assert!(is_closed(&run.ok(Actor::System, &Command::LapseLock(Lapse { ticket: tkt(0) }))));
}

#[test]
fn whoever_is_locked_out_waits_for_nothing_and_keeps_what_they_hold_for_others_to_look_at() {
    let mut run = three();
    run.ok(bob(), &asking(0, &[("slot:a", Mode::X)]));
    run.ok(agent(0), &asking(1, &[(DB, Mode::X)]));
    run.ok(eve(), &asking(2, &[(DB, Mode::X)]));
    run.ok(ada(), &asking(3, &[(DB, Mode::X)]));
    run.ok(ada(), &disable(2));
    assert_eq!(phase(&run, 2), None);
    let events = run.ok(ada(), &disable(1));
    let granted = events.iter().any(|event| matches!(event, Event::LockGranted(next) if next.ticket == tkt(3)));
    assert!(granted, "bob's session is over, eve is gone, and ada is next: {events:?}");
    assert!(token(&run, 0).is_some(), "bob's own");
    run.ok(ada(), &release(0, None));
}

/// Takes a lock of a path and has a push let through under it.
fn pinned(run: &mut Run, session: u128, ticket: u128) -> u64 {
    run.ok(agent(session), &asking(ticket, &[(FILE, Mode::X)]));
    let token = token(run, ticket).unwrap();
    let events = run.ok(Actor::System, &pushing(ses(session), resource(FILE), token));
    assert!(matches!(&events[..], [Event::PushAdmitted(_)]), "{events:?}");
    token
}

const FILE: &str = "path:r//f";

#[test]
fn what_is_let_go_while_a_change_is_on_its_way_rests_until_it_has_arrived() {
    let mut run = three();
    let token = pinned(&mut run, 0, 0);
    run.ok(agent(1), &asking(1, &[(FILE, Mode::X)]));
    let until = run.clock + limits::LOCK_PIN_MAX;
    let events = run.ok(agent(0), &release(0, Some(token)));
    assert!(matches!(&events[..], [Event::LockResting(rests)] if rests.until == until), "{events:?}");
    assert_eq!((phase(&run, 0), phase(&run, 1)), (Some(Phase::Resting { until }), Some(Phase::Waiting)));
    assert!(run.ok(agent(0), &release(0, Some(token))).is_empty(), "once more is nothing");
    let late = run.ok(Actor::System, &pushing(ses(0), resource(FILE), token));
    assert!(matches!(&late[..], [Event::PushRefused(_)]), "its token opens no gate: {late:?}");
    assert_eq!(
        run.refused(Actor::System, &Command::LapseLock(Lapse { ticket: tkt(0) })),
        Refusal::TicketNotDue(tkt(0))
    );
    run.wait(limits::LOCK_PIN_MAX);
    let events = run.ok(Actor::System, &Command::LapseLock(Lapse { ticket: tkt(0) }));
    assert!(
        matches!(&events[..], [Event::LockOver(_), Event::LockOffered(next)] if next.ticket == tkt(1)),
        "{events:?}"
    );
}

fn arrived(run: &mut Run, push: u64) -> Vec<Event> {
    run.ok(Actor::System, &landing(ses(0), push, &[tkt(0)]))
}

#[test]
fn what_rests_for_a_change_is_free_as_soon_as_that_has_arrived() {
    let mut run = three();
    let token = pinned(&mut run, 0, 0);
    let push = run.state.next - 1;
    run.ok(agent(1), &asking(1, &[(FILE, Mode::X)]));
    run.ok(agent(0), &release(0, Some(token)));
    let by_others = run.refused(agent(0), &landing(ses(0), push, &[tkt(0)]));
    assert!(matches!(by_others, Refusal::Forbidden { .. }), "a session does not say so itself: {by_others}");
    let events = arrived(&mut run, push);
    let [Event::PushLanded(landed), Event::LockOver(over), Event::LockOffered(next)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((landed.push, &landed.locks[..], over.ticket, next.ticket), (push, &[tkt(0)][..], tkt(0), tkt(1)));
    assert!(arrived(&mut run, push).is_empty(), "once more is no news");
}

#[test]
fn what_is_held_when_its_change_has_arrived_is_pinned_no_longer() {
    let mut run = three();
    pinned(&mut run, 0, 0);
    let push = run.state.next - 1;
    run.ok(agent(1), &asking(1, &[(FILE, Mode::X)]));
    arrived(&mut run, push);
    run.ok(agent(0), &release(0, None));
    assert!(matches!(phase(&run, 1), Some(Phase::Offered { .. })));
}

/// Which of two arrives first is not known: what the first has not said is waited out.
#[test]
fn of_two_changes_on_their_way_both_are_waited_for() {
    let mut run = three();
    let token = pinned(&mut run, 0, 0);
    let (first, first_until) = (run.state.next - 1, run.clock + limits::LOCK_PIN_MAX);
    run.wait(Span::from_secs(20));
    run.ok(Actor::System, &pushing(ses(0), resource(FILE), token));
    let second = run.state.next - 1;
    assert!(arrived(&mut run, first).is_empty(), "the second may be on its way");
    run.ok(agent(0), &release(0, None));
    let events = arrived(&mut run, second);
    assert!(matches!(&events[..], [Event::PushLanded(_)]), "{events:?}");
    assert_eq!(phase(&run, 0), Some(Phase::Resting { until: first_until }));
}

#[test]
fn what_is_let_go_after_the_change_has_arrived_is_free_at_once() {
    let mut run = three();
    pinned(&mut run, 0, 0);
    run.ok(agent(1), &asking(1, &[(FILE, Mode::X)]));
    run.wait(limits::LOCK_PIN_MAX);
    run.ok(agent(0), &release(0, None));
    assert!(matches!(phase(&run, 1), Some(Phase::Offered { .. })));
}

/// Whoever let go waits for somebody else: what rests ends by itself, and no circle.
#[test]
fn what_rests_closes_no_circle() {
    let mut run = three();
    pinned(&mut run, 0, 0);
    run.ok(agent(1), &asking(1, &[("slot:a", Mode::X)]));
    run.ok(agent(1), &asking(2, &[(FILE, Mode::X)]));
    assert!(matches!(run.refused(agent(0), &asking(3, &[("slot:a", Mode::X)])), Refusal::WouldDeadlock { .. }));
    run.ok(agent(0), &release(0, None));
    run.ok(agent(0), &asking(3, &[("slot:a", Mode::X)]));
}

#[test]
fn a_session_that_ends_while_something_of_it_rests_is_closed_after_it() {
    let mut run = three();
    pinned(&mut run, 0, 0);
    run.ok(agent(0), &release(0, None));
    let is_closed = |events: &[Event]| events.iter().any(|event| matches!(event, Event::SessionClosed(_)));
    assert!(!is_closed(&run.ok(bob(), &Command::EndSession(End { session: ses(0), exit_code: None }))));
    run.wait(limits::LOCK_PIN_MAX);
    assert!(is_closed(&run.ok(Actor::System, &Command::LapseLock(Lapse { ticket: tkt(0) }))));
}

/// An offer that is not taken up yet is no right: a freeze comes first, and then whose turn it was.
#[test]
fn a_freeze_withdraws_what_is_offered_and_its_thaw_offers_it_anew() {
    let mut run = three();
    run.ok(agent(0), &asking(0, &[(DB, Mode::X)]));
    run.ok(agent(1), &asking(1, &[(DB, Mode::X)]));
    run.ok(agent(2), &asking(2, &[(DB, Mode::X)]));
    run.ok(agent(0), &release(0, None));
    assert!(matches!(phase(&run, 1), Some(Phase::Offered { .. })));
    run.ok(ada(), &freezing("env:prod"));
    assert_eq!(phase(&run, 1), Some(Phase::Waiting));
    assert!(run.ok(agent(1), &asking(1, &[(DB, Mode::X)])).is_empty(), "to claim it now is to wait");
    assert_eq!(phase(&run, 1), Some(Phase::Waiting));
    run.wait(limits::LOCK_OFFER);
    assert_eq!(
        run.refused(Actor::System, &Command::LapseLock(Lapse { ticket: tkt(1) })),
        Refusal::TicketNotDue(tkt(1)),
        "nor does it lose its place"
    );
    let thaw = crate::freeze::Thaw { resource: resource("env:prod"), reason: "seen".to_owned() };
    let events = run.ok(ada(), &Command::ThawResource(Box::new(thaw)));
    assert!(matches!(&events[..], [Event::ResourceThawed(_), Event::LockOffered(next)] if next.ticket == tkt(1)));
}

/// What was offered kept a reader out; what only waits does not keep out who passes those who wait.
#[test]
fn a_freeze_lets_those_on_whom_only_the_offer_kept_waiting() {
    let mut run = three();
    run.ok(agent(0), &asking(0, &[(DB, Mode::X)]));
    run.ok(agent(1), &asking(1, &[(DB, Mode::X)]));
    run.ok(agent(2), &asking(2, &[(DB, Mode::IS)]));
    run.ok(agent(0), &release(0, None));
    assert_eq!(phase(&run, 2), Some(Phase::Waiting));
    let events = run.ok(ada(), &freezing("env:prod"));
    assert!(matches!(&events[..], [Event::ResourceFrozen(_), Event::LockOffered(next)] if next.ticket == tkt(2)));
}

/// One session, twice in one queue with somebody between: whoever is between waits for the first of them, and would be waited
/// for by the second. What is in the way is a ticket of one's own, and the refusal names it.
#[test]
fn a_second_place_behind_somebody_who_waits_for_the_first_is_refused_and_says_so() {
    let mut run = three();
    run.ok(agent(0), &asking(0, &[(DB, Mode::X)]));
    run.ok(agent(1), &asking(1, &[(DB, Mode::X)]));
    run.ok(agent(1), &asking(2, &[(DB, Mode::X)]));
    assert_eq!(phase(&run, 2), Some(Phase::Waiting), "twice behind another who waits for nobody");
    run.ok(agent(2), &asking(3, &[(DB, Mode::X)]));
    let refusal = run.refused(agent(1), &asking(4, &[(DB, Mode::X)]));
    let Refusal::WouldDeadlock { cycle } = &refusal else { panic!("{refusal}") };
    let own = cycle.last().unwrap();
    assert_eq!((own.waits, own.ahead), (Holder::Session(ses(2)), Holder::Session(ses(1))));
    let ticket = own.ticket.unwrap();
    assert!([tkt(1), tkt(2)].contains(&ticket) && refusal.to_string().contains(&format!("with ticket {ticket}")));
}
