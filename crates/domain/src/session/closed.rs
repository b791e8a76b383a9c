//! The last entry of a session: it is over, every call it had in flight is accounted for, every credential that was made for
//! it is dead, and nothing that it held rests.
//!
//! An auditor who holds a session's entries from its opening to this one, each pointing at the one before, has them all.

use serde::{Deserialize, Serialize};

use super::How;
use crate::lock::{Holder, rests_until};
use crate::{Event, SessionId, State, Time};

/// Entry: nothing more of a session will follow, but refusals of what still asks in its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// Which session.
    pub session: SessionId,
}

/// Adds the closing entries that a decision's events bring about: of each session that they end with nothing in flight,
/// and of each session that is over and whose last call they settle, or whose last credential or last rest they end.
pub(crate) fn complete(state: &State, events: &mut Vec<Event>, now: Time) {
    let mut closed = Vec::new();
    for event in events.iter() {
        let session = match event {
            Event::SessionOver(over) => over.session,
            Event::CallSettled(settled) => settled.session,
            Event::CredentialOver(over) => over.session,
            Event::LockOver(over) => match over.holder.session() {
                Some(session) => session,
                None => continue,
            },
            _ => continue,
        };
        if !closed.contains(&session) && in_flight_after(state, events, session, now) == Some(0) {
            closed.push(session);
        }
    }
    events.extend(closed.into_iter().map(|session| Event::SessionClosed(Closed { session })));
}

/// How many calls in flight, credentials alive and tickets at rest a session has after these events that is over then; none
/// if it is not over.
fn in_flight_after(state: &State, events: &[Event], id: SessionId, now: Time) -> Option<usize> {
    let ending = events.iter().find_map(|event| match event {
        Event::SessionOver(over) if over.session == id => Some(&over.how),
        _ => None,
    });
    let before = match (state.sessions.get(&id), ending) {
        (Some(live), Some(_)) => live.calls_open,
        (Some(_), None) => return None,
        (None, _) => *state.closing.get(&id)?,
    };
    let alive = state.session_credentials.get(&id).map_or(0, std::collections::BTreeSet::len);
    let is_done = |event: &&Event| match event {
        Event::CallSettled(call) => call.session == id,
        Event::CredentialOver(over) => over.session == id,
        _ => false,
    };
    let done = events.iter().filter(is_done).count();
    Some((before + alive).saturating_sub(done) + resting_after(state, events, id, ending, now))
}

/// How many of its tickets rest after these events, of a session that is over then.
fn resting_after(state: &State, events: &[Event], id: SessionId, ending: Option<&How>, now: Time) -> usize {
    let tickets = state.locks.of(Holder::Session(id));
    let rest = tickets.filter(|(ticket, found)| {
        let is_over = || events.iter().any(|event| matches!(event, Event::LockOver(over) if over.ticket == *ticket));
        ending.is_none_or(|how| rests_until(found, how, now).is_some()) && !is_over()
    });
    rest.count()
}
