//! The chain of a session: its entries numbered from 0, each with the hash of the one before, up to its closing entry.
//!
//! The tree proves that nothing in the log was changed. The chain proves that nothing about a session was left out of what
//! an auditor is shown: a gap in the numbers, a hash that does not fit, or a missing `session.closed` is visible without
//! the rest of the log. The number and hash in the closing entry itself are the count and the head of everything before.

use std::collections::BTreeMap;

use domain::{Digest, Event, SessionId};
use serde::{Deserialize, Serialize};

use crate::Entry;

/// An entry's place in the chain of its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// How many entries of the session come before.
    pub seq: u64,
    /// Leaf hash of the one just before; none for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prev: Option<Digest>,
}

/// Where the chain of every session that is not closed goes on. Equal logs give equal chains; bounded by the sessions
/// that are live or still have calls in flight.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chains {
    next: BTreeMap<SessionId, Link>,
}

impl Chains {
    /// The place of an event that comes next. None for events about no session, and for those about a session that is
    /// closed already: refusals of what still asks in its name.
    pub fn place(&self, event: &Event) -> Option<Link> {
        let session = event.session()?;
        match self.next.get(&session) {
            Some(link) => Some(*link),
            None if matches!(event, Event::SessionOpened(_)) => Some(Link { seq: 0, prev: None }),
            None => None,
        }
    }

    /// Folds an entry of the log.
    pub fn follow(&mut self, entry: &Entry, leaf: Digest) {
        let (Some(session), Some(link)) = (entry.event.session(), entry.chain) else {
            return;
        };
        if matches!(entry.event, Event::SessionClosed(_)) {
            self.next.remove(&session);
        } else {
            self.next.insert(session, Link { seq: link.seq + 1, prev: Some(leaf) });
        }
    }
}

#[cfg(test)]
mod tests;
