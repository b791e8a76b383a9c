//! Writing an audit bundle, piece by piece.

use domain::Digest;
use domain::limits::ENTRY_BYTES_MAX;

use super::{Head, Reason, Subject};
use crate::entry::leaf_hash;
use crate::proof::{ProofError, beside_range, inclusion_length};
use crate::trust::TrustPolicy;

/// Writes one bundle into buffers of the caller. What it is given is not proved here, only its form is: a bundle of
/// wrong entries is written and will not verify.
#[derive(Debug)]
pub struct Writer {
    subject: Subject,
    size: u64,
    written: u64,
}

/// Why there is no such bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The head contradicts itself.
    #[error(transparent)]
    Head(#[from] Reason),
    /// A position, a range or a proof is not one of the checkpoint's tree.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// No entry is that long, or empty.
    #[error("an entry of {bytes} bytes does not fit a bundle: 1 to {ENTRY_BYTES_MAX} do")]
    EntryLength {
        /// Its length.
        bytes: usize,
    },
    /// More or fewer than the head says.
    #[error("the bundle is to have {expected} entries, not {found}")]
    Count {
        /// How many it should have.
        expected: u64,
        /// How many there are, counted up to one too many.
        found: u64,
    },
    /// An entry of a session for a range, or the other way round.
    #[error("entries of a session carry their proofs, those of a range do not")]
    Kind,
}

// === impl Writer ===

impl Writer {
    /// Begins a bundle of a session.
    ///
    /// # Errors
    /// The head contradicts itself.
    pub fn session(head: &Head, out: &mut Vec<u8>) -> Result<Self, WriteError> {
        if !matches!(head.subject, Subject::Session { .. }) {
            return Err(WriteError::Kind);
        }
        Self::begin(head, &[], out)
    }

    /// Begins a bundle of a range, with the hashes of [`crate::ProofPlan::range`].
    ///
    /// # Errors
    /// The head contradicts itself, or there are more or fewer hashes than the range has beside it.
    pub fn range(head: &Head, beside: &[Digest], out: &mut Vec<u8>) -> Result<Self, WriteError> {
        let Subject::Range { from, to } = head.subject else { return Err(WriteError::Kind) };
        check_length(beside_range(from, to, head.checkpoint.size())?.len(), beside)?;
        Self::begin(head, beside, out)
    }

    fn begin(head: &Head, beside: &[Digest], out: &mut Vec<u8>) -> Result<Self, WriteError> {
        if head.subject.entries() == 0 {
            return Err(WriteError::Count { expected: 1, found: 0 });
        }
        head.policy.as_deref().map(TrustPolicy::parse).transpose().map_err(Reason::Policy)?;
        head.checkpoint.verify_log(&head.log).map_err(Reason::Checkpoint)?;
        let mut bytes = head.to_bytes();
        for hash in beside {
            bytes.extend_from_slice(hash.as_bytes());
        }
        out.extend_from_slice(&bytes);
        out.extend_from_slice(Digest::of(&bytes).as_bytes());
        Ok(Self { subject: head.subject, size: head.checkpoint.size(), written: 0 })
    }

    /// The next entry of a range.
    ///
    /// # Errors
    /// It is one too many, empty or too long.
    pub fn entry(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), WriteError> {
        if !matches!(self.subject, Subject::Range { .. }) {
            return Err(WriteError::Kind);
        }
        self.push(&[], bytes, &[], out)
    }

    /// The next entry of a session, with its inclusion proof.
    ///
    /// # Errors
    /// It is one too many, empty or too long, or its proof has not the length of one for this position.
    pub fn proved(&mut self, at: u64, bytes: &[u8], proof: &[Digest], out: &mut Vec<u8>) -> Result<(), WriteError> {
        if !matches!(self.subject, Subject::Session { .. }) {
            return Err(WriteError::Kind);
        }
        check_length(inclusion_length(at, self.size)?, proof)?;
        self.push(&at.to_be_bytes(), bytes, proof, out)
    }

    fn push(&mut self, at: &[u8], bytes: &[u8], proof: &[Digest], out: &mut Vec<u8>) -> Result<(), WriteError> {
        let too_long = |_| WriteError::EntryLength { bytes: bytes.len() };
        let length = u16::try_from(bytes.len()).map_err(too_long)?;
        if length == 0 {
            return Err(WriteError::EntryLength { bytes: 0 });
        }
        let expected = self.subject.entries();
        if self.written == expected {
            return Err(WriteError::Count { expected, found: expected + 1 });
        }
        let leaf = leaf_hash(bytes);
        for part in [at, &length.to_be_bytes(), bytes, leaf.as_bytes()] {
            out.extend_from_slice(part);
        }
        for hash in proof {
            out.extend_from_slice(hash.as_bytes());
        }
        self.written += 1;
        Ok(())
    }

    /// Ends the bundle: nothing stands behind the last entry.
    ///
    /// # Errors
    /// Entries are missing.
    pub fn finish(self) -> Result<(), WriteError> {
        let (expected, found) = (self.subject.entries(), self.written);
        if found == expected { Ok(()) } else { Err(WriteError::Count { expected, found }) }
    }
}

fn check_length(expected: usize, proof: &[Digest]) -> Result<(), ProofError> {
    if proof.len() == expected { Ok(()) } else { Err(ProofError::Length { expected, found: proof.len() }) }
}
