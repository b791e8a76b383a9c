//! `/v1/brokers/{broker}/ca` and `/v1/brokers/{broker}/krl`: what hosts fetch that trust a broker's authority.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};

use super::extract::Path;
use super::problem::Problem;
use crate::operations::ssh_hosts;
use crate::server::Shared;

/// A revocation that a cache hides is none: shorter than what the list itself may be late.
const BRIEFLY: &str = "public, max-age=1";
/// A key is replaced with weeks of notice, or in a hurry.
const MINUTES: &str = "public, max-age=300";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/v1/brokers/{broker}/ca", get(authority)).route("/v1/brokers/{broker}/krl", get(krl))
}

/// The public key that certifies logins of an ssh broker, for sshd's `TrustedUserCAKeys`. Public.
#[utoipa::path(get, path = "/v1/brokers/{broker}/ca", tag = "credentials", security(()),
    params(("broker" = String, Path)),
    responses((status = 200, content_type = "text/plain", body = String), (status = "4XX", body = Problem)))]
pub(super) async fn authority(
    State(shared): State<Arc<Shared>>,
    Path(broker): Path<String>,
) -> Result<Response, Problem> {
    let line = ssh_hosts::authority(&shared.plane, &broker).await?;
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, MINUTES)], line).into_response())
}

/// The certificates of an ssh broker that count no longer, for sshd's `RevokedKeys`: a KRL in OpenSSH's format. Public.
#[utoipa::path(get, path = "/v1/brokers/{broker}/krl", tag = "credentials", security(()),
    params(("broker" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream"), (status = 304),
        (status = "4XX", body = Problem)))]
pub(super) async fn krl(
    State(shared): State<Arc<Shared>>,
    Path(broker): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let file = ssh_hosts::krl(&shared.plane, &broker).await?;
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let is_known = known.flat_map(|value| value.split(',')).any(|tag| tag.trim() == file.tag);
    let headers = [(CACHE_CONTROL, BRIEFLY.to_owned()), (ETAG, file.tag)];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Ok((headers, [(CONTENT_TYPE, "application/octet-stream")], file.bytes).into_response())
}
