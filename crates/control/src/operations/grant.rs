//! Grants: what the sessions of a project may ask of brokers.

use domain::grant::{Grant, Remove, Set};
use domain::{Command, Name, ProjectId, Refusal, Scope, SessionId, Span};
use serde_json::Value;

use super::project;
use crate::error::Error;
use crate::plane::{Asker, ControlPlane};

/// A grant as it is asked for.
#[derive(Debug, Clone, Default)]
pub struct NewGrant {
    /// Which broker.
    pub broker: String,
    /// Which of its targets.
    pub target: String,
    /// Whose profile; all of them when absent.
    pub profile: Option<String>,
    /// What its credentials are good for, at most.
    pub scope: Scope,
    /// How long they live, at most; the target's usual life when absent.
    pub life_max: Option<Span>,
    /// The resource that a session must hold in mode X to ask for one, if any.
    pub lock: Option<String>,
}

/// A grant that a session has, with what its launcher needs to know to use it.
#[derive(Debug, Clone)]
pub struct Usable {
    /// The grant.
    pub grant: Grant,
    /// The broker's kind.
    pub kind: domain::BrokerKind,
    /// What its broker says about handing its credentials to programs.
    pub delivery: Value,
}

/// Gives a project a grant, or changes the one it has for the same broker, target and profile.
///
/// # Errors
/// When the asker is no administrator, the project, broker or target does not exist, or the scope or life means nothing to
/// the target.
pub async fn set(plane: &ControlPlane, asker: Asker, key: &str, new: NewGrant) -> Result<Grant, Error> {
    plane.view.read(|state| policy::authorize(state, asker.by, policy::ManageProjects).map(drop))?;
    let project = project::find(plane, key)?;
    let (broker, target) = (name(&new.broker)?, name(&new.target)?);
    let known = plane.view.read(|state| state.target(&broker, &target))?;
    let life_max = new.life_max.unwrap_or(known.life_default);
    plane.vending.broker(plane, &broker).await?.check(&target, &new.scope).map_err(Error::invalid)?;
    let profile = new.profile.as_deref().map(name).transpose()?;
    let lock = new.lock.as_deref().map(str::parse).transpose().map_err(Error::invalid)?;
    let grant = Grant { broker, target, profile, scope: new.scope, life_max, lock };
    plane.propose(asker, Command::SetGrant(Box::new(Set { project, grant: grant.clone() }))).await?;
    plane.vending.due.notify_one();
    Ok(grant)
}

/// Takes a grant away; what was issued under it is revoked.
///
/// # Errors
/// When the asker is no administrator, or the project has no such grant.
pub async fn remove(
    plane: &ControlPlane,
    asker: Asker,
    key: &str,
    broker: &str,
    target: &str,
    profile: Option<&str>,
) -> Result<(), Error> {
    plane.view.read(|state| policy::authorize(state, asker.by, policy::ManageProjects).map(drop))?;
    let project = project::find(plane, key)?;
    let profile = profile.map(name).transpose()?;
    let remove = Remove { project, broker: name(broker)?, target: name(target)?, profile };
    plane.propose(asker, Command::RemoveGrant(remove)).await?;
    plane.vending.due.notify_one();
    Ok(())
}

/// All grants of a project.
///
/// # Errors
/// When the asker may not see projects, or there is no such project.
pub fn list(plane: &ControlPlane, asker: Asker, key: &str) -> Result<(ProjectId, Vec<Grant>), Error> {
    plane.view.read(|state| policy::authorize(state, asker.by, policy::ReadPeople).map(drop))?;
    let project = project::find(plane, key)?;
    let grants = plane.view.read(|state| state.projects.get(&project).map(|project| project.grants.clone()));
    Ok((project, grants.unwrap_or_default()))
}

/// What a live session may ask for.
///
/// # Errors
/// When the asker is not the session, or it is over.
pub async fn of_session(plane: &ControlPlane, asker: Asker, session: SessionId) -> Result<Vec<Usable>, Error> {
    if asker.by != domain::Actor::Session(session) {
        return Err(Refusal::Forbidden { needs: domain::Role::Member.as_str() }.into());
    }
    let granted = plane.view.read(|state| {
        let live = state.live_session(session)?;
        let with_kind = |grant: &Grant| {
            let broker = state.brokers.get(&grant.broker).filter(|broker| broker.is_on)?;
            broker.targets.contains_key(&grant.target).then(|| (grant.clone(), broker.kind))
        };
        let grants = state.grants_of(live.project, &live.profile);
        Ok::<_, Refusal>(grants.into_iter().filter_map(with_kind).collect::<Vec<_>>())
    })?;
    let mut usable = Vec::with_capacity(granted.len());
    for (grant, kind) in granted {
        let delivery = plane.vending.broker(plane, &grant.broker).await?.delivery(&grant.target);
        usable.push(Usable { grant, kind, delivery });
    }
    Ok(usable)
}

fn name(text: &str) -> Result<Name, Error> {
    text.parse().map_err(Error::invalid)
}
