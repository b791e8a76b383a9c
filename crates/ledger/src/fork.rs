//! What a client does with a checkpoint it is shown: it remembers the last one and wants the next to have grown from it.
//!
//! A log that shows two histories must sign two checkpoints that cannot both be true; whoever holds both has [`Evidence`]
//! that convinces everybody who knows the log's key.

use std::fmt;

use domain::Digest;

use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::key::VerifierKey;
use crate::proof::{ProofError, verify_consistency};

/// Two checkpoints, both signed by their log, that are not of one history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The one that was known.
    pub first: SignedCheckpoint,
    /// The one that was shown.
    pub second: SignedCheckpoint,
    /// How they contradict each other.
    pub split: Split,
}

/// How two checkpoints contradict each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Split {
    /// One size, two roots: the two notes alone prove it.
    SameSize,
    /// The log's own proof that one grew from the other fails. It is for the log to come up with one that does not.
    Inconsistent {
        /// What is wrong with the proof.
        error: ProofError,
        /// The proof as the log gave it.
        proof: Vec<Digest>,
    },
}

/// What to do with a checkpoint that is in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accept {
    /// The first one of this log: remember it. Trust on first use; a witness's cosignature says more.
    First,
    /// The log has grown: remember this one.
    Grown,
    /// Nothing new: keep what is remembered.
    Same,
    /// Older than what is remembered, and proved to be its beginning: keep what is remembered.
    Stale,
}

/// What is wrong with a checkpoint that was shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Alarm {
    /// It is not a checkpoint that this log signed.
    #[error("the checkpoint shown is not to be believed: {0}")]
    Shown(CheckpointError),
    /// The one that was remembered is not a checkpoint that this log signed: the memory was changed, or is another log's.
    #[error("the checkpoint remembered is not to be believed: {0}")]
    Remembered(CheckpointError),
    /// The log must prove that it grew, and nothing was given.
    #[error("the log shows size {new} after {old} without a consistency proof")]
    Unproven {
        /// The size remembered.
        old: u64,
        /// The size shown.
        new: u64,
    },
    /// The log is smaller than it was, and nothing shows that this is merely an old checkpoint.
    #[error("the log shows size {new} after {old}: it was rolled back, or shows an old checkpoint without a proof")]
    Rollback {
        /// The size remembered.
        old: u64,
        /// The size shown.
        new: u64,
    },
    /// Two histories.
    #[error("the log shows a history that is not the one it showed before: {}", .0.split)]
    Fork(Box<Evidence>),
}

/// The sizes, smaller first, between which a consistency proof is to be fetched before [`remember`]; none when none is needed.
pub fn proof_needed(previous: Option<&SignedCheckpoint>, shown: &SignedCheckpoint) -> Option<(u64, u64)> {
    let (old, new) = (previous?.size(), shown.size());
    let (from, to) = (old.min(new), old.max(new));
    (from != to && from != 0).then_some((from, to))
}

/// Compares a checkpoint that is shown with the one remembered of the same log, and says what to do.
///
/// `proof` is the consistency proof between the two sizes, smaller first, as the log gave it: see [`proof_needed`].
///
/// # Errors
/// Something is wrong, and it is never to be passed over in silence. What was remembered stays as it is.
pub fn remember(
    previous: Option<&SignedCheckpoint>,
    shown: &SignedCheckpoint,
    proof: Option<&[Digest]>,
    log: &VerifierKey,
) -> Result<Accept, Alarm> {
    shown.verify_log(log).map_err(Alarm::Shown)?;
    let Some(previous) = previous else { return Ok(Accept::First) };
    previous.verify_log(log).map_err(Alarm::Remembered)?;
    let (old, new) = (previous.size(), shown.size());
    if old == new {
        let same = previous.root() == shown.root();
        return if same { Ok(Accept::Same) } else { Err(fork(previous, shown, Split::SameSize)) };
    }
    let needed = proof_needed(Some(previous), shown).is_some();
    let proof = match proof {
        Some(proof) => proof,
        None if !needed => &[],
        None if new < old => return Err(Alarm::Rollback { old, new }),
        None => return Err(Alarm::Unproven { old, new }),
    };
    let (from, to) = if old < new { (previous, shown) } else { (shown, previous) };
    verify_consistency(from.size(), &from.root(), to.size(), &to.root(), proof).map_err(|error| {
        let split = Split::Inconsistent { error, proof: proof.to_vec() };
        fork(previous, shown, split)
    })?;
    Ok(if old < new { Accept::Grown } else { Accept::Stale })
}

fn fork(previous: &SignedCheckpoint, shown: &SignedCheckpoint, split: Split) -> Alarm {
    Alarm::Fork(Box::new(Evidence { first: previous.clone(), second: shown.clone(), split }))
}

// === impl Evidence ===

impl fmt::Display for Evidence {
    /// Both checkpoints word for word, for whoever has to be convinced.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n\nknown before:\n\n{}\nshown now:\n\n{}", self.split, self.first, self.second)
    }
}

// === impl Split ===

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameSize => f.write_str("two roots for one size"),
            Self::Inconsistent { error, .. } => write!(f, "the log's consistency proof fails: {error}"),
        }
    }
}

#[cfg(test)]
mod tests;
