//! `/v1/freezes`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json as Answer, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Bearer, Json, Query, SignedIn};
use super::locks::{self, Frozen};
use super::problem::Problem;
use crate::operations::freeze;
use crate::server::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/v1/freezes", get(list).post(self::freeze).delete(thaw))
}

/// What to freeze.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FreezeResource {
    resource: String,
    /// Why, for whoever runs into it.
    reason: String,
}

/// What to thaw.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Thaw {
    resource: String,
    /// What was found, for the record.
    reason: String,
}

/// Everything that is frozen.
#[derive(Serialize, ToSchema)]
pub(super) struct Freezes {
    freezes: Vec<Frozen>,
}

/// List what no agent may change until a human has looked at it.
#[utoipa::path(get, path = "/v1/freezes", tag = "locks",
    responses((status = 200, body = Freezes), (status = "4XX", body = Problem)))]
pub(super) async fn list(State(shared): State<Arc<Shared>>, bearer: Bearer) -> Result<Answer<Freezes>, Problem> {
    let all = freeze::list(&shared.plane, bearer.asker())?;
    let freezes = all.iter().map(|(resource, one)| locks::frozen(&shared.plane, resource, one)).collect();
    Ok(Answer(Freezes { freezes }))
}

/// Keep every agent from changing a resource.
#[utoipa::path(post, path = "/v1/freezes", tag = "locks", request_body = FreezeResource,
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(super) async fn freeze(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Json(body): Json<FreezeResource>,
) -> Result<StatusCode, Problem> {
    let resource = locks::resource(&body.resource)?;
    freeze::freeze(&shared.plane, signed_in.asker(), resource, body.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let agents change it again: whoever works on the project, an approver or an administrator may.
#[utoipa::path(delete, path = "/v1/freezes", tag = "locks", params(Thaw),
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(super) async fn thaw(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Query(of): Query<Thaw>,
) -> Result<StatusCode, Problem> {
    freeze::thaw(&shared.plane, signed_in.asker(), locks::resource(&of.resource)?, of.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
