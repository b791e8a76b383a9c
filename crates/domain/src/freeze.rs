//! Frozen resources: what no agent may change until a human has looked, because agents undo each other's work there, or
//! because a human said so.

use serde::{Deserialize, Serialize};

use crate::text::check_line;
use crate::{Actor, DeveloperId, Event, ProjectId, Refusal, Resource, Role, SessionId, State, Time, limits};

/// Why a resource is frozen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Cause {
    /// A human said so.
    Asked {
        /// Who, if it was not writ itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<DeveloperId>,
        /// Why.
        reason: String,
    },
    /// Sessions changed it in turns.
    PingPong {
        /// Whose turn it was, the last one last.
        sessions: Vec<SessionId>,
    },
    /// A session undid, or set out to undo, what another had just done.
    Reverted {
        /// Who.
        session: SessionId,
        /// Whose change.
        of: SessionId,
    },
}

impl Cause {
    /// The sessions that it is about: whose turns they were, or who undid and whose change it was.
    pub fn sessions(&self) -> Vec<SessionId> {
        match self {
            Self::Asked { .. } => Vec::new(),
            Self::PingPong { sessions } => sessions.clone(),
            Self::Reverted { session, of } => vec![*session, *of],
        }
    }

    /// In a few words: what was said, or what was seen.
    pub fn words(&self) -> &str {
        match self {
            Self::Asked { reason, .. } => reason,
            Self::PingPong { .. } => "sessions changed it in turns",
            Self::Reverted { .. } => "a session undid what another had just done",
        }
    }
}

/// What state keeps of a frozen resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// Since when.
    pub since: Time,
    /// The project of the session that caused it, if one did: its people may thaw.
    pub project: Option<ProjectId>,
    /// Why.
    pub cause: Cause,
}

/// Freeze a resource by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Which.
    pub resource: Resource,
    /// Why.
    pub reason: String,
}

/// Thaw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thaw {
    /// Which.
    pub resource: Resource,
    /// What was found, for the record.
    pub reason: String,
}

/// Entry: nobody's agent may change a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// Which.
    pub resource: Resource,
    /// The project whose people may thaw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// Why.
    #[serde(flatten)]
    pub cause: Cause,
}

/// Entry: a human has looked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thawed {
    /// Which.
    pub resource: Resource,
    /// What was found.
    pub reason: String,
}

pub(crate) fn ask(state: &State, by: Actor, command: &Ask) -> Result<Vec<Event>, Refusal> {
    state.require(by, Role::Member)?;
    check_line("the reason", &command.reason, limits::REASON_CHARS_MAX)?;
    let by = match by {
        Actor::Developer(developer) => Some(developer),
        Actor::System | Actor::Bootstrap | Actor::Session(_) => None,
    };
    let cause = Cause::Asked { by, reason: command.reason.clone() };
    Ok(frozen(state, &command.resource, None, cause)?.into_iter().collect())
}

/// A human who works on the project, an approver or an administrator.
pub(crate) fn thaw(state: &State, by: Actor, command: &Thaw) -> Result<Vec<Event>, Refusal> {
    let freeze = state.freezes.get(&command.resource);
    let freeze = freeze.ok_or_else(|| Refusal::FreezeUnknown(command.resource.clone()))?;
    check_line("the reason", &command.reason, limits::REASON_CHARS_MAX)?;
    let project = freeze.project.and_then(|id| state.projects.get(&id));
    let is_theirs = match (by, project) {
        (Actor::Developer(developer), Some(project)) => {
            state.require(by, Role::Member).is_ok() && crate::project::team_for(state, developer, project).is_some()
        }
        _ => false,
    };
    if !is_theirs {
        state.require(by, Role::Approver)?;
    }
    Ok(vec![Event::ResourceThawed(Thawed { resource: command.resource.clone(), reason: command.reason.clone() })])
}

/// The entry, unless it is frozen already.
pub(crate) fn frozen(
    state: &State,
    resource: &Resource,
    project: Option<ProjectId>,
    cause: Cause,
) -> Result<Option<Event>, Refusal> {
    if state.freezes.contains_key(resource) {
        return Ok(None);
    }
    if state.freezes.len() >= limits::FREEZES_MAX {
        return Err(Refusal::LimitReached { what: "frozen resources", max: limits::FREEZES_MAX });
    }
    Ok(Some(Event::ResourceFrozen(Box::new(Frozen { resource: resource.clone(), project, cause }))))
}

impl State {
    /// The freeze that a change of a resource would run into: of itself, of what contains it, or of something in it.
    pub fn frozen_at(&self, resource: &Resource) -> Option<(&Resource, &Freeze)> {
        self.frozen_at_but(resource, None)
    }

    pub(crate) fn frozen_at_but(&self, resource: &Resource, but: Option<&Resource>) -> Option<(&Resource, &Freeze)> {
        resource.around(&self.freezes, true).find(|(found, _)| Some(*found) != but)
    }
}
