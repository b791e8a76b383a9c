//! `/v1/projects/{project}/grants` and `/v1/sessions/{session}/grants`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, put};
use axum::{Json as Answer, Router};
use domain::{Scope, Span};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::extract::{Bearer, Json, Path, Query, SignedIn};
use super::problem::Problem;
use super::sessions::session_id;
use crate::operations::grant::{self, NewGrant, Usable};
use crate::server::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/projects/{project}/grants", get(list))
        .route("/v1/projects/{project}/grants/{broker}/{target}", put(set).delete(remove))
        .route("/v1/sessions/{session}/grants", get(of_session))
}

/// What is granted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetGrant {
    /// The permission profile whose sessions have it; all of them when absent.
    profile: Option<String>,
    /// Dimensions with the values that may be asked for; what they mean is the broker's. `*` allows every value.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, Vec<String>>)]
    scope: Scope,
    /// The longest life of its credentials; the target's usual life when absent.
    max_lifetime_seconds: Option<u64>,
    /// The resource that a session must hold in mode X to ask for one; its credentials are revoked when it lets go.
    lock: Option<String>,
}

/// Whose.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct OfProfile {
    /// The permission profile; the grant of all profiles when absent.
    profile: Option<String>,
}

/// A grant.
#[derive(Serialize, ToSchema)]
pub(super) struct Grant {
    broker: String,
    target: String,
    /// The permission profile whose sessions have it; null means all of them.
    profile: Option<String>,
    #[schema(value_type = std::collections::BTreeMap<String, Vec<String>>)]
    scope: Scope,
    max_lifetime_seconds: u64,
    /// The resource that a session must hold in mode X to ask for one; null means none.
    lock: Option<String>,
}

/// Grants of a project.
#[derive(Serialize, ToSchema)]
pub(super) struct Grants {
    grants: Vec<Grant>,
}

/// What a session may ask for, and how its launcher hands it to programs.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionGrant {
    broker: String,
    kind: String,
    target: String,
    #[schema(value_type = std::collections::BTreeMap<String, Vec<String>>)]
    scope: Scope,
    max_lifetime_seconds: u64,
    /// The resource that it must hold in mode X first; null means none.
    lock: Option<String>,
    /// What the broker says about using its credentials: addresses, names, regions.
    #[schema(value_type = Object)]
    delivery: Value,
}

/// What a session may ask for.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionGrants {
    grants: Vec<SessionGrant>,
}

/// List what a project's sessions may ask for.
#[utoipa::path(get, path = "/v1/projects/{project}/grants", tag = "credentials", params(("project" = String, Path)),
    responses((status = 200, body = Grants), (status = "4XX", body = Problem)))]
pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Path(project): Path<String>,
) -> Result<Answer<Grants>, Problem> {
    let (_, grants) = grant::list(&shared.plane, signed_in.asker(), &project)?;
    Ok(Answer(Grants { grants: grants.into_iter().map(shape).collect() }))
}

/// Give a project a grant, or change it: what was issued under the one before is revoked.
#[utoipa::path(put, path = "/v1/projects/{project}/grants/{broker}/{target}", tag = "credentials",
    request_body = SetGrant, params(("project" = String, Path), ("broker" = String, Path), ("target" = String, Path)),
    responses((status = 200, body = Grant), (status = "4XX", body = Problem)))]
pub(super) async fn set(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Path((project, broker, target)): Path<(String, String, String)>,
    Json(body): Json<SetGrant>,
) -> Result<Answer<Grant>, Problem> {
    let new = NewGrant {
        broker,
        target,
        profile: body.profile,
        scope: body.scope,
        life_max: body.max_lifetime_seconds.map(Span::from_secs),
        lock: body.lock,
    };
    Ok(Answer(shape(grant::set(&shared.plane, signed_in.asker(), &project, new).await?)))
}

/// Take a grant away: what was issued under it is revoked.
#[utoipa::path(delete, path = "/v1/projects/{project}/grants/{broker}/{target}", tag = "credentials",
    params(("project" = String, Path), ("broker" = String, Path), ("target" = String, Path), OfProfile),
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(super) async fn remove(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Path((project, broker, target)): Path<(String, String, String)>,
    Query(of): Query<OfProfile>,
) -> Result<StatusCode, Problem> {
    grant::remove(&shared.plane, signed_in.asker(), &project, &broker, &target, of.profile.as_deref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List what a session may ask for; the bearer is the session's token.
#[utoipa::path(get, path = "/v1/sessions/{session}/grants", tag = "credentials", params(("session" = String, Path)),
    responses((status = 200, body = SessionGrants), (status = "4XX", body = Problem)))]
pub(super) async fn of_session(
    State(shared): State<Arc<Shared>>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Answer<SessionGrants>, Problem> {
    let usable = grant::of_session(&shared.plane, bearer.asker(), session_id(&id)?).await?;
    let shape = |Usable { grant, kind, delivery }| SessionGrant {
        broker: grant.broker.to_string(),
        kind: kind.to_string(),
        target: grant.target.to_string(),
        scope: grant.scope,
        max_lifetime_seconds: grant.life_max.as_secs(),
        lock: grant.lock.map(|lock| lock.to_string()),
        delivery,
    };
    Ok(Answer(SessionGrants { grants: usable.into_iter().map(shape).collect() }))
}

fn shape(grant: domain::grant::Grant) -> Grant {
    Grant {
        broker: grant.broker.to_string(),
        target: grant.target.to_string(),
        profile: grant.profile.map(|profile| profile.to_string()),
        scope: grant.scope,
        max_lifetime_seconds: grant.life_max.as_secs(),
        lock: grant.lock.map(|lock| lock.to_string()),
    }
}
