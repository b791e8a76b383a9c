//! Cost: what was spent, sliced by any of developer, project, session, model, team and day.

use domain::{SessionId, Time};
use store::{CostQuery, CostRow, Dimension};

use super::project;
use super::session::visible_developer;
use crate::error::Error;
use crate::limits::COST_ROWS_MAX;
use crate::plane::{Asker, ControlPlane};

/// How to slice, and what of.
#[derive(Debug, Clone)]
pub struct CostSlice {
    /// By what; 1 to 3 different dimensions.
    pub by: Vec<Dimension>,
    /// Calls reserved from then on.
    pub since: Option<Time>,
    /// Calls reserved before then.
    pub until: Option<Time>,
    /// Only this developer's, by id or sign-in name.
    pub developer: Option<String>,
    /// Only this project's, by id or name.
    pub project: Option<String>,
    /// Only this session's.
    pub session: Option<SessionId>,
}

/// Rows of cost, dearest first. Who may see only their own gets only their own.
///
/// # Errors
/// When the slice makes no sense, or the asker may not see it.
pub async fn report(plane: &ControlPlane, asker: Asker, slice: CostSlice) -> Result<Vec<CostRow>, Error> {
    if slice.by.is_empty() || slice.by.len() > 3 {
        return Err(Error::invalid("slice cost by one to three of developer, project, session, model, team, day"));
    }
    let query = CostQuery {
        developer: visible_developer(plane, asker, slice.developer.as_deref(), |of| policy::ReadCost { of }).await?,
        project: slice.project.as_deref().map(|key| project::find(plane, key)).transpose()?,
        session: slice.session,
        by: slice.by,
        since: slice.since,
        until: slice.until,
        limit: COST_ROWS_MAX,
    };
    Ok(plane.store.cost(&query).await?)
}

/// Every dimension by its name in queries, reports and columns.
pub const DIMENSIONS: [(Dimension, &str); 6] = [
    (Dimension::Developer, "developer"),
    (Dimension::Project, "project"),
    (Dimension::Session, "session"),
    (Dimension::Model, "model"),
    (Dimension::Team, "team"),
    (Dimension::Day, "day"),
];

/// A dimension's name.
pub fn dimension_name(dimension: Dimension) -> &'static str {
    DIMENSIONS.iter().find(|(known, _)| *known == dimension).map_or("developer", |(_, name)| name)
}

/// The readable name of a slice's key: sign-in name, project name, team name; none where the key speaks for itself.
pub fn key_name(plane: &ControlPlane, dimension: Dimension, key: &str) -> Option<String> {
    match dimension {
        Dimension::Developer => key.parse().ok().map(|id| plane.people.login(id)),
        Dimension::Project => {
            let id = key.parse().ok()?;
            plane.view.read(|state| state.projects.get(&id).map(|project| project.name.to_string()))
        }
        Dimension::Team => {
            let id = key.parse().ok()?;
            plane.view.read(|state| state.teams.get(&id).map(|team| team.name.to_string()))
        }
        Dimension::Session | Dimension::Model | Dimension::Day => None,
    }
}
