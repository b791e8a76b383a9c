//! Opening and ending the session at the control plane.

use domain::Name;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::Session;
use crate::client::{Client, ClientError, escape};
use crate::limits::{END_ATTEMPTS, END_PAUSE};

/// `POST /v1/sessions`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenSession {
    /// Name or id; none is unattributed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) project: Option<String>,
    /// How long it lives at most.
    pub(crate) ttl_seconds: u64,
    /// The most it may spend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) budget_usd_nanos: Option<i64>,
    /// Permission profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<Name>,
    /// Whether a launcher beats for it.
    pub(crate) beats: bool,
}

/// Ends the session, in a few attempts; one that is over already is only read.
///
/// # Errors
/// The last attempt's error.
pub(super) async fn end(client: &Client, id: &str, exit_code: i32) -> Result<Session, ClientError> {
    let path = format!("/v1/sessions/{}", escape(id));
    let mut pause = END_PAUSE;
    for _ in 1..END_ATTEMPTS {
        match end_once(client, &path, exit_code).await {
            Err(error) if error.may_pass() => tokio::time::sleep(pause).await,
            other => return other,
        }
        pause *= 2;
    }
    end_once(client, &path, exit_code).await
}

async fn end_once(client: &Client, path: &str, exit_code: i32) -> Result<Session, ClientError> {
    match client.post(&format!("{path}/end"), &json!({ "exit_code": exit_code })).await {
        Err(ClientError::Refused(problem)) if problem.ends_session() => client.get(path).await,
        other => other,
    }
}

/// What happens to a session that could not be ended.
pub(super) fn lapses(id: &str) -> String {
    let after = domain::limits::BEAT_EXPIRE_AFTER;
    format!("without beats session {id} expires by itself within {after}")
}
