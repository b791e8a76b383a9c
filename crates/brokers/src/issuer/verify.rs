//! Verifying what this issuer signed: for walls of ours that take a token as bearer.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Span, Time};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::limits::TOKEN_BYTES_MAX;
use crate::PublicKey;

/// How far ahead the clock of the process that signed may be.
const CLOCK_AHEAD_MAX: Span = Span::from_secs(60);

/// A token whose signature, issuer, audience and times are right.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// Its claims.
    pub claims: Map<String, Value>,
}

/// Why a token does not count. Says nothing of what is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Not a signed token in the compact form.
    #[error("not a signed token")]
    Form,
    /// No published key has this name.
    #[error("signed with a key that is not published here")]
    UnknownKey {
        /// The name.
        kid: String,
    },
    /// The signature is not the key's, or not of the key's algorithm.
    #[error("the signature does not fit")]
    Signature,
    /// From somebody else.
    #[error("made by another issuer")]
    Issuer,
    /// For somebody else.
    #[error("made for another audience")]
    Audience,
    /// Not any more, or not yet.
    #[error("expired, or not valid yet")]
    Time,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    /// Extensions that must be understood (RFC 7515 section 4.1.11): none is.
    crit: Option<Value>,
}

/// Verifies a token: with a key that `find` has under its name, from this issuer, for this audience, now. The algorithm
/// is the key's; what the header says must agree with it (RFC 8725 section 3.1).
///
/// # Errors
/// What is wrong, the first thing that is.
pub fn verify<'a>(
    token: &str,
    find: impl FnOnce(&str) -> Option<&'a PublicKey>,
    issuer: &str,
    audience: &str,
    now: Time,
) -> Result<Verified, VerifyError> {
    let parts = split(token).ok_or(VerifyError::Form)?;
    let header: Header = parse(parts.header).ok_or(VerifyError::Form)?;
    if header.crit.is_some() {
        return Err(VerifyError::Form);
    }
    let key = find(&header.kid).ok_or(VerifyError::UnknownKey { kid: header.kid })?;
    let signature = URL_SAFE_NO_PAD.decode(parts.signature).map_err(|_| VerifyError::Form)?;
    if header.alg != key.algorithm().as_str() || !key.verifies(parts.signed.as_bytes(), &signature) {
        return Err(VerifyError::Signature);
    }
    let claims: Map<String, Value> = parse(parts.payload).ok_or(VerifyError::Form)?;
    check(&claims, issuer, audience, now)?;
    Ok(Verified { claims })
}

struct Parts<'a> {
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
    signed: &'a str,
}

fn split(token: &str) -> Option<Parts<'_>> {
    if token.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    Some(Parts { header, payload, signature, signed })
}

fn parse<T: for<'de> Deserialize<'de>>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn check(claims: &Map<String, Value>, issuer: &str, audience: &str, now: Time) -> Result<(), VerifyError> {
    if claims.get("iss").and_then(Value::as_str) != Some(issuer) {
        return Err(VerifyError::Issuer);
    }
    let is_meant = |one: &Value| one.as_str() == Some(audience);
    let is_for = match claims.get("aud") {
        Some(Value::Array(several)) => several.iter().any(is_meant),
        Some(one) => is_meant(one),
        None => false,
    };
    if !is_for {
        return Err(VerifyError::Audience);
    }
    let seconds = |name: &str| claims.get(name).and_then(Value::as_i64).ok_or(VerifyError::Time);
    let latest_start = (now + CLOCK_AHEAD_MAX).unix_seconds();
    if now.unix_seconds() >= seconds("exp")? || seconds("nbf")? > latest_start {
        return Err(VerifyError::Time);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
