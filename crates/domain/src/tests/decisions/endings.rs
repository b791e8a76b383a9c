use super::check_who;
use super::house::*;
use crate::session::{End, How, Revoke};
use crate::tests::run::Run;
use crate::{Actor, Command, Event, Refusal, SessionId, Span, State};

fn end(n: u128) -> Command {
    Command::EndSession(End { session: ses(n), exit_code: Some(3) })
}

fn revoke(n: u128) -> Command {
    Command::RevokeSession(Revoke { session: ses(n), reason: "runs wild".to_owned() })
}

fn overs(events: &[Event]) -> Vec<(SessionId, How)> {
    let over = |event: &Event| match event {
        Event::SessionOver(over) => Some((over.session, over.how.clone())),
        Event::SessionClosed(_) => None,
        other => panic!("{other:?}"),
    };
    events.iter().filter_map(over).collect()
}

fn family() -> Run {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(0)));
    run.ok(Actor::Session(ses(0)), &opening(child(5, 0)));
    run.ok(Actor::Session(ses(5)), &opening(child(2, 5)));
    run.ok(bob(), &opening(open(9)));
    run
}

#[test]
fn who_ends_and_who_revokes() {
    let run = family();
    let others = [eve(), Actor::Bootstrap, Actor::Session(ses(9)), Actor::Session(ses(5))];
    check_who(&run, &end(0), &[Actor::Session(ses(0)), bob(), Actor::System], &others);
    check_who(&run, &end(0), &[], &[ada()]);
    check_who(&run, &revoke(0), &[bob(), ada(), Actor::System], &others);
    check_who(&run, &revoke(0), &[], &[Actor::Session(ses(0))]);
}

#[test]
fn descendants_end_with_it_and_nobody_else() {
    let parent_over = |parent| How::ParentOver { parent: ses(parent) };
    let revoked = How::Revoked { by: ada(), reason: "runs wild".to_owned() };
    for (by, command, how) in [(bob(), end(0), How::Ended { exit_code: Some(3) }), (ada(), revoke(0), revoked)] {
        let mut run = family();
        let events = run.ok(by, &command);
        assert_eq!(overs(&events), [(ses(0), how.clone()), (ses(5), parent_over(0)), (ses(2), parent_over(5))]);
        assert_eq!(run.state.sessions.keys().copied().collect::<Vec<_>>(), [ses(9)]);
        let Refusal::SessionOver { session, ending } = run.refused(by, &command) else { panic!() };
        assert_eq!((session, ending.how, ending.at), (ses(0), how, run.clock));
        assert_eq!(run.state.past[&ses(0)].developer, dev(1));
        assert_eq!(run.state.past[&ses(0)].token, digest("session", 0));
    }
}

#[test]
fn a_child_ends_without_its_parent() {
    let mut run = family();
    assert_eq!(overs(&run.ok(Actor::Session(ses(5)), &end(5))).len(), 2);
    assert_eq!(run.state.sessions.keys().copied().collect::<Vec<_>>(), [ses(0), ses(9)]);
    run.ok(Actor::Session(ses(0)), &opening(child(6, 0)));
    assert_eq!(run.state.descendants(ses(0)), [ses(6)]);
}

/// A session is closed by the command that ends it, or by the settlement of the last call it had in flight.
#[test]
fn a_session_is_closed_when_nothing_is_in_flight() {
    let closed = |events: &[Event]| {
        let of = |event: &Event| matches!(event, Event::SessionClosed(_)).then(|| event.session().unwrap());
        events.iter().filter_map(of).collect::<Vec<_>>()
    };
    let mut run = family();
    for call in [0, 1] {
        run.ok(Actor::System, &reserving(reserve(call, 5, 1)));
    }
    assert_eq!(closed(&run.ok(bob(), &end(0))), [ses(0), ses(2)]);
    assert_eq!(closed(&run.ok(Actor::System, &settling(1, settlement(1)))), []);
    assert_eq!(run.state.closing[&ses(5)], 1);
    assert_eq!(closed(&run.ok(Actor::System, &settling(0, settlement(1)))), [ses(5)]);
    assert!(run.state.closing.is_empty());
}

/// Whoever comes after the expiry finds that the session had expired, whatever they meant to do.
#[test]
fn after_the_expiry_it_expired() {
    for command in [end(0), revoke(0)] {
        let mut run = family();
        run.clock = MORNING + Span::from_millis(8 * 3_600_000 - 1);
        assert_ne!(overs(&run.clone().ok(bob(), &command))[0].1, How::ReachedExpiry);
        run.wait(Span::from_millis(1));
        assert_eq!(overs(&run.ok(bob(), &command))[0].1, How::ReachedExpiry);
    }
}

#[test]
fn unknown_sessions_do_not_end() {
    let run = family();
    assert_eq!(run.refused(Actor::System, &end(8)), Refusal::SessionUnknown(ses(8)));
    assert_eq!(run.refused(Actor::System, &revoke(8)), Refusal::SessionUnknown(ses(8)));
}

/// The log's own guard: an opening that comes after the end of the same id changes nothing.
#[test]
fn an_opening_after_the_end_is_not_applied() {
    let mut run = Run::furnished();
    let opened = run.ok(bob(), &opening(open(0)));
    run.ok(bob(), &end(0));
    let before = run.state.clone();
    run.state.apply(&opened[0], run.clock);
    assert_eq!(run.state, State { next: before.next + 1, ..before });
}
