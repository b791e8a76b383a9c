//! Trust policies: C2SP tlog-policy. Whose checkpoints are believed, and who must have cosigned them.
//!
//! Stricter than the specification in one thing: the file is UTF-8, so that names are texts.

use std::collections::BTreeMap;

use crate::checkpoint::SignedCheckpoint;
use crate::key::{Algorithm, VerifierKey};
use crate::note::{NoteError, Signature, Verified};
use crate::tree::empty_root;

mod parse;

pub use parse::{PolicyError, PolicyProblem};

/// Logs, witnesses, and the rule that says which witnesses suffice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustPolicy {
    logs: Vec<TrustedLog>,
    witnesses: Vec<TrustedWitness>,
    groups: Vec<Group>,
    quorum: Option<Member>,
}

/// A log whose checkpoints are believed. Its key's name is its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedLog {
    /// The key it signs with.
    pub key: VerifierKey,
    /// Where it is served, if the policy says so.
    pub url: Option<String>,
}

/// A witness whose cosignatures count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedWitness {
    /// What the policy calls it.
    pub name: String,
    /// The key it cosigns with.
    pub key: VerifierKey,
    /// Where it takes checkpoints, if the policy says so.
    pub url: Option<String>,
}

/// What a policy says about one checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// The witnesses that cosigned, by their names in the policy, in its order.
    pub cosigned: Vec<Cosigned>,
    /// Whether they suffice.
    pub quorum_met: bool,
}

/// That a witness cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// What the policy calls the witness.
    pub witness: String,
    /// When it did, by its own clock, in seconds since the epoch; the earliest time if it did more than once.
    pub time_s: u64,
}

/// Why a checkpoint is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// It speaks for a log that the policy does not name.
    #[error("the log `{0}` is not in the trust policy")]
    UnknownLog(String),
    /// The log did not sign it, or somebody's known signature is false.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// It says something of an empty log that cannot be.
    #[error("the checkpoint gives an empty log a root")]
    EmptyRoot,
    /// Too few witnesses cosigned, or the wrong ones.
    #[error("the quorum is not met: {} of the {known} witnesses cosigned", cosigned.len())]
    Quorum {
        /// Those that did.
        cosigned: Vec<Cosigned>,
        /// How many witnesses the policy names.
        known: usize,
    },
}

/// A witness or a group, by its place in the policy's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    Witness(usize),
    Group(usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    threshold: usize,
    /// Each stands on an earlier line, so following them ends.
    members: Vec<Member>,
}

// === impl TrustPolicy ===

impl TrustPolicy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// A line is not one of a policy's; the error says which.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        parse::policy(bytes)
    }

    /// The logs, in the file's order.
    pub fn logs(&self) -> &[TrustedLog] {
        &self.logs
    }

    /// The witnesses, in the file's order.
    pub fn witnesses(&self) -> &[TrustedWitness] {
        &self.witnesses
    }

    /// Whether any cosignature is asked for: not so with `quorum none`.
    pub fn asks_for_witnesses(&self) -> bool {
        self.quorum.is_some()
    }

    /// Checks a checkpoint's signatures, and says who cosigned and whether that suffices.
    ///
    /// # Errors
    /// No trusted log signed it for its own origin, or a signature of a trusted key is false.
    pub fn evaluate(&self, checkpoint: &SignedCheckpoint) -> Result<Evaluation, TrustError> {
        let origin = checkpoint.origin();
        let logs: Vec<&VerifierKey> = self.logs.iter().map(|log| &log.key).filter(|key| key.name() == origin).collect();
        if logs.is_empty() {
            return Err(TrustError::UnknownLog(origin.to_owned()));
        }
        checkpoint.note().verify(logs)?;
        if checkpoint.size() == 0 && checkpoint.root() != empty_root() {
            return Err(TrustError::EmptyRoot);
        }
        let times = self.cosignature_times_s(checkpoint)?;
        let quorum_met = self.quorum.is_none_or(|quorum| self.has_witnessed(quorum, &times));
        let cosigned = |(&at, &time_s): (&usize, &u64)| Some((self.witnesses.get(at)?.name.clone(), time_s));
        let cosigned = times.iter().filter_map(cosigned).map(|(witness, time_s)| Cosigned { witness, time_s });
        Ok(Evaluation { cosigned: cosigned.collect(), quorum_met })
    }

    /// As [`Self::evaluate`], and the quorum must be met.
    ///
    /// # Errors
    /// As there, or the quorum is not met.
    pub fn check(&self, checkpoint: &SignedCheckpoint) -> Result<Vec<Cosigned>, TrustError> {
        let Evaluation { cosigned, quorum_met } = self.evaluate(checkpoint)?;
        if quorum_met { Ok(cosigned) } else { Err(TrustError::Quorum { cosigned, known: self.witnesses.len() }) }
    }

    /// As [`Self::check`], but only cosignatures of this time or later count, in seconds since the epoch: an old state of
    /// the log cannot pass for its newest.
    ///
    /// # Errors
    /// As there. A false signature is an error whatever time it states.
    pub fn check_since(&self, checkpoint: &SignedCheckpoint, oldest_s: u64) -> Result<Vec<Cosigned>, TrustError> {
        self.evaluate(checkpoint)?;
        // Verified just now: a cosignature begins with its time, 8 bytes big-endian.
        let is_old = |signature: &Signature| {
            let time = signature.bytes().first_chunk::<8>().map(|time| u64::from_be_bytes(*time));
            self.witnesses.iter().any(|witness| signature.claims(&witness.key))
                && time.is_some_and(|time| time < oldest_s)
        };
        let signatures = checkpoint.note().signatures().iter().filter(|signature| !is_old(signature)).cloned();
        self.check(&checkpoint.with_signatures(signatures.collect())?)
    }

    /// When each witness that cosigned did so, by the witness's place in the list.
    fn cosignature_times_s(&self, checkpoint: &SignedCheckpoint) -> Result<BTreeMap<usize, u64>, NoteError> {
        let keys = self.witnesses.iter().map(|witness| &witness.key);
        let verified: Vec<Verified<'_>> = match checkpoint.note().verify(keys) {
            Ok(verified) => verified,
            Err(NoteError::Unsigned) => Vec::new(),
            Err(error) => return Err(error),
        };
        let mut times = BTreeMap::new();
        for cosignature in verified {
            let at = self.witnesses.iter().position(|witness| witness.key == *cosignature.key);
            if let (Some(at), Some(time_s)) = (at, cosignature.time_s) {
                times.entry(at).and_modify(|earliest: &mut u64| *earliest = time_s.min(*earliest)).or_insert(time_s);
            }
        }
        Ok(times)
    }

    fn has_witnessed(&self, member: Member, times: &BTreeMap<usize, u64>) -> bool {
        match member {
            Member::Witness(at) => times.contains_key(&at),
            // A name is a member of one group at most, so each is visited once.
            Member::Group(at) => self.groups.get(at).is_some_and(|group| {
                group.members.iter().filter(|member| self.has_witnessed(**member, times)).count() >= group.threshold
            }),
        }
    }
}

/// The keys a policy may hold for each purpose.
const LOG: Algorithm = Algorithm::Ed25519;
const WITNESS: Algorithm = Algorithm::Ed25519Cosignature;

#[cfg(test)]
mod tests;
