//! The bounds of locks, writes and freezes.

use super::assert_limit;
use crate::lock::{Acquire, Holder, Mode, Patience, Phase, Priority, Ticket, Want, Wants};
use crate::tests::house::*;
use crate::tests::run::Run;
use crate::write::{Change, Hunk, Lines, Record};
use crate::{Command, Event, Refusal, State, TicketId, limits};

fn with_session() -> Run {
    let mut run = Run::furnished();
    run.ok(bob(), &opening(open(0)));
    run.ok(bob(), &opening(open(1)));
    run
}

/// A ticket that is there, of anybody.
fn fill(state: &mut State, n: u128, holder: Holder, at: &str, phase: Phase) {
    let (priority, intent) = (Priority::Normal, None);
    let (pinned_until, pinned_by) = (None, None);
    let rank = crate::tests::reference::order(priority, MORNING, n as u64);
    let wants = wants(&[(at, Mode::X)]);
    let ticket = Ticket { holder, wants, priority, intent, asked_at: MORNING, phase, rank, pinned_until, pinned_by };
    state.locks.insert(tkt(n), ticket);
}

fn held() -> Phase {
    Phase::Held { token: 0, since: MORNING }
}

#[test]
fn resources_of_one_ticket() {
    let some = |count: usize| Wants::new((0..count).map(|n| Want::new(resource(&format!("slot:{n}")), Mode::X)));
    assert_eq!(some(limits::LOCK_WANTS_MAX).unwrap().iter().count(), limits::LOCK_WANTS_MAX);
    assert_limit(&some(limits::LOCK_WANTS_MAX + 1).unwrap_err(), limits::LOCK_WANTS_MAX);
    assert_eq!(some(0), Err(Refusal::TextMalformed { what: "the list of resources" }));
    let each = limits::LOCK_WANTS_BYTES_MAX / 32;
    let long = |n: usize, more: usize| {
        let name = format!("slot:{n:02}{}", "x".repeat(each - 7 + more));
        Want::new(resource(&name), Mode::X)
    };
    assert!(Wants::new((0..32).map(|n| long(n, 0))).is_ok());
    let too_long = Wants::new((0..32).map(|n| long(n, usize::from(n == 0))));
    assert_limit(&too_long.unwrap_err(), limits::LOCK_WANTS_BYTES_MAX);
}

#[test]
fn tickets() {
    let mut run = with_session();
    for n in 0..limits::TICKETS_MAX as u128 - 1 {
        fill(&mut run.state, 1_000 + n, Holder::Session(ses(1_000 + n / 1_000)), &format!("slot:{n}"), held());
    }
    run.ok(agent(0), &asking(0, &[("env:p", Mode::X)]));
    assert_limit(&run.refused(agent(0), &asking(1, &[("env:q", Mode::X)])), limits::TICKETS_MAX);
    run.ok(agent(0), &release(0, None));
    run.ok(agent(0), &asking(1, &[("env:q", Mode::X)]));
}

#[test]
fn tickets_of_one_session() {
    let mut run = with_session();
    for n in 0..limits::TICKETS_PER_HOLDER_MAX as u128 - 1 {
        fill(&mut run.state, 1_000 + n, Holder::Session(ses(0)), &format!("slot:{n}"), held());
    }
    run.ok(agent(0), &asking(0, &[("env:p", Mode::X)]));
    assert_limit(&run.refused(agent(0), &asking(1, &[("env:q", Mode::X)])), limits::TICKETS_PER_HOLDER_MAX);
    run.ok(agent(1), &asking(1, &[("env:q", Mode::X)]));
}

#[test]
fn waiting_tickets_of_one_session() {
    let mut run = with_session();
    let most = limits::TICKETS_WAITING_PER_HOLDER_MAX as u128;
    for n in 0..=most {
        run.ok(agent(1), &asking(1_000 + n, &[(&format!("slot:{n}"), Mode::X)]));
    }
    for n in 0..most {
        run.ok(agent(0), &asking(n, &[(&format!("slot:{n}"), Mode::X)]));
    }
    let one_more = asking(most, &[(&format!("slot:{most}"), Mode::X)]);
    assert_limit(&run.refused(agent(0), &one_more), limits::TICKETS_WAITING_PER_HOLDER_MAX);
    run.ok(agent(0), &asking(most + 1, &[("env:free", Mode::X)]));
    run.ok(agent(0), &release(0, None));
    run.ok(agent(0), &one_more);
}

