//! What is counted of locks, for whoever watches. Every process sees the whole log, so each counts all of it from its start on;
//! only refusals are those of its own requests.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::lock::{Phase, Ticket};
use domain::{Event, Refusal, Span, State, Time};

/// Upper bounds of the buckets, in seconds: a hand-off, an agent's turn, a deployment, lunch.
const BUCKETS: [u64; 8] = [1, 5, 15, 60, 300, 900, 3600, 14_400];
/// How tickets end, as spelled everywhere.
const ENDS: [&str; 6] = ["released", "passed", "unclaimed", "rested", "broken", "session_over"];
/// Why locks are refused.
const REFUSALS: [&str; 6] =
    ["lock_held", "would_deadlock", "resource_frozen", "session_suspect", "limit_reached", "ticket_over"];

/// Counts since this process started.
#[derive(Debug, Default)]
pub(crate) struct LockFigures {
    waited: Times,
    held: Times,
    ended: [AtomicU64; ENDS.len()],
    refused: [AtomicU64; REFUSALS.len()],
    frozen: AtomicU64,
}

/// How long something took, by buckets.
#[derive(Debug, Default)]
struct Times {
    buckets: [AtomicU64; BUCKETS.len() + 1],
    millis: AtomicU64,
}

impl LockFigures {
    /// Counts what an entry says that state has not been folded with yet.
    pub(crate) fn see(&self, state: &State, at: Time, event: &Event) {
        match event {
            Event::LockGranted(event) => {
                let waited = state.locks.tickets.get(&event.ticket).map(|ticket| at.since(ticket.asked_at));
                self.waited.add(waited.unwrap_or_default());
            }
            Event::LockResting(event) => self.let_go(state.locks.tickets.get(&event.ticket), at),
            Event::LockOver(event) => {
                self.end(state.locks.tickets.get(&event.ticket), at, end_of(event.how.as_str()));
            }
            Event::SessionOver(event) => {
                for (_, ticket) in state.locks.of(domain::lock::Holder::Session(event.session)) {
                    self.end(Some(ticket), at, end_of("session_over"));
                }
            }
            Event::ResourceFrozen(_) => drop(self.frozen.fetch_add(1, Ordering::Relaxed)),
            _ => {}
        }
    }

    fn end(&self, ticket: Option<&Ticket>, at: Time, how: usize) {
        self.let_go(ticket, at);
        self.ended[how].fetch_add(1, Ordering::Relaxed);
    }

    fn let_go(&self, ticket: Option<&Ticket>, at: Time) {
        if let Some(Phase::Held { since, .. }) = ticket.map(|ticket| ticket.phase) {
            self.held.add(at.since(since));
        }
    }

    /// Counts a request for locks that was refused.
    pub(crate) fn refuse(&self, refusal: &Refusal) {
        if let Some(at) = REFUSALS.iter().position(|code| *code == refusal.code()) {
            self.refused[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// In the text format of Prometheus.
    pub(crate) fn render(&self, state: &State, now: Time, text: &mut String) {
        // The scribe waits for whoever reads the state, and there may be many tickets: they are gone through once.
        let (mut waiting, mut offered, mut held, mut resting, mut oldest) = (0, 0, 0, 0, 0);
        for ticket in state.locks.tickets.values() {
            match ticket.phase {
                Phase::Waiting => {
                    waiting += 1;
                    oldest = oldest.max(now.since(ticket.asked_at).as_secs());
                }
                Phase::Offered { .. } => offered += 1,
                Phase::Held { .. } => held += 1,
                Phase::Resting { .. } => resting += 1,
            }
        }
        let frozen = state.freezes.len();
        head(text, "writ_locks", "gauge", "Tickets that are not over, by state.");
        for (name, count) in [("waiting", waiting), ("offered", offered), ("held", held), ("resting", resting)] {
            let _ = writeln!(text, "writ_locks{{state=\"{name}\"}} {count}");
        }
        head(text, "writ_lock_oldest_waiter_seconds", "gauge", "How long the oldest ticket in any queue has waited.");
        let _ = writeln!(text, "writ_lock_oldest_waiter_seconds {oldest}");
        head(text, "writ_resources_frozen", "gauge", "Resources that wait for a human.");
        let _ = writeln!(text, "writ_resources_frozen {frozen}");
        head(text, "writ_resources_frozen_total", "counter", "Resources that were frozen.");
        let _ = writeln!(text, "writ_resources_frozen_total {}", self.frozen.load(Ordering::Relaxed));
        self.waited.render(text, "writ_lock_wait_seconds", "From asking to holding.");
        self.held.render(text, "writ_lock_hold_seconds", "From holding to the end.");
        head(text, "writ_lock_ends_total", "counter", "Tickets that are over, by how.");
        for (name, count) in ENDS.iter().zip(&self.ended) {
            let _ = writeln!(text, "writ_lock_ends_total{{how=\"{name}\"}} {}", count.load(Ordering::Relaxed));
        }
        head(text, "writ_lock_refusals_total", "counter", "Requests for locks that were refused, by code.");
        for (code, count) in REFUSALS.iter().zip(&self.refused) {
            let _ = writeln!(text, "writ_lock_refusals_total{{code=\"{code}\"}} {}", count.load(Ordering::Relaxed));
        }
    }
}

impl Times {
    fn add(&self, took: Span) {
        let at = BUCKETS.iter().position(|bound| took.as_millis() <= bound * 1000).unwrap_or(BUCKETS.len());
        self.buckets[at].fetch_add(1, Ordering::Relaxed);
        self.millis.fetch_add(took.as_millis(), Ordering::Relaxed);
    }

    fn render(&self, text: &mut String, name: &str, help: &str) {
        head(text, name, "histogram", help);
        let mut sum = 0;
        for (bound, count) in BUCKETS.iter().zip(&self.buckets) {
            sum += count.load(Ordering::Relaxed);
            let _ = writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {sum}");
        }
        sum += self.buckets[BUCKETS.len()].load(Ordering::Relaxed);
        let millis = self.millis.load(Ordering::Relaxed);
        let _ = writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {sum}");
        let _ = writeln!(text, "{name}_sum {}.{:03}", millis / 1000, millis % 1000);
        let _ = writeln!(text, "{name}_count {sum}");
    }
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
}

/// Its place among [`ENDS`].
fn end_of(how: &str) -> usize {
    ENDS.iter().position(|end| *end == how).unwrap_or(ENDS.len() - 1)
}
