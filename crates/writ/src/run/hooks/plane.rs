//! What hooks ask of the control plane. A trait, so that decisions are tested without one.

use std::future::Future;
use std::time::Duration;

use domain::lock::Want;
use domain::write::Lines;
use domain::{Digest, Resource};
use serde::{Deserialize, Serialize};

use super::foreign::WriteTold;
use crate::client::{Client, ClientError, escape};
use crate::limits::{HOOK_LOCK_TIMEOUT, LOCKS_TOLD_MAX};
use crate::run::workspace::lease::Lessor;
use crate::ticket::Ticket;

/// The control plane, as a session sees it.
pub(in crate::run) trait Plane: Lessor + Send + Sync + 'static {
    /// Asks for locks, all or none.
    fn acquire(&self, ask: &Acquire) -> impl Future<Output = Result<Ticket, ClientError>> + Send;

    /// Gives locks back.
    fn release(&self, ticket: &str, token: u64) -> impl Future<Output = Result<(), ClientError>> + Send;

    /// Tells changes.
    fn tell(&self, changes: &Changes) -> impl Future<Output = Result<Told, ClientError>> + Send;

    /// The last changes of a resource.
    fn writes(&self, resource: &Resource) -> impl Future<Output = Result<Vec<WriteTold>, ClientError>> + Send;

    /// Who holds what at or around a resource.
    fn held(&self, resource: &Resource) -> impl Future<Output = Result<Vec<Ticket>, ClientError>> + Send;

    /// What is frozen.
    fn freezes(&self) -> impl Future<Output = Result<Vec<FreezeTold>, ClientError>> + Send;

    /// The text of the project's rules; none if there are none.
    fn rules(&self) -> impl Future<Output = Result<Option<String>, ClientError>> + Send;
}

/// `POST /v1/locks`.
#[derive(Debug, Clone, Serialize)]
pub(in crate::run) struct Acquire {
    /// Asking twice with one id asks once.
    pub(in crate::run) ticket: String,
    pub(in crate::run) wants: Vec<Want>,
    pub(in crate::run) wait: bool,
    #[serde(rename = "wait.seconds")]
    pub(in crate::run) wait_seconds: u64,
    pub(in crate::run) intent: String,
}

/// `POST /v1/writes`.
#[derive(Debug, Clone, Serialize)]
pub(in crate::run) struct Changes {
    pub(in crate::run) writes: Vec<Change>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::run) intent: Option<String>,
    /// Whether they are still to come: nothing is recorded, but what undoes another's work freezes it before it is done.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::run) intended: bool,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::run) struct Change {
    pub(in crate::run) resource: Resource,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::run) before: Option<String>,
    /// None is gone.
    pub(in crate::run) after: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::run) hunks: Vec<HunkTold>,
    /// Every place where it changed; none where that is not known, or they are too many.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::run) lines: Vec<Lines>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(in crate::run) diff: String,
}

/// Digests of a changed piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::run) struct HunkTold {
    pub(in crate::run) old: String,
    pub(in crate::run) new: String,
}

/// What the control plane says to changes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::run) struct Told {
    /// Resources that are frozen because of them.
    pub(in crate::run) frozen: Vec<String>,
}

/// A frozen resource.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::run) struct FreezeTold {
    pub(in crate::run) resource: String,
    /// Why, in a sentence.
    pub(in crate::run) detail: Option<String>,
}

/// The digest as the API writes it.
pub(in crate::run) fn written(digest: Digest) -> String {
    format!("sha256:{digest}")
}

#[derive(Deserialize)]
struct Locks {
    #[serde(default)]
    locks: Vec<Ticket>,
}

#[derive(Deserialize)]
struct Writes {
    #[serde(default)]
    writes: Vec<WriteTold>,
}

#[derive(Deserialize)]
struct Freezes {
    #[serde(default)]
    freezes: Vec<FreezeTold>,
}

#[derive(Deserialize)]
struct RulesTold {
    #[serde(default)]
    rules: Option<String>,
}

impl Plane for Client {
    async fn acquire(&self, ask: &Acquire) -> Result<Ticket, ClientError> {
        let within = Duration::from_secs(ask.wait_seconds) + HOOK_LOCK_TIMEOUT;
        let text = self.post_for_text("/v1/locks", ask, within).await?;
        serde_json::from_str(&text)
            .map_err(|error| ClientError::Strange(format!("the answer to a request for a lock does not fit: {error}")))
    }

    async fn release(&self, ticket: &str, token: u64) -> Result<(), ClientError> {
        self.delete(&format!("/v1/locks/{}?token={token}", escape(ticket))).await
    }

    async fn tell(&self, changes: &Changes) -> Result<Told, ClientError> {
        let text = self.post_for_text("/v1/writes", changes, HOOK_LOCK_TIMEOUT).await?;
        serde_json::from_str(&text)
            .map_err(|error| ClientError::Strange(format!("the answer to told changes does not fit: {error}")))
    }

    async fn writes(&self, resource: &Resource) -> Result<Vec<WriteTold>, ClientError> {
        let answer: Writes = self.get(&format!("/v1/writes?resource={}", escape(&resource.to_string()))).await?;
        Ok(answer.writes)
    }

    async fn held(&self, resource: &Resource) -> Result<Vec<Ticket>, ClientError> {
        let path = format!("/v1/locks?resource={}&state=held", escape(&resource.to_string()));
        let mut answer: Locks = self.get(&path).await?;
        answer.locks.truncate(LOCKS_TOLD_MAX);
        Ok(answer.locks)
    }

    async fn freezes(&self) -> Result<Vec<FreezeTold>, ClientError> {
        let answer: Freezes = self.get("/v1/freezes").await?;
        Ok(answer.freezes)
    }

    async fn rules(&self) -> Result<Option<String>, ClientError> {
        match self.get::<RulesTold>("/v1/lock-rules").await {
            Ok(answer) => Ok(answer.rules),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
