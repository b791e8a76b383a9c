//! Projects: what work is for, and the unit finance sees.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::grant::Grant;
use crate::{Actor, DeveloperId, Event, Name, ProjectId, Refusal, Role, State, TeamId, limits, text};

/// What state keeps of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Its unique name.
    pub name: Name,
    /// Teams whose members may work on it.
    pub teams: BTreeSet<TeamId>,
    /// What its sessions may ask of brokers; at most [`limits::GRANTS_PER_PROJECT_MAX`].
    pub grants: Vec<Grant>,
    /// Which resources its sessions' actions touch, as its administrators wrote it; none leaves what is built in. What the
    /// text means is for `policy`; at most [`limits::LOCK_RULES_BYTES_MAX`].
    pub lock_rules: Option<String>,
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

/// Say which resources the actions of a project's sessions touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetLockRules {
    /// Which project.
    pub project: ProjectId,
    /// The rules, as text that was checked before; empty leaves what is built in.
    pub rules: String,
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

/// Entry: a project's lock rules are these from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockRulesSet {
    /// Which project.
    pub project: ProjectId,
    /// The rules; empty leaves what is built in.
    pub rules: String,
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

pub(crate) fn set_lock_rules(state: &State, by: Actor, command: &SetLockRules) -> Result<Vec<Event>, Refusal> {
    state.require(by, Role::Admin)?;
    let project = state.projects.get(&command.project).ok_or(Refusal::ProjectUnknown(command.project))?;
    text::check_page("the text of lock rules", &command.rules, limits::LOCK_RULES_BYTES_MAX)?;
    if project.lock_rules.as_deref().unwrap_or_default() == command.rules {
        return Ok(Vec::new());
    }
    let (project, rules) = (command.project, command.rules.clone());
    Ok(vec![Event::LockRulesSet(LockRulesSet { project, rules })])
}

/// The team through which a developer works on a project: the first by id of those both share.
pub(crate) fn team_for(state: &State, developer: DeveloperId, project: &Project) -> Option<TeamId> {
    let is_member = |team: &&TeamId| state.teams.get(team).is_some_and(|team| team.members.contains(&developer));
    project.teams.iter().find(is_member).copied()
}
