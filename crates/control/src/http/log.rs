//! `/v1/log`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json as Answer, Router};
use serde::Serialize;
use store::StoredEntry;
use utoipa::ToSchema;

use super::extract::SignedIn;
use super::problem::Problem;
use crate::operations::log;
use crate::server::Shared;
use crate::text;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/v1/log/verify", get(verify))
}

/// One entry of the log.
#[derive(Serialize, ToSchema)]
pub(crate) struct EntryLine {
    pub(crate) position: u64,
    /// RFC 6962 leaf hash of the entry's bytes.
    pub(crate) leaf: String,
    pub(crate) time: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    /// The entry itself, as it was written.
    #[schema(value_type = Object)]
    pub(crate) entry: serde_json::Value,
}

/// What reading the whole log back came to.
#[derive(Serialize, ToSchema)]
pub(super) struct Verified {
    entries: u64,
    verified: bool,
    head_leaf: Option<String>,
    /// The first thing found wrong.
    detail: Option<String>,
}

/// Read the whole log back and check every entry against its leaf hash.
#[utoipa::path(get, path = "/v1/log/verify", tag = "log",
    responses((status = 200, body = Verified), (status = "4XX", body = Problem)))]
pub(super) async fn verify(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
) -> Result<Answer<Verified>, Problem> {
    let found = log::verify(&shared.plane, signed_in.asker()).await?;
    Ok(Answer(Verified {
        entries: found.entries,
        verified: found.verified,
        head_leaf: found.head_leaf.map(|leaf| leaf.to_string()),
        detail: found.detail,
    }))
}

pub(crate) fn entry_line(stored: &StoredEntry) -> EntryLine {
    let entry: serde_json::Value = serde_json::from_slice(&stored.bytes).unwrap_or_default();
    let time = entry.get("time").and_then(serde_json::Value::as_i64).map(domain::Time::from_unix_millis);
    EntryLine {
        position: stored.position,
        leaf: stored.leaf.to_string(),
        time: time.map(text::rfc3339),
        kind: entry.get("type").and_then(serde_json::Value::as_str).map(str::to_owned),
        entry,
    }
}
