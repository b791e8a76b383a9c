//! `/v1/verify` and `/v1/introspect`: for relying parties that ask writ about a token, in place of believing its signature
//! until it expires.

use std::sync::Arc;

use axum::extract::{Form, FromRequestParts, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json as Answer, Router};
use domain::Actor;
use http::StatusCode;
use http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use http::request::Parts;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Query, SignedIn, basic_password};
use super::problem::{self, Problem};
use super::{shapes, verify_path};
use crate::operations::verify::{self, Alive};
use crate::plane::ControlPlane;
use crate::server::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/v1/verify", get(check)).route("/v1/introspect", post(introspect))
}

/// What the relying party wants to know; its proxy says it, never the client.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Check {
    /// For whom the token must have been made.
    audience: String,
    /// `write` where only who may change anything is let in. A git push is known by its address and wants it anyway.
    access: Option<Access>,
}

/// What is to be done with the token.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Access {
    /// Looking.
    Read,
    /// Changing something.
    Write,
}

/// RFC 7662 section 2.1.
#[derive(Deserialize, ToSchema)]
pub(super) struct Introspection {
    /// The token, as it was presented.
    token: String,
    /// Ignored: there is one kind.
    #[serde(default)]
    #[expect(dead_code, reason = "RFC 7662 lets clients send it, and an unknown hint is to be ignored")]
    token_type_hint: Option<String>,
}

/// RFC 7662 section 2.2: with a token that is not alive, only that.
#[derive(Serialize, ToSchema)]
pub(super) struct Introspected {
    /// Whether its credential and its session are alive now.
    active: bool,
    /// What the token says, and whose it is.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    told: Map<String, Value>,
}

/// Check the token of a request that a proxy was sent: for nginx's `auth_request`, and forward authentication of Traefik and
/// Caddy.
///
/// The request's own `Authorization` carries the token, as `Bearer` or as the password of `Basic`. 200: it is alive, and
/// headers say whose it is. 401: it is not; why is not said. 403: it may not write, which a git push (known by
/// `X-Original-URI` or `X-Forwarded-Uri`) takes.
#[utoipa::path(get, path = "/v1/verify", tag = "verify", params(Check), security(()),
    responses(
        (status = 200, description = "Alive", headers(
            ("x-writ-session", description = "The session"),
            ("x-writ-developer", description = "On whose behalf it acts: the sign-in name"),
            ("x-writ-project", description = "What the work is for: the project's name"),
            ("x-writ-credential", description = "The credential, to be looked up or revoked"),
        )),
        (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn check(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<Check>,
    headers: HeaderMap,
) -> Response {
    let plane = &shared.plane;
    let alive = match presented(&headers) {
        Some(text) => verify::alive(plane, &text, &query.audience).await,
        None => None,
    };
    let Some(alive) = alive else { return unknown() };
    let needs_write = query.access == Some(Access::Write) || verify_path::is_push(&headers);
    if needs_write && !alive.may_write {
        let refused = Problem::new(StatusCode::FORBIDDEN, "forbidden", "this token is for reading only");
        return (names(plane, &alive), refused).into_response();
    }
    (names(plane, &alive), StatusCode::OK).into_response()
}

/// Say whether a token is alive, and what it says (RFC 7662).
///
/// Who asks is a relying party with its secret, for tokens that were made for it; or an auditor or administrator who is
/// signed in, for any token.
#[utoipa::path(post, path = "/v1/introspect", tag = "verify",
    request_body(content = Introspection, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Introspected), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn introspect(
    State(shared): State<Arc<Shared>>,
    asker: Asker,
    form: Result<Form<Introspection>, axum::extract::rejection::FormRejection>,
) -> Result<impl IntoResponse, Problem> {
    let Form(asked) = form.map_err(|rejection| problem::rejected(rejection.status(), &rejection.body_text()))?;
    let plane = &shared.plane;
    let audience = match asker {
        Asker::Party(audience) => Some(audience),
        Asker::Reader => verify::audience_of(&asked.token),
    };
    let alive = match audience {
        Some(audience) => verify::alive(plane, &asked.token, &audience).await,
        None => None,
    };
    let told = alive.map(|alive| told(plane, alive));
    let answer = Introspected { active: told.is_some(), told: told.unwrap_or_default() };
    Ok(([(CACHE_CONTROL, "no-store")], Answer(answer)))
}

/// Who may ask about tokens.
pub(super) enum Asker {
    /// A relying party: about those that were made for this audience.
    Party(String),
    /// Somebody who may read the log: about all.
    Reader,
}

impl FromRequestParts<Arc<Shared>> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let secret = presented(&parts.headers);
        if let Some(audience) = secret.and_then(|secret| shared.plane.introspectors.find(&secret)) {
            return Ok(Self::Party(audience.to_owned()));
        }
        let signed_in = SignedIn::from_request_parts(parts, shared).await?;
        let by = Actor::Developer(signed_in.developer);
        let allowed = shared.plane.view.read(|state| policy::authorize(state, by, policy::ReadLog).map(drop));
        allowed.map_err(crate::error::Error::from)?;
        Ok(Self::Reader)
    }
}

/// What a request presents: a bearer, or the password of `Basic`. Of two nobody knows which the relying party would take.
fn presented(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(AUTHORIZATION).into_iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let value = value.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    scheme.eq_ignore_ascii_case("basic").then(|| basic_password(rest)).flatten()
}

/// The one answer to every token that is not alive. Git sends nothing before it is asked for `Basic`.
fn unknown() -> Response {
    let mut answer = problem::unauthenticated("no token came, or none that is alive here").into_response();
    let headers = answer.headers_mut();
    headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"writ\""));
    headers.append(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"writ\""));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// Whose token it is, for the relying party's own log.
fn names(plane: &ControlPlane, alive: &Alive) -> HeaderMap {
    let mut headers = HeaderMap::from_iter([(CACHE_CONTROL, HeaderValue::from_static("no-store"))]);
    let mut tell = |name: &'static str, text: &str, otherwise: &str| {
        let value = HeaderValue::from_str(text).or_else(|_| HeaderValue::from_str(otherwise));
        headers.extend(value.ok().map(|value| (HeaderName::from_static(name), value)));
    };
    tell("x-writ-session", &alive.session.to_string(), "");
    tell("x-writ-developer", shapes::human(plane, alive.developer).login(), &alive.developer.to_string());
    if let Some(project) = alive.project {
        tell("x-writ-project", shapes::project(plane, project).name(), &project.to_string());
    }
    if let Some(credential) = alive.credential {
        tell("x-writ-credential", &credential.to_string(), "");
    }
    headers
}

/// What the token says, with what its claims have no names for.
fn told(plane: &ControlPlane, alive: Alive) -> Map<String, Value> {
    let mut told = alive.claims;
    told.insert("token_type".to_owned(), json!("Bearer"));
    told.insert("username".to_owned(), json!(shapes::human(plane, alive.developer).login()));
    if let Some(credential) = alive.credential {
        told.insert("credential.id".to_owned(), json!(credential));
    }
    told
}

#[cfg(test)]
mod tests;
