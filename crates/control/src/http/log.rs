//! `/v1/log`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json as Answer, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use store::StoredEntry;
use utoipa::{IntoParams, ToSchema};

use super::extract::{Bearer, Path, Query, SignedIn};
use super::problem::Problem;
use crate::cosign::{Publisher, Standing};
use crate::error::Error;
use crate::operations::{log, proof};
use crate::server::Shared;
use crate::text;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/log/verify", get(verify))
        .route("/v1/log/checkpoint", get(checkpoint))
        .route("/v1/log/entries/{position}/proof", get(prove))
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

/// From where the log must be shown to have grown.
#[derive(Deserialize, IntoParams)]
pub(super) struct Since {
    /// Size of an earlier checkpoint.
    since: Option<u64>,
}

/// The newest checkpoint, and that it grew from an earlier one.
#[derive(Serialize, ToSchema)]
pub(super) struct Continuation {
    /// The signed note (C2SP tlog-checkpoint).
    checkpoint: String,
    /// The key to verify it with, as `name+id+key` (C2SP signed-note). Trust one that you had before, not this one.
    key: String,
    /// The consistency proof (RFC 6962) from `since` to the checkpoint's size, in base64; empty when there is nothing to
    /// prove.
    consistency: Vec<String>,
    /// How it stands with the witnesses; null where no trust policy names any.
    witnesses: Option<WitnessStanding>,
}

/// How the newest checkpoint that was signed stands with the witnesses.
#[derive(Serialize, ToSchema)]
pub(super) struct WitnessStanding {
    /// Whether its cosignatures suffice.
    quorum_met: bool,
    /// Its size: above the published one's while nothing is published without a quorum.
    signed_size: Option<u64>,
    /// Who did not cosign it.
    missing: Vec<MissingWitness>,
    /// Whose clock disagrees with this server's.
    skewed: Vec<SkewedWitness>,
    /// Set while a witness holds another history of this log: it was rewritten, restored, or runs twice.
    alarm: Option<WitnessAlarm>,
}

/// A witness that did not cosign.
#[derive(Serialize, ToSchema)]
pub(super) struct MissingWitness {
    /// Its name in the trust policy.
    witness: String,
    /// Why, in a sentence.
    reason: String,
}

/// A witness with another time.
#[derive(Serialize, ToSchema)]
pub(super) struct SkewedWitness {
    /// Its name in the trust policy.
    witness: String,
    /// By how much its clock is ahead; negative when it is behind.
    ahead_seconds: i64,
}

/// What a witness proved against this log: two checkpoints, both signed by it, that cannot both be true.
#[derive(Serialize, ToSchema)]
pub(super) struct WitnessAlarm {
    /// Its name in the trust policy.
    witness: String,
    /// How they contradict each other.
    detail: String,
    /// The signed note that the witness holds.
    seen: String,
    /// The signed note that this server asked it to cosign.
    signed: String,
}

/// The newest checkpoint, with the proof that the log grew from the one you know.
#[utoipa::path(get, path = "/v1/log/checkpoint", tag = "log", params(Since),
    responses((status = 200, body = Continuation), (status = "4XX", body = Problem), (status = 503, body = Problem)))]
pub(super) async fn checkpoint(
    State(shared): State<Arc<Shared>>,
    _bearer: Bearer,
    Query(query): Query<Since>,
) -> Result<Answer<Continuation>, Problem> {
    let found = proof::continuation(&shared.plane, query.since).await?;
    let standing = shared.plane.publisher.as_deref().map(Publisher::standing);
    let found = found.ok_or_else(|| Error::Unavailable(nothing_yet(standing.as_ref())))?;
    Ok(Answer(Continuation {
        checkpoint: found.checkpoint.to_string(),
        key: shared.plane.notary.verifier_key().to_string(),
        consistency: found.proof.iter().map(|hash| STANDARD.encode(hash.as_bytes())).collect(),
        witnesses: standing.map(WitnessStanding::from),
    }))
}

fn nothing_yet(standing: Option<&Standing>) -> String {
    match standing.filter(|standing| standing.signed_size.is_some() && !standing.met) {
        None => "nothing was signed yet: try again in a second".to_owned(),
        Some(standing) => {
            let missing = standing.missing.iter().map(|one| format!("{} {}", one.witness, one.reason));
            let missing = missing.collect::<Vec<_>>().join("; ");
            format!("nothing was published yet, because the quorum of witnesses is missed: {missing}")
        }
    }
}

impl From<Standing> for WitnessStanding {
    fn from(standing: Standing) -> Self {
        let missing = standing.missing.into_iter();
        let skewed = standing.skewed.into_iter();
        Self {
            quorum_met: standing.met,
            signed_size: standing.signed_size,
            missing: missing.map(|one| MissingWitness { witness: one.witness, reason: one.reason }).collect(),
            skewed: skewed.map(|one| SkewedWitness { witness: one.witness, ahead_seconds: one.ahead_s }).collect(),
            alarm: standing.alarm.map(|alarm| WitnessAlarm {
                witness: alarm.witness,
                detail: alarm.evidence.split.to_string(),
                seen: alarm.evidence.first.to_string(),
                signed: alarm.evidence.second.to_string(),
            }),
        }
    }
}

/// An entry, and the proof that it is in the log.
#[derive(Serialize, ToSchema)]
pub(super) struct Proved {
    position: u64,
    /// RFC 6962 leaf hash of the entry's bytes.
    leaf: String,
    /// The entry's bytes, which are JSON: hash them as they are.
    entry: String,
    /// The offline proof (C2SP tlog-proof): a `.tlog-proof` file.
    proof: String,
}

/// Prove that an entry is in the log. For auditors, and for the developer whose session it is about.
#[utoipa::path(get, path = "/v1/log/entries/{position}/proof", tag = "log", params(("position" = u64, Path)),
    responses((status = 200, body = Proved), (status = "4XX", body = Problem), (status = 503, body = Problem)))]
pub(super) async fn prove(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Path(position): Path<u64>,
) -> Result<Answer<Proved>, Problem> {
    let found = proof::prove_entry(&shared.plane, signed_in.asker(), position).await?;
    let entry =
        String::from_utf8(found.entry.bytes).map_err(|_| Error::Unavailable("the entry is not text".to_owned()))?;
    Ok(Answer(Proved { position, leaf: found.entry.leaf.to_string(), entry, proof: found.proof.to_string() }))
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
