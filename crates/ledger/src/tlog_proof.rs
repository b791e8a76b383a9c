//! Offline proofs: C2SP tlog-proof v1. All that shows an entry to be in a log, but for the entry and whom to trust.

use std::fmt;

use domain::Digest;

use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::entry::leaf_hash;
use crate::limits::{PROOF_EXTRA_BYTES_MAX, PROOF_HASHES_MAX, TLOG_PROOF_BYTES_MAX, TREE_SIZE_MAX};
use crate::proof::{ProofError, verify_inclusion};
use crate::text;
use crate::trust::{Cosigned, TrustError, TrustPolicy};

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// What a file with the ending `.tlog-proof` holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// Whatever its maker added, at most 64 KiB. Nobody vouches for it: never believe it.
    pub extra: Option<Vec<u8>>,
    /// Which entry of the log, from 0.
    pub index: u64,
    /// From the leaf's neighbour up to the root's child; at most 63.
    pub hashes: Vec<Digest>,
    /// The checkpoint, with the signatures it had.
    pub checkpoint: SignedCheckpoint,
}

/// Why bytes are no offline proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    /// Too long to look at.
    #[error("an offline proof of {bytes} bytes is too long, the limit is {TLOG_PROOF_BYTES_MAX}")]
    TooLong {
        /// How many bytes there are.
        bytes: usize,
    },
    /// Not UTF-8.
    #[error("an offline proof is UTF-8")]
    Characters,
    /// A line that does not belong where it is.
    #[error("line {line} of the offline proof is malformed: {expected}")]
    Line {
        /// Which one, from 1.
        line: usize,
        /// What belongs there.
        expected: &'static str,
    },
    /// The checkpoint in it is none.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// Why an offline proof does not show that an entry is in a log that is trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofRejected {
    /// The checkpoint is not believed.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The entry is not where the proof says it is.
    #[error("the entry is not number {index} of the log `{origin}`: {error}")]
    Inclusion {
        /// The log's origin.
        origin: String,
        /// Where it should be.
        index: u64,
        /// Why it is not.
        error: ProofError,
    },
}

// === impl TlogProof ===

impl TlogProof {
    /// Reads an offline proof. Nothing is checked yet but its form.
    ///
    /// # Errors
    /// The bytes are not spelled the one way a proof can be.
    pub fn parse(bytes: &[u8]) -> Result<Self, TlogProofError> {
        if bytes.len() > TLOG_PROOF_BYTES_MAX {
            return Err(TlogProofError::TooLong { bytes: bytes.len() });
        }
        let text = str::from_utf8(bytes).map_err(|_| TlogProofError::Characters)?;
        let (head, checkpoint) =
            text.split_once("\n\n").ok_or(line(1, "expected an empty line before the checkpoint"))?;
        let mut lines = head.split('\n').enumerate().peekable();
        let header = lines.next().filter(|(_, header)| *header == HEADER);
        header.ok_or(line(1, "expected `c2sp.org/tlog-proof@v1`"))?;
        let extra = lines.next_if(|(_, text)| text.starts_with("extra ")).map(|(_, text)| extra(text)).transpose()?;
        let (at, index) = lines.next().ok_or(line(2, INDEX))?;
        let index = index.strip_prefix("index ").and_then(text::decimal).filter(|index| *index < TREE_SIZE_MAX);
        let index = index.ok_or(line(at + 1, INDEX))?;
        let hashes =
            lines.map(|(at, hash)| text::hash(hash).ok_or(line(at + 1, HASH))).collect::<Result<Vec<_>, _>>()?;
        if hashes.len() > PROOF_HASHES_MAX {
            return Err(line(at + 2 + PROOF_HASHES_MAX, "an inclusion proof has at most 63 hashes"));
        }
        Ok(Self { extra, index, hashes, checkpoint: SignedCheckpoint::parse(checkpoint.as_bytes())? })
    }

    /// Checks that these bytes are the entry that the proof says they are, in a log that the policy trusts.
    /// Returns the witnesses that saw its checkpoint.
    ///
    /// # Errors
    /// The checkpoint is not believed, or the entry is not there.
    pub fn verify(&self, entry: &[u8], policy: &TrustPolicy) -> Result<Vec<Cosigned>, TlogProofRejected> {
        self.verify_leaf(&leaf_hash(entry), policy)
    }

    /// As [`Self::verify`], for an entry whose leaf hash is known.
    ///
    /// # Errors
    /// As there.
    pub fn verify_leaf(&self, leaf: &Digest, policy: &TrustPolicy) -> Result<Vec<Cosigned>, TlogProofRejected> {
        let cosigned = policy.check(&self.checkpoint)?;
        let (size, root) = (self.checkpoint.size(), self.checkpoint.root());
        verify_inclusion(leaf, self.index, size, &self.hashes, &root).map_err(|error| {
            let origin = self.checkpoint.origin().to_owned();
            TlogProofRejected::Inclusion { origin, index: self.index, error }
        })?;
        Ok(cosigned)
    }
}

impl fmt::Display for TlogProof {
    /// The file's text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", text::base64(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", text::base64(hash.as_bytes())))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

const INDEX: &str = "expected `index` and a decimal number without leading zeros";
const HASH: &str = "expected a hash, 32 bytes in canonical base64";
const EXTRA: &str = "expected `extra` and at most 64 KiB in canonical base64";

fn extra(text: &str) -> Result<Vec<u8>, TlogProofError> {
    let extra = text.strip_prefix("extra ").and_then(text::bytes);
    extra.filter(|extra| (1..=PROOF_EXTRA_BYTES_MAX).contains(&extra.len())).ok_or(line(2, EXTRA))
}

fn line(line: usize, expected: &'static str) -> TlogProofError {
    TlogProofError::Line { line, expected }
}

#[cfg(test)]
mod tests;
