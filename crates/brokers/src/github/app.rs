//! The App itself: its id, its private key, and the statement by which it proves to be the App.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::Time;
use serde_json::json;
use zeroize::Zeroizing;

use super::limits;
use crate::broker::BrokerError;
use crate::open::SettingsError;

/// An App with its key. The key does not print.
pub(super) struct App {
    id: String,
    key: RsaKeyPair,
}

/// The two containers of RFC 7468 and RFC 8017 that a key may come in: GitHub gives the first.
const PKCS1: &str = "RSA PRIVATE KEY";
const PKCS8: &str = "PRIVATE KEY";

// === impl App ===

impl App {
    /// An App of this id (or client id) with its private key as PEM.
    ///
    /// # Errors
    /// The text is not an RSA key of 2,048 bits or more. Nothing of it is in the error.
    pub(super) fn new(id: String, pem: &str) -> Result<Self, SettingsError> {
        let key = read_key(pem).ok_or_else(|| {
            SettingsError::new(
                "`private_key` is no RSA private key in PEM (PKCS #1 or PKCS #8, unencrypted): take the file that \
                 GitHub gave for the App",
            )
        })?;
        Ok(Self { id, key })
    }

    /// The App's statement of being itself: a JWT in RS256 with `iat`, `exp` and `iss` only, as GitHub wants it.
    ///
    /// # Errors
    /// The key did not sign.
    pub(super) fn statement(&self, now: Time) -> Result<Zeroizing<String>, BrokerError> {
        let issued_at = now - limits::STATEMENT_BACKDATED;
        let expires_at = issued_at + limits::STATEMENT_LIFE;
        let header = json!({ "alg": "RS256", "typ": "JWT" });
        let claims = json!({ "iat": issued_at.unix_seconds(), "exp": expires_at.unix_seconds(), "iss": self.id });
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let mut text = Zeroizing::new(format!("{}.{}", part(header), part(claims)));
        let mut signature = vec![0; self.key.public_modulus_len()];
        let signed = self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature);
        signed.map_err(|_| BrokerError::operator("the App's private key does not sign: give the broker another"))?;
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        Ok(text)
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Reads the first of the two containers that is there. What stands around it is explanatory text (RFC 7468 section 5.2).
fn read_key(pem: &str) -> Option<RsaKeyPair> {
    let key = match body(pem, PKCS1) {
        Some(der) => RsaKeyPair::from_der(&der),
        None => RsaKeyPair::from_pkcs8(&body(pem, PKCS8)?),
    };
    key.ok()
}

/// The bytes between the boundaries of that label. Headers (RFC 1421: an encrypted key) are no base64, so none come back.
fn body(pem: &str, label: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (_, rest) = pem.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let body: Zeroizing<String> = Zeroizing::new(body.split_whitespace().collect());
    STANDARD.decode(body.as_bytes()).ok().map(Zeroizing::new)
}
