//! Projects: make, find.

use domain::project::Create;
use domain::{Actor, Command, Name, ProjectId};

use super::team;
use crate::error::Error;
use crate::plane::{Asker, ControlPlane};

/// Makes a project that the members of `teams` (ids or names) may work on.
///
/// # Errors
/// When the asker is no administrator, the name is taken, or a team does not exist.
pub async fn create(plane: &ControlPlane, asker: Asker, name: &str, teams: &[String]) -> Result<ProjectId, Error> {
    plane.view.read(|state| policy::authorize(state, asker.by, policy::ManageProjects).map(drop))?;
    let name: Name = name.parse().map_err(Error::invalid)?;
    let teams = teams.iter().map(|key| team::find(plane, key)).collect::<Result<_, _>>()?;
    let project = plane.clock.project_id();
    plane.propose(asker, Command::CreateProject(Create { project, name, teams })).await?;
    Ok(project)
}

/// A project by id or name.
///
/// # Errors
/// When there is none.
pub fn find(plane: &ControlPlane, key: &str) -> Result<ProjectId, Error> {
    let found = plane.view.read(|state| match key.parse::<ProjectId>() {
        Ok(id) => state.projects.contains_key(&id).then_some(id),
        Err(_) => state.projects.iter().find(|(_, project)| project.name.as_str() == key).map(|(id, _)| *id),
    });
    found.ok_or_else(|| Error::not_found("project", key))
}

/// Whether who asks works on a project: its session is for it, or the developer is in one of its teams.
pub fn works_on(plane: &ControlPlane, asker: Asker, project: ProjectId) -> bool {
    plane.view.read(|state| match asker.by {
        Actor::Session(session) => state.sessions.get(&session).is_some_and(|live| live.project == Some(project)),
        Actor::Developer(developer) => {
            let teams = state.projects.get(&project).map(|project| &project.teams).into_iter().flatten();
            teams.filter_map(|team| state.teams.get(team)).any(|team| team.members.contains(&developer))
        }
        Actor::System | Actor::Bootstrap => false,
    })
}
