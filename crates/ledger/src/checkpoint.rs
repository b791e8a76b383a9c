//! Checkpoints: C2SP tlog-checkpoint v1.0.0. A signed note that states a log's size and root.

use std::fmt;
use std::str::FromStr;

use domain::Digest;

use crate::key::{KeyError, VerifierKey};
use crate::limits::{EXTENSION_LINES_MAX, ORIGIN_BYTES_MAX, TREE_SIZE_MAX};
use crate::note::{Note, NoteError, Signature, Signer};
use crate::text;
use crate::tree::empty_root;

/// What a checkpoint states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: its first line, not empty, at most 255 bytes.
    pub origin: String,
    /// How many entries the log has.
    pub size: u64,
    /// The root of their tree.
    pub root: Digest,
    /// Lines that others may have added. Ours never have any.
    pub extensions: Vec<String>,
}

/// A checkpoint with its signatures, which are not checked by being here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: Note,
}

/// Why something is no checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not even a note, or not one to be believed.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// A line is missing or malformed.
    #[error("line {line} of the checkpoint is malformed: {expected}")]
    Line {
        /// Which one, from 1.
        line: usize,
        /// What belongs there.
        expected: &'static str,
    },
    /// Not signed for want of a key.
    #[error("cannot sign the checkpoint: {0}")]
    Key(#[from] KeyError),
    /// It speaks for another log than expected.
    #[error("the checkpoint is of the log `{found}`, not of `{expected}`")]
    Origin {
        /// The one it names.
        found: String,
        /// The one it should name.
        expected: String,
    },
}

// === impl Checkpoint ===

impl Checkpoint {
    /// A checkpoint without extension lines.
    pub fn new(origin: impl Into<String>, size: u64, root: Digest) -> Self {
        Self { origin: origin.into(), size, root, extensions: Vec::new() }
    }

    /// Signs it with the log's key.
    ///
    /// # Errors
    /// It has an origin, size or extension line that no reader would take, or the key failed.
    pub fn sign(self, signer: &Signer) -> Result<SignedCheckpoint, CheckpointError> {
        let text = self.to_string();
        // What we sign we can read, or nobody can.
        let checkpoint: Self = text.parse()?;
        let mut note = Note::new(&text)?;
        note.push(signer.sign(&text)?)?;
        if checkpoint == self { Ok(SignedCheckpoint { checkpoint, note }) } else { Err(line(1, ORIGIN)) }
    }
}

const ORIGIN: &str = "expected the log's origin, 1 to 255 bytes";
const SIZE: &str = "expected the tree size, a decimal number without leading zeros, at most 2^63 - 1";
const ROOT: &str = "expected the root hash, 32 bytes in canonical base64";
const EMPTY_ROOT: &str = "the root of an empty log is the hash of nothing";
const EXTENSION: &str = "expected at most 16 extension lines, none empty";

fn line(line: usize, expected: &'static str) -> CheckpointError {
    CheckpointError::Line { line, expected }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, text::base64(self.root.as_bytes()))?;
        self.extensions.iter().try_for_each(|extension| writeln!(f, "{extension}"))
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    /// Reads the text of a note. The root of an empty log is checked by those who rely on it, not here.
    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text::whole_lines(text).ok_or(NoteError::Form)?.split('\n');
        let origin = lines.next().filter(|origin| (1..=ORIGIN_BYTES_MAX).contains(&origin.len()));
        let origin = origin.ok_or(line(1, ORIGIN))?.to_owned();
        let size = lines.next().and_then(text::decimal).filter(|size| *size <= TREE_SIZE_MAX);
        let size = size.ok_or(line(2, SIZE))?;
        let root = lines.next().and_then(text::hash).ok_or(line(3, ROOT))?;
        let mut extensions = Vec::new();
        for (at, extension) in lines.enumerate() {
            if extension.is_empty() || at == EXTENSION_LINES_MAX {
                return Err(line(4 + at, EXTENSION));
            }
            extensions.push(extension.to_owned());
        }
        Ok(Self { origin, size, root, extensions })
    }
}

// === impl SignedCheckpoint ===

impl SignedCheckpoint {
    /// Reads a checkpoint. No signature is checked yet.
    ///
    /// # Errors
    /// The bytes are no note, or its text is no checkpoint.
    pub fn parse(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let note = Note::parse(bytes)?;
        Ok(Self { checkpoint: note.text().parse()?, note })
    }

    /// Reads a checkpoint and checks that the log signed it. The log's origin is the key's name.
    ///
    /// # Errors
    /// The bytes are no checkpoint, or one of another log, or not signed with this key.
    pub fn open(bytes: &[u8], log: &VerifierKey) -> Result<Self, CheckpointError> {
        let signed = Self::parse(bytes)?;
        signed.verify_log(log)?;
        Ok(signed)
    }

    /// Checks that this log's key signed it, that it speaks for this log, and that an empty log is empty.
    ///
    /// # Errors
    /// One of these does not hold.
    pub fn verify_log(&self, log: &VerifierKey) -> Result<(), CheckpointError> {
        if self.checkpoint.origin != log.name() {
            let (found, expected) = (self.checkpoint.origin.clone(), log.name().to_owned());
            return Err(CheckpointError::Origin { found, expected });
        }
        self.note.verify([log])?;
        if self.checkpoint.size == 0 && self.checkpoint.root != empty_root() {
            return Err(line(3, EMPTY_ROOT));
        }
        Ok(())
    }

    /// What it states. To be believed only when a signature was verified.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Which log it speaks for.
    pub fn origin(&self) -> &str {
        &self.checkpoint.origin
    }

    /// How many entries the log has.
    pub fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// The root of their tree.
    pub fn root(&self) -> Digest {
        self.checkpoint.root
    }

    /// The note: its text and its signatures.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Adds a signature: a cosignature that was verified.
    ///
    /// # Errors
    /// There are as many as a note may have.
    pub fn push(&mut self, signature: Signature) -> Result<(), NoteError> {
        self.note.push(signature)
    }

    /// The same checkpoint with these signatures only.
    pub(crate) fn with_signatures(&self, signatures: Vec<Signature>) -> Result<Self, NoteError> {
        let mut note = Note::new(self.note.text())?;
        signatures.into_iter().try_for_each(|signature| note.push(signature))?;
        Ok(Self { checkpoint: self.checkpoint.clone(), note })
    }
}

impl fmt::Display for SignedCheckpoint {
    /// The note, as it is stored, served and sent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}

#[cfg(test)]
mod tests;
