//! Seals: small secrets and personal data under a key of their own, so that destroying the key destroys them.
//!
//! AES-256-GCM (NIST SP 800-38D). The nonce is random and passed in, so a key may seal 2³² blobs in its life (section
//! 8.3): a person's key seals a handful, the installation's one blob per secret and credential, a million a day for ten
//! years.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::DigestKey;

mod ring;

pub use ring::{SEAL_OVERHEAD_BYTES, SEAL_RING_KEYS_MAX, SealRing};

/// Bytes of a seal key.
pub const SEAL_KEY_BYTES: usize = 32;
/// Bytes of a nonce; it stands in front of what was sealed.
pub const SEAL_NONCE_BYTES: usize = 12;

/// Bytes of a seal key's name.
pub(crate) const SEAL_KEY_ID_BYTES: usize = 8;

/// The name of a seal key, derived from it: the same key has the same name everywhere, and the name says nothing about
/// the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SealKeyId([u8; SEAL_KEY_ID_BYTES]);

/// A key that seals and opens. It does not print, and its memory is wiped when it is dropped.
#[derive(Clone)]
pub struct SealKey(Zeroizing<[u8; SEAL_KEY_BYTES]>);

/// Why nothing was sealed or opened. Never says anything about the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The cipher failed.
    #[error("cannot be sealed")]
    Seal,
    /// Another key, another owner, or changed bytes.
    #[error("cannot be opened: it was sealed with another key or for somebody else, or its bytes were changed")]
    Open,
    /// Not what a ring of seal keys makes.
    #[error("is not sealed")]
    NotSealed,
    /// A ring that has not got the key.
    #[error("was sealed with the key {0}, which is not here")]
    UnknownKey(SealKeyId),
}

// === impl SealKey ===

impl SealKey {
    /// A key from 32 secret bytes.
    pub fn new(secret: &[u8; SEAL_KEY_BYTES]) -> Self {
        Self(Zeroizing::new(*secret))
    }

    /// Its name.
    pub fn id(&self) -> SealKeyId {
        let digest = DigestKey::new(&self.0).digest(b"writ seal key");
        let mut id = [0; SEAL_KEY_ID_BYTES];
        id.copy_from_slice(&digest[..SEAL_KEY_ID_BYTES]);
        SealKeyId(id)
    }

    /// Seals bytes for an owner: `nonce ‖ ciphertext ‖ tag`, 28 bytes longer than `plain`. The owner's name is not
    /// in it, but must be given again to open it. Never use a nonce twice with one key.
    ///
    /// # Errors
    /// [`SealError::Seal`].
    pub fn seal(&self, nonce: [u8; SEAL_NONCE_BYTES], owner: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut body = plain.to_vec();
        let sealing = self.cipher().ok_or(SealError::Seal)?;
        let tagged = sealing.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(owner.as_bytes()),
            &mut body,
        );
        tagged.map_err(|_| SealError::Seal)?;
        Ok([nonce.as_slice(), &body].concat())
    }

    /// Opens what was sealed for an owner.
    ///
    /// # Errors
    /// [`SealError::Open`].
    pub fn open(&self, owner: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (nonce, body) = sealed.split_first_chunk::<SEAL_NONCE_BYTES>().ok_or(SealError::Open)?;
        let mut body = Zeroizing::new(body.to_vec());
        let opening = self.cipher().ok_or(SealError::Open)?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = opening.open_in_place(nonce, Aad::from(owner.as_bytes()), &mut body);
        let length = opened.map_err(|_| SealError::Open)?.len();
        body.truncate(length);
        Ok(body)
    }

    fn cipher(&self) -> Option<LessSafeKey> {
        UnboundKey::new(&AES_256_GCM, self.0.as_slice()).ok().map(LessSafeKey::new)
    }
}

// === impl SealKeyId ===

impl SealKeyId {
    pub(crate) const fn from_bytes(bytes: [u8; SEAL_KEY_ID_BYTES]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; SEAL_KEY_ID_BYTES] {
        &self.0
    }
}

impl fmt::Display for SealKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SealKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealKeyId({self})")
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(…)")
    }
}

#[cfg(test)]
mod tests;
