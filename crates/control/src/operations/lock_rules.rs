//! A project's lock rules: which resources the actions of its sessions touch.

use domain::project::SetLockRules;
use domain::{Actor, Command, ProjectId};

use super::project;
use crate::error::Error;
use crate::plane::{Asker, ControlPlane};

/// The rules of some project; without a text, what is built in counts.
#[derive(Debug, Clone)]
pub struct LockRules {
    /// Whose; none for a session without a project.
    pub project: Option<ProjectId>,
    /// As they were written.
    pub text: String,
}

/// Replaces a project's rules; an empty text leaves what is built in.
///
/// # Errors
/// The asker is no administrator, there is no such project, or the text cannot be read.
pub async fn set(plane: &ControlPlane, asker: Asker, key: &str, text: String) -> Result<LockRules, Error> {
    plane.view.read(|state| policy::authorize(state, asker.by, policy::ManageProjects).map(drop))?;
    let project = project::find(plane, key)?;
    policy::rules::Rules::parse(&text).map_err(Error::invalid)?;
    let command = SetLockRules { project, rules: text.clone() };
    plane.propose(asker, Command::SetLockRules(command)).await?;
    Ok(LockRules { project: Some(project), text })
}

/// A project's rules, for those who work on it and those who may see projects.
///
/// # Errors
/// There is no such project, or it is none of the asker's business.
pub fn of_project(plane: &ControlPlane, asker: Asker, key: &str) -> Result<LockRules, Error> {
    let project = project::find(plane, key)?;
    if !project::works_on(plane, asker, project) {
        plane.view.read(|state| policy::authorize(state, asker.by, policy::ReadPeople).map(drop))?;
    }
    Ok(LockRules { project: Some(project), text: text_of(plane, project) })
}

/// The rules that count for a session.
///
/// # Errors
/// The asker is no session, or it is over.
pub fn of_session(plane: &ControlPlane, asker: Asker) -> Result<LockRules, Error> {
    let Actor::Session(session) = asker.by else {
        return Err(Error::for_sessions("lock rules are told to sessions here"));
    };
    let project = plane.view.read(|state| state.live_session(session).map(|live| live.project))?;
    Ok(LockRules { project, text: project.map(|id| text_of(plane, id)).unwrap_or_default() })
}

fn text_of(plane: &ControlPlane, project: ProjectId) -> String {
    let rules = plane.view.read(|state| state.projects.get(&project).and_then(|project| project.lock_rules.clone()));
    rules.unwrap_or_default()
}
