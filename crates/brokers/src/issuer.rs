//! The issuer: turns a session that the log already holds into a writ, a JWT that any relying party verifies with the
//! published key set.
//!
//! Subject and actor follow RFC 8693, section 4.1: `sub` is the party on whose behalf things are done, the human;
//! `act` is the party doing them, the agent's session. A child session is the outermost actor, and the sessions it was
//! opened from are nested below it, nearest first. By the same section only `sub` and the outermost actor matter for
//! access; what is nested deeper tells the story. All of them are pseudonymous ids: no name, no address.

use domain::{DeveloperId, Name, ProjectId, SessionId, Time, limits};

use crate::SigningKey;

mod assertion;
mod jwt;

pub use assertion::Assertion;

/// The audience of a writ when none is named: writ's own walls.
pub const AUDIENCE_DEFAULT: &str = "writ";
/// Characters in an issuer address: relying parties store it, and none of them takes a long one.
pub const ISSUER_CHARS_MAX: usize = 255;
/// Audiences in one writ: one relying party each, and a writ is made for a handful.
const AUDIENCES_MAX: usize = 10;
/// Characters in one audience: Google's limit, the shortest known.
const AUDIENCE_CHARS_MAX: usize = 256;

/// What a writ says. Everything in it was decided and recorded before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WritClaims {
    /// The session whose authority this is; the actor.
    pub session: SessionId,
    /// The sessions it was opened from, nearest first; at most [`limits::SESSION_DEPTH_MAX`].
    pub parents: Vec<SessionId>,
    /// The human on whose behalf it acts; the subject.
    pub developer: DeveloperId,
    /// What the work is for; none means unattributed, and the claim is then left out.
    pub project: Option<ProjectId>,
    /// Name of the permission profile.
    pub profile: Name,
    /// Who is to accept the writ; empty means [`AUDIENCE_DEFAULT`].
    pub audience: Vec<String>,
    /// When it is issued, and from when it counts; rounded down to a second.
    pub issued_at: Time,
    /// Until when it counts; rounded down to a second, so that a writ never outlives its session.
    pub expires_at: Time,
}

/// Why no writ was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// The issuer's address is not one that relying parties accept.
    #[error(
        "an issuer address starts with https:// or http://, has no query, fragment, space or trailing slash and \
             at most {ISSUER_CHARS_MAX} characters"
    )]
    Address,
    /// The writ would never count.
    #[error("a writ must expire after it is issued")]
    Expiry,
    /// A list or text is longer than its bound.
    #[error("a writ carries at most {max} {what}")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// The bound.
        max: usize,
    },
    /// The key did not sign.
    #[error("cannot sign the writ")]
    Sign,
}

/// States the authority of sessions under one address and one key.
#[derive(Debug)]
pub struct Issuer {
    address: String,
    key: SigningKey,
}

// === impl Issuer ===

impl Issuer {
    /// An issuer. `address` becomes `iss`, compared byte for byte by relying parties, so it must stay the same for ever.
    ///
    /// # Errors
    /// The address is not usable: see [`IssuerError::Address`]. That it should be https outside tests is for the
    /// configuration to say.
    pub fn new(address: impl Into<String>, key: SigningKey) -> Result<Self, IssuerError> {
        let address = address.into();
        if is_usable(&address) { Ok(Self { address, key }) } else { Err(IssuerError::Address) }
    }

    /// The address that relying parties find in `iss`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The key it signs with, for the key set.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Signs a writ: a JWT (RFC 7519) in compact form, RS256, about 1,000 bytes. The same claims give the same text.
    ///
    /// # Errors
    /// It would never count, carries too much, or the key failed.
    pub fn writ(&self, claims: &WritClaims) -> Result<String, IssuerError> {
        check(claims)?;
        jwt::sign(&self.key, &jwt::Payload::new(&self.address, claims)).ok_or(IssuerError::Sign)
    }
}

fn is_usable(address: &str) -> bool {
    let host = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'"' | b'\\');
    host.is_some_and(|host| !host.is_empty() && !host.starts_with('/') && !host.ends_with('/'))
        && address.bytes().all(plain)
        && address.len() <= ISSUER_CHARS_MAX
}

fn check(claims: &WritClaims) -> Result<(), IssuerError> {
    if claims.expires_at.unix_seconds() <= claims.issued_at.unix_seconds() {
        return Err(IssuerError::Expiry);
    }
    let longest = claims.audience.iter().map(|audience| audience.chars().count()).max().unwrap_or(0);
    within("parent sessions", claims.parents.len(), limits::SESSION_DEPTH_MAX)?;
    within("audiences", claims.audience.len(), AUDIENCES_MAX)?;
    within("characters in an audience", longest, AUDIENCE_CHARS_MAX)
}

fn within(what: &'static str, count: usize, max: usize) -> Result<(), IssuerError> {
    if count > max { Err(IssuerError::TooMuch { what, max }) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
