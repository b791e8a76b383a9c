//! The name of a public key: its thumbprint, RFC 7638. The members that the RFC requires, in order and without white
//! space; all of them are base64url already, so no character needs an escape.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// SHA-256 thumbprint of an RSA public key, base64url without padding: 43 characters (section 3.2).
pub(crate) fn rsa(n: &str, e: &str) -> String {
    hashed(&format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#))
}

/// The same of a key on P-256.
pub(crate) fn p256(x: &str, y: &str) -> String {
    hashed(&format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#))
}

fn hashed(canonical: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, canonical.as_bytes()))
}

#[cfg(test)]
mod tests;
