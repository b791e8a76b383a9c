//! The issuer: turns a session that the log already holds into signed statements that others verify with the published
//! key set. The *writ* is for writ's own walls and whoever takes part; *tokens* are for relying parties such as clouds,
//! registries and clusters, each with the subject and within the bounds that it takes.
//!
//! Subject and actor of a writ follow RFC 8693, section 4.1: `sub` is the party on whose behalf things are done, the
//! human; `act` is the party doing them, the agent's session. A child session is the outermost actor, and the sessions it
//! was opened from are nested below it, nearest first. By the same section only `sub` and the outermost actor matter for
//! access; what is nested deeper tells the story. All of them are pseudonymous ids: no name, no address. A token's `sub`
//! is what its relying party's rules are about, so it is the same for every session of one kind; `act` is as in a writ.

use std::sync::Arc;

use domain::{DeveloperId, Name, ProjectId, SessionId, Time};

use crate::{Certificate, SigningKey};

mod assertion;
mod audience;
mod aws;
mod check;
mod discovery;
mod jwt;
pub mod limits;
mod party;
mod subject;
mod token;
mod verify;

pub use audience::{Audience, AudienceError};
pub use aws::{AwsClaims, aws_name, aws_tag, source_identity};
pub use discovery::discovery;
pub use limits::ISSUER_CHARS_MAX;
pub use party::{PartyError, PartyKind, RelyingParties, RelyingParty};
pub use subject::{SubjectError, SubjectParts, SubjectTemplate, SubjectTemplateError};
pub use token::{ProjectClaim, TokenClaims};
pub use verify::{Verified, VerifyError, verify};

pub use assertion::Assertion;

/// The audience of a writ when none is named: writ's own walls.
pub const AUDIENCE_DEFAULT: &str = "writ";

/// What a writ says. Everything in it was decided and recorded before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WritClaims {
    /// The session whose authority this is; the actor.
    pub session: SessionId,
    /// The sessions it was opened from, nearest first; at most [`domain::limits::SESSION_DEPTH_MAX`].
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

/// Why no writ or token was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// The issuer's address is not one that relying parties accept.
    #[error(
        "an issuer address starts with https:// or http://, has no query, fragment, space or trailing slash and \
             at most {ISSUER_CHARS_MAX} characters"
    )]
    Address,
    /// It would never count.
    #[error("a token must expire after it is issued")]
    Expiry,
    /// It would count for too long.
    #[error("a token lives at most {} minutes", limits::TOKEN_LIFE_MAX.as_secs() / 60)]
    Life,
    /// A list or text is longer than its bound.
    #[error("a token carries at most {max} {what}")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// The bound.
        max: usize,
    },
    /// A claim is not what relying parties take.
    #[error("the claim `{claim}` {what}")]
    Claim {
        /// Which one.
        claim: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The audience is not one that tokens are made for, or not in this way.
    #[error(transparent)]
    Party(#[from] PartyError),
    /// The key did not sign.
    #[error("cannot sign the token")]
    Sign,
}

/// States the authority of sessions under one address and one key, to relying parties that were configured.
#[derive(Debug, Clone)]
pub struct Issuer {
    address: String,
    key: Arc<SigningKey>,
    certificate: Option<Certificate>,
    parties: Arc<RelyingParties>,
}

// === impl Issuer ===

impl Issuer {
    /// An issuer without relying parties. `address` becomes `iss`, compared byte for byte by relying parties, so it must
    /// stay the same for ever.
    ///
    /// # Errors
    /// The address is not usable: see [`IssuerError::Address`]. That it should be https outside tests is for the
    /// configuration to say.
    pub fn new(address: impl Into<String>, key: Arc<SigningKey>) -> Result<Self, IssuerError> {
        let address = address.into();
        check::address(&address)?;
        Ok(Self { address, key, certificate: None, parties: Arc::default() })
    }

    /// The same for relying parties, with the key's certificate for those that want it in the header.
    #[must_use]
    pub fn with_parties(mut self, parties: Arc<RelyingParties>, certificate: Certificate) -> Self {
        self.certificate = Some(certificate);
        self.parties = parties;
        self
    }

    /// Whether an address can be an issuer's.
    ///
    /// # Errors
    /// [`IssuerError::Address`].
    pub fn check_address(address: &str) -> Result<(), IssuerError> {
        check::address(address)
    }

    /// What relying parties on the internet will not like about a usable address, one sentence each.
    pub fn address_warnings(address: &str) -> Vec<&'static str> {
        check::address_warnings(address)
    }

    /// The address that relying parties find in `iss`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The key it signs with.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Those that it makes tokens for.
    pub fn parties(&self) -> &RelyingParties {
        &self.parties
    }

    /// Signs a writ: a JWT (RFC 7519) in compact form, about 1,000 bytes with RS256. The same claims give the same text
    /// then.
    ///
    /// # Errors
    /// It would never count, carries too much, or the key failed.
    pub fn writ(&self, claims: &WritClaims) -> Result<String, IssuerError> {
        check::writ(claims)?;
        jwt::sign(&self.key, None, &jwt::Writ::new(&self.address, claims)).ok_or(IssuerError::Sign)
    }

    /// Signs a token for relying parties: a JWT of at most [`limits::TOKEN_BYTES_MAX`] bytes, about 1,100 with RS256. That
    /// it is allowed, and that its entry is durable, is the caller's business.
    ///
    /// # Errors
    /// An audience is none of the configured relying parties, the token is not one that all of its audiences take, it
    /// never counts or counts for too long, a claim is out of its bounds, or the key failed.
    pub fn token(&self, claims: &TokenClaims) -> Result<String, IssuerError> {
        let parties = self.parties.for_all(&claims.audience)?;
        token::check(claims)?;
        for party in &parties {
            party.check_token(self.key.algorithm(), &claims.subject, claims.audience.len())?;
        }
        let wants_certificate = parties.iter().any(|party| party.kind().wants_certificate_in_header());
        let certificate = self.certificate.as_ref().filter(|_| wants_certificate);
        let payload = token::payload(&self.address, claims);
        let token = jwt::sign(&self.key, certificate, &payload).ok_or(IssuerError::Sign)?;
        check::within("bytes", token.len(), limits::TOKEN_BYTES_MAX)?;
        Ok(token)
    }
}

#[cfg(test)]
mod tests;
