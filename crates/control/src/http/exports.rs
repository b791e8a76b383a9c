//! `/v1/exports`, and `/v1/log/events`: the log in the shapes of the exports.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json as Answer, Router};
use http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use store::DeadRow;
use utoipa::{IntoParams, ToSchema};

use super::cost::moment;
use super::extract::{Json, Path, Query, SignedIn};
use super::problem::{self, Problem};
use crate::export::{origin, shaped};
use crate::limits::{EVENTS_PAGE_BYTES, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX};
use crate::operations::export::{self, EventsQuery, ExportState};
use crate::server::Shared;
use crate::settings::ExportFormat;
use crate::text;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/exports", get(list))
        .route("/v1/exports/{name}/dead", get(dead))
        .route("/v1/exports/{name}/retry", post(retry))
        .route("/v1/log/events", get(events))
}

/// One export and where it stands.
#[derive(Serialize, ToSchema)]
pub(super) struct Export {
    name: String,
    /// `webhook`, `otlp`, `syslog` or `file`; null when it is configured no more.
    kind: Option<&'static str>,
    /// `ocsf`, `cloudevents` or `otlp`.
    format: Option<&'static str>,
    /// Beginnings of the entry types it wants; all when empty.
    types: Vec<String>,
    /// The first position it has not passed yet; null before it begins.
    next: Option<u64>,
    /// Entries of the log that it has not passed yet.
    lag: u64,
    /// The node that delivers for it.
    holder: Option<String>,
    /// What stands in its way, if something does.
    last_error: Option<String>,
    /// When it last passed an entry.
    last_at: Option<String>,
    /// How many entries it gave up on.
    dead: u64,
}

/// All exports.
#[derive(Serialize, ToSchema)]
pub(super) struct Exports {
    exports: Vec<Export>,
}

/// An entry that an export gave up on.
#[derive(Serialize, ToSchema)]
pub(super) struct DeadEntry {
    position: u64,
    /// How often it was tried.
    attempts: u64,
    /// What came of the last try.
    error: String,
    at: String,
    /// Whether it is about to be tried again.
    due: bool,
}

/// Entries that an export gave up on, in the order of the log.
#[derive(Serialize, ToSchema)]
pub(super) struct DeadEntries {
    dead: Vec<DeadEntry>,
}

/// Which of them.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct DeadQuery {
    /// From this position on.
    from: Option<u64>,
    /// How many at most, up to 1000.
    limit: Option<u32>,
}

/// Which entries to try once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Retry {
    /// These; all of the export when absent.
    positions: Option<Vec<u64>>,
}

/// How many will be tried.
#[derive(Serialize, ToSchema)]
pub(super) struct Retried {
    due: u64,
}

/// Which entries, in which shape.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Events {
    /// `ocsf` or `cloudevents`; `ocsf` when absent.
    format: Option<String>,
    /// Only those after this position.
    after: Option<u64>,
    /// Only those from then on: `7d`, `24h`, a date, or RFC 3339.
    since: Option<String>,
    /// How many at most, up to 1000.
    limit: Option<u32>,
}

/// Every export: how far it is, what stands in its way, how much it gave up on.
#[utoipa::path(get, path = "/v1/exports", tag = "exports",
    responses((status = 200, body = Exports), (status = "4XX", body = Problem)))]
pub(super) async fn list(State(shared): State<Arc<Shared>>, signed_in: SignedIn) -> Result<Answer<Exports>, Problem> {
    let states = export::list(&shared.plane, signed_in.asker()).await?;
    Ok(Answer(Exports { exports: states.into_iter().map(shape).collect() }))
}

/// Entries that an export gave up on.
#[utoipa::path(get, path = "/v1/exports/{name}/dead", tag = "exports",
    params(("name" = String, Path, description = "of the export"), DeadQuery),
    responses((status = 200, body = DeadEntries), (status = "4XX", body = Problem)))]
pub(super) async fn dead(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Path(name): Path<String>,
    Query(query): Query<DeadQuery>,
) -> Result<Answer<DeadEntries>, Problem> {
    let limit = query.limit.unwrap_or(PAGE_ROWS_DEFAULT).min(PAGE_ROWS_MAX);
    let rows = export::dead(&shared.plane, signed_in.asker(), &name, query.from.unwrap_or(0), limit).await?;
    Ok(Answer(DeadEntries { dead: rows.into_iter().map(dead_entry).collect() }))
}

/// Have entries that an export gave up on tried once more.
#[utoipa::path(post, path = "/v1/exports/{name}/retry", tag = "exports", request_body = Retry,
    params(("name" = String, Path, description = "of the export")),
    responses((status = 200, body = Retried), (status = "4XX", body = Problem)))]
pub(super) async fn retry(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Path(name): Path<String>,
    Json(body): Json<Retry>,
) -> Result<Answer<Retried>, Problem> {
    let due = export::retry(&shared.plane, signed_in.asker(), &name, body.positions.as_deref()).await?;
    Ok(Answer(Retried { due }))
}

/// The log in a shape for other systems: one JSON object a line, in order. Ask again after the last line's position
/// (OCSF `metadata.sequence`, CloudEvents `sequence`) until nothing comes.
#[utoipa::path(get, path = "/v1/log/events", tag = "exports", params(Events),
    responses((status = 200, content_type = "application/x-ndjson"), (status = "4XX", body = Problem)))]
pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Query(asked): Query<Events>,
) -> Result<impl IntoResponse, Problem> {
    let plane = &shared.plane;
    let format = match asked.format.as_deref() {
        None | Some("ocsf") => ExportFormat::Ocsf,
        Some("cloudevents") => ExportFormat::CloudEvents,
        Some(_) => return Err(problem::unreadable("`format` is one of `ocsf` and `cloudevents`")),
    };
    let since = asked.since.as_deref().map(|text| moment(text, plane.clock.now())).transpose()?;
    let limit = asked.limit.unwrap_or(PAGE_ROWS_DEFAULT);
    let lines = export::events(plane, signed_in.asker(), EventsQuery { after: asked.after, since, limit }).await?;
    let (origin, mut text) = (origin(plane), String::new());
    for line in &lines {
        text.push_str(&shaped(format, &origin, line).to_string());
        text.push('\n');
        if text.len() >= EVENTS_PAGE_BYTES {
            break;
        }
    }
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], text))
}

fn shape(state: ExportState) -> Export {
    let kind = state.settings.as_ref().map(|settings| settings.kind());
    let row = state.row.as_ref();
    Export {
        name: state.name,
        kind: kind.map(|(kind, _)| kind),
        format: kind.map(|(_, format)| format),
        types: state.settings.as_ref().map(|settings| settings.types.clone()).unwrap_or_default(),
        next: row.map(|row| row.next),
        lag: state.lag,
        holder: row.and_then(|row| row.holder).map(|(node, _)| node.to_string()),
        last_error: row.and_then(|row| row.last_error.clone()),
        last_at: row.and_then(|row| row.last_at).map(text::rfc3339),
        dead: row.map_or(0, |row| row.dead),
    }
}

fn dead_entry(row: DeadRow) -> DeadEntry {
    let DeadRow { position, attempts, error, at, due } = row;
    DeadEntry { position, attempts, error, at: text::rfc3339(at), due }
}
