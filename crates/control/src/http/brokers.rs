//! `/v1/brokers`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json as Answer, Router};
use domain::Name;
use domain::broker::Target;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::BrokerRow;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::extract::{Json, Path, SignedIn};
use super::problem::Problem;
use crate::operations::broker::{self, Alive, NewBroker, Tried};
use crate::plane::ControlPlane;
use crate::server::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/brokers", get(list))
        .route("/v1/brokers/{broker}", get(show).put(set).delete(remove))
        .route("/v1/brokers/{broker}/test", post(test))
        .route("/v1/brokers/{broker}/disable", post(disable))
        .route("/v1/brokers/{broker}/enable", post(enable))
}

/// How a broker is configured.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Configure {
    /// `aws`, `github`, `ssh`, `postgres`, `token`, `exec`, `http` or `static`.
    kind: String,
    /// Its settings: see the page of its kind. Nothing secret.
    #[schema(value_type = Object)]
    settings: Value,
    /// Its secrets by name, sealed before they are stored and never shown. Left out, it keeps those it has.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    secrets: Option<BTreeMap<String, Zeroizing<String>>>,
}

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Because {
    /// Why, for the record.
    #[serde(default)]
    reason: String,
}

/// A broker.
#[derive(Serialize, ToSchema)]
pub(super) struct Broker {
    name: String,
    kind: String,
    /// Whether it may make credentials.
    enabled: bool,
    /// How often it was configured.
    revision: u64,
    #[schema(value_type = Object)]
    settings: Value,
    targets: Vec<BrokerTarget>,
    /// Its credentials that are not known to be dead.
    alive: usize,
    /// What its targets' own logs show of a session.
    #[serde(skip_serializing_if = "Option::is_none")]
    shows: Option<&'static str>,
    /// How trying each target went, when it was tried just now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tried: Vec<TriedTarget>,
}

/// A target of a broker.
#[derive(Serialize, ToSchema)]
pub(super) struct BrokerTarget {
    name: String,
    /// The shortest life of its credentials.
    life_min_seconds: u64,
    /// Their life when nobody says.
    life_default_seconds: u64,
    /// The longest.
    life_max_seconds: u64,
    /// Whether they can be made useless before they expire.
    revocable: bool,
}

/// A target that was tried: a credential was made there.
#[derive(Serialize, ToSchema)]
pub(super) struct TriedTarget {
    target: String,
    /// Whether it was ended again at once.
    revoked: bool,
}

/// All brokers.
#[derive(Serialize, ToSchema)]
pub(super) struct Brokers {
    brokers: Vec<Broker>,
}

/// List brokers.
#[utoipa::path(get, path = "/v1/brokers", tag = "credentials",
    responses((status = 200, body = Brokers), (status = "4XX", body = Problem)))]
pub(super) async fn list(State(shared): State<Arc<Shared>>, signed_in: SignedIn) -> Result<Answer<Brokers>, Problem> {
    let rows = broker::list(&shared.plane, signed_in.asker()).await?;
    let alive = broker::alive(&shared.plane);
    Ok(Answer(Brokers { brokers: rows.into_iter().map(|row| shape(&shared.plane, &alive, row)).collect() }))
}

/// Show a broker.
#[utoipa::path(get, path = "/v1/brokers/{broker}", tag = "credentials", params(("broker" = String, Path)),
    responses((status = 200, body = Broker), (status = "4XX", body = Problem)))]
pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Path(name): Path<String>,
) -> Result<Answer<Broker>, Problem> {
    let (row, shows) = broker::get(&shared.plane, signed_in.asker(), &name).await?;
    Ok(Answer(Broker { shows: Some(shows), ..shape(&shared.plane, &broker::alive(&shared.plane), row) }))
}

/// Configure a broker. Before anything is changed, a credential is made and ended again at each of its targets.
#[utoipa::path(put, path = "/v1/brokers/{broker}", tag = "credentials", request_body = Configure,
    params(("broker" = String, Path)),
    responses((status = 200, body = Broker), (status = "4XX", body = Problem)))]
