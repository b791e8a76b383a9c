//! Frozen resources: look, freeze, thaw.

use domain::freeze::{Ask, Freeze, Thaw};
use domain::{Command, Resource};

use super::lock;
use crate::error::Error;
use crate::plane::{Asker, ControlPlane};

/// Everything that is frozen.
///
/// # Errors
/// The asker's session is over.
pub fn list(plane: &ControlPlane, asker: Asker) -> Result<Vec<(Resource, Freeze)>, Error> {
    lock::check_may_look(plane, asker)?;
    let copy = |(resource, freeze): (&Resource, &Freeze)| (resource.clone(), freeze.clone());
    Ok(plane.view.read(|state| state.freezes.iter().map(copy).collect()))
}

/// Keeps every agent from changing a resource until a human thaws it.
///
/// # Errors
/// The asker is no human, the reason is empty, or too much is frozen.
pub async fn freeze(plane: &ControlPlane, asker: Asker, resource: Resource, reason: String) -> Result<(), Error> {
    plane.propose(asker, Command::FreezeResource(Box::new(Ask { resource, reason }))).await?;
    Ok(())
}

/// Lets agents change it again.
///
/// # Errors
/// It is not frozen, or the asker neither works on the project nor approves.
pub async fn thaw(plane: &ControlPlane, asker: Asker, resource: Resource, reason: String) -> Result<(), Error> {
    plane.propose(asker, Command::ThawResource(Box::new(Thaw { resource, reason }))).await?;
    Ok(())
}
