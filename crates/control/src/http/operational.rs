//! `/healthz`, `/readyz`, `/metrics`, `/openapi.json`.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json as Answer, Router};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use crate::archive::Archive;
use crate::cosign::Publisher;
use crate::error::Error;
use crate::server::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/healthz", get(health))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(openapi))
}

/// The process is up, or ready.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    status: &'static str,
}

/// The process is alive. Says nothing of the store.
#[utoipa::path(get, path = "/healthz", tag = "operate", responses((status = 200, body = Health)))]
pub(super) async fn health() -> Answer<Health> {
    Answer(Health { status: "ok" })
}

/// The process can write the log.
#[utoipa::path(get, path = "/readyz", tag = "operate",
    responses((status = 200, body = Health), (status = 503, body = Problem)))]
pub(super) async fn ready(State(shared): State<Arc<Shared>>) -> Result<Answer<Health>, Problem> {
    shared.plane.store.ping().await.map_err(Error::from)?;
    if shared.plane.scribe.store_is_away() {
        return Err(Error::Unavailable("the database takes no writes".to_owned()).into());
    }
    Ok(Answer(Health { status: "ready" }))
}

/// Metrics in Prometheus text format 0.0.4.
#[utoipa::path(get, path = "/metrics", tag = "operate", responses((status = 200, content_type = "text/plain")))]
pub(super) async fn metrics(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], render_metrics(&shared))
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "operate", responses((status = 200, content_type = "application/json")))]
pub(super) async fn openapi() -> Result<impl IntoResponse, Problem> {
    let broken = |_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the document cannot be written");
    let document = super::openapi_document().map_err(broken)?;
    Ok(([(CONTENT_TYPE, "application/json")], document))
}

fn render_metrics(shared: &Shared) -> String {
    let plane = &shared.plane;
    let health = plane.scribe.health();
    let (live, open) = plane.view.read(|state| (state.sessions.len(), state.calls.len()));
    let (alive, due, stalled) = plane.view.read(|state| {
        let stalled = state.due.iter().filter_map(|id| state.credentials.get(id)).filter(|one| one.is_stalled);
        (state.credentials.len(), state.due.len(), stalled.count())
    });
    let count = |value: usize| value as u64;
    let mut text = String::with_capacity(2048);
    for (name, kind, help, value) in [
        ("writ_log_entries_total", "counter", "Entries this process wrote.", health.entries.load(Ordering::Relaxed)),
        ("writ_log_commits_total", "counter", "Transactions committed.", health.commits.load(Ordering::Relaxed)),
        ("writ_log_failures_total", "counter", "Transactions that failed.", health.failures.load(Ordering::Relaxed)),
        ("writ_log_next_position", "gauge", "Position the next entry will have.", plane.view.next()),
        ("writ_store_away", "gauge", "1 while the log cannot be written.", u64::from(plane.scribe.store_is_away())),
        ("writ_sessions_live", "gauge", "Sessions that are not over.", count(live)),
        ("writ_calls_open", "gauge", "Calls reserved and not settled.", count(open)),
        ("writ_settlements_waiting", "gauge", "Settlements not durable yet.", count(plane.settlements.waiting())),
        ("writ_credentials_alive", "gauge", "Credentials that are not known to be dead.", count(alive)),
        ("writ_credentials_due", "gauge", "Credentials to be revoked that are not known to be dead.", count(due)),
        ("writ_credentials_stalled", "gauge", "Those of them that could not be revoked so far.", count(stalled)),
    ] {
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
    }
    let now = plane.clock.now();
    plane.view.read(|state| plane.view.lock_figures.render(state, now, &mut text));
    render_witnesses(plane.publisher.as_deref(), &mut text);
    render_archive(plane.archive.as_deref(), &mut text);
    render_gateway(&shared.gateway.metrics().snapshot(), &mut text);
    text
}

/// Only where there is a trust policy: without one there is nothing to watch.
fn render_witnesses(publisher: Option<&Publisher>, text: &mut String) {
    let Some(standing) = publisher.map(Publisher::standing) else { return };
    let missing = standing.missing.len() as u64;
    for (name, help, value) in [
        (
            "writ_log_quorum_met",
            "1 while the newest checkpoint has the cosignatures it needs.",
            u64::from(standing.met),
        ),
        ("writ_log_witnesses_missing", "Witnesses that did not cosign the newest checkpoint.", missing),
        ("writ_log_witness_alarm", "1 while a witness holds another history.", u64::from(standing.alarm.is_some())),
    ] {
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}\n");
    }
}

/// Only where there is an archive.
fn render_archive(archive: Option<&Archive>, text: &mut String) {
    let Some(health) = archive.map(Archive::health) else { return };
    let (size, failures) = (health.size.load(Ordering::Relaxed), health.failures.load(Ordering::Relaxed));
    for (name, kind, help, value) in [
        ("writ_archive_size", "gauge", "Entries that the archive is known to hold.", size),
        ("writ_archive_failures_total", "counter", "Passes over the archive that failed.", failures),
    ] {
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
    }
}

fn render_gateway(gateway: &gateway::Snapshot, text: &mut String) {
    for (name, kind, help, value) in [
        ("writ_gateway_streams_open", "gauge", "Answers on their way to clients.", gateway.open_streams),
        ("writ_gateway_failovers_total", "counter", "Upstreams passed over.", gateway.failovers),
        ("writ_gateway_body_bytes", "gauge", "Bytes of request bodies held now.", gateway.body_bytes_in_flight),
    ] {
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
    }
    let _ = write!(
        text,
        "# HELP writ_gateway_calls_total Calls settled, by outcome.\n# TYPE writ_gateway_calls_total counter\n"
    );
    for (outcome, value) in &gateway.settled {
        let _ = writeln!(text, "writ_gateway_calls_total{{outcome=\"{}\"}} {value}", outcome.as_str());
    }
    let _ = write!(
        text,
        "# HELP writ_gateway_rejections_total Refusals, by error type.\n# TYPE writ_gateway_rejections_total counter\n"
    );
    for (kind, value) in &gateway.rejections {
        let _ = writeln!(text, "writ_gateway_rejections_total{{kind=\"{kind}\"}} {value}");
    }
}
