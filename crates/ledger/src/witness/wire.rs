//! What goes over the wire between a log and a witness.

use std::fmt;

use domain::Digest;

use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::key::VerifierKey;
use crate::limits::{ADD_CHECKPOINT_BYTES_MAX, PROOF_HASHES_MAX, TREE_SIZE_MAX};
use crate::note::{Note, NoteError, Signature};
use crate::text;

/// The body of `add-checkpoint`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the proof begins at.
    pub old_size: u64,
    /// From there to the checkpoint; at most 63 hashes.
    pub proof: Vec<Digest>,
    /// What is to be cosigned.
    pub checkpoint: SignedCheckpoint,
}

/// Why a body is no request: 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Too long to look at.
    #[error("a request of {bytes} bytes is too long, the limit is {ADD_CHECKPOINT_BYTES_MAX}")]
    TooLong {
        /// How many bytes there are.
        bytes: usize,
    },
    /// Not UTF-8.
    #[error("a request is UTF-8")]
    Characters,
    /// A line that does not belong where it is.
    #[error("line {line} of the request is malformed: {expected}")]
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

/// Why a witness's answer is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// Not cosignature lines, a false one, or none of a known witness.
    #[error("the witness's answer is not a cosignature of the checkpoint: {0}")]
    Note(#[from] NoteError),
    /// A cosignature that says no time.
    #[error("the witness's cosignature states no time")]
    NoTime,
    /// Not a size and a newline.
    #[error("the witness's answer is not the size of a log")]
    Size,
}

/// The body of the answer 409.
pub fn conflict_body(latest_size: u64) -> String {
    format!("{latest_size}\n")
}

/// Reads the body of the answer 409: the size to begin from.
///
/// # Errors
/// It is not a size and a newline.
pub fn parse_conflict(body: &[u8]) -> Result<u64, ResponseError> {
    let text = str::from_utf8(body).ok().and_then(|text| text.strip_suffix('\n'));
    text.and_then(text::decimal).filter(|size| *size <= TREE_SIZE_MAX).ok_or(ResponseError::Size)
}

/// Reads the body of the answer 200: the cosignatures of known witnesses, verified; those of others are left out.
///
/// # Errors
/// The body is not signature lines, a known witness's is false or states no time, or no known witness signed.
pub fn parse_cosignatures<'a>(
    body: &[u8],
    checkpoint: &SignedCheckpoint,
    witnesses: impl IntoIterator<Item = &'a VerifierKey>,
) -> Result<Vec<Signature>, ResponseError> {
    let text = str::from_utf8(body).map_err(|_| NoteError::Characters)?;
    let mut note = Note::new(checkpoint.note().text())?;
    for signature in Signature::parse_lines(text)? {
        note.push(signature)?;
    }
    let witnesses: Vec<VerifierKey> = witnesses.into_iter().cloned().collect();
    let verified = note.verify(&witnesses)?;
    if verified.iter().any(|cosignature| cosignature.time_s.is_none_or(|time_s| time_s == 0)) {
        return Err(ResponseError::NoTime);
    }
    Ok(verified.iter().map(|cosignature| cosignature.signature.clone()).collect())
}

// === impl AddCheckpoint ===

impl AddCheckpoint {
    /// Reads the body of a request. No signature and no proof is checked yet.
    ///
    /// # Errors
    /// It is not an old size, at most 63 hashes, an empty line and a checkpoint.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        if body.len() > ADD_CHECKPOINT_BYTES_MAX {
            return Err(RequestError::TooLong { bytes: body.len() });
        }
        let text = str::from_utf8(body).map_err(|_| RequestError::Characters)?;
        let (head, checkpoint) =
            text.split_once("\n\n").ok_or(line(1, "expected an empty line before the checkpoint"))?;
        let mut lines = head.split('\n');
        let old_size = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(text::decimal);
        let old_size = old_size.filter(|size| *size <= TREE_SIZE_MAX).ok_or(line(1, OLD_SIZE))?;
        let mut proof = Vec::new();
        for (at, hash) in lines.enumerate() {
            if at == PROOF_HASHES_MAX {
                return Err(line(at + 2, "a consistency proof has at most 63 hashes"));
            }
            proof.push(text::hash(hash).ok_or(line(at + 2, HASH))?);
        }
        Ok(Self { old_size, proof, checkpoint: SignedCheckpoint::parse(checkpoint.as_bytes())? })
    }
}

const OLD_SIZE: &str = "expected `old` and a decimal number without leading zeros";
const HASH: &str = "expected a hash, 32 bytes in canonical base64";

fn line(line: usize, expected: &'static str) -> RequestError {
    RequestError::Line { line, expected }
}

impl fmt::Display for AddCheckpoint {
    /// The body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old_size)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", text::base64(hash.as_bytes())))?;
        write!(f, "\n{}", self.checkpoint)
    }
}
