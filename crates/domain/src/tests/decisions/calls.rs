use super::house::*;
use crate::call::{self, Reserve, Settlement};
use crate::session::{End, Open};
use crate::tests::run::Run;
use crate::{Actor, Command, Event, Refusal, Span, State, Usd};

fn budgeted(n: u128, parent: Option<u128>, budget: Option<i64>) -> Command {
    opening(Open { parent: parent.map(ses), budget: budget.map(nanos), ..open(n) })
}

/// A root with a budget of 100, its child without, its grandchild with 60.
fn family() -> Run {
    let mut run = Run::furnished();
    run.ok(bob(), &budgeted(0, None, Some(100)));
    run.ok(Actor::Session(ses(0)), &budgeted(1, Some(0), None));
    run.ok(Actor::Session(ses(1)), &budgeted(2, Some(1), Some(60)));
    run
}

fn money(state: &State) -> Vec<(i64, i64)> {
    state.sessions.values().map(|live| (live.held.nanos(), live.spent.nanos())).collect()
}

fn reserved(call: u128, session: u128, hold: i64) -> Command {
    reserving(reserve(call, session, hold))
}

#[test]
fn money_is_held_and_spent_up_the_line() {
    let mut run = family();
    run.ok(Actor::System, &reserved(0, 2, 50));
    assert_eq!(money(&run.state), [(50, 0), (50, 0), (50, 0)]);
    run.ok(Actor::System, &reserved(1, 1, 30));
    assert_eq!(money(&run.state), [(80, 0), (80, 0), (50, 0)]);
    run.ok(Actor::System, &settling(0, settlement(20)));
    assert_eq!(money(&run.state), [(30, 20), (30, 20), (0, 20)]);
    assert_eq!(run.state.sessions[&ses(1)].calls_open, 1);
    assert_eq!(run.refused(Actor::System, &settling(0, settlement(20))), Refusal::CallUnknown);
}

#[test]
fn every_budget_up_the_line_counts_to_the_last_nano() {
    let mut run = family();
    let refused = |run: &Run, call: Command| match run.refused(Actor::System, &call) {
        Refusal::BudgetExhausted { session, limit, spent, held, asked } => (session, [limit, spent, held, asked]),
        other => panic!("{other}"),
    };
    let amounts = |amounts: [i64; 4]| amounts.map(Usd::from_nanos);
    assert_eq!(refused(&run, reserved(0, 2, 61)), (ses(2), amounts([60, 0, 0, 61])));
    assert_eq!(refused(&run, reserved(0, 1, 101)), (ses(0), amounts([100, 0, 0, 101])));
    run.ok(Actor::System, &reserved(0, 2, 60));
    run.ok(Actor::System, &reserved(1, 1, 30));
    run.ok(Actor::System, &settling(1, settlement(25)));
    assert_eq!(refused(&run, reserved(2, 1, 16)), (ses(0), amounts([100, 25, 60, 16])));
    run.ok(Actor::System, &reserved(2, 1, 15));
    assert_eq!(refused(&run, reserved(3, 0, 1)), (ses(0), amounts([100, 25, 75, 1])));
    run.ok(Actor::System, &reserved(3, 0, 0));
}

#[test]
fn room_is_the_least_along_the_line() {
    let mut run = family();
    assert_eq!(call::room(&run.state, ses(2)), Some(nanos(60)));
    assert_eq!(call::room(&run.state, ses(1)), Some(nanos(100)));
    run.ok(Actor::System, &reserved(0, 1, 70));
    assert_eq!(call::room(&run.state, ses(2)), Some(nanos(30)));
    run.ok(Actor::System, &settling(0, settlement(10)));
    assert_eq!(call::room(&run.state, ses(1)), Some(nanos(90)));
    run.ok(bob(), &opening(open(9)));
    assert_eq!(call::room(&run.state, ses(9)), None);
}

