//! `/v1/writes`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json as Answer, Router};
use domain::lock::Holder as Who;
use domain::write::{Change, Hunk, Lines};
use domain::{Digest, Resource};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Bearer, Json, Query};
use super::locks::{self, Holder};
use super::problem::{self, Problem};
use crate::limits::DIFF_CHARS_MAX;
use crate::operations::write::{self, NewWrites};
use crate::server::Shared;
use crate::text::rfc3339;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/v1/writes", get(list).post(record))
}

/// What a session changed, or is about to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordWrites {
    /// Up to 64 changes.
    writes: Vec<RecordedWrite>,
    /// What for, shown to whoever runs into it.
    intent: Option<String>,
    /// Whether the changes are still to come: nothing is recorded then, but one that undoes what another session did freezes
    /// the resource, and the answer is 409 `resource_frozen`.
    #[serde(default)]
    intended: bool,
}

/// One change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordedWrite {
    #[schema(value_type = String)]
    resource: Resource,
    /// `sha256:` and the digest of the content before; absent if there was none, or nobody knows.
    before: Option<String>,
    /// `sha256:` and the digest of the content after; null if it is gone.
    after: Option<String>,
    /// The pieces that changed, where they are known; up to 32.
    #[serde(default)]
    hunks: Vec<RecordedHunk>,
    /// Every place where it changed, in order, up to 32; left out where that is not known, or they are more: then it counts
    /// as changed everywhere.
    #[serde(default)]
    lines: Vec<RecordedLines>,
    /// What changed, for people and agents; up to 2000 characters.
    diff: Option<String>,
}

/// A changed piece of a text, by the digests of what stood there and what stands there now.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordedHunk {
    /// `sha256:` and the digest of the text before.
    old: String,
    /// `sha256:` and the digest of the text after.
    new: String,
}

/// Where a text changed: so many lines became so many.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordedLines {
    /// How many lines of the text before stand above them.
    at: u32,
    /// How many lines of the text before they are.
    old: u32,
    /// How many lines of the text after they are.
    new: u32,
}

/// What was recorded.
#[derive(Serialize, ToSchema)]
pub(super) struct WritesRecorded {
    /// Where in the log the changes are, in their order.
    positions: Vec<u64>,
    /// What is frozen from now on because of them.
    frozen: Vec<String>,
}

/// Which changes.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Of {
    /// Of this resource.
    resource: String,
}

/// A change, as it is shown.
#[derive(Serialize, ToSchema)]
pub(super) struct Write {
    /// Its place in the log.
    position: u64,
    time: String,
    resource: String,
    /// Who.
    writer: Holder,
    before: Option<String>,
    after: Option<String>,
    intent: Option<String>,
    /// What changed, in short: for those who work on the writer's project, as long as it is kept.
    diff: Option<String>,
}

/// Changes, the newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Writes {
    writes: Vec<Write>,
}

/// Record what a session changed, or look whether it may; the bearer is the session's token.
#[utoipa::path(post, path = "/v1/writes", tag = "locks", request_body = RecordWrites,
    responses((status = 200, body = WritesRecorded), (status = "4XX", body = Problem)))]
pub(super) async fn record(
    State(shared): State<Arc<Shared>>,
    bearer: Bearer,
    Json(body): Json<RecordWrites>,
) -> Result<Answer<WritesRecorded>, Problem> {
    let changes = body.writes.into_iter().map(change).collect::<Result<_, _>>()?;
    let new = NewWrites { changes, intent: body.intent, intended: body.intended };
    let recorded = write::record(&shared.plane, bearer.asker(), new).await;
    let recorded = recorded.map_err(|error| locks::problem(&shared.plane, error))?;
    let frozen = recorded.frozen.iter().map(Resource::to_string).collect();
    Ok(Answer(WritesRecorded { positions: recorded.positions, frozen }))
}

/// List who changed a resource lately, from what to what.
#[utoipa::path(get, path = "/v1/writes", tag = "locks", params(Of),
    responses((status = 200, body = Writes), (status = "4XX", body = Problem)))]
pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    bearer: Bearer,
    Query(of): Query<Of>,
) -> Result<Answer<Writes>, Problem> {
    let resource = locks::resource(&of.resource)?;
    let rows = write::list(&shared.plane, bearer.asker(), &resource).await?;
    let shape = |row: store::WriteRow| Write {
        position: row.position,
        time: rfc3339(row.at),
        resource: row.resource.to_string(),
        writer: locks::holder(&shared.plane, Who::Session(row.session)),
        before: row.before.map(sha256),
        after: row.after.map(sha256),
        intent: row.intent,
        diff: row.diff,
    };
    Ok(Answer(Writes { writes: rows.into_iter().map(shape).collect() }))
}

fn change(write: RecordedWrite) -> Result<(Change, Option<String>), Problem> {
    if write.diff.as_ref().is_some_and(|diff| diff.chars().count() > DIFF_CHARS_MAX) {
        return Err(problem::unreadable(format!("`diff` is longer than {DIFF_CHARS_MAX} characters")));
    }
    let hunk = |hunk: &RecordedHunk| Ok(Hunk { old: digest(&hunk.old)?, new: digest(&hunk.new)? });
    let change = Change {
        resource: write.resource,
        before: write.before.as_deref().map(digest).transpose()?,
        after: write.after.as_deref().map(digest).transpose()?,
        hunks: write.hunks.iter().map(hunk).collect::<Result<_, Problem>>()?,
        lines: write.lines.iter().map(|one| Lines { at: one.at, old: one.old, new: one.new }).collect(),
    };
    Ok((change, write.diff))
}

/// A digest as it is written in the API.
pub(super) fn sha256(digest: Digest) -> String {
    format!("sha256:{digest}")
}

fn digest(text: &str) -> Result<Digest, Problem> {
    let read = text.strip_prefix("sha256:").and_then(|hex| hex.parse().ok());
    read.ok_or_else(|| problem::unreadable("a digest is `sha256:` and 64 lower-case hexadecimal characters"))
}
