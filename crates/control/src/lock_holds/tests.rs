#![allow(clippy::unwrap_used)]

use domain::SessionId;
use domain::lock::{Granted, Over, Priority, Queued, Want, Wants};

use super::*;

const START: Time = Time::from_unix_millis(1_790_000_000_000);

struct Table {
    state: State,
    holds: LockHolds,
    now: Time,
}

impl Table {
    fn new() -> Self {
        Self { state: State::default(), holds: LockHolds::default(), now: START }
    }

    fn apply(&mut self, event: &Event) {
        self.holds.see(&self.state, self.now, event);
        self.state.apply(event, self.now);
    }

    fn wait(&mut self, seconds: u64) {
        self.now = self.now + Span::from_secs(seconds);
    }

    fn grant(&mut self, n: u128, at: &str) {
        self.apply(&Event::LockGranted(Box::new(Granted {
            ticket: ticket(n),
            holder: holder(n),
            wants: wants(at),
            priority: Priority::Normal,
            intent: None,
        })));
    }

    fn queue(&mut self, n: u128, at: &str) {
        self.apply(&Event::LockQueued(Box::new(Queued {
            ticket: ticket(n),
            holder: holder(n),
            wants: wants(at),
            priority: Priority::Normal,
            intent: None,
        })));
    }

    fn end(&mut self, n: u128, how: How) {
        self.apply(&Event::LockOver(Over { ticket: ticket(n), holder: holder(n), how }));
    }

    /// Somebody had it for so long.
    fn held(&mut self, n: u128, at: &str, seconds: u64) {
        self.grant(n, at);
        self.wait(seconds);
        self.end(n, How::Released);
    }

    fn estimate(&self, n: u128) -> Option<u64> {
        let known = self.state.locks.ticket(ticket(n)).unwrap();
        let ahead = self.state.locks_ahead(known.holder, &known.wants, known.rank);
        let position = self.state.locks.position(ticket(n));
        self.holds.estimate(&self.state, &ahead, position, self.now).map(Span::as_secs)
    }
}

fn ticket(n: u128) -> TicketId {
    TicketId::new(START, n)
}

fn holder(n: u128) -> Holder {
    Holder::Session(SessionId::new(START, n))
}

fn wants(at: &str) -> Wants {
    Wants::new([Want::new(at.parse().unwrap(), Mode::X)]).unwrap()
}

const DB: &str = "env:prod/db";

#[test]
fn nothing_is_said_of_what_nobody_held() {
    let mut table = Table::new();
    table.held(9, "env:staging/db", 10);
    table.grant(0, DB);
    table.queue(1, DB);
    assert_eq!(table.estimate(1), None);
}

#[test]
fn what_is_left_of_a_usual_hold_and_one_for_each_who_waits_before() {
    let mut table = Table::new();
    for (n, seconds) in [(10, 600), (11, 20), (12, 30)] {
        table.held(n, DB, seconds);
    }
    table.grant(0, DB);
    table.queue(1, DB);
    table.queue(2, DB);
    table.queue(3, DB);
    assert_eq!([1, 2, 3].map(|n| table.estimate(n)), [Some(30), Some(60), Some(90)]);
    table.wait(12);
    assert_eq!([1, 2, 3].map(|n| table.estimate(n)), [Some(18), Some(48), Some(78)]);
    // Longer than most: it is one of the long ones.
    table.wait(30);
    assert_eq!([1, 2].map(|n| table.estimate(n)), [Some(600 - 42), Some(600 - 42 + 30)]);
    table.wait(600);
    assert_eq!(table.estimate(1), None, "longer than any");
}

#[test]
fn what_is_above_counts_by_its_own_holds() {
    let mut table = Table::new();
    table.held(10, "env:prod", 100);
    table.grant(0, "env:prod");
    table.queue(1, DB);
    assert_eq!(table.estimate(1), Some(100));
}

#[test]
fn what_is_let_go_at_once_says_nothing() {
    let mut table = Table::new();
    table.grant(10, DB);
    table.end(10, How::Passed);
    table.grant(0, DB);
    table.queue(1, DB);
    assert_eq!(table.estimate(1), None);
}

#[test]
fn so_many_are_remembered() {
    let mut table = Table::new();
    for n in 0..HOLDS_REMEMBERED_PER_RESOURCE_MAX as u128 + 4 {
        table.held(n, DB, if n < 4 { 1000 } else { 5 });
    }
    let db: Resource = DB.parse().unwrap();
    let known = &table.holds.by_resource[&db];
    assert!(known.spans.iter().all(|span| *span == Span::from_secs(5)));
    assert_eq!(known.spans.len(), HOLDS_REMEMBERED_PER_RESOURCE_MAX);
    for n in 0..RESOURCES_HELD_REMEMBERED_MAX {
        table.holds.add(&format!("slot:{n}").parse().unwrap(), Span::from_secs(1));
    }
    assert_eq!(table.holds.by_resource.len(), RESOURCES_HELD_REMEMBERED_MAX);
    assert_eq!(table.holds.order.len(), RESOURCES_HELD_REMEMBERED_MAX);
    assert!(!table.holds.by_resource.contains_key(&db), "the longest ago");
}