pub(super) async fn set(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Path(name): Path<String>,
    Json(body): Json<Configure>,
) -> Result<Answer<Broker>, Problem> {
    let asker = signed_in.asker();
    let new = NewBroker { name: name.clone(), kind: body.kind, settings: body.settings, secrets: body.secrets };
    let tried = broker::set(&shared.plane, asker, new).await?;
    let (row, shows) = broker::get(&shared.plane, asker, &name).await?;
    Ok(Answer(Broker {
        shows: Some(shows),
        tried: tried_shapes(tried),
        ..shape(&shared.plane, &broker::alive(&shared.plane), row)
    }))
}

/// Try a broker: make a credential at each of its targets and end it again.
#[utoipa::path(post, path = "/v1/brokers/{broker}/test", tag = "credentials", params(("broker" = String, Path)),
    responses((status = 200, body = Broker), (status = "4XX", body = Problem)))]
pub(super) async fn test(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Path(name): Path<String>,
) -> Result<Answer<Broker>, Problem> {
    let asker = signed_in.asker();
    let tried = broker::test(&shared.plane, asker, &name).await?;
    let (row, shows) = broker::get(&shared.plane, asker, &name).await?;
    Ok(Answer(Broker {
        shows: Some(shows),
        tried: tried_shapes(tried),
        ..shape(&shared.plane, &broker::alive(&shared.plane), row)
    }))
}

/// Switch a broker off: it makes nothing more, and all that it made is revoked.
#[utoipa::path(post, path = "/v1/brokers/{broker}/disable", tag = "credentials", request_body = Because,
    params(("broker" = String, Path)),
    responses((status = 200, body = Broker), (status = "4XX", body = Problem)))]
pub(super) async fn disable(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Path(name): Path<String>,
    Json(body): Json<Because>,
) -> Result<Answer<Broker>, Problem> {
    broker::switch(&shared.plane, signed_in.asker(), &name, false, body.reason).await?;
    show(State(shared), signed_in, Path(name)).await
}

/// Switch a broker on again.
#[utoipa::path(post, path = "/v1/brokers/{broker}/enable", tag = "credentials", request_body = Because,
    params(("broker" = String, Path)),
    responses((status = 200, body = Broker), (status = "4XX", body = Problem)))]
pub(super) async fn enable(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Path(name): Path<String>,
    Json(body): Json<Because>,
) -> Result<Answer<Broker>, Problem> {
    broker::switch(&shared.plane, signed_in.asker(), &name, true, body.reason).await?;
    show(State(shared), signed_in, Path(name)).await
}

/// Remove a broker, and the grants that name it. All that it made must be dead.
#[utoipa::path(delete, path = "/v1/brokers/{broker}", tag = "credentials", params(("broker" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(super) async fn remove(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    broker::remove(&shared.plane, signed_in.asker(), &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn shape(plane: &ControlPlane, alive: &BTreeMap<Name, Alive>, row: BrokerRow) -> Broker {
    let known = plane.view.read(|state| state.brokers.get(&row.name).map(|broker| broker.targets.clone()));
    let target = |(name, law): (Name, Target)| BrokerTarget {
        name: name.to_string(),
        life_min_seconds: law.life_min.as_secs(),
        life_default_seconds: law.life_default.as_secs(),
        life_max_seconds: law.life_max.as_secs(),
        revocable: law.is_revocable,
    };
    Broker {
        name: row.name.to_string(),
        kind: row.kind.to_string(),
        enabled: row.is_on,
        revision: row.revision,
        settings: serde_json::from_str(&row.settings).unwrap_or_default(),
        targets: known.unwrap_or_default().into_iter().map(target).collect(),
        alive: alive.get(&row.name).map_or(0, |of_it| of_it.all),
        shows: None,
        tried: Vec::new(),
    }
}

fn tried_shapes(tried: Vec<Tried>) -> Vec<TriedTarget> {
    let shape = |one: Tried| TriedTarget { target: one.target.to_string(), revoked: one.is_revoked };
    tried.into_iter().map(shape).collect()
}
