//! `/.well-known/openid-configuration`, `/.well-known/jwks.json`, and `/v1/issuer`: what relying parties read, and what
//! their administrators have to know.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json as Answer, Router};
use domain::Digest;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::extract::SignedIn;
use super::keys::SigningKey;
use super::problem::Problem;
use crate::limits::KEY_SET_AGE_MAX;
use crate::server::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/.well-known/jwks.json", get(keys))
        .route("/v1/issuer", get(show))
}

/// The issuer, its keys and those it makes tokens for.
#[derive(Serialize, ToSchema)]
pub(super) struct Issuer {
    /// What tokens have in `iss`.
    issuer: String,
    /// Whether keys are published with certificates.
    x5c: bool,
    keys: Vec<SigningKey>,
    /// Audiences that tokens are made for; no others are.
    audiences: Vec<RelyingParty>,
    /// What some relying parties will not like about the issuer's address.
    warnings: Vec<&'static str>,
}

/// Who takes tokens.
#[derive(Serialize, ToSchema)]
pub(super) struct RelyingParty {
    /// What tokens have in `aud`.
    audience: String,
    /// `aws`, `azure`, `gcp`, `kubernetes`, `anthropic`, `vault`, `ceph`, `registry` or `generic`.
    kind: &'static str,
    /// What `sub` is made from.
    subject: String,
    /// What may go wrong with such a subject.
    warnings: Vec<&'static str>,
}

/// Where the keys are and what tokens are like (OpenID Connect Discovery 1.0).
#[utoipa::path(get, path = "/.well-known/openid-configuration", tag = "issuer", security(()),
    responses((status = 200, content_type = "application/json"), (status = 304)))]
pub(super) async fn discovery(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let plane = &shared.plane;
    cached(&headers, &plane.signing.discovery(plane.clock.now()))
}

/// The public keys that verify writs and tokens (RFC 7517).
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "issuer", security(()),
    responses((status = 200, content_type = "application/json"), (status = 304)))]
pub(super) async fn keys(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let plane = &shared.plane;
    cached(&headers, &plane.signing.key_set(plane.clock.now()))
}

/// The issuer as relying parties have to be told of it.
#[utoipa::path(get, path = "/v1/issuer", tag = "issuer",
    responses((status = 200, body = Issuer), (status = "4XX", body = Problem)))]
pub(super) async fn show(State(shared): State<Arc<Shared>>, _: SignedIn) -> Result<Answer<Issuer>, Problem> {
    let plane = &shared.plane;
    let signing = &plane.signing;
    let audiences = signing.parties().iter().map(|party| RelyingParty {
        audience: party.audience().to_string(),
        kind: party.kind().as_str(),
        subject: party.template().to_string(),
        warnings: party.template().warnings(),
    });
    Ok(Answer(Issuer {
        issuer: signing.address().to_owned(),
        x5c: signing.publishes_certificates(),
        keys: super::keys::signing_keys(plane),
        audiences: audiences.collect(),
        warnings: brokers::Issuer::address_warnings(signing.address()),
    }))
}

/// A document that relying parties fetch again and again: with a tag, so that they learn cheaply that it is the same
/// (RFC 9110, sections 8.8.3 and 13.1.2).
fn cached(headers: &HeaderMap, document: &Value) -> Response {
    let body = document.to_string();
    let tag = format!("\"{}\"", Digest::of(body.as_bytes()));
    let age = format!("public, max-age={}", KEY_SET_AGE_MAX.as_secs());
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut tags = known.flat_map(|value| value.split(',')).map(|tag| tag.trim().trim_start_matches("W/"));
    if tags.any(|known| known == tag || known == "*") {
        return (StatusCode::NOT_MODIFIED, [(ETAG, tag), (CACHE_CONTROL, age)]).into_response();
    }
    let kind = "application/json".to_owned();
    ([(CONTENT_TYPE, kind), (ETAG, tag), (CACHE_CONTROL, age)], body).into_response()
}
