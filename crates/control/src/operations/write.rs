//! Writes: say what a session changed, or is about to; look at who changed what.

use domain::write::{Change, Recent, Record};
use domain::{Actor, Command, Event, Refusal, Resource, Role};

use super::lock;
use crate::error::Error;
use crate::plane::{Asker, ControlPlane};

/// What a session changed, or is about to.
#[derive(Debug, Clone)]
pub struct NewWrites {
    /// What.
    pub changes: Vec<Change>,
    /// What for.
    pub intent: Option<String>,
    /// Whether they are still to come.
    pub intended: bool,
}

/// What became of them.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    /// Where in the log they are, in their order; none of what is still to come.
    pub positions: Vec<u64>,
    /// What is frozen from now on because of them.
    pub frozen: Vec<Resource>,
}

/// Records changes of the asking session; of those that are still to come, only looks whether they may be made.
///
/// # Errors
/// The asker is no live session, there are too many, or what is still to come would change what is frozen: perhaps from now
/// on, because it undoes what another session did.
pub async fn record(plane: &ControlPlane, asker: Asker, new: NewWrites) -> Result<Recorded, Error> {
    let Actor::Session(session) = asker.by else {
        return Err(Refusal::Forbidden { needs: Role::Member.as_str() }.into());
    };
    let resources: Vec<Resource> = new.changes.iter().map(|change| change.resource.clone()).collect();
    let NewWrites { changes, intent, intended } = new;
    let record = Record { session, changes, intent, intended };
    let receipt = plane.propose(asker, Command::RecordWrite(Box::new(record))).await?;
    if intended {
        plane.view.read(|state| {
            let frozen = resources.iter().find_map(|resource| state.frozen_at(resource));
            frozen.map_or(Ok(()), |(resource, _)| Err(Refusal::ResourceFrozen(resource.clone())))
        })?;
    }
    let mut recorded = Recorded::default();
    for (position, event) in (receipt.position..).zip(&receipt.events) {
        match event {
            Event::ResourceWritten(_) => recorded.positions.push(position),
            Event::ResourceFrozen(frozen) => recorded.frozen.push(frozen.resource.clone()),
            _ => {}
        }
    }
    Ok(recorded)
}

/// The last changes of a resource, the newest first.
///
/// # Errors
/// The asker's session is over.
pub fn list(plane: &ControlPlane, asker: Asker, resource: &Resource) -> Result<Vec<Recent>, Error> {
    lock::check_may_look(plane, asker)?;
    let recent = plane.view.read(|state| state.writes.get(resource).cloned()).unwrap_or_default();
    Ok(recent.into_iter().rev().collect())
}
