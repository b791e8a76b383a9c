//! What can be wrong with an audit bundle.

use std::fmt;

use domain::SessionId;

use crate::checkpoint::CheckpointError;
use crate::entry::DecodeError;
use crate::proof::ProofError;
use crate::trust::{PolicyError, TrustError};

/// The first thing that is wrong with a bundle, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Where the part begins in which it was found, in bytes from the beginning of the file.
    pub offset: u64,
    /// The entry it was found in, by its position in the log.
    pub entry: Option<u64>,
    /// What it is.
    pub reason: Reason,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// A line of the head that is not one.
    #[error("line {line} of the head is malformed: {expected}")]
    Line {
        /// Which one, from 1.
        line: usize,
        /// What belongs there.
        expected: &'static str,
    },
    /// The head is not the one its hash is of.
    #[error("the head does not have the hash behind it: one of its bytes was changed")]
    Head,
    /// The policy is none.
    #[error("the trust policy in it: {0}")]
    Policy(#[from] PolicyError),
    /// The checkpoint is none, or not signed by the log it names.
    #[error("the checkpoint in it: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The key of whoever checks did not sign the checkpoint.
    #[error("the checkpoint is not trusted: {0}")]
    Untrusted(CheckpointError),
    /// The policy of whoever checks does not trust the checkpoint.
    #[error("the checkpoint is not trusted: {0}")]
    Trust(#[from] TrustError),
    /// The range, or a position, is not one of the checkpoint's tree; or a proof leads elsewhere.
    #[error("{0}")]
    Proof(#[from] ProofError),
    /// The file ends too early.
    #[error("the file ends too early: {0} is cut off or missing")]
    Truncated(&'static str),
    /// The file goes on.
    #[error("the file goes on after its end")]
    Trailing,
    /// An entry without bytes.
    #[error("an entry is not empty")]
    Empty,
    /// The bytes of an entry are not those that its leaf hash is of.
    #[error("the entry does not have the leaf hash behind it: one of its bytes was changed")]
    Leaf,
    /// Every entry has its leaf hash, and together they are not what the log signed.
    #[error("the entries from byte {from} on each have their leaf hash, but together do not lead to the signed root")]
    Root {
        /// Where the first entry begins in the file.
        from: u64,
    },
    /// An entry out of its order, or twice.
    #[error("it does not come after entry {above}: entries are repeated or in another order")]
    Order {
        /// The position of the one above.
        above: u64,
    },
    /// Bytes that are in the log and no entry.
    #[error("{0}")]
    Decode(#[from] DecodeError),
    /// An entry about something else.
    #[error("it is not about session {0}")]
    OtherSession(SessionId),
    /// Entries of the session were left out.
    #[error("{} left out before it", missing(*expected, *found))]
    Gap {
        /// The place in the session's chain that comes next.
        expected: u64,
        /// The place of the entry that comes instead.
        found: u64,
    },
    /// An entry that does not continue the session's chain.
    #[error(
        "it does not continue the session's chain: entry {seq} of the session, after another one than the one above"
    )]
    Link {
        /// The place it says it has.
        seq: u64,
    },
    /// An entry without a place in the chain, among those with one.
    #[error("it has no place in the session's chain")]
    Unlinked,
    /// Something follows the closing entry that cannot.
    #[error("it comes after the session's closing entry")]
    AfterClosing,
}

/// `entry 3 of the session was` or `entries 3 to 5 of the session were`.
fn missing(expected: u64, found: u64) -> String {
    match found.saturating_sub(1) {
        last if last <= expected => format!("entry {expected} of the session was"),
        last => format!("entries {expected} to {last} of the session were"),
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.entry {
            Some(entry) => write!(f, "byte {}, entry {entry}: {}", self.offset, self.reason),
            None => write!(f, "byte {}: {}", self.offset, self.reason),
        }
    }
}

impl std::error::Error for Flaw {}
