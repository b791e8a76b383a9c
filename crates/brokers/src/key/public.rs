//! The public half of a signing key, as relying parties see it.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Certificate, KeyError, SigningAlgorithm};
use crate::thumbprint;

/// Bytes of a coordinate on P-256.
const COORDINATE_BYTES: usize = 32;
/// Most bytes of an RSA modulus: 8,192 bits.
const MODULUS_BYTES_MAX: usize = 1024;
/// Most bytes of an RSA exponent that the library takes.
const EXPONENT_BYTES_MAX: usize = 5;

/// A public key with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    kid: String,
    numbers: Numbers,
}

/// What RFC 7518, sections 6.2.1 and 6.3.1, calls the key's parameters, in base64url.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Numbers {
    Rsa { n: String, e: String },
    P256 { x: String, y: String },
}

/// Public keys as a JSON Web Key Set (RFC 7517 section 5). Without certificates each has `kty`, `use`, `alg`, `kid`, and
/// `n` and `e` or `crv`, `x` and `y`, and nothing else: Google refuses an uploaded set that has more.
pub fn jwks<'a>(keys: impl IntoIterator<Item = (&'a PublicKey, Option<&'a Certificate>)>) -> Value {
    let keys: Vec<Value> = keys.into_iter().map(|(key, certificate)| key.jwk(certificate)).collect();
    json!({ "keys": keys })
}

// === impl PublicKey ===

impl PublicKey {
    pub(super) fn rsa(n: &[u8], e: &[u8]) -> Self {
        let (n, e) = (URL_SAFE_NO_PAD.encode(n), URL_SAFE_NO_PAD.encode(e));
        Self { kid: thumbprint::rsa(&n, &e), numbers: Numbers::Rsa { n, e } }
    }

    /// From an uncompressed point (SEC 1, section 2.3.3).
    pub(super) fn p256(point: &[u8]) -> Option<Self> {
        let (x, y) = point.strip_prefix(&[4])?.split_at_checked(COORDINATE_BYTES)?;
        if y.len() != COORDINATE_BYTES {
            return None;
        }
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        Some(Self { kid: thumbprint::p256(&x, &y), numbers: Numbers::P256 { x, y } })
    }

    /// Reads a key from a JSON Web Key. Its name is made anew; what the key says of its use is not looked at.
    ///
    /// # Errors
    /// [`KeyError::Public`].
    pub fn from_jwk(jwk: &Value) -> Result<Self, KeyError> {
        let bytes = |member: &str, max: usize| {
            let text = jwk.get(member)?.as_str().filter(|text| text.len() <= 2 * max)?;
            URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| (1..=max).contains(&bytes.len()))
        };
        let read = || match (jwk.get("kty")?.as_str()?, jwk.get("crv").and_then(Value::as_str)) {
            ("RSA", None) => Some(Self::rsa(&bytes("n", MODULUS_BYTES_MAX)?, &bytes("e", EXPONENT_BYTES_MAX)?)),
            ("EC", Some("P-256")) => {
                Self::p256(&[&[4], &*bytes("x", COORDINATE_BYTES)?, &*bytes("y", COORDINATE_BYTES)?].concat())
            }
            _ => None,
        };
        read().ok_or(KeyError::Public)
    }

    /// Its name: its RFC 7638 thumbprint.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What it verifies.
    pub fn algorithm(&self) -> SigningAlgorithm {
        match self.numbers {
            Numbers::Rsa { .. } => SigningAlgorithm::Rs256,
            Numbers::P256 { .. } => SigningAlgorithm::Es256,
        }
    }

    /// The key as a JSON Web Key (RFC 7517 section 4), with `x5c`, `x5t` and `x5t#S256` where there is a certificate.
    pub fn jwk(&self, certificate: Option<&Certificate>) -> Value {
        let mut jwk = match &self.numbers {
            Numbers::Rsa { n, e } => json!({ "kty": "RSA", "n": n, "e": e }),
            Numbers::P256 { x, y } => json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y }),
        };
        jwk["use"] = json!("sig");
        jwk["alg"] = json!(self.algorithm().as_str());
        jwk["kid"] = json!(self.kid);
        if let Some(certificate) = certificate {
            jwk["x5c"] = json!([certificate.x5c()]);
            jwk["x5t"] = json!(certificate.x5t());
            jwk["x5t#S256"] = json!(certificate.x5t_s256());
        }
        jwk
    }

    /// Whether it is the signature of a message.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let bytes = |text: &String| URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
        match &self.numbers {
            Numbers::Rsa { n, e } => {
                let key = RsaPublicKeyComponents { n: bytes(n), e: bytes(e) };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
            Numbers::P256 { x, y } => {
                let point = [&[4], &*bytes(x), &*bytes(y)].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
        }
    }
}

#[cfg(test)]
mod tests;
