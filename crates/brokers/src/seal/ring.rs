//! Several seal keys: one seals, all open, so that a key can be replaced while what it sealed is still there.
//!
//! A blob is `version (1 byte) ‖ name of the key (8 bytes) ‖ nonce (12) ‖ ciphertext ‖ tag (16)`. What it is called is
//! authenticated with it and not in it, so that a blob cannot be moved to another name.

use zeroize::Zeroizing;

use super::{SEAL_KEY_ID_BYTES, SEAL_NONCE_BYTES, SealError, SealKey, SealKeyId};

/// Keys of one ring: one replaced every year for fifteen years.
pub const SEAL_RING_KEYS_MAX: usize = 16;
/// Bytes by which a blob is longer than what is in it.
pub const SEAL_OVERHEAD_BYTES: usize = 1 + SEAL_KEY_ID_BYTES + SEAL_NONCE_BYTES + TAG_BYTES;

const TAG_BYTES: usize = 16;
/// No text and no key in DER begins with it, so what an earlier version kept in the clear is told apart.
const VERSION: u8 = 1;

/// At least one and at most [`SEAL_RING_KEYS_MAX`] keys. Prints their names only.
#[derive(Debug, Clone)]
pub struct SealRing {
    /// The first seals.
    keys: Vec<NamedKey>,
}

#[derive(Debug, Clone)]
struct NamedKey {
    id: SealKeyId,
    key: SealKey,
}

// === impl SealRing ===

impl SealRing {
    /// A ring whose first key seals; a key that is named twice counts once. None without a key, or with too many.
    pub fn new(keys: impl IntoIterator<Item = SealKey>) -> Option<Self> {
        let mut ring: Vec<NamedKey> = Vec::new();
        for key in keys {
            let id = key.id();
            if ring.iter().all(|earlier| earlier.id != id) {
                ring.push(NamedKey { id, key });
            }
        }
        (1..=SEAL_RING_KEYS_MAX).contains(&ring.len()).then_some(Self { keys: ring })
    }

    /// Seals bytes for a name. Never use a nonce twice.
    ///
    /// # Errors
    /// [`SealError::Seal`].
    pub fn seal(&self, nonce: [u8; SEAL_NONCE_BYTES], name: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let sealing = self.keys.first().ok_or(SealError::Seal)?;
        let body = sealing.key.seal(nonce, name, plain)?;
        Ok([&[VERSION], sealing.id.as_bytes().as_slice(), &body].concat())
    }

    /// Opens what was sealed for a name with any key of the ring.
    ///
    /// # Errors
    /// [`SealError::NotSealed`], [`SealError::UnknownKey`], or [`SealError::Open`] for another name or changed bytes.
    pub fn open(&self, name: &str, blob: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (id, body) = split(blob).ok_or(SealError::NotSealed)?;
        let found = self.keys.iter().find(|key| key.id == id).ok_or(SealError::UnknownKey(id))?;
        found.key.open(name, body)
    }

    /// The name of the key that seals.
    pub fn sealing(&self) -> Option<SealKeyId> {
        self.ids().next()
    }

    /// The names of all keys, the one that seals first.
    pub fn ids(&self) -> impl Iterator<Item = SealKeyId> {
        self.keys.iter().map(|key| key.id)
    }

    /// The name of the key that sealed a blob; none for what is not sealed.
    pub fn key_of(blob: &[u8]) -> Option<SealKeyId> {
        split(blob).map(|(id, _)| id)
    }
}

fn split(blob: &[u8]) -> Option<(SealKeyId, &[u8])> {
    let rest = blob.strip_prefix(&[VERSION])?;
    let (id, body) = rest.split_first_chunk::<SEAL_KEY_ID_BYTES>()?;
    (body.len() >= SEAL_NONCE_BYTES + TAG_BYTES).then_some((SealKeyId::from_bytes(*id), body))
}

#[cfg(test)]
mod tests;
