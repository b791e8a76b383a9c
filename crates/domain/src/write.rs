//! Writes: which session changed which resource, from what to what. They tell those who read it that it is no longer so,
//! and they give away agents that undo each other's work.

mod struggle;

use serde::{Deserialize, Serialize};

use crate::freeze;
use crate::refusal::at_most;
use crate::{Actor, Digest, Event, Refusal, Resource, Role, SessionId, State, Time, limits, text};

/// A changed piece of a text, by the digests of what stood there and what stands there now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hunk {
    /// Of the text before.
    pub old: Digest,
    /// Of the text after.
    pub new: Digest,
}

/// Where a text changed: so many lines became so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    /// How many lines of the text before stand above them.
    pub at: u32,
    /// How many lines of the text before they are.
    pub old: u32,
    /// How many lines of the text after they are.
    pub new: u32,
}

/// One change of one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which.
    pub resource: Resource,
    /// Digest of the content before; none if there was none, or nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Digest>,
    /// Digest of the content after; none if it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Digest>,
    /// The pieces that changed, where they are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hunks: Vec<Hunk>,
    /// Every place where it changed, in order; none where that is not known: then it may have changed everywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Lines>,
}

/// Record changes that a session made, or look at those it is about to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Who.
    pub session: SessionId,
    /// What.
    pub changes: Vec<Change>,
    /// What for, in the session's words.
    pub intent: Option<String>,
    /// Whether they are still to come: nothing is recorded then, but a change that undoes another's freezes its resource
    /// before it is made.
    pub intended: bool,
}

/// Entry: a session changed a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Who.
    pub session: SessionId,
    /// What.
    #[serde(flatten)]
    pub change: Change,
    /// What for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
}

/// What state keeps of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// Its position in the log: the version of the resource.
    pub position: u64,
    /// When.
    pub at: Time,
    /// Who.
    pub session: SessionId,
    /// Digest of the content before.
    pub before: Option<Digest>,
    /// Digest of the content after.
    pub after: Option<Digest>,
    /// The pieces that changed.
    pub hunks: Vec<Hunk>,
    /// Where it changed; none where that is not known.
    #[serde(default)]
    pub lines: Vec<Lines>,
}

/// What was written is recorded whatever it is; what must not be written is for the gates.
pub(crate) fn record(state: &State, by: Actor, command: &Record, now: Time) -> Result<Vec<Event>, Refusal> {
    if by != Actor::Session(command.session) {
        return Err(Refusal::Forbidden { needs: Role::Member.as_str() });
    }
    let project = state.live_session(command.session)?.project;
    check_bounds(command)?;
    let mut events = Vec::new();
    for change in &command.changes {
        if !command.intended {
            events.push(Event::ResourceWritten(Box::new(Written {
                session: command.session,
                change: change.clone(),
                intent: command.intent.clone(),
            })));
        }
        let is_frozen = |event: &Event| matches!(event, Event::ResourceFrozen(one) if one.resource == change.resource);
        if let Some(cause) = struggle::of(state, command.session, change, now).filter(|_| !events.iter().any(is_frozen))
        {
            events.extend(freeze::frozen(state, &change.resource, project, cause)?);
        }
    }
    Ok(events)
}

fn check_bounds(command: &Record) -> Result<(), Refusal> {
    text::check_some("the intent", command.intent.as_ref(), limits::REASON_CHARS_MAX)?;
    if command.changes.is_empty() {
        return Err(Refusal::TextMalformed { what: "the list of changes" });
    }
    at_most("changes in one record", command.changes.len(), limits::WRITES_PER_RECORD_MAX)?;
    let pieces = command.changes.iter().map(|change| change.hunks.len().max(change.lines.len()));
    at_most("pieces of one change", pieces.max().unwrap_or_default(), limits::HUNKS_PER_WRITE_MAX)
}
