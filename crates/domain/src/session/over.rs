//! The end of a session, by whatever way: the agent exited, somebody revoked it, or it expired. Descendants end with it.

use serde::{Deserialize, Serialize};

use crate::text::check_reason;
use crate::{Actor, DeveloperId, Digest, Event, Refusal, Role, SessionId, State, Time};

/// How a session came to be over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum How {
    /// The agent exited and its launcher said so.
    Ended {
        /// The agent's exit code, if it had one.
        exit_code: Option<i32>,
    },
    /// A human, or writ on somebody's behalf, cut it off.
    Revoked {
        /// Who.
        by: Actor,
        /// Why.
        reason: String,
    },
    /// Its time to live ran out.
    ReachedExpiry,
    /// Its launcher fell silent.
    MissedBeats,
    /// The session it was opened from is over.
    ParentOver {
        /// That session.
        parent: SessionId,
    },
}

/// How and when a session ended: what a refusal tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// How.
    #[serde(flatten)]
    pub how: How,
    /// When.
    pub at: Time,
}

/// What state remembers of a session that is over: enough to recognise its token and to say what happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// Whose it was.
    pub developer: DeveloperId,
    /// Digest of its token.
    pub token: Digest,
    /// How and when it ended.
    pub ending: Ending,
}

/// End a session from inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// Which session.
    pub session: SessionId,
    /// The agent's exit code, if it had one.
    pub exit_code: Option<i32>,
}

/// Revoke a session from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoke {
    /// Which session.
    pub session: SessionId,
    /// Why, for the record and for the text the agent sees.
    pub reason: String,
}

/// Entry: a session is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Over {
    /// Which session.
    pub session: SessionId,
    /// How.
    #[serde(flatten)]
    pub how: How,
}

pub(crate) fn end(state: &State, by: Actor, command: &End, now: Time) -> Result<Vec<Event>, Refusal> {
    let session = state.live_session(command.session)?;
    let owner = Actor::Developer(session.developer);
    if by != Actor::Session(command.session) && by != owner && by != Actor::System {
        return Err(Refusal::Forbidden { needs: Role::Admin.as_str() });
    }
    let how = if now >= session.expires_at { How::ReachedExpiry } else { How::Ended { exit_code: command.exit_code } };
    Ok(with_descendants(state, command.session, &how))
}

/// The owner or an administrator may revoke; the session itself may not, so that a forged call cannot pose as a human.
pub(crate) fn revoke(state: &State, by: Actor, command: &Revoke, now: Time) -> Result<Vec<Event>, Refusal> {
    let session = state.live_session(command.session)?;
    check_reason(&command.reason)?;
    if by != Actor::Developer(session.developer) {
        state.require(by, Role::Admin)?;
    }
    let how = if now >= session.expires_at {
        How::ReachedExpiry
    } else {
        How::Revoked { by, reason: command.reason.clone() }
    };
    Ok(with_descendants(state, command.session, &how))
}

/// Ends every live session of a developer, each with its descendants, each once.
pub(crate) fn over_all_of(state: &State, developer: DeveloperId, how: &How) -> Vec<Event> {
    let is_theirs = |session: &super::Session| session.developer == developer;
    state
        .sessions
        .iter()
        .filter(|(_, session)| is_theirs(session))
        .map(|(&session, _)| Event::SessionOver(Over { session, how: how.clone() }))
        .collect()
}

/// The session, then its live descendants, parents before children.
pub(super) fn with_descendants(state: &State, session: SessionId, how: &How) -> Vec<Event> {
    let mut events = vec![Event::SessionOver(Over { session, how: how.clone() })];
    for descendant in state.descendants(session) {
        let parent = state.sessions.get(&descendant).and_then(|live| live.parent).unwrap_or(session);
        events.push(Event::SessionOver(Over { session: descendant, how: How::ParentOver { parent } }));
    }
    events
}
