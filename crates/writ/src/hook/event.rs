//! The events that are listened to, by the names that Claude Code 2.1.330 gives them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limits::{HOOK_DEADLINE, HOOK_END_DEADLINE, HOOK_WAITING_DEADLINE, HOOK_WORKSPACE_DEADLINE};

/// What happened, or is about to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Event {
    /// A conversation begins.
    SessionStart,
    /// The human said something.
    UserPromptSubmit,
    /// A tool is about to be used.
    PreToolUse,
    /// A tool was used.
    PostToolUse,
    /// A tool was used and failed.
    PostToolUseFailure,
    /// The agent is done with what it was asked.
    Stop,
    /// A sub-agent begins, or is woken again.
    SubagentStart,
    /// A sub-agent is done.
    SubagentStop,
    /// The conversation ends.
    SessionEnd,
    /// A watched file changed.
    FileChanged,
    /// A sub-agent, or the agent itself, is to have a working tree of its own.
    WorktreeCreate,
    /// It is not needed any more.
    WorktreeRemove,
}

impl Event {
    /// Every event.
    pub(crate) const ALL: [Self; 12] = [
        Self::SessionStart,
        Self::UserPromptSubmit,
        Self::PreToolUse,
        Self::PostToolUse,
        Self::PostToolUseFailure,
        Self::Stop,
        Self::SubagentStart,
        Self::SubagentStop,
        Self::SessionEnd,
        Self::FileChanged,
        Self::WorktreeCreate,
        Self::WorktreeRemove,
    ];

    /// The client's name for it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::SessionStart => "SessionStart",
            Self::UserPromptSubmit => "UserPromptSubmit",
            Self::PreToolUse => "PreToolUse",
            Self::PostToolUse => "PostToolUse",
            Self::PostToolUseFailure => "PostToolUseFailure",
            Self::Stop => "Stop",
            Self::SubagentStart => "SubagentStart",
            Self::SubagentStop => "SubagentStop",
            Self::SessionEnd => "SessionEnd",
            Self::FileChanged => "FileChanged",
            Self::WorktreeCreate => "WorktreeCreate",
            Self::WorktreeRemove => "WorktreeRemove",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.name() == name)
    }

    /// Whether it comes before something that it can stop.
    pub(super) const fn guards(self) -> bool {
        matches!(self, Self::PreToolUse)
    }

    /// Until when there must be an answer. Below what the client waits for (see `settings`).
    pub(super) const fn deadline(self) -> Duration {
        match self {
            Self::PreToolUse => HOOK_WAITING_DEADLINE,
            Self::SessionEnd => HOOK_END_DEADLINE,
            Self::SubagentStop | Self::WorktreeCreate | Self::WorktreeRemove => HOOK_WORKSPACE_DEADLINE,
            _ => HOOK_DEADLINE,
        }
    }
}