/// What a child left open when it ended still counts for its parents, until it is settled, and is then spent by them.
#[test]
fn calls_of_the_dead_are_paid_by_the_living() {
    let mut run = family();
    run.ok(Actor::System, &reserved(0, 2, 50));
    run.ok(bob(), &Command::EndSession(End { session: ses(1), exit_code: None }));
    assert_eq!(money(&run.state), [(50, 0)]);
    let events = run.ok(Actor::System, &settling(0, settlement(40)));
    assert!(matches!(&events[..], [Event::CallSettled(settled), Event::SessionClosed(closed)]
        if settled.session == ses(2) && closed.session == ses(2)));
    assert_eq!(money(&run.state), [(0, 40)]);
}

/// Sub-agents share the bound of calls in flight, as they share the budget.
#[test]
fn calls_in_flight_are_bounded_for_the_whole_family() {
    let mut run = family();
    let half = crate::limits::CALLS_OPEN_PER_SESSION_MAX as u128 / 2;
    (0..half).for_each(|n| drop(run.ok(Actor::System, &reserving(reserve(n, 1, 0)))));
    (half..2 * half).for_each(|n| drop(run.ok(Actor::System, &reserving(reserve(n, 2, 0)))));
    for session in [0, 1, 2] {
        let refusal = run.refused(Actor::System, &reserving(reserve(999, session, 0)));
        assert!(matches!(refusal, Refusal::LimitReached { .. }), "{refusal}");
    }
}

#[test]
fn a_call_says_what_its_cost_is_sliced_by() {
    let mut run = family();
    let at = run.clock;
    let events = run.ok(Actor::System, &reserved(0, 2, 50));
    let [Event::CallReserved(reserved)] = &events[..] else { panic!("{events:?}") };
    let dimensions = &reserved.dimensions;
    assert_eq!((dimensions.developer, dimensions.project, dimensions.team), (dev(1), Some(prj(0)), Some(tm(0))));
    assert_eq!((&*dimensions.model, reserved.node, reserved.hold), ("claude-test", nod(0), nanos(50)));
    run.wait(Span::from_secs(60));
    let what = Settlement { unpriced: true, ..settlement(20) };
    let events = run.ok(Actor::System, &settling(0, what.clone()));
    let [Event::CallSettled(settled)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((settled.reserved_at, settled.hold, &settled.settlement), (at, nanos(50), &what));
    assert_eq!(&settled.dimensions, dimensions);
}

#[test]
fn an_open_call_is_reserved_once() {
    let mut run = family();
    run.ok(Actor::System, &reserved(0, 0, 1));
    assert_eq!(run.refused(Actor::System, &reserved(0, 0, 1)), Refusal::IdTaken);
    let contacted = Reserve { upstream_contacted: true, ..reserve(0, 0, 1) };
    assert_eq!(run.refused(Actor::System, &reserving(contacted)), Refusal::IdTaken);
}

#[test]
fn from_its_expiry_on_nothing_is_admitted() {
    let mut run = family();
    run.clock = MORNING + Span::from_millis(8 * 3_600_000 - 1);
    run.clone().ok(Actor::System, &reserved(0, 0, 1));
    assert!(call::admit(&run.state, &reserve(0, 0, 1), run.clock).is_ok());
    run.wait(Span::from_millis(1));
    assert!(matches!(run.refused(Actor::System, &reserved(0, 0, 1)), Refusal::SessionOver { .. }));
    assert!(call::admit(&run.state, &reserve(0, 0, 1), run.clock).is_err());
}

#[test]
fn a_refusal_after_the_upstream_was_contacted_is_an_entry() {
    let mut run = family();
    let contacted = |reserve: Reserve| reserving(Reserve { upstream_contacted: true, ..reserve });
    for (command, code) in [(reserve(0, 0, 101), "budget_exhausted"), (reserve(0, 9, 5), "session_unknown")] {
        let expected = Event::CallRefused(call::Refused {
            call: command.call,
            session: command.session,
            code: code.to_owned(),
            model: "claude-test".to_owned(),
            hold: command.hold,
        });
        let before = run.state.clone();
        assert_eq!(run.ok(Actor::System, &contacted(command)), [expected]);
        assert_eq!(run.state, State { next: before.next + 1, ..before });
    }
    // What no entry can carry is refused outright.
    assert!(matches!(run.refused(Actor::System, &contacted(reserve(0, 0, -1))), Refusal::AmountOutOfBounds { .. }));
}
