//! Teams: make, join, leave.

use domain::team::{AddMember, Create, RemoveMember};
use domain::{Command, Name, TeamId};

use super::developer;
use crate::error::Error;
use crate::plane::{Asker, ControlPlane};

/// Makes a team.
///
/// # Errors
/// When the asker is no administrator or the name is taken.
pub async fn create(plane: &ControlPlane, asker: Asker, name: &str) -> Result<TeamId, Error> {
    developer::may_manage_people(plane, asker)?;
    let name: Name = name.parse().map_err(Error::invalid)?;
    let team = plane.clock.team_id();
    plane.propose(asker, Command::CreateTeam(Create { team, name })).await?;
    Ok(team)
}

/// Puts a developer into a team.
///
/// # Errors
/// When the asker is no administrator, or either does not exist.
pub async fn add_member(plane: &ControlPlane, asker: Asker, team: &str, member: &str) -> Result<TeamId, Error> {
    developer::may_manage_people(plane, asker)?;
    let (team, developer) = (find(plane, team)?, developer::find(plane, member).await?);
    plane.propose(asker, Command::AddMember(AddMember { team, developer })).await?;
    Ok(team)
}

/// Takes a developer out of a team.
///
/// # Errors
/// When the asker is no administrator, or either does not exist.
pub async fn remove_member(plane: &ControlPlane, asker: Asker, team: &str, member: &str) -> Result<TeamId, Error> {
    developer::may_manage_people(plane, asker)?;
    let (team, developer) = (find(plane, team)?, developer::find(plane, member).await?);
    plane.propose(asker, Command::RemoveMember(RemoveMember { team, developer })).await?;
    Ok(team)
}

/// A team by id or name.
///
/// # Errors
/// When there is none.
pub fn find(plane: &ControlPlane, key: &str) -> Result<TeamId, Error> {
    let found = plane.view.read(|state| match key.parse::<TeamId>() {
        Ok(id) => state.teams.contains_key(&id).then_some(id),
        Err(_) => state.teams.iter().find(|(_, team)| team.name.as_str() == key).map(|(id, _)| *id),
    });
    found.ok_or_else(|| Error::not_found("team", key))
}
