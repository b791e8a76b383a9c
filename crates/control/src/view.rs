//! The committed state of this node: what reads and local checks see. Only the scribe changes it, after a commit.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use domain::{Digest, Event, SessionId, State};
use ledger::{Chains, Entry};
use tokio_util::sync::CancellationToken;

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

/// Committed state, and a switch per live session that is thrown when the session is over.
#[derive(Debug, Default)]
pub struct View {
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    folded: Folded,
    /// One per live session that somebody watches; bounded by the live sessions.
    switches: HashMap<SessionId, CancellationToken>,
}

impl View {
    /// A view that starts from a folded state.
    pub fn new(folded: Folded) -> Self {
        Self { inner: RwLock::new(Inner { folded, switches: HashMap::new() }) }
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

    /// Folds committed entries, which follow each other from [`View::next`] on.
    pub(crate) fn commit<'a>(&self, entries: impl IntoIterator<Item = (&'a Entry, Digest)>) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        for (entry, leaf) in entries {
            inner.folded.fold(entry, leaf);
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
