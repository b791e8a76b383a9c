//! The head of an audit bundle: what is claimed, and the checkpoint that it is proved against.

use std::fmt;

use domain::SessionId;

use super::{MAGIC, Reason};
use crate::checkpoint::SignedCheckpoint;
use crate::key::{Algorithm, VerifierKey};
use crate::limits::{DOSSIER_LINES_BYTES_MAX, NOTE_BYTES_MAX, POLICY_BYTES_MAX};
use crate::text;
use crate::trust::TrustPolicy;

/// What a bundle claims to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// All entries about one session.
    Session {
        /// Which one.
        session: SessionId,
        /// How many entries; at least one.
        entries: u64,
    },
    /// All entries from one position to below another.
    Range {
        /// The first.
        from: u64,
        /// The one after the last.
        to: u64,
    },
}

/// What stands before the entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// What is claimed.
    pub subject: Subject,
    /// The log's key, for who has no better source: it shows only that the bundle agrees with itself.
    pub log: VerifierKey,
    /// The trust policy of whoever exported it, as it was written.
    pub policy: Option<Vec<u8>>,
    /// What the log signed, with all signatures.
    pub checkpoint: SignedCheckpoint,
}

/// The lines of a head, read; what they announce comes after them.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    pub(super) subject: Subject,
    pub(super) log: VerifierKey,
    /// Bytes of the lines, the empty one included.
    pub(super) bytes: usize,
    pub(super) policy: usize,
    pub(super) checkpoint: usize,
}

const SUBJECT: &str = "expected `session ID COUNT` or `range FROM TO`, neither empty";
const LOG: &str = "expected `log` and the log's verifier key";
const POLICY: &str = "expected `policy` and its length in bytes, at most 128 KiB";
const CHECKPOINT: &str = "expected `checkpoint` and its length in bytes, at most 512 KiB";
const END: &str = "expected an empty line";

fn line(line: usize, expected: &'static str) -> Reason {
    Reason::Line { line, expected }
}

// === impl Subject ===

impl Subject {
    /// How many entries there are.
    pub fn entries(&self) -> u64 {
        match *self {
            Self::Session { entries, .. } => entries,
            Self::Range { from, to } => to.saturating_sub(from),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(' ')?;
        let (first, second) = rest.split_once(' ')?;
        let second = text::decimal(second)?;
        let subject = match kind {
            "session" => {
                let session: SessionId = first.parse().ok()?;
                Self::Session { session, entries: second }
            }
            "range" => Self::Range { from: text::decimal(first)?, to: second },
            _ => return None,
        };
        // Ids can be read in more than one spelling.
        (subject.entries() > 0 && subject.to_string() == text).then_some(subject)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session { session, entries } => write!(f, "session {session} {entries}"),
            Self::Range { from, to } => write!(f, "range {from} {to}"),
        }
    }
}

// === impl Head ===

impl Head {
    /// The bytes, without the hash behind them.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let policy = self.policy.as_deref().unwrap_or_default();
        let checkpoint = self.checkpoint.to_string();
        let Self { subject, log, .. } = self;
        let lines =
            format!("{MAGIC}\n{subject}\nlog {log}\npolicy {}\ncheckpoint {}\n\n", policy.len(), checkpoint.len());
        [lines.as_bytes(), policy, checkpoint.as_bytes()].concat()
    }

    /// Reads what the lines announced.
    pub(super) fn parse(lines: &Lines, bytes: &[u8]) -> Result<Self, Reason> {
        let (policy, checkpoint) = bytes.get(lines.bytes..).unwrap_or_default().split_at(lines.policy);
        let policy = (!policy.is_empty()).then(|| policy.to_vec());
        if let Some(policy) = &policy {
            TrustPolicy::parse(policy)?;
        }
        let checkpoint = SignedCheckpoint::open(checkpoint, &lines.log)?;
        Ok(Self { subject: lines.subject, log: lines.log.clone(), policy, checkpoint })
    }
}

// === impl Lines ===

impl Lines {
    /// Reads the lines at the beginning of a file; none while their end is not there yet.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<Self>, Reason> {
        let bytes = &bytes[..bytes.len().min(DOSSIER_LINES_BYTES_MAX)];
        let magic = [MAGIC.as_bytes(), b"\n"].concat();
        // Another file is told from the start, and not once its first empty line came.
        if bytes.iter().zip(&magic).any(|(found, expected)| found != expected) {
            return Err(line(1, "expected `writ-audit-bundle@v1`: this is no audit bundle, or a newer one"));
        }
        let Some(end) = bytes.windows(2).position(|pair| pair == b"\n\n") else {
            let endless = bytes.len() == DOSSIER_LINES_BYTES_MAX;
            return if endless { Err(line(6, END)) } else { Ok(None) };
        };
        let text = str::from_utf8(&bytes[..end]).map_err(|_| line(2, SUBJECT))?;
        let mut lines = text.split('\n').skip(1);
        let subject = lines.next().and_then(Subject::parse).ok_or(line(2, SUBJECT))?;
        let log = lines.next().and_then(log).ok_or(line(3, LOG))?;
        let policy = lines.next().and_then(|text| length(text, "policy ", 0, POLICY_BYTES_MAX));
        let policy = policy.ok_or(line(4, POLICY))?;
        let checkpoint = lines.next().and_then(|text| length(text, "checkpoint ", 1, NOTE_BYTES_MAX));
        let checkpoint = checkpoint.ok_or(line(5, CHECKPOINT))?;
        if lines.next().is_some() {
            return Err(line(6, END));
        }
        Ok(Some(Self { subject, log, bytes: end + 2, policy, checkpoint }))
    }

    /// Bytes of the whole head, without the hash behind it.
    pub(super) fn head_bytes(&self) -> usize {
        self.bytes + self.policy + self.checkpoint
    }
}

fn log(text: &str) -> Option<VerifierKey> {
    let text = text.strip_prefix("log ")?;
    let key = text.parse::<VerifierKey>().ok()?.expect_for(Algorithm::Ed25519).ok()?;
    (key.to_string() == text).then_some(key)
}

fn length(text: &str, keyword: &str, min: usize, max: usize) -> Option<usize> {
    let length = usize::try_from(text::decimal(text.strip_prefix(keyword)?)?).ok()?;
    (min..=max).contains(&length).then_some(length)
}
