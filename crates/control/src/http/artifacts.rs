//! `/v1/sessions/{session}/artifacts`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::post;
use axum::{Json as Answer, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Bearer, Json, Path};
use super::problem::Problem;
use super::sessions::session_id;
use crate::operations::artifact;
use crate::server::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/v1/sessions/{session}/artifacts", post(record))
}

/// What a session says it left in another system.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordArtifact {
    /// `commit` or `pull_request`.
    kind: String,
    /// The name there: a commit's full id, a pull request as `owner/repository#number` or its URL.
    value: String,
}

/// A recorded artifact.
#[derive(Serialize, ToSchema)]
pub(super) struct RecordedArtifact {
    session: String,
    kind: &'static str,
    value: String,
}

/// Record a commit or a pull request of a session, by its own word; the bearer is the session's token.
#[utoipa::path(post, path = "/v1/sessions/{session}/artifacts", tag = "sessions", request_body = RecordArtifact,
    params(("session" = String, Path)),
    responses((status = 201, body = RecordedArtifact), (status = "4XX", body = Problem)))]
pub(super) async fn record(
    State(shared): State<Arc<Shared>>,
    bearer: Bearer,
    Path(id): Path<String>,
    Json(body): Json<RecordArtifact>,
) -> Result<(StatusCode, Answer<RecordedArtifact>), Problem> {
    let recorded = artifact::record(&shared.plane, bearer.asker(), session_id(&id)?, &body.kind, &body.value).await?;
    let answer =
        RecordedArtifact { session: recorded.session.to_string(), kind: recorded.kind.as_str(), value: recorded.value };
    Ok((StatusCode::CREATED, Answer(answer)))
}
