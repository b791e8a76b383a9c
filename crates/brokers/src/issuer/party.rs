//! Relying parties: who takes tokens, with which subject, and what each kind refuses.

use std::fmt;
use std::str::FromStr;

use super::limits::{AUDIENCES_MAX, GOOGLE_SUBJECT_BYTES_MAX, PARTIES_MAX};
use super::{Audience, SubjectError, SubjectParts, SubjectTemplate};
use crate::SigningAlgorithm;

/// The audience of Entra's federated credentials; sovereign clouds have an ending of their own.
const ENTRA_AUDIENCE: &str = "api://AzureADTokenExchange";

/// What a relying party is, as far as its bounds go. Each is the vendor's documented one, or was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartyKind {
    /// AWS STS.
    Aws,
    /// Microsoft Entra (federated identity credentials): RS256, one audience.
    Azure,
    /// Google Cloud (workload identity federation): a short subject.
    Gcp,
    /// Kubernetes, which takes the token as bearer.
    Kubernetes,
    /// Anthropic (workload identity federation).
    Anthropic,
    /// Vault and OpenBao.
    Vault,
    /// Ceph's RGW: RS256, and keys that are published with `x5c` (both measured with 18.2.7).
    Ceph,
    /// A registry of the Docker distribution, which wants the certificate in the header.
    Registry,
    /// Anything else that verifies a JWT.
    Generic,
}

/// One relying party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingParty {
    audience: Audience,
    kind: PartyKind,
    subject: SubjectTemplate,
}

/// All relying parties; tokens are made for no other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RelyingParties {
    parties: Vec<RelyingParty>,
}

/// Why a relying party would not take a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartyError {
    /// It is not configured.
    #[error("no token is made for the audience `{audience}`: {known}")]
    Unknown {
        /// Who was asked for.
        audience: String,
        /// Whom there is.
        known: String,
    },
    /// A token is for somebody.
    #[error("a token names at least one audience, and at most {AUDIENCES_MAX}")]
    Count,
    /// Configured twice.
    #[error("the audience `{0}` is named twice")]
    Twice(String),
    /// More than can be configured.
    #[error("{0} audiences, the limit is {PARTIES_MAX}")]
    TooMany(usize),
    /// It takes other signatures only.
    #[error("`{audience}` takes tokens signed with RS256 only, and the key signs with {algorithm}")]
    Algorithm {
        /// Who.
        audience: Audience,
        /// What the key signs with.
        algorithm: SigningAlgorithm,
    },
    /// It reads keys from certificates.
    #[error("`{0}` takes keys with certificates only: set `x5c = true`")]
    Certificates(Audience),
    /// Entra has an audience of its own.
    #[error("Entra takes the audience `{ENTRA_AUDIENCE}` (or that of a sovereign cloud), not `{0}`")]
    EntraAudience(Audience),
    /// It takes a token that is for itself only.
    #[error("`{0}` takes a token with one audience only")]
    Alone(Audience),
    /// The subject is longer than it takes.
    #[error("a subject for `{audience}` has at most {max} bytes, `{subject}` has {}", subject.len())]
    Subject {
        /// Who.
        audience: Audience,
        /// The subject.
        subject: String,
        /// The bound.
        max: usize,
    },
}

// === impl PartyKind ===

impl PartyKind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::Aws,
        Self::Azure,
        Self::Gcp,
        Self::Kubernetes,
        Self::Anthropic,
        Self::Vault,
        Self::Ceph,
        Self::Registry,
        Self::Generic,
    ];

    /// The name, as spelled in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Azure => "azure",
            Self::Gcp => "gcp",
            Self::Kubernetes => "kubernetes",
            Self::Anthropic => "anthropic",
            Self::Vault => "vault",
            Self::Ceph => "ceph",
            Self::Registry => "registry",
            Self::Generic => "generic",
        }
    }

    /// The kind that an audience is known for.
    pub fn of_audience(audience: &Audience) -> Self {
        match audience.as_str() {
            "sts.amazonaws.com" | "sts.amazonaws.com.cn" => Self::Aws,
            text if text.starts_with(ENTRA_AUDIENCE) => Self::Azure,
            text if text.contains("//iam.googleapis.com/") => Self::Gcp,
            _ => Self::Generic,
        }
    }

    /// Whether the header carries the key's certificate.
    pub(super) const fn wants_certificate_in_header(self) -> bool {
        matches!(self, Self::Registry)
    }

    const fn takes(self, algorithm: SigningAlgorithm) -> bool {
        match self {
            Self::Azure | Self::Ceph => matches!(algorithm, SigningAlgorithm::Rs256),
            _ => true,
        }
    }

    const fn subject_bytes_max(self) -> Option<usize> {
        match self {
            Self::Gcp => Some(GOOGLE_SUBJECT_BYTES_MAX),
            _ => None,
        }
    }
}

