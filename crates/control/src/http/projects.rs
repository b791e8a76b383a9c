//! `/v1/projects`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json as Answer, Router};
use domain::ProjectId;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Json, SignedIn};
use super::problem::Problem;
use super::shapes::{self, Named};
use crate::operations::project;
use crate::plane::ControlPlane;
use crate::server::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/v1/projects", get(list).post(create))
}

/// A new project.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    name: String,
    /// Ids or names of the teams that may work on it.
    #[serde(default)]
    teams: Vec<String>,
}

/// A project and the teams that may work on it.
#[derive(Serialize, ToSchema)]
pub(super) struct Project {
    id: String,
    name: String,
    teams: Vec<Named>,
}

/// All projects.
#[derive(Serialize, ToSchema)]
pub(super) struct Projects {
    projects: Vec<Project>,
}

/// List projects.
#[utoipa::path(get, path = "/v1/projects", tag = "people",
    responses((status = 200, body = Projects), (status = "4XX", body = Problem)))]
pub(super) async fn list(State(shared): State<Arc<Shared>>, signed_in: SignedIn) -> Result<Answer<Projects>, Problem> {
    let ids = shared.plane.view.read(|state| {
        policy::authorize(state, signed_in.asker().by, policy::ReadPeople)
            .map(|_permit| state.projects.keys().copied().collect::<Vec<_>>())
    });
    let ids = ids.map_err(crate::error::Error::from)?;
    Ok(Answer(Projects { projects: ids.into_iter().map(|id| shape(&shared.plane, id)).collect() }))
}

/// Make a project.
#[utoipa::path(post, path = "/v1/projects", tag = "people", request_body = Create,
    responses((status = 201, body = Project), (status = "4XX", body = Problem)))]
pub(super) async fn create(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Json(body): Json<Create>,
) -> Result<(StatusCode, Answer<Project>), Problem> {
    let id = project::create(&shared.plane, signed_in.asker(), &body.name, &body.teams).await?;
    Ok((StatusCode::CREATED, Answer(shape(&shared.plane, id))))
}

fn shape(plane: &ControlPlane, id: ProjectId) -> Project {
    let known = plane.view.read(|state| state.projects.get(&id).cloned());
    let name = known.as_ref().map_or_else(|| id.to_string(), |project| project.name.to_string());
    let teams = known.into_iter().flat_map(|project| project.teams).map(|team| shapes::team(plane, team)).collect();
    Project { id: id.to_string(), name, teams }
}
