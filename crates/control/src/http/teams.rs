//! `/v1/teams`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, put};
use axum::{Json as Answer, Router};
use domain::TeamId;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Json, Path, SignedIn};
use super::problem::Problem;
use crate::operations::team;
use crate::plane::ControlPlane;
use crate::server::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/teams", get(list).post(create))
        .route("/v1/teams/{team}/members/{developer}", put(add_member).delete(remove_member))
}

/// A new team.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    name: String,
}

/// A team and who is in it.
#[derive(Serialize, ToSchema)]
pub(super) struct Team {
    id: String,
    name: String,
    /// Developer ids.
    members: Vec<String>,
}

/// All teams.
#[derive(Serialize, ToSchema)]
pub(super) struct Teams {
    teams: Vec<Team>,
}

/// List teams.
#[utoipa::path(get, path = "/v1/teams", tag = "people",
    responses((status = 200, body = Teams), (status = "4XX", body = Problem)))]
pub(super) async fn list(State(shared): State<Arc<Shared>>, signed_in: SignedIn) -> Result<Answer<Teams>, Problem> {
    let ids = shared.plane.view.read(|state| {
        policy::authorize(state, signed_in.asker().by, policy::ReadPeople)
            .map(|_permit| state.teams.keys().copied().collect::<Vec<_>>())
    });
    let ids = ids.map_err(crate::error::Error::from)?;
    Ok(Answer(Teams { teams: ids.into_iter().map(|id| shape(&shared.plane, id)).collect() }))
}

/// Make a team.
#[utoipa::path(post, path = "/v1/teams", tag = "people", request_body = Create,
    responses((status = 201, body = Team), (status = "4XX", body = Problem)))]
pub(super) async fn create(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Json(body): Json<Create>,
) -> Result<(StatusCode, Answer<Team>), Problem> {
    let id = team::create(&shared.plane, signed_in.asker(), &body.name).await?;
    Ok((StatusCode::CREATED, Answer(shape(&shared.plane, id))))
}

/// Put a developer into a team.
#[utoipa::path(put, path = "/v1/teams/{team}/members/{developer}", tag = "people",
    params(("team" = String, Path, description = "id or name"),
        ("developer" = String, Path, description = "id or sign-in name")),
    responses((status = 200, body = Team), (status = "4XX", body = Problem)))]
pub(super) async fn add_member(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Path((team, developer)): Path<(String, String)>,
) -> Result<Answer<Team>, Problem> {
    let id = team::add_member(&shared.plane, signed_in.asker(), &team, &developer).await?;
    Ok(Answer(shape(&shared.plane, id)))
}

/// Take a developer out of a team.
#[utoipa::path(delete, path = "/v1/teams/{team}/members/{developer}", tag = "people",
    params(("team" = String, Path, description = "id or name"),
        ("developer" = String, Path, description = "id or sign-in name")),
    responses((status = 200, body = Team), (status = "4XX", body = Problem)))]
pub(super) async fn remove_member(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Path((team, developer)): Path<(String, String)>,
) -> Result<Answer<Team>, Problem> {
    let id = team::remove_member(&shared.plane, signed_in.asker(), &team, &developer).await?;
    Ok(Answer(shape(&shared.plane, id)))
}

fn shape(plane: &ControlPlane, id: TeamId) -> Team {
    plane.view.read(|state| {
        let known = state.teams.get(&id);
        let members = known.map(|team| team.members.iter().map(ToString::to_string).collect());
        let name = known.map_or_else(|| id.to_string(), |team| team.name.to_string());
        Team { id: id.to_string(), name, members: members.unwrap_or_default() }
    })
}
