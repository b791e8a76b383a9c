//! The signing key: RSA of 2,048 bits, because every relying party takes RS256.

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::thumbprint;

/// Largest stored key in bytes: an 8,192-bit RSA key in PKCS #8 takes about 4,700, and larger ones are not supported.
pub const PKCS8_BYTES_MAX: usize = 8 * 1024;

/// A private key with its public half and its name. Prints its name only; its memory is wiped when it is dropped.
pub struct SigningKey {
    pair: RsaKeyPair,
    kid: String,
    n: String,
    e: String,
}

/// Why there is no key. Never says anything about the bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The machine could not make one.
    #[error("cannot make a signing key: the random source or the key generator failed")]
    Generate,
    /// The bytes are not a usable key.
    #[error("not a signing key: expected an RSA private key of 2048 to 8192 bits in PKCS #8 DER")]
    Rejected,
    /// More bytes than any supported key has.
    #[error("a signing key of {found} bytes is too long, the limit is {PKCS8_BYTES_MAX}")]
    TooLong {
        /// How many there are.
        found: usize,
    },
    /// The key could not be written down.
    #[error("cannot encode the signing key")]
    Encode,
}

/// The public halves as a JSON Web Key Set (RFC 7517 section 5): `kty`, `n`, `e`, `use`, `alg`, `kid` and nothing else,
/// because some relying parties refuse members they do not know.
pub fn jwks(keys: &[&SigningKey]) -> Value {
    let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
    json!({ "keys": keys })
}

// === impl SigningKey ===

impl SigningKey {
    /// Makes a key of 2,048 bits. Takes about a third of a second: call it off the request path.
    ///
    /// # Errors
    /// The random source or the generator failed.
    pub fn generate() -> Result<Self, KeyError> {
        RsaKeyPair::generate(KeySize::Rsa2048).map(Self::new).map_err(|_| KeyError::Generate)
    }

    /// Reads a key from PKCS #8 DER (RFC 5208). Keys under 2,048 bits are refused.
    ///
    /// # Errors
    /// Too long, or not such a key.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        if der.len() > PKCS8_BYTES_MAX {
            return Err(KeyError::TooLong { found: der.len() });
        }
        RsaKeyPair::from_pkcs8(der).map(Self::new).map_err(|_| KeyError::Rejected)
    }

    /// Writes the key down as PKCS #8 DER. These bytes are the secret itself: they are wiped when dropped, and whoever
    /// stores them seals them first.
    ///
    /// # Errors
    /// The encoder failed.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let der = self.pair.as_der().map_err(|_| KeyError::Encode)?;
        Ok(Zeroizing::new(der.as_ref().to_vec()))
    }

    /// The key's name: its RFC 7638 thumbprint, so the same key has the same name everywhere.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half as a JSON Web Key (RFC 7517 section 4, RFC 7518 section 6.3.1).
    fn jwk(&self) -> Value {
        json!({ "kty": "RSA", "n": self.n, "e": self.e, "use": "sig", "alg": "RS256", "kid": self.kid })
    }

    /// Signs with RSASSA-PKCS1-v1_5 and SHA-256 (RFC 7518 section 3.3); the same message gives the same signature.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
        Some(signature)
    }

    fn new(pair: RsaKeyPair) -> Self {
        let public = pair.public_key();
        let n = URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero());
        let e = URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero());
        let kid = thumbprint::rsa(&n, &e);
        Self { pair, kid, n, e }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
