//! Teams: groups of developers. Projects name the teams that may work on them, and finance slices by them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{Actor, DeveloperId, Event, Name, Refusal, Role, State, TeamId, limits};

/// What state keeps of a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// Its unique name.
    pub name: Name,
    /// Who is in it.
    pub members: BTreeSet<DeveloperId>,
}

/// Make a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Create {
    /// The new id.
    pub team: TeamId,
    /// A name no other team has.
    pub name: Name,
}

/// Put a developer into a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddMember {
    /// Which team.
    pub team: TeamId,
    /// Whom.
    pub developer: DeveloperId,
}

/// Take a developer out of a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoveMember {
    /// Which team.
    pub team: TeamId,
    /// Whom.
    pub developer: DeveloperId,
}

/// Entry: a team was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// The new id.
    pub team: TeamId,
    /// Its name.
    pub name: Name,
}

/// Entry: a developer joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberAdded {
    /// Which team.
    pub team: TeamId,
    /// Who.
    pub developer: DeveloperId,
}

/// Entry: a developer left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRemoved {
    /// Which team.
    pub team: TeamId,
    /// Who.
    pub developer: DeveloperId,
}

pub(crate) fn create(state: &State, by: Actor, command: &Create) -> Result<Vec<Event>, Refusal> {
    state.require(by, Role::Admin)?;
    if state.teams.len() >= limits::TEAMS_MAX {
        return Err(Refusal::LimitReached { what: "teams", max: limits::TEAMS_MAX });
    }
    if state.teams.contains_key(&command.team) {
        return Err(Refusal::IdTaken);
    }
    if state.teams.values().any(|team| team.name == command.name) {
        return Err(Refusal::NameTaken);
    }
    Ok(vec![Event::TeamCreated(Created { team: command.team, name: command.name.clone() })])
}

pub(crate) fn add_member(state: &State, by: Actor, command: &AddMember) -> Result<Vec<Event>, Refusal> {
    state.require(by, Role::Admin)?;
    state.developer(command.developer)?;
    let team = state.teams.get(&command.team).ok_or(Refusal::TeamUnknown)?;
    if team.members.contains(&command.developer) {
        return Ok(Vec::new());
    }
    Ok(vec![Event::TeamMemberAdded(MemberAdded { team: command.team, developer: command.developer })])
}

pub(crate) fn remove_member(state: &State, by: Actor, command: &RemoveMember) -> Result<Vec<Event>, Refusal> {
    state.require(by, Role::Admin)?;
    let team = state.teams.get(&command.team).ok_or(Refusal::TeamUnknown)?;
    if !team.members.contains(&command.developer) {
        return Ok(Vec::new());
    }
    Ok(vec![Event::TeamMemberRemoved(MemberRemoved { team: command.team, developer: command.developer })])
}
