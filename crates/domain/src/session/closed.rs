//! The last entry of a session: it is over, every call it had in flight is accounted for, and every credential that was made
//! for it is dead.
//!
//! An auditor who holds a session's entries from its opening to this one, each pointing at the one before, has them all.

use serde::{Deserialize, Serialize};

use crate::{Event, SessionId, State};

/// Entry: nothing more of a session will follow, but refusals of what still asks in its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// Which session.
    pub session: SessionId,
}

/// Adds the closing entries that a decision's events bring about: of each session that they end with nothing in flight,
/// and of each session that is over and whose last call they settle or whose last credential they end.
pub(crate) fn complete(state: &State, events: &mut Vec<Event>) {
    let mut closed = Vec::new();
    for event in events.iter() {
        let session = match event {
            Event::SessionOver(over) => over.session,
            Event::CallSettled(settled) => settled.session,
            Event::CredentialOver(over) => over.session,
            _ => continue,
        };
        if !closed.contains(&session) && in_flight_after(state, events, session) == Some(0) {
            closed.push(session);
        }
    }
    events.extend(closed.into_iter().map(|session| Event::SessionClosed(Closed { session })));
}

/// How many calls in flight and credentials alive a session has after these events that is over then; none if it is not
/// over.
fn in_flight_after(state: &State, events: &[Event], id: SessionId) -> Option<usize> {
    let ends_now = events.iter().any(|event| matches!(event, Event::SessionOver(over) if over.session == id));
    let before = match state.sessions.get(&id) {
        Some(live) if ends_now => live.calls_open,
        Some(_) => return None,
        None => *state.closing.get(&id)?,
    };
    let alive = state.session_credentials.get(&id).map_or(0, std::collections::BTreeSet::len);
    let is_done = |event: &&Event| match event {
        Event::CallSettled(call) => call.session == id,
        Event::CredentialOver(over) => over.session == id,
        _ => false,
    };
    Some((before + alive).saturating_sub(events.iter().filter(is_done).count()))
}
