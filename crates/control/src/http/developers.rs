//! `/v1/developers`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post, put};
use axum::{Json as Answer, Router};
use domain::Roles;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Json, Path, SignedIn};
use super::problem::{self, Problem};
use super::shapes::{self, Developer};
use crate::operations::developer::{self, NewDeveloper};
use crate::server::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/developers", get(list).post(add))
        .route("/v1/developers/{developer}/roles", put(set_roles))
        .route("/v1/developers/{developer}/disable", post(disable))
        .route("/v1/developers/{developer}/erase", post(erase))
}

/// A new developer with a local account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Add {
    login: String,
    password: String,
    display_name: Option<String>,
    /// Kept sealed, like the names; the principal of certificates.
    email: Option<String>,
    /// Any of member, approver, auditor, admin; member when absent.
    roles: Option<Vec<String>>,
}

/// The roles from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetRoles {
    /// Any of member, approver, auditor, admin.
    roles: Vec<String>,
}

/// Why somebody is locked out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Disable {
    reason: String,
}

/// All developers.
#[derive(Serialize, ToSchema)]
pub(super) struct Developers {
    developers: Vec<Developer>,
}

/// List developers.
#[utoipa::path(get, path = "/v1/developers", tag = "people",
    responses((status = 200, body = Developers), (status = "4XX", body = Problem)))]
pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
) -> Result<Answer<Developers>, Problem> {
    let plane = &shared.plane;
    let ids = plane.view.read(|state| {
        policy::authorize(state, signed_in.asker().by, policy::ReadPeople)
            .map(|_permit| state.developers.keys().copied().collect::<Vec<_>>())
    });
    let ids = ids.map_err(crate::error::Error::from)?;
    Ok(Answer(Developers { developers: ids.into_iter().map(|id| shapes::developer(plane, id)).collect() }))
}

/// Make a developer known.
#[utoipa::path(post, path = "/v1/developers", tag = "people", request_body = Add,
    responses((status = 201, body = Developer), (status = "4XX", body = Problem)))]
pub(super) async fn add(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Json(body): Json<Add>,
) -> Result<(StatusCode, Answer<Developer>), Problem> {
    let roles = roles(body.roles.as_deref().unwrap_or(&["member".to_owned()]))?;
    let Add { login, password, display_name, email, .. } = body;
    let new = NewDeveloper { login, password, display_name, email, roles };
    let id = developer::register(&shared.plane, signed_in.asker(), new).await?;
    Ok((StatusCode::CREATED, Answer(shapes::developer(&shared.plane, id))))
}

/// Replace a developer's roles.
#[utoipa::path(put, path = "/v1/developers/{developer}/roles", tag = "people", request_body = SetRoles,
    params(("developer" = String, Path, description = "id or sign-in name")),
    responses((status = 200, body = Developer), (status = "4XX", body = Problem)))]
pub(super) async fn set_roles(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Path(key): Path<String>,
    Json(body): Json<SetRoles>,
) -> Result<Answer<Developer>, Problem> {
    let id = developer::set_roles(&shared.plane, signed_in.asker(), &key, roles(&body.roles)?).await?;
    Ok(Answer(shapes::developer(&shared.plane, id)))
}

/// Lock a developer out: revokes their sessions and ends their sign-ins at once.
#[utoipa::path(post, path = "/v1/developers/{developer}/disable", tag = "people", request_body = Disable,
    params(("developer" = String, Path, description = "id or sign-in name")),
    responses((status = 200, body = Developer), (status = "4XX", body = Problem)))]
pub(super) async fn disable(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Path(key): Path<String>,
    Json(body): Json<Disable>,
) -> Result<Answer<Developer>, Problem> {
    let id = developer::disable(&shared.plane, signed_in.asker(), &key, body.reason).await?;
    Ok(Answer(shapes::developer(&shared.plane, id)))
}

/// Destroy who a developer is: their names and e-mail address, for good. Their pseudonymous id stays in the log, and
/// everything that can be proved of it.
#[utoipa::path(post, path = "/v1/developers/{developer}/erase", tag = "people",
    params(("developer" = String, Path, description = "id or sign-in name")),
    responses((status = 200, body = Developer), (status = "4XX", body = Problem)))]
pub(super) async fn erase(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Path(key): Path<String>,
) -> Result<Answer<Developer>, Problem> {
    let id = developer::erase(&shared.plane, signed_in.asker(), &key).await?;
    Ok(Answer(shapes::developer(&shared.plane, id)))
}

fn roles(names: &[String]) -> Result<Roles, Problem> {
    let parse = |name: &String| name.parse().map_err(|error| problem::unreadable(format!("`{name}`: {error}")));
    names.iter().map(parse).collect()
}
