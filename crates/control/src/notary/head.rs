//! The head: the last checkpoint that was signed, beside the key and apart from the database.

use ledger::{SignedCheckpoint, VerifierKey};

use super::NotaryError;
use crate::keys::KeysFolder;

const FILE: &str = "log.head";

/// The file.
pub(super) struct Head(KeysFolder);

impl Head {
    pub(super) fn open(keys: KeysFolder) -> Self {
        Self(keys)
    }

    /// The checkpoint, if anything was ever signed.
    pub(super) fn read(&self, key: &VerifierKey) -> Result<Option<SignedCheckpoint>, NotaryError> {
        let Some(bytes) = self.0.read(FILE).map_err(unusable)? else { return Ok(None) };
        SignedCheckpoint::open(&bytes, key).map(Some).map_err(unusable)
    }

    /// Replaces it, durably.
    pub(super) fn write(&self, checkpoint: &SignedCheckpoint) -> Result<(), NotaryError> {
        self.0.replace(FILE, checkpoint.to_string().as_bytes()).map_err(unusable)
    }
}

fn unusable(error: impl std::fmt::Display) -> NotaryError {
    NotaryError::Keys(format!("`{FILE}`: {error}"))
}
