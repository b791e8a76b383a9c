//! Writes: which session changed which resource, from what to what. They tell those who read it that it is no longer so,
//! and they give away agents that undo each other's work.

use serde::{Deserialize, Serialize};

use crate::freeze::{self, Cause};
use crate::lock::Holder;
use crate::{Actor, Digest, Event, Refusal, Resource, Role, SessionId, State, Time, limits, text};

/// A changed piece of a text, by the digests of what stood there and what stands there now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hunk {
    /// Of the text before.
    pub old: Digest,
    /// Of the text after.
    pub new: Digest,
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
        if let Some(cause) = struggle(state, command.session, change, now).filter(|_| !events.iter().any(is_frozen)) {
            events.extend(freeze::frozen(state, &change.resource, project, cause)?);
        }
    }
    Ok(events)
}

fn check_bounds(command: &Record) -> Result<(), Refusal> {
    text::check_some("the intent", command.intent.as_ref(), limits::REASON_CHARS_MAX)?;
    let reached = |what, max| Err(Refusal::LimitReached { what, max });
    if command.changes.is_empty() {
        return Err(Refusal::TextMalformed { what: "the list of changes" });
    }
    if command.changes.len() > limits::WRITES_PER_RECORD_MAX {
        return reached("changes in one record", limits::WRITES_PER_RECORD_MAX);
    }
    if command.changes.iter().any(|change| change.hunks.len() > limits::HUNKS_PER_WRITE_MAX) {
        return reached("pieces of one change", limits::HUNKS_PER_WRITE_MAX);
    }
    Ok(())
}

/// Whether a change is part of a struggle: it undoes what another session did lately, or sessions take turns.
fn struggle(state: &State, session: SessionId, change: &Change, now: Time) -> Option<Cause> {
    let recent = state.writes.get(&change.resource)?;
    let lately: Vec<&Recent> = recent.iter().filter(|one| now.since(one.at) <= limits::STRUGGLE_WINDOW).collect();
    let is_foreign = |one: &&&Recent| !state.are_kin(Holder::Session(one.session), Holder::Session(session));
    if let Some(undone) = lately.iter().rev().filter(is_foreign).find(|one| undoes(change, one)) {
        return Some(Cause::Reverted { session, of: undone.session });
    }
    let mut turns: Vec<SessionId> = Vec::new();
    let mut content = None;
    for (writer, before, after) in
        lately.iter().map(|one| (one.session, one.before, one.after)).chain([(session, change.before, change.after)])
    {
        if content.is_some_and(|content| before.is_some() && before != content) {
            // It starts from another text: another branch, which git will merge. Only who changes the same text struggles.
            turns.clear();
        }
        let is_same = turns.last().is_some_and(|last| state.are_kin(Holder::Session(*last), Holder::Session(writer)));
        if !is_same {
            turns.push(writer);
        }
        content = Some(after);
    }
    (turns.len() >= limits::STRUGGLE_TURNS && turns.last() == Some(&session))
        .then_some(Cause::PingPong { sessions: turns })
}

/// Whether a change puts back what an earlier one took away.
fn undoes(change: &Change, earlier: &Recent) -> bool {
    let whole = change.before == earlier.after && change.after == earlier.before && change.before != change.after;
    let known = change.before.is_some() || change.after.is_some();
    let piece = |mine: &Hunk| {
        earlier.hunks.iter().any(|theirs| mine.old == theirs.new && mine.new == theirs.old && mine.old != mine.new)
    };
    (whole && known) || change.hunks.iter().any(piece)
}
