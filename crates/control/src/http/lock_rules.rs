//! `/v1/projects/{project}/lock-rules` and `/v1/lock-rules`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json as Answer, Router};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Bearer, Json, Path, SignedIn};
use super::problem::Problem;
use crate::operations::lock_rules::{self, LockRules};
use crate::server::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/lock-rules", get(of_session))
        .route("/v1/projects/{project}/lock-rules", get(of_project).put(set))
}

/// Lock rules as they are set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetLockRules {
    /// TOML, up to 16 KiB; empty leaves what is built in.
    rules: String,
}

/// Lock rules.
#[derive(Serialize, ToSchema)]
pub(super) struct ShownLockRules {
    /// Whose they are; null for a session without a project.
    #[serde(rename = "project.id")]
    project: Option<String>,
    /// TOML as it was written; empty leaves what is built in.
    rules: String,
}

/// Show the rules that say which resources this session's actions touch; the bearer is the session's token.
#[utoipa::path(get, path = "/v1/lock-rules", tag = "locks",
    responses((status = 200, body = ShownLockRules), (status = "4XX", body = Problem)))]
pub(super) async fn of_session(
    State(shared): State<Arc<Shared>>,
    bearer: Bearer,
) -> Result<Answer<ShownLockRules>, Problem> {
    Ok(Answer(shown(lock_rules::of_session(&shared.plane, bearer.asker())?)))
}

/// Show a project's lock rules.
#[utoipa::path(get, path = "/v1/projects/{project}/lock-rules", tag = "locks", params(("project" = String, Path)),
    responses((status = 200, body = ShownLockRules), (status = "4XX", body = Problem)))]
pub(super) async fn of_project(
    State(shared): State<Arc<Shared>>,
    bearer: Bearer,
    Path(project): Path<String>,
) -> Result<Answer<ShownLockRules>, Problem> {
    Ok(Answer(shown(lock_rules::of_project(&shared.plane, bearer.asker(), &project)?)))
}

/// Replace a project's lock rules.
#[utoipa::path(put, path = "/v1/projects/{project}/lock-rules", tag = "locks", request_body = SetLockRules,
    params(("project" = String, Path)), responses((status = 200, body = ShownLockRules), (status = "4XX", body = Problem)))]
pub(super) async fn set(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Path(project): Path<String>,
    Json(body): Json<SetLockRules>,
) -> Result<Answer<ShownLockRules>, Problem> {
    Ok(Answer(shown(lock_rules::set(&shared.plane, signed_in.asker(), &project, body.rules).await?)))
}

fn shown(rules: LockRules) -> ShownLockRules {
    ShownLockRules { project: rules.project.map(|id| id.to_string()), rules: rules.text }
}
