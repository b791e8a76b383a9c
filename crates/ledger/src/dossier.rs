//! Audit bundles: one file that shows entries of a log to somebody who has nothing else. (The command line and the API
//! call it a bundle; here that word means the entry bundles of tlog-tiles.) Format, for whoever writes another verifier:
//!
//! ```text
//! writ-audit-bundle@v1
//! session <session id> <how many entries> | range <first position> <position after the last>
//! log <verifier key of the log>
//! policy <bytes, 0 for none>
//! checkpoint <bytes>
//!                                            (an empty line)
//! ‹policy: C2SP tlog-policy› ‹checkpoint: C2SP tlog-checkpoint with its signatures› ‹of a range: hashes beside it›
//! ‹32 bytes: SHA-256 of all bytes above: the head›
//! ```
//!
//! **Beside a range**: the tree of the checkpoint's size falls into the leaves of the range and, on each side of it, the
//! largest perfect subtrees that are aligned to their own size. Their roots stand there, 32 bytes each: those on the left
//! from left to right, then those on the right from left to right. Then comes every entry of the range as
//!
//! ```text
//! ‹2 bytes: length, big-endian› ‹the entry's bytes› ‹32 bytes: its leaf hash, SHA-256(0x00 ‖ entry)›
//! ```
//!
//! Of a **session**, every entry about it with a position below the checkpoint's size, in the log's order, as
//!
//! ```text
//! ‹8 bytes: position, big-endian› ‹2 bytes: length› ‹entry› ‹32 bytes: leaf hash› ‹inclusion proof, 32 bytes per hash›
//! ```
//!
//! where position and size say how many hashes the proof has (RFC 6962 §2.1.1). Nothing stands behind the last entry.
//!
//! No byte is uncovered: those of the head by its hash, those of the entries by the tree that the log signed. The leaf
//! hashes prove nothing that the tree does not, but let a verifier name the entry that changed. Numbers are decimal
//! without leading zeros, and neither a range nor a session nor an entry is empty: there is one way to write a bundle.

mod flaw;
mod head;
mod session;
mod verifier;
mod writer;

pub use flaw::{Flaw, Reason};
pub use head::{Head, Subject};
pub use verifier::{Completeness, Trust, Verdict, Verifier};
pub use writer::{WriteError, Writer};

/// The first line.
const MAGIC: &str = "writ-audit-bundle@v1";

#[cfg(test)]
mod tests;
