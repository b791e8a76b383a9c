//! The name of a public key: its thumbprint, RFC 7638.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// SHA-256 thumbprint of an RSA public key, base64url without padding: 43 characters.
///
/// RFC 7638 section 3.2: the required members `e`, `kty`, `n` in this order, no white space. `n` and `e` are base64url
/// already, so no character needs an escape.
pub(crate) fn rsa(n: &str, e: &str) -> String {
    let canonical = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, canonical.as_bytes()))
}

#[cfg(test)]
mod tests;
