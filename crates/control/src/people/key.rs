//! The key of one person: what it seals can be opened as long as it is there, in `people/<developer id>.key` of the
//! folder of keys.
//!
//! The file is 64 bytes: the AES-256-GCM key, then the salt of the commitment that the entry carries. Both die together:
//! without the salt nobody can tell whether a guessed name is the one that was committed to.

use std::{fmt, io};

use brokers::{SEAL_KEY_BYTES, SEAL_NONCE_BYTES, SealError, SealKey};
use domain::{DeveloperId, Digest};
use zeroize::Zeroizing;

use super::Identity;
use crate::keys::KeysFolder;

const SALT_BYTES: usize = 32;
/// Bytes of a person's key file.
pub const PERSON_KEY_BYTES: usize = SEAL_KEY_BYTES + SALT_BYTES;

/// The key and the salt of one person. Does not print; wiped when dropped.
pub struct PersonKey {
    seal: SealKey,
    salt: Zeroizing<[u8; SALT_BYTES]>,
}

/// The keys of everybody. Its methods block: use [`PersonKeys::off_thread`].
#[derive(Debug, Clone)]
pub struct PersonKeys {
    folder: KeysFolder,
}

// === impl PersonKey ===

impl PersonKey {
    /// A key from the bytes of its file.
    pub fn new(bytes: &[u8; PERSON_KEY_BYTES]) -> Option<Self> {
        let (seal, salt) = bytes.split_first_chunk::<SEAL_KEY_BYTES>()?;
        Some(Self { seal: SealKey::new(seal), salt: Zeroizing::new(salt.try_into().ok()?) })
    }

    /// Seals who a developer is, for this developer's row only.
    ///
    /// # Errors
    /// The cipher failed.
    pub fn seal(
        &self,
        developer: DeveloperId,
        nonce: [u8; SEAL_NONCE_BYTES],
        identity: &Identity,
    ) -> Result<Vec<u8>, SealError> {
        let plain = Zeroizing::new(serde_json::to_vec(identity).map_err(|_| SealError::Seal)?);
        self.seal.seal(nonce, &developer.to_string(), &plain)
    }

    /// Opens what was sealed for a developer; none when it was sealed with another key, for somebody else, or changed.
    pub fn open(&self, developer: DeveloperId, sealed: &[u8]) -> Option<Identity> {
        let plain = self.seal.open(&developer.to_string(), sealed).ok()?;
        serde_json::from_slice(&plain).ok()
    }

    /// What the entry says in the place of a name: `SHA-256(salt ‖ sealed)`.
    pub fn commitment(&self, sealed: &[u8]) -> Digest {
        Digest::of(&[self.salt.as_slice(), sealed].concat())
    }
}

impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonKey(…)")
    }
}

// === impl PersonKeys ===

impl PersonKeys {
    /// The keys in `people` of the folder of keys.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn open(keys: &KeysFolder) -> io::Result<Self> {
        keys.folder("people").map(|folder| Self { folder })
    }

    /// The key of a developer, made of `fresh` bytes when there is none; on disk when this returns.
    ///
    /// # Errors
    /// It cannot be written, or what is there is no key.
    pub fn make(&self, developer: DeveloperId, fresh: &[u8; PERSON_KEY_BYTES]) -> io::Result<PersonKey> {
        parse(&self.folder.read_or_write(&name(developer), fresh)?)
    }

    /// The key of a developer, if it is here.
    ///
    /// # Errors
    /// It cannot be read, or is no key.
    pub fn read(&self, developer: DeveloperId) -> io::Result<Option<PersonKey>> {
        self.folder.read(&name(developer))?.map(|bytes| parse(&bytes)).transpose()
    }

    /// Destroys the key of a developer; false when it is not here.
    ///
    /// # Errors
    /// It is still there, or may come back after a power cut.
    pub fn destroy(&self, developer: DeveloperId) -> io::Result<bool> {
        self.folder.destroy(&name(developer))
    }

    /// Does work that blocks off the runtime's threads; it is done even when nobody waits for it any more.
    ///
    /// # Errors
    /// What the work says, or that writ is stopping.
    pub async fn off_thread<T: Send + 'static>(
        self,
        work: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        tokio::task::spawn_blocking(move || work(&self)).await.unwrap_or_else(|error| Err(io::Error::other(error)))
    }
}

fn name(developer: DeveloperId) -> String {
    format!("{developer}.key")
}

fn parse(bytes: &[u8]) -> io::Result<PersonKey> {
    let no_key = || io::Error::new(io::ErrorKind::InvalidData, format!("a person's key has {PERSON_KEY_BYTES} bytes"));
    bytes.try_into().ok().and_then(PersonKey::new).ok_or_else(no_key)
}
