//! The committed state of this node: what reads and local checks see. Only the scribe changes it, after a commit.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use domain::{Event, SessionId, State, Time};
use tokio_util::sync::CancellationToken;

/// Committed state, and a switch per live session that is thrown when the session is over.
#[derive(Debug, Default)]
pub struct View {
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    state: State,
    next: u64,
    /// One per live session that somebody watches; bounded by the live sessions.
    switches: HashMap<SessionId, CancellationToken>,
}

impl View {
    /// A view that starts from a folded state.
    pub fn new(state: State, next: u64) -> Self {
        Self { inner: RwLock::new(Inner { state, next, switches: HashMap::new() }) }
    }

    /// Reads the committed state. Hold the answer briefly: the scribe waits for it.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock().state)
    }

    /// The position that the next entry will have, as far as this node knows.
    pub fn next(&self) -> u64 {
        self.lock().next
    }

    /// A copy of the state and the position after it.
    pub fn copy(&self) -> (State, u64) {
        let inner = self.lock();
        (inner.state.clone(), inner.next)
    }

    /// A token that is cancelled when the session is over; cancelled already when it is not live.
    pub fn over(&self, session: SessionId) -> CancellationToken {
        if let Some(switch) = self.lock().switches.get(&session) {
            return switch.clone();
        }
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let live = inner.state.sessions.contains_key(&session);
        if !live {
            let over = CancellationToken::new();
            over.cancel();
            return over;
        }
        inner.switches.entry(session).or_default().clone()
    }

    /// Folds committed events; `next` is the position after the last of them.
    pub(crate) fn commit<'a>(&self, events: impl IntoIterator<Item = (&'a Event, Time)>, next: u64) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        for (event, at) in events {
            inner.state.apply(event, at);
            if let Event::SessionOver(over) = event
                && let Some(switch) = inner.switches.remove(&over.session)
            {
                switch.cancel();
            }
        }
        inner.next = next;
    }

    fn lock(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }
}
