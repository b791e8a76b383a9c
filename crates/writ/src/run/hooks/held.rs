//! Locks that the session holds or waits for, as far as hooks asked for them.

use std::collections::BTreeSet;

use domain::Resource;
use domain::lock::{Mode, Want};

use super::input::Agent;
use crate::limits::TICKETS_KNOWN_MAX;

/// All of them.
#[derive(Debug, Default)]
pub(in crate::run) struct Tickets {
    held: Vec<Held>,
    waiting: Vec<Waiting>,
}

/// A lock that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::run) struct Held {
    pub(in crate::run) ticket: String,
    /// Its fencing token.
    pub(in crate::run) token: u64,
    pub(in crate::run) wants: Vec<Want>,
    /// Agents that rely on it.
    users: BTreeSet<Agent>,
}

/// A place in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Waiting {
    ticket: String,
    wants: Vec<Want>,
}

/// When a lock that a hook asked for is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::run) enum Until {
    /// When the agent is done with what it was asked: others may go on from there, and git merges what both changed; what a
    /// command did to something outside is done when it ends.
    Turn,
    /// When the change is pushed, else at the end of the session: two unpushed changes of such a file cannot be merged by
    /// reading both.
    Pushed,
}

impl Until {
    /// By what is wanted.
    fn of(want: &Want) -> Self {
        let is_in_repository = matches!(want.resource.kind(), "path" | "ref");
        if is_in_repository && want.mode == Mode::X { Self::Pushed } else { Self::Turn }
    }
}

impl Held {
    /// When it is given back: with the last of what it holds.
    pub(in crate::run) fn until(&self) -> Until {
        self.wants.iter().map(Until::of).max().unwrap_or(Until::Turn)
    }
}

impl Tickets {
    /// Those of the wants that no lock covers; `agent` relies on the locks that do from now on.
    pub(in crate::run) fn missing(&mut self, agent: &Agent, wants: &[Want]) -> Vec<Want> {
        let mut missing = Vec::new();
        for want in wants {
            let covers = |held: &&mut Held| held.wants.iter().any(|one| one.covers(&want.resource, want.mode));
            match self.held.iter_mut().find(covers) {
                Some(held) => drop(held.users.insert(agent.clone())),
                None => missing.push(want.clone()),
            }
        }
        missing
    }

    /// The place that is taken in the queue for exactly this.
    pub(in crate::run) fn waiting_for(&self, wants: &[Want]) -> Option<String> {
        self.waiting.iter().find(|waiting| waiting.wants == wants).map(|waiting| waiting.ticket.clone())
    }

    /// A lock is held from now on.
    pub(in crate::run) fn hold(&mut self, agent: &Agent, ticket: &str, token: u64, wants: Vec<Want>) {
        self.drop_ticket(ticket);
        if self.held.len() < TICKETS_KNOWN_MAX {
            let users = BTreeSet::from([agent.clone()]);
            self.held.push(Held { ticket: ticket.to_owned(), token, wants, users });
        }
    }

    /// A place in the queue is taken.
    pub(in crate::run) fn wait(&mut self, ticket: &str, wants: Vec<Want>) {
        self.drop_ticket(ticket);
        if self.waiting.len() < TICKETS_KNOWN_MAX {
            self.waiting.push(Waiting { ticket: ticket.to_owned(), wants });
        }
    }

    /// What a ticket that waits is for.
    pub(in crate::run) fn awaited(&self, ticket: &str) -> Option<&[Want]> {
        self.waiting.iter().find(|waiting| waiting.ticket == ticket).map(|waiting| waiting.wants.as_slice())
    }

    /// A ticket is over; what it held, if it held something.
    pub(in crate::run) fn drop_ticket(&mut self, ticket: &str) -> Option<Held> {
        self.waiting.retain(|waiting| waiting.ticket != ticket);
        let at = self.held.iter().position(|held| held.ticket == ticket)?;
        Some(self.held.swap_remove(at))
    }

    /// Takes out what nobody relied on but agents that are done, and need not be kept longer than `until`.
    pub(in crate::run) fn let_go(&mut self, is_done: impl Fn(&Agent) -> bool, until: Until) -> Vec<Held> {
        self.take(|held| {
            if held.until() > until {
                return false;
            }
            let before = held.users.len();
            held.users.retain(|agent| !is_done(agent));
            held.users.is_empty() && before > 0
        })
    }

    /// Takes out locks on what this says yes to, if they are only on that.
    pub(in crate::run) fn let_go_of(&mut self, is_done: impl Fn(&Resource) -> bool) -> Vec<Held> {
        self.take(|held| held.wants.iter().all(|want| is_done(&want.resource)))
    }

    /// All that is held.
    pub(in crate::run) fn held(&self) -> &[Held] {
        &self.held
    }

    fn take(&mut self, mut is_done: impl FnMut(&mut Held) -> bool) -> Vec<Held> {
        let (mut done, mut kept) = (Vec::new(), Vec::new());
        for mut held in std::mem::take(&mut self.held) {
            if is_done(&mut held) { done.push(held) } else { kept.push(held) }
        }
        self.held = kept;
        done
    }
}
