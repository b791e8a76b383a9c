//! Grants: what the sessions of a project may ask of a broker.

use serde::{Deserialize, Serialize};

use crate::{Actor, Event, Name, ProjectId, Refusal, Resource, Role, Scope, Span, State, limits};

/// A power of a project's sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Which broker is asked.
    pub broker: Name,
    /// For which of its targets.
    pub target: Name,
    /// The permission profile whose sessions have it; none means all of them.
    pub profile: Option<Name>,
    /// What its credentials are good for, at most.
    pub scope: Scope,
    /// How long they live, at most.
    pub life_max: Span,
    /// What a session must hold, in mode X, to ask for one; when it lets go, its credentials are revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<Resource>,
}

/// Give a project a grant, or change the one it has for the same broker, target and profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// Which project.
    pub project: ProjectId,
    /// The grant.
    pub grant: Grant,
}

/// Take a grant away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remove {
    /// Which project.
    pub project: ProjectId,
    /// Which broker.
    pub broker: Name,
    /// Which target.
    pub target: Name,
    /// Which profile's; none means the one of all profiles.
    pub profile: Option<Name>,
}

/// Entry: a project has a grant. What was issued under the one that it replaces becomes due for revocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantSet {
    /// Which project.
    pub project: ProjectId,
    /// The grant.
    pub grant: Grant,
}

/// Entry: a grant was taken away. What was issued under it becomes due for revocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantRemoved {
    /// Which project.
    pub project: ProjectId,
    /// Which broker.
    pub broker: Name,
    /// Which target.
    pub target: Name,
    /// Which profile's; none means the one of all profiles.
    pub profile: Option<Name>,
}

impl Grant {
    /// Whether it is the one for this broker, target and profile.
    pub(crate) fn is_for(&self, broker: &Name, target: &Name, profile: Option<&Name>) -> bool {
        self.broker == *broker && self.target == *target && self.profile.as_ref() == profile
    }
}

pub(crate) fn set(state: &State, by: Actor, command: &Set) -> Result<Vec<Event>, Refusal> {
    state.require(by, Role::Admin)?;
    let grant = &command.grant;
    let project = state.projects.get(&command.project).ok_or(Refusal::ProjectUnknown(command.project))?;
    let target = state.target(&grant.broker, &grant.target)?;
    grant.scope.check()?;
    if grant.life_max < target.life_min || grant.life_max > target.life_max {
        return Err(Refusal::LifeOutOfBounds {
            broker: grant.broker.clone(),
            target: grant.target.clone(),
            asked: grant.life_max,
            min: target.life_min,
            max: target.life_max,
        });
    }
    let held = project.grants.iter().find(|held| held.is_for(&grant.broker, &grant.target, grant.profile.as_ref()));
    if held == Some(grant) {
        return Ok(Vec::new());
    }
    if held.is_none() && project.grants.len() >= limits::GRANTS_PER_PROJECT_MAX {
        return Err(Refusal::LimitReached { what: "grants of a project", max: limits::GRANTS_PER_PROJECT_MAX });
    }
    Ok(vec![Event::GrantSet(Box::new(GrantSet { project: command.project, grant: grant.clone() }))])
}

pub(crate) fn remove(state: &State, by: Actor, command: &Remove) -> Result<Vec<Event>, Refusal> {
    state.require(by, Role::Admin)?;
    let project = state.projects.get(&command.project).ok_or(Refusal::ProjectUnknown(command.project))?;
    let (broker, target, profile) = (&command.broker, &command.target, command.profile.as_ref());
    if !project.grants.iter().any(|held| held.is_for(broker, target, profile)) {
        return Err(Refusal::GrantUnknown);
    }
    Ok(vec![Event::GrantRemoved(GrantRemoved {
        project: command.project,
        broker: broker.clone(),
        target: target.clone(),
        profile: command.profile.clone(),
    })])
}

/// The grant that a session of a project and profile has: its profile's own before the one of all profiles.
pub(crate) fn of<'a>(
    state: &'a State,
    project: Option<ProjectId>,
    profile: &Name,
    broker: &Name,
    target: &Name,
) -> Option<&'a Grant> {
    let grants = &state.projects.get(&project?)?.grants;
    let find = |profile: Option<&Name>| grants.iter().find(|grant| grant.is_for(broker, target, profile));
    find(Some(profile)).or_else(|| find(None))
}

impl State {
    /// What a session may ask for: one grant for each broker and target.
    pub fn grants_of(&self, project: Option<ProjectId>, profile: &Name) -> Vec<&Grant> {
        let Some(project) = project.and_then(|id| self.projects.get(&id)) else { return Vec::new() };
        let is_its = |grant: &&Grant| match &grant.profile {
            Some(of) => of == profile,
            None => !project.grants.iter().any(|other| other.is_for(&grant.broker, &grant.target, Some(profile))),
        };
        project.grants.iter().filter(is_its).collect()
    }
}
