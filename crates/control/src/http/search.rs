//! `/v1/audit/search`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json as Answer, Router};
use serde::{Deserialize, Serialize};
use store::FoundEntry;
use utoipa::{IntoParams, ToSchema};

use super::cost::moment;
use super::extract::{Query, SignedIn};
use super::log::entry_line;
use super::problem::{self, Problem};
use super::shapes::{self, Named, Who};
use crate::limits::{PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX};
use crate::operations::search;
use crate::plane::ControlPlane;
use crate::server::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/v1/audit/search", get(search))
}

/// Which entries; all conditions must hold.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// About this human or their sessions, or done by them; by id or sign-in name.
    developer: Option<String>,
    /// About sessions for this project; by id or name.
    project: Option<String>,
    /// About this session.
    session: Option<String>,
    /// Of types that start with this, such as `session.` or `call.settled`.
    kind: Option<String>,
    /// From when on: `7d`, `24h`, a date, or RFC 3339.
    since: Option<String>,
    /// Until when, likewise.
    until: Option<String>,
    /// Free text: an id, a type, a name in another system, a sign-in name, a project; else any whole value, such as a
    /// model.
    text: Option<String>,
    /// From this position on: `next` of the answer before.
    from: Option<u64>,
    /// How many at most, up to 1000.
    limit: Option<u32>,
}

/// Entries of the log, oldest first.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditPage {
    entries: Vec<AuditEntry>,
    /// From where to go on, also when nothing was found yet; null when all was searched.
    next: Option<u64>,
}

/// An entry, and what it belongs to.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditEntry {
    position: u64,
    time: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    session: Option<String>,
    /// The human it is about, or whose session. The log itself knows only the pseudonym.
    developer: Option<Who>,
    project: Option<Named>,
    /// Who made it happen.
    #[schema(value_type = Object)]
    actor: serde_json::Value,
    /// RFC 6962 leaf hash of the entry's bytes.
    leaf: String,
    #[schema(value_type = Object)]
    body: serde_json::Value,
}

/// Search the log. For auditors and administrators.
#[utoipa::path(get, path = "/v1/audit/search", tag = "log", params(Asked),
    responses((status = 200, body = AuditPage), (status = "4XX", body = Problem)))]
pub(super) async fn search(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Answer<AuditPage>, Problem> {
    let plane = &shared.plane;
    let now = plane.clock.now();
    let session = asked.session.as_deref().map(str::parse).transpose();
    let search = search::Search {
        developer: asked.developer,
        project: asked.project,
        session: session.map_err(|error| problem::unreadable(format!("`session`: {error}")))?,
        kind: asked.kind,
        since: asked.since.as_deref().map(|text| moment(text, now)).transpose()?,
        until: asked.until.as_deref().map(|text| moment(text, now)).transpose()?,
        text: asked.text,
        from: asked.from.unwrap_or(0),
        limit: asked.limit.unwrap_or(PAGE_ROWS_DEFAULT).clamp(1, PAGE_ROWS_MAX),
    };
    let page = search::search(plane, signed_in.asker(), search).await?;
    let entries = page.entries.into_iter().map(|found| shape(plane, found)).collect();
    Ok(Answer(AuditPage { entries, next: page.next }))
}

fn shape(plane: &ControlPlane, found: FoundEntry) -> AuditEntry {
    let FoundEntry { position, bytes, leaf, session, developer, project } = found;
    let mut line = entry_line(&store::StoredEntry { position, bytes, leaf });
    let mut take = |field: &str| line.entry.get_mut(field).map(serde_json::Value::take).unwrap_or_default();
    let (actor, body) = (take("actor"), take("body"));
    AuditEntry {
        position,
        time: line.time,
        kind: line.kind,
        session: session.map(|id| id.to_string()),
        developer: developer.map(|id| shapes::human(plane, id)),
        project: project.map(|id| shapes::project(plane, id)),
        actor,
        leaf: line.leaf,
        body,
    }
}
