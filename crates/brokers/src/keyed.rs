//! Keyed digests: equal texts give equal digests, and without the key a digest says nothing about the text.

use std::fmt;

use aws_lc_rs::hmac;

/// A key for HMAC-SHA-256 (RFC 2104). It does not print.
#[derive(Clone)]
pub struct DigestKey(hmac::Key);

impl DigestKey {
    /// A key from 32 secret bytes.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// A key from secret bytes of any number; those beyond 64 are hashed first, as the RFC says.
    pub fn of_any_length(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The 32 bytes of the keyed digest.
    pub fn digest(&self, text: &[u8]) -> [u8; 32] {
        let tag = hmac::sign(&self.0, text);
        let mut digest = [0_u8; 32];
        digest.copy_from_slice(tag.as_ref());
        digest
    }
}

impl fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestKey(…)")
    }
}

#[cfg(test)]
mod tests;
