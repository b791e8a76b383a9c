//! Signatures of requests that writ sends, as the Standard Webhooks specification says
//! (github.com/standard-webhooks/standard-webhooks, 1.0): `webhook-signature: v1,BASE64(HMAC-SHA256(secret,
//! "ID.TIMESTAMP.BODY"))`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Time;
use http::{HeaderMap, HeaderName, HeaderValue};
use zeroize::Zeroizing;

use crate::DigestKey;

/// What a secret starts with, before its base64.
const PREFIX: &str = "whsec_";
/// Bytes of a secret (the specification's bounds).
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// What requests are signed with. It does not print.
pub struct WebhookSecret(DigestKey);

impl WebhookSecret {
    /// From `whsec_` and base64.
    ///
    /// # Errors
    /// What is wrong with it; never the secret.
    pub fn read(text: &str) -> Result<Self, String> {
        let encoded =
            text.strip_prefix(PREFIX).ok_or_else(|| format!("the secret must start with `{PREFIX}`, then base64"))?;
        let bytes = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| "the secret is not base64".to_owned())?);
        if !BYTES.contains(&bytes.len()) {
            return Err(format!("the secret has {} bytes, it must have 24 to 64", bytes.len()));
        }
        Ok(Self(DigestKey::of_any_length(&bytes)))
    }

    /// Adds the three headers of a signed request: its id, the time and the signature. An id that no header can carry is
    /// left out, and with it the signature's worth: ids are ours.
    pub fn sign(&self, headers: &mut HeaderMap, id: &str, now: Time, body: &[u8]) {
        let seconds = now.unix_seconds().to_string();
        let signature = self.signature(id, &seconds, body);
        for (name, text) in
            [("webhook-id", id), ("webhook-timestamp", seconds.as_str()), ("webhook-signature", signature.as_str())]
        {
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }

    fn signature(&self, id: &str, seconds: &str, body: &[u8]) -> String {
        let signed = [id.as_bytes(), b".", seconds.as_bytes(), b".", body].concat();
        format!("v1,{}", STANDARD.encode(self.0.digest(&signed)))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

#[cfg(test)]
mod tests;
