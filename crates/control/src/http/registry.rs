//! `/v1/registry/token`: where clients of container registries trade what a credential helper gave them for what the registry
//! takes (Distribution, "Token Authentication Specification").
//!
//! They are the same here: the helper gives a token that says all that is granted, and this gives it back, if it is alive and
//! for that registry. Nothing is made, so nothing has to be recorded. The registry holds every request against the token.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json as Answer, Router};
use domain::Time;
use http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderValue, WWW_AUTHENTICATE};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::extract::{Query, basic_password};
use super::problem::{self, Problem};
use crate::operations::verify;
use crate::server::Shared;
use crate::text::rfc3339;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/v1/registry/token", get(token))
}

/// The answer of a registry's token server. What it says of the token is said in the token too.
#[derive(Serialize, ToSchema)]
pub(super) struct RegistryToken {
    /// The token.
    token: String,
    /// The same, by the name that OAuth 2.0 has for it.
    access_token: String,
    /// Seconds that it is good for.
    expires_in: u64,
    issued_at: String,
}

/// Get a registry's token for a credential helper's.
///
/// Container clients do this by themselves, when the registry names this address as its `realm`. The user name means
/// nothing; the password is a token of a credential with access to that registry. What else the client says it wants
/// (`scope`) is not looked at: the token has what was granted.
#[utoipa::path(get, path = "/v1/registry/token", tag = "verify", security(()),
    params(("service" = String, Query, description = "The registry, by the name that it has for itself")),
    responses((status = 200, body = RegistryToken), (status = 401, body = Problem)))]
pub(super) async fn token(
    State(shared): State<Arc<Shared>>,
    Query(asked): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let service = asked.iter().find(|(name, _)| name == "service").map(|(_, service)| service.as_str());
    let service = service.ok_or_else(|| problem::unreadable("`service` is missing: which registry?"))?;
    let Some(text) = password(&headers) else { return Ok(unknown()) };
    let Some(alive) = verify::alive(&shared.plane, &text, service).await else { return Ok(unknown()) };
    let seconds = |claim: &str| alive.claims.get(claim).and_then(Value::as_i64).unwrap_or_default();
    let left = seconds("exp").saturating_sub(shared.plane.clock.now().unix_seconds());
    let answer = RegistryToken {
        access_token: text.clone(),
        token: text,
        expires_in: u64::try_from(left).unwrap_or_default(),
        issued_at: rfc3339(Time::from_unix_millis(seconds("iat").saturating_mul(1000))),
    };
    Ok(([(CACHE_CONTROL, "no-store")], Answer(answer)).into_response())
}

fn password(headers: &HeaderMap) -> Option<String> {
    let (scheme, rest) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then(|| basic_password(rest)).flatten()
}

/// The one answer to every token that is not alive, and to none: clients know then to ask their helper.
fn unknown() -> Response {
    let answer = problem::unauthenticated("no token of this registry's came as a password, or none that is alive");
    let mut answer = answer.next("inside a session: `writ credential granted`").into_response();
    let headers = answer.headers_mut();
    headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"writ\""));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