impl fmt::Display for PartyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PartyKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::as_str).join("`, `");
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| format!("`{text}` is no kind of relying party: known are `{}`", known()))
    }
}

// === impl RelyingParty ===

impl RelyingParty {
    /// A relying party.
    ///
    /// # Errors
    /// The audience is not one that its kind has.
    pub fn new(audience: Audience, kind: PartyKind, subject: SubjectTemplate) -> Result<Self, PartyError> {
        if kind == PartyKind::Azure && !audience.as_str().starts_with(ENTRA_AUDIENCE) {
            return Err(PartyError::EntraAudience(audience));
        }
        Ok(Self { audience, kind, subject })
    }

    /// What it finds in `aud`.
    pub fn audience(&self) -> &Audience {
        &self.audience
    }

    /// What it is.
    pub fn kind(&self) -> PartyKind {
        self.kind
    }

    /// What its subjects are made from.
    pub fn template(&self) -> &SubjectTemplate {
        &self.subject
    }

    /// The subject of a session, for this relying party.
    ///
    /// # Errors
    /// The session has not got what the template names, or the subject is too short or too long.
    pub fn subject(&self, parts: &SubjectParts<'_>) -> Result<String, SubjectError> {
        self.subject.render(parts)
    }

    /// Whether it takes what this issuer publishes and signs with.
    ///
    /// # Errors
    /// What it does not take.
    pub fn check(&self, algorithm: SigningAlgorithm, certificates: bool) -> Result<(), PartyError> {
        if !self.kind.takes(algorithm) {
            return Err(PartyError::Algorithm { audience: self.audience.clone(), algorithm });
        }
        if self.kind == PartyKind::Ceph && !certificates {
            return Err(PartyError::Certificates(self.audience.clone()));
        }
        Ok(())
    }

    pub(super) fn check_token(
        &self,
        algorithm: SigningAlgorithm,
        subject: &str,
        audiences: usize,
    ) -> Result<(), PartyError> {
        let audience = || self.audience.clone();
        if !self.kind.takes(algorithm) {
            return Err(PartyError::Algorithm { audience: audience(), algorithm });
        }
        if self.kind == PartyKind::Azure && audiences != 1 {
            return Err(PartyError::Alone(audience()));
        }
        match self.kind.subject_bytes_max() {
            Some(max) if subject.len() > max => {
                Err(PartyError::Subject { audience: audience(), subject: subject.to_owned(), max })
            }
            _ => Ok(()),
        }
    }
}

// === impl RelyingParties ===

impl RelyingParties {
    /// These and no others.
    ///
    /// # Errors
    /// Two have the same audience, or there are more than [`PARTIES_MAX`].
    pub fn new(parties: Vec<RelyingParty>) -> Result<Self, PartyError> {
        if parties.len() > PARTIES_MAX {
            return Err(PartyError::TooMany(parties.len()));
        }
        for (index, party) in parties.iter().enumerate() {
            if parties[..index].iter().any(|earlier| earlier.audience == party.audience) {
                return Err(PartyError::Twice(party.audience.to_string()));
            }
        }
        Ok(Self { parties })
    }

    /// The one with an audience.
    ///
    /// # Errors
    /// [`PartyError::Unknown`], with the audiences there are.
    pub fn find(&self, audience: &str) -> Result<&RelyingParty, PartyError> {
        let found = self.parties.iter().find(|party| party.audience.as_str() == audience);
        found.ok_or_else(|| PartyError::Unknown { audience: audience.to_owned(), known: self.known() })
    }

    /// All of them, in the order of the configuration.
    pub fn iter(&self) -> impl Iterator<Item = &RelyingParty> {
        self.parties.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.parties.is_empty()
    }

    pub(super) fn for_all(&self, audiences: &[String]) -> Result<Vec<&RelyingParty>, PartyError> {
        if !(1..=AUDIENCES_MAX).contains(&audiences.len()) {
            return Err(PartyError::Count);
        }
        audiences.iter().map(|audience| self.find(audience)).collect()
    }

    fn known(&self) -> String {
        if self.parties.is_empty() {
            return "none is configured, ask an administrator to add it to `[[issuer.audiences]]`".to_owned();
        }
        let names: Vec<&str> = self.parties.iter().map(|party| party.audience.as_str()).collect();
        format!("there are `{}`", names.join("`, `"))
    }
}

#[cfg(test)]
mod tests;
