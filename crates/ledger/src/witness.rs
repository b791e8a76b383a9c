//! The law of a witness: C2SP tlog-witness v1.0.0, `add-checkpoint`. Pure: who calls it keeps the state and the key.
//!
//! ```text
//! body ─▶ AddCheckpoint::parse ─▶ consider(latest, logs, request, now) ─▶ Accept(next)
//!                                       persist next where latest is still what it was, else 409 ─▶ next.cosign(…)
//! ```

use std::collections::BTreeMap;

use crate::checkpoint::SignedCheckpoint;
use crate::cosignature::{COSIGNATURE_TIME_S_MAX, Cosigner};
use crate::fork::{Evidence, Split};
use crate::key::{KeyError, VerifierKey};
use crate::note::{NoteError, Signature};
use crate::proof::{ProofError, verify_consistency};
use crate::tree::empty_root;

mod wire;

pub use wire::{AddCheckpoint, RequestError, ResponseError, conflict_body, parse_conflict, parse_cosignatures};

/// Content type of the answer 409.
pub const CONFLICT_CONTENT_TYPE: &str = "text/x.tlog.size";

/// The logs a witness knows: keys by origin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownLogs {
    keys: BTreeMap<String, Vec<VerifierKey>>,
}

/// All that a witness remembers of one log: the last checkpoint it cosigned, with the log's signatures, and when.
///
/// Size and root decide; the note is kept because it is evidence, and because monitors ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latest {
    /// The checkpoint.
    pub checkpoint: SignedCheckpoint,
    /// When it was cosigned, in seconds since the epoch. Never 0, and never before the previous one.
    pub time_s: u64,
}

/// What a witness does with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 200: persist this in place of the latest, atomically (if the latest has changed meanwhile: consider again), and
    /// only then cosign it.
    Accept(Latest),
    /// Anything else: nothing is cosigned and nothing changes.
    Refuse(Refusal),
}

/// Why a witness does not cosign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 404.
    #[error("the log `{0}` is not known to this witness")]
    UnknownLog(String),
    /// 403.
    #[error("the log's signature is missing or false: {0}")]
    Signature(#[from] NoteError),
    /// 400.
    #[error("the old size {old} is above the checkpoint's size {size}")]
    OldSize {
        /// The old size of the request.
        old: u64,
        /// The checkpoint's size.
        size: u64,
    },
    /// 409. When the checkpoint itself contradicts the latest one, that is kept as evidence.
    #[error("the latest cosigned checkpoint has size {latest}, not {old}: send a proof from there")]
    Conflict {
        /// The old size of the request.
        old: u64,
        /// The size to begin from.
        latest: u64,
        /// Two checkpoints of one size with different roots.
        evidence: Option<Box<Evidence>>,
    },
    /// 422.
    #[error("the root of an empty log is the hash of nothing")]
    EmptyRoot,
    /// 422: same size, another root. The log shows different histories to different people.
    #[error("the log has signed another root for size {size} before: it has forked")]
    Fork {
        /// The size that has two roots.
        size: u64,
        /// Both checkpoints.
        evidence: Box<Evidence>,
    },
    /// 422. Not proof of a fork: anybody can send a wrong proof beside a true checkpoint.
    #[error("the consistency proof fails: {0}")]
    Proof(ProofError),
    /// 500: a witness without a clock does not cosign.
    #[error("this witness's clock is not set")]
    Clock,
    /// 500: the caller gave the state of another log.
    #[error("this witness mixed up the states of two logs")]
    WrongState,
}

/// Decides about a request to cosign. `latest` is the state of the request's origin, none if nothing of that log was ever
/// cosigned; `now_s` is the time in seconds since the epoch.
///
/// A clock that went back does not take cosignatures back with it: the latest time is used again. Compare
/// [`Latest::time_s`] with the clock to notice.
pub fn consider(latest: Option<&Latest>, logs: &KnownLogs, request: &AddCheckpoint, now_s: u64) -> Answer {
    match decide(latest, logs, request, now_s) {
        Ok(next) => Answer::Accept(next),
        Err(refusal) => Answer::Refuse(refusal),
    }
}

