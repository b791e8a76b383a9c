//! `/v1/sessions/{session}/certificates`, and what verifies them: `/v1/git/allowed_signers`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json as Answer, Router};
use domain::Time;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Bearer, Json, Path};
use super::problem::Problem;
use super::sessions::session_id;
use crate::operations::certificate;
use crate::server::Shared;
use crate::text;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/sessions/{session}/certificates", post(issue))
        .route("/v1/git/allowed_signers", get(allowed_signers))
}

/// The key to certify.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IssueCertificate {
    /// An Ed25519 public key, as in `id_ed25519.pub`.
    public_key: String,
}

/// A certificate for signing commits.
#[derive(Serialize, ToSchema)]
pub(super) struct IssuedCertificate {
    /// The line of a `-cert.pub` file.
    certificate: String,
    /// Its number.
    serial: u64,
    /// What it is called in logs.
    key_id: String,
    /// Whom it stands for: the human, then the session.
    principals: Vec<String>,
    valid_after: String,
    valid_before: String,
    /// The lines that make git trust it.
    allowed_signers: String,
}

/// Certify a session's key for signing commits; the bearer is the session's token.
#[utoipa::path(post, path = "/v1/sessions/{session}/certificates", tag = "git", request_body = IssueCertificate,
    params(("session" = String, Path)),
    responses((status = 201, body = IssuedCertificate), (status = "4XX", body = Problem)))]
pub(super) async fn issue(
    State(shared): State<Arc<Shared>>,
    bearer: Bearer,
    Path(id): Path<String>,
    Json(body): Json<IssueCertificate>,
) -> Result<(StatusCode, Answer<IssuedCertificate>), Problem> {
    let plane = &shared.plane;
    let made = certificate::issue(plane, bearer.asker(), session_id(&id)?, &body.public_key).await?;
    let issued = IssuedCertificate {
        certificate: made.to_string(),
        serial: made.serial(),
        key_id: made.key_id().to_owned(),
        principals: made.principals().to_vec(),
        valid_after: moment(made.valid_after()),
        valid_before: moment(made.valid_before()),
        allowed_signers: plane.ssh_authority.allowed_signers(),
    };
    Ok((StatusCode::CREATED, Answer(issued)))
}

/// The file that makes stock git trust commits signed inside sessions (`gpg.ssh.allowedSignersFile`). Public.
#[utoipa::path(get, path = "/v1/git/allowed_signers", tag = "git", security(()),
    responses((status = 200, content_type = "text/plain", body = String)))]
pub(super) async fn allowed_signers(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "public, max-age=300")];
    (headers, shared.plane.ssh_authority.allowed_signers())
}

fn moment(unix_seconds: u64) -> String {
    text::rfc3339(Time::from_unix_millis(i64::try_from(unix_seconds).unwrap_or(i64::MAX).saturating_mul(1000)))
}
