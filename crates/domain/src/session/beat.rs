//! Beats are rows, not entries; only their lapse is decided here: active → suspect → expired, and back while suspect.

use serde::{Deserialize, Serialize};

use super::{How, over};
use crate::{Actor, Event, Refusal, Role, SessionId, State, Time, limits};

/// Note that a session missed its beats or reached its expiry. Any node's reaper proposes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lapse {
    /// Which session.
    pub session: SessionId,
    /// Its last beat; its opening when it never beat.
    pub last_beat: Time,
}

/// Note that a suspect session beats again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recover {
    /// Which session.
    pub session: SessionId,
}

/// Entry: a session missed its beats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspected {
    /// Which session.
    pub session: SessionId,
    /// Its last beat.
    pub last_beat: Time,
}

/// Entry: a suspect session beat again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovered {
    /// Which session.
    pub session: SessionId,
}

pub(crate) fn lapse(state: &State, command: &Lapse, now: Time) -> Result<Vec<Event>, Refusal> {
    let session = state.live_session(command.session)?;
    if now >= session.expires_at {
        return Ok(over(state, command.session, &How::ReachedExpiry));
    }
    if !session.beats {
        return Err(Refusal::NotOverdue(command.session));
    }
    let last_beat = command.last_beat.max(session.opened_at);
    let silent = now.since(last_beat);
    if silent >= limits::BEAT_EXPIRE_AFTER {
        return Ok(over(state, command.session, &How::MissedBeats));
    }
    if silent < limits::BEAT_SUSPECT_AFTER {
        return Err(Refusal::NotOverdue(command.session));
    }
    if session.suspect_since.is_some() {
        return Ok(Vec::new());
    }
    Ok(vec![Event::SessionSuspected(Suspected { session: command.session, last_beat })])
}

pub(crate) fn recover(state: &State, by: Actor, command: &Recover, now: Time) -> Result<Vec<Event>, Refusal> {
    let session = state.live_session(command.session)?;
    if by != Actor::Session(command.session) && by != Actor::Developer(session.developer) {
        return Err(Refusal::Forbidden { needs: Role::Member.as_str() });
    }
    if now >= session.expires_at {
        return Ok(over(state, command.session, &How::ReachedExpiry));
    }
    if session.suspect_since.is_none() {
        return Ok(Vec::new());
    }
    Ok(vec![Event::SessionRecovered(Recovered { session: command.session })])
}

/// The session and its descendants are over: the descendants expire with it.
fn over(state: &State, session: SessionId, how: &How) -> Vec<Event> {
    over::with_descendants(state, session, how)
}
