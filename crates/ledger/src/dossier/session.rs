//! The chain of one session, followed through the entries of a bundle: nothing about it was left out.

use domain::{Digest, Event, SessionId};

use super::Reason;
use crate::chain::Link;
use crate::entry::Entry;

/// How far the chain was followed.
#[derive(Debug, Clone)]
pub(super) struct SessionChain {
    session: SessionId,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// No entry yet.
    Empty,
    /// The next entry has this place.
    Open(Link),
    /// The closing entry was there.
    Closed,
    /// The session began before there were chains.
    Unchained,
}

// === impl SessionChain ===

impl SessionChain {
    pub(super) fn new(session: SessionId) -> Self {
        Self { session, state: State::Empty }
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    /// Follows the chain over the next entry.
    pub(super) fn follow(&mut self, entry: &Entry, leaf: Digest) -> Result<(), Reason> {
        if entry.event.session() != Some(self.session) {
            return Err(Reason::OtherSession(self.session));
        }
        self.state = match (self.state, entry.chain) {
            (State::Empty, None) if matches!(entry.event, Event::SessionOpened(_)) => State::Unchained,
            (State::Empty, Some(link)) => self.link(Link { seq: 0, prev: None }, link, entry, leaf)?,
            (State::Open(expected), Some(link)) => self.link(expected, link, entry, leaf)?,
            (State::Unchained, None) => State::Unchained,
            // What still asked in its name was refused, and has no place any more.
            (State::Closed, None) if matches!(entry.event, Event::CallRefused(_)) => State::Closed,
            (State::Closed, _) => return Err(Reason::AfterClosing),
            (_, None) => return Err(Reason::Unlinked),
            (State::Unchained, Some(Link { seq, .. })) => return Err(Reason::Link { seq }),
        };
        Ok(())
    }

    fn link(&self, expected: Link, found: Link, entry: &Entry, leaf: Digest) -> Result<State, Reason> {
        if found.seq > expected.seq {
            return Err(Reason::Gap { expected: expected.seq, found: found.seq });
        }
        let opens = matches!(entry.event, Event::SessionOpened(_));
        if found != expected || opens != (found.seq == 0) {
            return Err(Reason::Link { seq: found.seq });
        }
        let next = Link { seq: found.seq + 1, prev: Some(leaf) };
        Ok(if matches!(entry.event, Event::SessionClosed(_)) { State::Closed } else { State::Open(next) })
    }
}
