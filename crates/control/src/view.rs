//! The committed state of this node: what reads and local checks see. Only the scribe changes it, after a commit.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use domain::lock::{Ahead, Holder, Phase};
use domain::{Digest, Event, SessionId, Span, State, TicketId, Time};
use ledger::{Chains, Entry};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::feed::{Feed, Note};
use crate::lock_figures::LockFigures;
use crate::lock_holds::LockHolds;

/// What the log folds to.
#[derive(Debug, Clone, Default)]
pub struct Folded {
    /// What decisions depend on.
    pub state: State,
    /// Where the sessions' chains go on.
    pub chains: Chains,
    /// The position after the last entry that is in it.
    pub next: u64,
}

impl Folded {
    /// Folds the entry at [`Folded::next`].
    pub fn fold(&mut self, entry: &Entry, leaf: Digest) {
        self.state.apply(&entry.event, entry.time);
        self.chains.follow(entry, leaf);
        self.next += 1;
    }
}

/// Committed state, a switch per live session that is thrown when the session is over, and one per waiting ticket that is
/// thrown when it waits no longer.
#[derive(Debug, Default)]
pub struct View {
    inner: RwLock<Inner>,
    feed: Feed,
    /// What is counted of locks.
    pub(crate) lock_figures: LockFigures,
}

#[derive(Debug, Default)]
struct Inner {
    folded: Folded,
    /// One per live session that somebody watches; bounded by the live sessions.
    switches: HashMap<SessionId, CancellationToken>,
    /// One per waiting ticket that somebody watches; bounded by the waiting tickets.
    turns: HashMap<TicketId, CancellationToken>,
    holds: LockHolds,
}

impl View {
    /// A view that starts from a folded state.
    pub fn new(folded: Folded) -> Self {
        Self { inner: RwLock::new(Inner { folded, ..Inner::default() }), ..Self::default() }
    }

    /// Reads the committed state. Hold the answer briefly: the scribe waits for it.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock().folded.state)
    }

    /// The position that the next entry will have, as far as this node knows.
    pub fn next(&self) -> u64 {
        self.lock().folded.next
    }

    /// A copy of everything.
    pub fn copy(&self) -> Folded {
        self.lock().folded.clone()
    }

    /// A token that is cancelled when the session is over; cancelled already when it is not live.
    pub fn over(&self, session: SessionId) -> CancellationToken {
        if let Some(switch) = self.lock().switches.get(&session) {
            return switch.clone();
        }
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let live = inner.folded.state.sessions.contains_key(&session);
        if !live {
            let over = CancellationToken::new();
            over.cancel();
            return over;
        }
        inner.switches.entry(session).or_default().clone()
    }

    /// A token that is cancelled when the ticket waits no longer: it is its turn, it has what it wants, or it is over. Each
    /// ticket has its own, so that whoever lets go wakes only those whose turn it is. Cancelled already when it does not
    /// wait.
    pub fn moved(&self, ticket: TicketId) -> CancellationToken {
        let moved = || {
            let moved = CancellationToken::new();
            moved.cancel();
            moved
        };
        // Most are granted at once: for them the scribe does not wait.
        if !self.lock().waits(ticket) {
            return moved();
        }
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if inner.waits(ticket) { inner.turns.entry(ticket).or_default().clone() } else { moved() }
    }

    /// How long a ticket that waits will still do so, where that can be told.
    pub(crate) fn wait_of(&self, ahead: &[Ahead], position: usize, now: Time) -> Option<Span> {
        let inner = self.lock();
        inner.holds.estimate(&inner.folded.state, ahead, position, now)
    }

    /// Listens to what is committed about locks and writes, from now on.
    pub(crate) fn follow(&self) -> broadcast::Receiver<Arc<Note>> {
        self.feed.listen()
    }

    /// Folds committed entries, which follow each other from [`View::next`] on.
    pub(crate) fn commit<'a>(&self, entries: impl IntoIterator<Item = (&'a Entry, Digest)>) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        for (entry, leaf) in entries {
            let moved = inner.moved_by(&entry.event);
            let note = self.feed.note(&inner.folded.state, inner.folded.next, entry.time, &entry.event);
            self.lock_figures.see(&inner.folded.state, entry.time, &entry.event);
            let Inner { folded, holds, .. } = &mut *inner;
            holds.see(&folded.state, entry.time, &entry.event);
            inner.folded.fold(entry, leaf);
            if let Some(note) = note {
                self.feed.tell(note);
            }
            for ticket in moved {
                if let Some(turn) = inner.turns.remove(&ticket) {
                    turn.cancel();
                }
            }
            if let Event::SessionOver(over) = &entry.event
                && let Some(switch) = inner.switches.remove(&over.session)
            {
                switch.cancel();
            }
        }
    }

    fn lock(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn waits(&self, ticket: TicketId) -> bool {
        self.folded.state.locks.tickets.get(&ticket).is_some_and(|ticket| ticket.phase == Phase::Waiting)
    }

    /// The watched tickets that an event, which is not folded yet, moves.
    fn moved_by(&self, event: &Event) -> Vec<TicketId> {
        let of_session = |session| {
            let all = self.folded.state.locks.of(Holder::Session(session));
            all.map(|(id, _)| id).filter(|id| self.turns.contains_key(id)).collect()
        };
        match event {
            _ if self.turns.is_empty() => Vec::new(),
            Event::LockOffered(event) => vec![event.ticket],
            Event::LockGranted(event) => vec![event.ticket],
            Event::LockOver(event) => vec![event.ticket],
            Event::SessionOver(event) => of_session(event.session),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
