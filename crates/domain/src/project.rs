//! Projects: what work is for, and the unit finance sees.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::grant::Grant;
use crate::{Actor, DeveloperId, Event, Name, ProjectId, Refusal, Role, State, TeamId, limits};

/// What state keeps of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Its unique name.
    pub name: Name,
    /// Teams whose members may work on it.
    pub teams: BTreeSet<TeamId>,
    /// What its sessions may ask of brokers; at most [`limits::GRANTS_PER_PROJECT_MAX`].
    pub grants: Vec<Grant>,
}

/// Make a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Create {
    /// The new id.
    pub project: ProjectId,
    /// A name no other project has.
    pub name: Name,
    /// Teams whose members may work on it.
    pub teams: BTreeSet<TeamId>,
}

/// Entry: a project was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// The new id.
    pub project: ProjectId,
    /// Its name.
    pub name: Name,
    /// Teams whose members may work on it.
    pub teams: BTreeSet<TeamId>,
}

pub(crate) fn create(state: &State, by: Actor, command: &Create) -> Result<Vec<Event>, Refusal> {
    state.require(by, Role::Admin)?;
    if state.projects.len() >= limits::PROJECTS_MAX {
        return Err(Refusal::LimitReached { what: "projects", max: limits::PROJECTS_MAX });
    }
    if command.teams.len() > limits::TEAMS_PER_PROJECT_MAX {
        return Err(Refusal::LimitReached { what: "teams of a project", max: limits::TEAMS_PER_PROJECT_MAX });
    }
    if command.teams.iter().any(|team| !state.teams.contains_key(team)) {
        return Err(Refusal::TeamUnknown);
    }
    if state.projects.contains_key(&command.project) {
        return Err(Refusal::IdTaken);
    }
    if state.projects.values().any(|project| project.name == command.name) {
        return Err(Refusal::NameTaken);
    }
    Ok(vec![Event::ProjectCreated(Created {
        project: command.project,
        name: command.name.clone(),
        teams: command.teams.clone(),
    })])
}

/// The team through which a developer works on a project: the first by id of those both share.
pub(crate) fn team_for(state: &State, developer: DeveloperId, project: &Project) -> Option<TeamId> {
    let is_member = |team: &&TeamId| state.teams.get(team).is_some_and(|team| team.members.contains(&developer));
    project.teams.iter().find(is_member).copied()
}