fn decide(latest: Option<&Latest>, logs: &KnownLogs, request: &AddCheckpoint, now_s: u64) -> Result<Latest, Refusal> {
    let AddCheckpoint { old_size: old, proof, checkpoint } = request;
    let signed = signed_by_log(logs, checkpoint)?;
    let size = checkpoint.size();
    if *old > size {
        return Err(Refusal::OldSize { old: *old, size });
    }
    if latest.is_some_and(|latest| latest.checkpoint.origin() != checkpoint.origin()) {
        return Err(Refusal::WrongState);
    }
    if size == 0 && checkpoint.root() != empty_root() {
        return Err(Refusal::EmptyRoot);
    }
    let evidence = latest.and_then(|latest| two_roots(&latest.checkpoint, &signed)).map(Box::new);
    let (latest_size, latest_root) =
        latest.map_or((0, empty_root()), |latest| (latest.checkpoint.size(), latest.checkpoint.root()));
    if *old != latest_size {
        return Err(Refusal::Conflict { old: *old, latest: latest_size, evidence });
    }
    if let Some(evidence) = evidence {
        return Err(Refusal::Fork { size, evidence });
    }
    verify_consistency(*old, &latest_root, size, &checkpoint.root(), proof).map_err(Refusal::Proof)?;
    let time_s = now_s.max(latest.map_or(0, |latest| latest.time_s));
    if !(1..=COSIGNATURE_TIME_S_MAX).contains(&time_s) {
        return Err(Refusal::Clock);
    }
    Ok(Latest { checkpoint: signed, time_s })
}

/// The checkpoint with the signatures of its log only, all of them verified.
fn signed_by_log(logs: &KnownLogs, checkpoint: &SignedCheckpoint) -> Result<SignedCheckpoint, Refusal> {
    let origin = checkpoint.origin();
    let keys = logs.keys.get(origin).ok_or_else(|| Refusal::UnknownLog(origin.to_owned()))?;
    let verified = checkpoint.note().verify(keys)?;
    let signatures = verified.iter().map(|verified| verified.signature.clone()).collect();
    Ok(checkpoint.with_signatures(signatures)?)
}

fn two_roots(first: &SignedCheckpoint, second: &SignedCheckpoint) -> Option<Evidence> {
    let differ = first.size() == second.size() && first.root() != second.root();
    differ.then(|| Evidence { first: first.clone(), second: second.clone(), split: Split::SameSize })
}

// === impl KnownLogs ===

impl KnownLogs {
    /// Trusts a key to sign for an origin; a log in rotation has two.
    pub fn insert(&mut self, origin: impl Into<String>, key: VerifierKey) {
        let keys = self.keys.entry(origin.into()).or_default();
        if !keys.contains(&key) {
            keys.push(key);
        }
    }

    /// The origins it knows.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }
}

impl FromIterator<VerifierKey> for KnownLogs {
    /// Each key signs for the origin that is its name.
    fn from_iter<I: IntoIterator<Item = VerifierKey>>(keys: I) -> Self {
        let mut logs = Self::default();
        for key in keys {
            logs.insert(key.name().to_owned(), key);
        }
        logs
    }
}

// === impl Latest ===

impl Latest {
    /// The cosignature: the body of the answer 200 is this line with a newline. The same state gives the same one.
    ///
    /// # Errors
    /// The crypto provider failed.
    pub fn cosign(&self, cosigner: &Cosigner) -> Result<Signature, KeyError> {
        cosigner.cosign(self.checkpoint.note().text(), self.time_s)
    }
}

// === impl Refusal ===

impl Refusal {
    /// The HTTP status that tlog-witness asks for.
    pub fn status(&self) -> u16 {
        match self {
            Self::OldSize { .. } => 400,
            Self::Signature(_) => 403,
            Self::UnknownLog(_) => 404,
            Self::Conflict { .. } => 409,
            Self::EmptyRoot | Self::Fork { .. } | Self::Proof(_) => 422,
            Self::Clock | Self::WrongState => 500,
        }
    }

    /// Two signed checkpoints that cannot both be true, if the request brought the second one.
    pub fn evidence(&self) -> Option<&Evidence> {
        match self {
            Self::Conflict { evidence, .. } => evidence.as_deref(),
            Self::Fork { evidence, .. } => Some(evidence),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
