//! `/v1/keys`: the keys that sign and those that seal.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json as Answer, Router};
use domain::Time;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Json, SignedIn};
use super::problem::Problem;
use crate::operations::key;
use crate::plane::ControlPlane;
use crate::server::Shared;
use crate::signing::Rotation;
use crate::text;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/keys", get(list))
        .route("/v1/keys/rotate", post(rotate))
        .route("/v1/keys/seal/rotate", post(rotate_seal))
}

/// A key that signs, will sign or signed.
#[derive(Serialize, ToSchema)]
pub(super) struct SigningKey {
    /// Its name, its RFC 7638 thumbprint.
    kid: String,
    /// `RS256` or `ES256`.
    algorithm: &'static str,
    /// `next`, `active` or `retired`.
    standing: &'static str,
    made_at: String,
    signs_from: String,
    /// Null as long as there is no next key.
    signs_until: Option<String>,
    /// Null as long as there is no next key.
    published_until: Option<String>,
    /// SHA-1 of its certificate in upper-case hexadecimal.
    thumbprint: String,
}

/// The keys that seal secrets in the database, by name.
#[derive(Serialize, ToSchema)]
pub(super) struct SealKeys {
    /// The one that seals.
    sealing: Option<String>,
    /// Those that open what they sealed before.
    opening: Vec<String>,
}

/// All keys, in the order in which they sign.
#[derive(Serialize, ToSchema)]
pub(super) struct Keys {
    keys: Vec<SigningKey>,
    seal: SealKeys,
}

/// How to replace the key that signs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotate {
    /// `planned` publishes the next key for the configured overlap before it signs; `now` lets it sign within seconds;
    /// `leaked` does so at once and forgets all other keys, so that nothing they signed verifies any more.
    #[serde(default)]
    when: When,
}

/// When a new key begins to sign.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum When {
    #[default]
    Planned,
    Now,
    Leaked,
}

/// Nothing is asked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RotateSeal {}

/// List the keys that sign and seal. For auditors and administrators.
#[utoipa::path(get, path = "/v1/keys", tag = "issuer",
    responses((status = 200, body = Keys), (status = "4XX", body = Problem)))]
pub(super) async fn list(State(shared): State<Arc<Shared>>, signed_in: SignedIn) -> Result<Answer<Keys>, Problem> {
    key::may_see(&shared.plane, signed_in.asker())?;
    Ok(Answer(shape(&shared.plane)))
}

/// Replace the key that signs writs and tokens. For administrators.
#[utoipa::path(post, path = "/v1/keys/rotate", tag = "issuer", request_body = Rotate,
    responses((status = 200, body = Keys), (status = "4XX", body = Problem)))]
pub(super) async fn rotate(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Json(body): Json<Rotate>,
) -> Result<Answer<Keys>, Problem> {
    let rotation = match body.when {
        When::Planned => Rotation::Planned,
        When::Now => Rotation::Now,
        When::Leaked => Rotation::Leaked,
    };
    key::rotate(&shared.plane, signed_in.asker(), rotation).await?;
    Ok(Answer(shape(&shared.plane)))
}

/// Replace the key that seals secrets in the database, and seal them anew. For administrators.
#[utoipa::path(post, path = "/v1/keys/seal/rotate", tag = "issuer", request_body = RotateSeal,
    responses((status = 200, body = Keys), (status = "4XX", body = Problem)))]
pub(super) async fn rotate_seal(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Json(RotateSeal {}): Json<RotateSeal>,
) -> Result<Answer<Keys>, Problem> {
    key::rotate_seal(&shared.plane, signed_in.asker()).await?;
    Ok(Answer(shape(&shared.plane)))
}

fn shape(plane: &ControlPlane) -> Keys {
    let mut names = plane.seals.ids().into_iter().map(|id| id.to_string());
    Keys { keys: signing_keys(plane), seal: SealKeys { sealing: names.next(), opening: names.collect() } }
}

/// The published keys.
pub(super) fn signing_keys(plane: &ControlPlane) -> Vec<SigningKey> {
    let moment = |at: Option<Time>| at.map(text::rfc3339);
    let ring = plane.signing.ring();
    let published = ring.published(plane.clock.now()).map(|key| SigningKey {
        kid: key.public.kid().to_owned(),
        algorithm: key.public.algorithm().as_str(),
        standing: key.standing.as_str(),
        made_at: text::rfc3339(key.made_at),
        signs_from: text::rfc3339(key.signs_from),
        signs_until: moment(key.signs_until),
        published_until: moment(key.published_until),
        thumbprint: key.certificate.thumbprint(),
    });
    published.collect()
}
