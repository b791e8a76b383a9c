//! `/v1/sessions/{session}/credentials` and `/v1/credentials`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json as Answer, Router};
use brokers::broker::Secret;
use domain::credential::{Due, How, PublicName};
use domain::{CredentialId, Name, Scope, Span, Time};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::CredentialRow;
use utoipa::{IntoParams, ToSchema};

use super::extract::{Bearer, Json, Path, Query};
use super::problem::{self, Problem};
use super::sessions::session_id;
use crate::limits::{PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX};
use crate::operations::credential::{self, Ask, CredentialQuery, Vended};
use crate::plane::ControlPlane;
use crate::server::Shared;
use crate::text::rfc3339;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/sessions/{session}/credentials", post(ask))
        .route("/v1/credentials", get(list))
        .route("/v1/credentials/{credential}", get(show))
        .route("/v1/credentials/{credential}/revoke", post(revoke))
}

/// What a session asks for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AskCredential {
    broker: String,
    target: String,
    /// What of the grant is wanted; a dimension that is not mentioned is wanted whole.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, Vec<String>>)]
    scope: Scope,
    /// How long it shall live; the target's usual life, as far as the grant goes, when absent.
    lifetime_seconds: Option<u64>,
    /// The key that it is for, where one is needed: an OpenSSH public key line.
    public_key: Option<String>,
}

/// A fresh credential; its secret is shown once.
#[derive(Serialize, ToSchema)]
pub(super) struct FreshCredential {
    id: String,
    broker: String,
    kind: String,
    target: String,
    #[schema(value_type = std::collections::BTreeMap<String, Vec<String>>)]
    scope: Scope,
    issued_at: String,
    expires_at: String,
    /// The names under which it is known elsewhere.
    names: Vec<KnownAs>,
    /// The secret, in fields that depend on the kind of broker.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    secret: Secret,
    /// What the broker says about using it.
    #[schema(value_type = Object)]
    delivery: Value,
}

/// A name under which a credential is known elsewhere.
#[derive(Serialize, ToSchema)]
pub(super) struct KnownAs {
    /// What kind of name.
    kind: String,
    value: String,
}

/// A credential, without its secret.
#[derive(Serialize, ToSchema)]
pub(super) struct Credential {
    id: String,
    session: String,
    developer: super::shapes::Who,
    project: super::shapes::Named,
    broker: String,
    /// The kind of that broker, while it is configured.
    kind: Option<String>,
    target: String,
    #[schema(value_type = std::collections::BTreeMap<String, Vec<String>>)]
    scope: Scope,
    /// `requested`, `live`, `revoking`, `revoked`, `expired` or `not_made`.
    status: &'static str,
    requested_at: String,
    issued_at: Option<String>,
    /// When it stops working by itself.
    expires_at: String,
    /// When it was found dead.
    over_at: Option<String>,
    names: Vec<KnownAs>,
    /// Why it is to be ended: `session_over`, `grant_changed`, `broker_off`, `asked` or `node_lost`.
    due: Option<&'static str>,
    /// What stands in the way of ending it; until `expires_at` it lives.
    trouble: Option<RevocationTrouble>,
    /// Whether the log says so.
    stalled: bool,
}

/// A revocation that failed so far.
#[derive(Serialize, ToSchema)]
pub(super) struct RevocationTrouble {
    attempts: u64,
    next_at: String,
    error: String,
}

/// Credentials, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Credentials {
    credentials: Vec<Credential>,
}

/// Which credentials.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    /// Only of this session.
    session: Option<String>,
    /// Only of this broker.
    broker: Option<String>,
    /// Only those that are not known to be dead.
    live: Option<bool>,
    /// Only those that are to be ended and are not: what could not be revoked, and until when it lives.
    unrevoked: Option<bool>,
    /// Only those made before this one.
    before: Option<String>,
    /// How many at most, up to 1000.
    limit: Option<u32>,
}

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RevokeCredential {
    /// Why, for the record.
    #[serde(default)]
    reason: String,
}

/// Ask for a credential; the bearer is the session's token.
#[utoipa::path(post, path = "/v1/sessions/{session}/credentials", tag = "credentials", request_body = AskCredential,
    params(("session" = String, Path)),
    responses((status = 201, body = FreshCredential), (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
pub(super) async fn ask(
    State(shared): State<Arc<Shared>>,
    bearer: Bearer,
    Path(id): Path<String>,
    Json(body): Json<AskCredential>,
) -> Result<(StatusCode, Answer<FreshCredential>), Problem> {
    let ask = Ask {
        broker: body.broker,
        target: body.target,
        scope: body.scope,
        life: body.lifetime_seconds.map(Span::from_secs),
        public_key: body.public_key,
    };
    let vended = credential::ask(&shared.plane, bearer.asker(), session_id(&id)?, ask).await?;
    Ok((StatusCode::CREATED, Answer(fresh(vended))))
}

/// List credentials: of one's own sessions, or everybody's for those who may see them.
#[utoipa::path(get, path = "/v1/credentials", tag = "credentials", params(List),
    responses((status = 200, body = Credentials), (status = "4XX", body = Problem)))]
pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    bearer: Bearer,
    Query(query): Query<List>,
) -> Result<Answer<Credentials>, Problem> {
    let query = CredentialQuery {
        session: query.session.as_deref().map(session_id).transpose()?,
        broker: query.broker,
        alive_only: query.live.unwrap_or(false),
        due_only: query.unrevoked.unwrap_or(false),
        before: query.before.as_deref().map(credential_id).transpose()?,
        limit: query.limit.unwrap_or(PAGE_ROWS_DEFAULT).min(PAGE_ROWS_MAX) as usize,
    };
    let rows = credential::list(&shared.plane, bearer.asker(), query).await?;
    Ok(Answer(Credentials { credentials: rows.into_iter().map(|row| shape(&shared.plane, row)).collect() }))
}

/// Show a credential, without its secret.
#[utoipa::path(get, path = "/v1/credentials/{credential}", tag = "credentials", params(("credential" = String, Path)),
    responses((status = 200, body = Credential), (status = "4XX", body = Problem)))]
pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Answer<Credential>, Problem> {
    let row = credential::get(&shared.plane, bearer.asker(), credential_id(&id)?).await?;
    Ok(Answer(shape(&shared.plane, row)))
}

/// Have a credential revoked. It is on its way to its target when this answers.
#[utoipa::path(post, path = "/v1/credentials/{credential}/revoke", tag = "credentials", request_body = RevokeCredential,
    params(("credential" = String, Path)),
    responses((status = 202, body = Credential), (status = "4XX", body = Problem)))]
pub(super) async fn revoke(
    State(shared): State<Arc<Shared>>,
    bearer: Bearer,
    Path(id): Path<String>,
    Json(body): Json<RevokeCredential>,
) -> Result<(StatusCode, Answer<Credential>), Problem> {
    let id = credential_id(&id)?;
    credential::revoke(&shared.plane, bearer.asker(), id, body.reason).await?;
    let row = credential::get(&shared.plane, bearer.asker(), id).await?;
    Ok((StatusCode::ACCEPTED, Answer(shape(&shared.plane, row))))
}

fn credential_id(text: &str) -> Result<CredentialId, Problem> {
    text.parse().map_err(|error: domain::id::IdError| problem::unreadable(format!("`credential`: {error}")))
}

fn fresh(vended: Vended) -> FreshCredential {
    FreshCredential {
        id: vended.credential.to_string(),
        broker: vended.broker.to_string(),
        kind: vended.kind.to_string(),
        target: vended.target.to_string(),
        scope: vended.scope,
        issued_at: rfc3339(vended.issued_at),
        expires_at: rfc3339(vended.expires_at),
        names: known_as(vended.names),
        secret: vended.secret,
        delivery: vended.delivery,
    }
}

fn known_as(names: Vec<PublicName>) -> Vec<KnownAs> {
    names.into_iter().map(|name| KnownAs { kind: name.kind.to_string(), value: name.value }).collect()
}

/// A credential as it is shown.
pub(super) fn shape(plane: &ControlPlane, row: CredentialRow) -> Credential {
    let due = due(plane, &row).map(|due| due.cause.as_str());
    let trouble = row.trouble.as_ref().map(|trouble| RevocationTrouble {
        attempts: trouble.attempts,
        next_at: rfc3339(trouble.next_at),
        error: trouble.error.clone(),
    });
    let at = |time: Option<Time>| time.map(rfc3339);
    Credential {
        status: status(&row, due.is_some()),
        id: row.id.to_string(),
        session: row.session.to_string(),
        developer: super::shapes::human(plane, row.developer),
        project: super::shapes::project(plane, row.project),
        kind: kind(plane, &row.broker),
        broker: row.broker.to_string(),
        target: row.target.to_string(),
        scope: row.scope,
        requested_at: rfc3339(row.requested_at),
        issued_at: at(row.issued_at),
        expires_at: rfc3339(row.expires_at),
        over_at: at(row.over_at),
        names: known_as(row.names),
        due,
        trouble,
        stalled: row.stalled.is_some(),
    }
}

fn kind(plane: &ControlPlane, broker: &Name) -> Option<String> {
    plane.view.read(|state| state.brokers.get(broker).map(|known| known.kind.to_string()))
}

/// Since when it is to be ended and why, as long as it is not known to be dead.
pub(super) fn due(plane: &ControlPlane, row: &CredentialRow) -> Option<Due> {
    let due = plane.view.read(|state| state.credentials.get(&row.id).and_then(|one| one.due));
    due.filter(|_| row.over_at.is_none())
}

/// Where a credential stands, as spelled everywhere.
pub(super) fn status(row: &CredentialRow, is_due: bool) -> &'static str {
    match &row.how {
        Some(How::Revoked { .. }) => "revoked",
        Some(How::Expired) => "expired",
        Some(How::NotMade { .. }) => "not_made",
        None if is_due => "revoking",
        None if row.issued_at.is_some() => "live",
        None => "requested",
    }
}