#[test]
fn tickets_waiting_for_one_resource() {
    let mut run = with_session();
    run.ok(agent(1), &asking(0, &[("slot:hot", Mode::X)]));
    for n in 0..limits::TICKETS_WAITING_PER_RESOURCE_MAX as u128 - 1 {
        fill(&mut run.state, 1_000 + n, Holder::Session(ses(1_000 + n)), "slot:hot", Phase::Waiting);
    }
    run.ok(agent(0), &asking(1, &[("slot:hot", Mode::X)]));
    let refusal = run.refused(agent(0), &asking(2, &[("slot:hot", Mode::X)]));
    assert_limit(&refusal, limits::TICKETS_WAITING_PER_RESOURCE_MAX);
    // Whoever does not wait for it is not counted.
    run.ok(agent(0), &asking(2, &[("slot:hot", Mode::N)]));
}

/// Ever more tickets that are over: the oldest are forgotten first, and a late retry of those that are known is refused.
#[test]
fn tickets_remembered() {
    let mut run = with_session();
    let momentary = |n| acquiring(Acquire { patience: Patience::Pass, ..acquire(n, &[("slot:a", Mode::X)]) });
    let most = limits::TICKETS_OVER_REMEMBERED_MAX as u128;
    for n in 0..=most {
        run.ok(agent(0), &momentary(n));
    }
    assert_eq!(run.state.locks.over.len() as u128, most);
    assert_eq!(run.refused(agent(0), &momentary(1)), Refusal::TicketOver(tkt(1)));
    assert_eq!(run.refused(agent(0), &momentary(most)), Refusal::TicketOver(tkt(most)));
    run.ok(agent(0), &momentary(0));
}

/// A queue of so many, each of whom holds something of their own: whoever joins is searched from in one pass over the queue,
/// and where there is no telling in so many steps, waiting is refused.
#[test]
fn tickets_that_a_search_for_a_circle_looks_at() {
    let mut run = with_session();
    run.ok(agent(1), &asking(0, &[("slot:hot", Mode::X)]));
    let queue = limits::TICKETS_WAITING_PER_RESOURCE_MAX as u128 - 1;
    for n in 0..queue {
        let holder = Holder::Session(ses(1_000 + n));
        fill(&mut run.state, 1_000 + n, holder, "slot:hot", Phase::Waiting);
        fill(&mut run.state, 100_000 + n, holder, &format!("slot:{n}"), held());
    }
    run.ok(agent(0), &asking(1, &[("slot:own", Mode::X)]));
    run.clone().ok(agent(0), &asking(2, &[("slot:hot", Mode::X)]));
    // Somebody in the middle of the queue waits for what the newcomer has.
    let mut circle = run.clone();
    let middle = Holder::Session(ses(1_000 + queue / 2));
    fill(&mut circle.state, 900_000, middle, "slot:own", Phase::Waiting);
    let Refusal::WouldDeadlock { cycle } = circle.refused(agent(0), &asking(2, &[("slot:hot", Mode::X)])) else {
        panic!("the circle was not seen")
    };
    assert_eq!((cycle[0].waits, cycle.last().unwrap().ahead), (Holder::Session(ses(0)), Holder::Session(ses(0))));
    // Each of the queue waits for a queue of its own: more than can be looked at.
    for n in 0..queue {
        for k in 0..6 {
            let at = format!("slot:{}/{k}", n / 100);
            fill(&mut run.state, 1_000_000 + n * 10 + k, Holder::Session(ses(1_000 + n)), &at, Phase::Waiting);
        }
    }
    let refusal = run.refused(agent(0), &asking(2, &[("slot:hot", Mode::X)]));
    assert_limit(&refusal, limits::LOCK_CYCLE_SEARCH_MAX);
}

