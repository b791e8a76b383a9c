//! A private key. Lives in memory only; whoever stores its seed seals it first.

use std::fmt;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

use super::public_key::{KEY_ALGORITHM, SshPublicKey};
use super::wire::Writer;
use crate::KeyError;

/// An Ed25519 private key. Prints its public half's name only; its memory is wiped when it is dropped.
pub struct SshKey {
    pair: Ed25519KeyPair,
    public: SshPublicKey,
}

// === impl SshKey ===

impl SshKey {
    /// The key of a seed of 32 secret random bytes (RFC 8032, section 5.1.5).
    ///
    /// # Errors
    /// The library refused it.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyError::Generate)?;
        let point = pair.public_key().as_ref().try_into().map_err(|_| KeyError::Generate)?;
        Ok(Self { pair, public: SshPublicKey::from_point(point) })
    }

    /// The public half.
    pub fn public(&self) -> SshPublicKey {
        self.public
    }

    /// A signature as bytes on the wire (RFC 8709, section 6); the same message gives the same signature.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let raw = self.pair.sign(message);
        Writer::new().string(KEY_ALGORITHM.as_bytes()).string(raw.as_ref()).into_bytes()
    }
}

impl fmt::Debug for SshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SshKey({})", self.public.fingerprint())
    }
}
