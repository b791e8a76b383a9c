//! Keys that sign tokens: RSA of 2,048 bits, because every relying party takes RS256, or P-256, for those who want small
//! tokens and whose relying parties take ES256. EdDSA is not offered: AWS, Entra and Kubernetes refuse it.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use zeroize::Zeroizing;

mod certificate;
mod der;
mod public;
mod ring;

pub use certificate::Certificate;
pub use public::{PublicKey, jwks};
pub use ring::{KEYS_MAX, KeyRing, KeyStanding, PUBLISHED_AFTER_USE, PublishedKey, RingError};

/// Largest stored key in bytes: an 8,192-bit RSA key in PKCS #8 takes about 4,700, and larger ones are not supported.
pub const PKCS8_BYTES_MAX: usize = 8 * 1024;

/// How tokens are signed (RFC 7518 section 3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256: every relying party takes it.
    #[default]
    Rs256,
    /// ECDSA on P-256 with SHA-256: tokens are 170 bytes shorter; Entra and Ceph refuse it.
    Es256,
}

/// A private key with its public half. Prints its name only; its memory is wiped when it is dropped.
pub struct SigningKey {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
}

/// Why there is no key. Never says anything about the bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The machine could not make one.
    #[error("cannot make a signing key: the random source or the key generator failed")]
    Generate,
    /// The bytes are not a usable key.
    #[error("not a signing key: expected an RSA private key of 2048 to 8192 bits, or one on P-256, in PKCS #8 DER")]
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
    /// Not a public key of ours.
    #[error("not the public half of a signing key")]
    Public,
}

// === impl SigningAlgorithm ===

impl SigningAlgorithm {
    /// The name, as in `alg`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SigningAlgorithm {
    type Err = String;

    /// Names are compared exactly, as in RFC 7515 section 4.1.1.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "RS256" => Ok(Self::Rs256),
            "ES256" => Ok(Self::Es256),
            "EdDSA" | "Ed25519" => {
                Err(format!("`{text}` is refused by AWS, Entra and Kubernetes: expected `RS256` or `ES256`"))
            }
            _ => Err(format!("`{text}` is neither `RS256` nor `ES256`")),
        }
    }
}

// === impl SigningKey ===

impl SigningKey {
    /// Makes a key. RSA takes about a third of a second: call it off the request path.
    ///
    /// # Errors
    /// The random source or the generator failed.
    pub fn generate(algorithm: SigningAlgorithm) -> Result<Self, KeyError> {
        let pair = match algorithm {
            SigningAlgorithm::Rs256 => RsaKeyPair::generate(KeySize::Rsa2048).map(Pair::Rsa),
            SigningAlgorithm::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Pair::P256),
        };
        Self::new(pair.map_err(|_| KeyError::Generate)?)
    }

    /// Reads a key from PKCS #8 DER (RFC 5208). RSA keys under 2,048 bits are refused.
    ///
    /// # Errors
    /// Too long, or not such a key.
    pub fn from_pkcs8(algorithm: SigningAlgorithm, der: &[u8]) -> Result<Self, KeyError> {
        if der.len() > PKCS8_BYTES_MAX {
            return Err(KeyError::TooLong { found: der.len() });
        }
        let pair = match algorithm {
            SigningAlgorithm::Rs256 => RsaKeyPair::from_pkcs8(der).map(Pair::Rsa),
            SigningAlgorithm::Es256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map(Pair::P256),
        };
        Self::new(pair.map_err(|_| KeyError::Rejected)?)
    }

    /// Writes the key down as PKCS #8 DER. These bytes are the secret itself: they are wiped when dropped, and whoever
    /// stores them seals them first.
    ///
    /// # Errors
    /// The encoder failed.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let encode = |_| KeyError::Encode;
        match &self.pair {
            Pair::Rsa(pair) => Ok(Zeroizing::new(pair.as_der().map_err(encode)?.as_ref().to_vec())),
            Pair::P256(pair) => Ok(Zeroizing::new(pair.to_pkcs8v1().map_err(encode)?.as_ref().to_vec())),
        }
    }

    /// The key's name: its RFC 7638 thumbprint, so the same key has the same name everywhere.
    pub fn kid(&self) -> &str {
        self.public.kid()
    }

    /// How it signs.
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.public.algorithm()
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs as RFC 7518 says, sections 3.3 and 3.4. With RS256 the same message gives the same signature.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).ok()?;
                Some(signature)
            }
            Pair::P256(pair) => pair.sign(&random, message).ok().map(|signature| signature.as_ref().to_vec()),
        }
    }

    /// The public half as SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
    fn public_info(&self) -> Option<Vec<u8>> {
        let info: PublicKeyX509Der<'_> = match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_der().ok()?,
            Pair::P256(pair) => pair.public_key().as_der().ok()?,
        };
        Some(info.as_ref().to_vec())
    }

    fn new(pair: Pair) -> Result<Self, KeyError> {
        let public = match &pair {
            Pair::Rsa(pair) => {
                let public = pair.public_key();
                let (n, e) = (public.modulus(), public.exponent());
                PublicKey::rsa(n.big_endian_without_leading_zero(), e.big_endian_without_leading_zero())
            }
            Pair::P256(pair) => PublicKey::p256(pair.public_key().as_ref()).ok_or(KeyError::Rejected)?,
        };
        Ok(Self { pair, public })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
