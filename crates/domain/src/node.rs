//! A node: one run of one writ process. Calls remember which node carries them, so that what a dead one leaves is found.

use serde::{Deserialize, Serialize};

use crate::{Event, NodeId, Refusal, State, limits, text};

/// A process comes up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// Its id, new for every start.
    pub node: NodeId,
    /// The program's version.
    pub version: String,
}

/// A process is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lose {
    /// Which one.
    pub node: NodeId,
}

/// Entry: a process came up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// Its id.
    pub node: NodeId,
    /// The program's version.
    pub version: String,
}

/// Entry: a process is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// Which one.
    pub node: NodeId,
}

pub(crate) fn start(state: &State, command: &Start) -> Result<Vec<Event>, Refusal> {
    text::check("the version", &command.version, limits::LABEL_CHARS_MAX)?;
    if state.nodes.contains(&command.node) {
        return Err(Refusal::IdTaken);
    }
    Ok(vec![Event::NodeStarted(Started { node: command.node, version: command.version.clone() })])
}

/// A node with open calls is lost only after they were settled: see [`crate::call::Abandon`].
pub(crate) fn lose(state: &State, command: &Lose) -> Result<Vec<Event>, Refusal> {
    if !state.nodes.contains(&command.node) || state.calls.values().any(|call| call.node == command.node) {
        return Ok(Vec::new());
    }
    Ok(vec![Event::NodeLost(Lost { node: command.node })])
}