#[test]
fn frozen_resources() {
    let mut run = with_session();
    for n in 0..limits::FREEZES_MAX {
        run.ok(ada(), &freezing(&format!("slot:{n}")));
    }
    assert_limit(&run.refused(ada(), &freezing("slot:one-more")), limits::FREEZES_MAX);
    assert!(run.ok(ada(), &freezing("slot:0")).is_empty(), "it is frozen already");
}

fn change(at: &str) -> Change {
    Change {
        resource: resource(at),
        before: None,
        after: Some(digest("text", 0)),
        hunks: Vec::new(),
        lines: Vec::new(),
    }
}

fn record(changes: Vec<Change>) -> Command {
    Command::RecordWrite(Box::new(Record { session: ses(0), changes, intent: None, intended: false }))
}

#[test]
fn changes_of_one_record_and_their_pieces() {
    let run = with_session();
    let some = |count| record((0..count).map(|n| change(&format!("slot:{n}"))).collect());
    run.clone().ok(agent(0), &some(limits::WRITES_PER_RECORD_MAX));
    assert_limit(&run.refused(agent(0), &some(limits::WRITES_PER_RECORD_MAX + 1)), limits::WRITES_PER_RECORD_MAX);
    assert_eq!(run.refused(agent(0), &some(0)), Refusal::TextMalformed { what: "the list of changes" });
    let hunk = Hunk { old: digest("text", 1), new: digest("text", 2) };
    let pieces = |count| record(vec![Change { hunks: vec![hunk; count], ..change("slot:0") }]);
    run.clone().ok(agent(0), &pieces(limits::HUNKS_PER_WRITE_MAX));
    assert_limit(&run.refused(agent(0), &pieces(limits::HUNKS_PER_WRITE_MAX + 1)), limits::HUNKS_PER_WRITE_MAX);
    let lines = vec![Lines { at: 0, old: 1, new: 1 }; limits::HUNKS_PER_WRITE_MAX + 1];
    let places = record(vec![Change { lines, ..change("slot:0") }]);
    assert_limit(&run.refused(agent(0), &places), limits::HUNKS_PER_WRITE_MAX);
}

/// The oldest change of a resource is forgotten first, and the resource that was longest unchanged.
#[test]
fn changes_remembered() {
    let mut run = with_session();
    let most = limits::WRITES_REMEMBERED_PER_RESOURCE_MAX;
    for _ in 0..=most {
        run.ok(agent(0), &record(vec![change("slot:hot")]));
    }
    assert_eq!(run.state.writes[&resource("slot:hot")].len(), most);
    let template = run.state.writes[&resource("slot:hot")][0].clone();
    while run.state.writes.len() < limits::WRITTEN_RESOURCES_REMEMBERED_MAX {
        let (n, position) = (run.state.writes.len(), run.state.next);
        let at = resource(&format!("slot:{n}"));
        run.state.writes.insert(at.clone(), vec![crate::write::Recent { position, ..template.clone() }]);
        run.state.write_order.insert(position, at);
        run.state.next += 1;
    }
    run.ok(agent(0), &record(vec![change("slot:new")]));
    assert_eq!(run.state.writes.len(), limits::WRITTEN_RESOURCES_REMEMBERED_MAX);
    assert!(!run.state.writes.contains_key(&resource("slot:hot")), "the longest unchanged is forgotten");
    crate::tests::laws::of_locks::writes_and_freezes_are_bounded(&run.state);
}

/// One release wakes one of a thousand who wait: the next in the queue.
#[test]
fn one_release_wakes_one_of_a_thousand() {
    let mut run = with_session();
    run.ok(agent(0), &asking(0, &[("slot:hot", Mode::X)]));
    for n in 1..=1_000 {
        fill(&mut run.state, n, Holder::Session(ses(1_000 + n)), "slot:hot", Phase::Waiting);
    }
    let events = run.ok(agent(0), &release(0, None));
    let woken: Vec<TicketId> = events
        .iter()
        .filter_map(|event| match event {
            Event::LockOffered(offered) => Some(offered.ticket),
            _ => None,
        })
        .collect();
    assert_eq!(woken, [tkt(1)]);
}
