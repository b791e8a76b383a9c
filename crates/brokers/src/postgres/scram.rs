//! A password's SCRAM-SHA-256 verifier, made here so that no statement carries the password itself (RFC 5802 section 3,
//! RFC 7677; the server's form: `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`).

use std::num::NonZeroU32;

use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// What RFC 7677 asks for at least. More would only slow log-ins: the password is random, nobody guesses it.
const ITERATIONS: NonZeroU32 = match NonZeroU32::new(4096) {
    Some(count) => count,
    None => NonZeroU32::MIN,
};
/// What the server itself takes.
const SALT_BYTES: usize = 16;
/// 192 random bits.
const PASSWORD_BYTES: usize = 24;
/// So that a password that got lost is found by whoever scans for it.
const PREFIX: &str = "writ_pg_";

/// A password with what the server needs to check it.
pub(super) struct Password {
    /// What the session logs in with.
    pub(super) clear: Zeroizing<String>,
    /// What the server keeps.
    pub(super) verifier: String,
}

impl Password {
    /// A password from secret random bytes. Password and salt are taken from them by a keyed hash, so the salt, which is
    /// no secret, tells nothing about the password.
    pub(super) fn new(random: &[u8; 32]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, random);
        let part = |name: &[u8]| hmac::sign(&key, name);
        let (password, salt) = (part(b"password"), part(b"salt"));
        let mut clear = Zeroizing::new(PREFIX.to_owned());
        URL_SAFE_NO_PAD.encode_string(&password.as_ref()[..PASSWORD_BYTES], &mut clear);
        let verifier = verifier(&clear, &salt.as_ref()[..SALT_BYTES], ITERATIONS);
        Self { clear, verifier }
    }
}

/// The verifier of a password in ASCII, which SASLprep leaves as it is.
fn verifier(password: &str, salt: &[u8], iterations: NonZeroU32) -> String {
    let mut salted = Zeroizing::new([0_u8; digest::SHA256_OUTPUT_LEN]);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, salt, password.as_bytes(), salted.as_mut_slice());
    let salted = hmac::Key::new(hmac::HMAC_SHA256, salted.as_slice());
    let client_key = hmac::sign(&salted, b"Client Key");
    let stored_key = digest::digest(&digest::SHA256, client_key.as_ref());
    let server_key = hmac::sign(&salted, b"Server Key");
    let text = |bytes: &[u8]| STANDARD.encode(bytes);
    format!("SCRAM-SHA-256${iterations}:{}${}:{}", text(salt), text(stored_key.as_ref()), text(server_key.as_ref()))
}

#[cfg(test)]
mod tests;
