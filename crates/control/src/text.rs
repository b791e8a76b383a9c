//! Sentences that more than one edge says: to the agent's developer, to the API's caller, on the console.

use domain::limits::SESSION_DEPTH_MAX;
use domain::session::{Ending, How};
use domain::{Actor, SessionId, Time};
use jiff::Timestamp;

use crate::plane::ControlPlane;

/// Who ended a session, when and why, and what to do.
pub(crate) fn session_over(plane: &ControlPlane, session: SessionId, ending: &Ending) -> String {
    format!("{}; start a new one with `writ run`", session_ended(plane, session, ending))
}

/// Who ended a session, when and why.
pub(crate) fn session_ended(plane: &ControlPlane, session: SessionId, ending: &Ending) -> String {
    format!("session {session} {} at {}", how(plane, &ending.how), short_utc(ending.at))
}

/// How a session came to be over, as the rest of a sentence that starts with it.
pub(crate) fn how(plane: &ControlPlane, how: &How) -> String {
    match how {
        How::Ended { exit_code: Some(code) } => format!("ended (the agent exited with code {code})"),
        How::Ended { exit_code: None } => "ended".to_owned(),
        How::Revoked { by, reason } if reason.is_empty() => format!("was revoked by {}", actor(plane, *by)),
        How::Revoked { by, reason } => format!("was revoked by {} ({reason})", actor(plane, *by)),
        How::ReachedExpiry => "expired: its time to live ran out".to_owned(),
        How::MissedBeats => "expired: its launcher fell silent".to_owned(),
        How::ParentOver { parent } => match cause(plane, *parent) {
            Some((ancestor, cause)) => format!("ended with session {ancestor}, which {}", self::how(plane, &cause)),
            None => format!("ended with its parent {parent}"),
        },
    }
}

/// The nearest ancestor that ended by itself and how, as far as state remembers: who ended a child ended that one.
fn cause(plane: &ControlPlane, parent: SessionId) -> Option<(SessionId, How)> {
    plane.view.read(|state| {
        let mut ancestor = parent;
        for _ in 0..=SESSION_DEPTH_MAX {
            match &state.past.get(&ancestor)?.ending.how {
                How::ParentOver { parent } => ancestor = *parent,
                cause => return Some((ancestor, cause.clone())),
            }
        }
        None
    })
}

/// Who acted, by sign-in name.
pub(crate) fn actor(plane: &ControlPlane, by: Actor) -> String {
    match by {
        Actor::System => "writ".to_owned(),
        Actor::Bootstrap => "the bootstrap token".to_owned(),
        Actor::Developer(developer) => plane.people.login(developer),
        Actor::Session(session) => session.to_string(),
    }
}

/// The first characters of a text.
pub(crate) fn first_chars(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}

/// A text without control characters.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

/// RFC 3339 in UTC with milliseconds, as every answer of the API spells times.
pub(crate) fn rfc3339(at: Time) -> String {
    let timestamp = Timestamp::from_millisecond(at.unix_millis()).unwrap_or_default();
    format!("{timestamp:.3}")
}

/// `2026-11-22`, in UTC.
pub(crate) fn date(at: Time) -> String {
    let timestamp = Timestamp::from_millisecond(at.unix_millis()).unwrap_or_default();
    timestamp.strftime("%Y-%m-%d").to_string()
}

/// `2026-11-22 14:02 UTC`, for sentences and pages.
pub(crate) fn short_utc(at: Time) -> String {
    let timestamp = Timestamp::from_millisecond(at.unix_millis()).unwrap_or_default();
    timestamp.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
