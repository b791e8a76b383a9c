//! Cosignatures: C2SP tlog-cosignature. A witness says that at a time this was the largest tree it had seen of a log.

use std::fmt;

use zeroize::Zeroizing;

use crate::key::{Algorithm, ED25519_KEY_BYTES, KeyError, SecretKey, VerifierKey};
use crate::note::Signature;

/// Latest time a cosignature can state, in seconds since the epoch.
pub const COSIGNATURE_TIME_S_MAX: u64 = (1 << 63) - 1;

/// A witness's private key: cosigns checkpoints. Prints its public half only.
pub struct Cosigner(SecretKey);

/// What an Ed25519 cosignature signs: a header, the time, and the whole text of the checkpoint.
fn message(time_s: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time_s}\n{text}")
}

/// The time that a true cosignature states; none when it is false. Its bytes are the time, big-endian, and 64 of Ed25519.
pub(crate) fn verified_time_s(key: &VerifierKey, text: &str, bytes: &[u8]) -> Option<u64> {
    let (time_s, signature) = bytes.split_first_chunk::<8>()?;
    let time_s = u64::from_be_bytes(*time_s);
    let signed = time_s <= COSIGNATURE_TIME_S_MAX && key.has_signed(message(time_s, text).as_bytes(), signature);
    signed.then_some(time_s)
}

// === impl Cosigner ===

impl Cosigner {
    /// A key from its seed: 32 random bytes that nobody else knows, and no other cosigner has.
    ///
    /// # Errors
    /// The name cannot be used.
    pub fn from_seed(name: &str, seed: &[u8; ED25519_KEY_BYTES]) -> Result<Self, KeyError> {
        SecretKey::from_seed(name, Algorithm::Ed25519Cosignature, seed).map(Self)
    }

    /// A key that was stored in its private form.
    ///
    /// # Errors
    /// The text is not a private key for cosigning.
    pub fn from_private_key(text: &str) -> Result<Self, KeyError> {
        SecretKey::from_private(text, Algorithm::Ed25519Cosignature).map(Self)
    }

    /// The private form, to be stored: `PRIVATE+KEY+<name>+<id>+<base64>`.
    pub fn to_private_key(&self) -> Zeroizing<String> {
        self.0.to_private()
    }

    /// The public half.
    pub fn verifier_key(&self) -> &VerifierKey {
        self.0.public()
    }

    /// Cosigns a checkpoint's text as seen at a time, in seconds since the epoch. A witness asks
    /// [`consider`](crate::witness::consider) first, and persists what it answers.
    ///
    /// # Errors
    /// The crypto provider failed.
    pub fn cosign(&self, text: &str, time_s: u64) -> Result<Signature, KeyError> {
        let signature = self.0.sign(message(time_s, text).as_bytes())?;
        Ok(Signature::new(self.0.public(), [time_s.to_be_bytes().as_slice(), &signature].concat()))
    }
}

impl fmt::Debug for Cosigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cosigner").field(self.0.public()).finish()
    }
}

#[cfg(test)]
mod tests;
