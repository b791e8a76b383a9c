//! The certificate of a session's key for signing commits.

use std::fmt;
use std::str::FromStr;

use domain::SessionId;

use super::content::{Content, Signed};
use super::public_key::SshPublicKey;
use super::wire::Malformed;

/// Name of the extension whose value is the session's id.
pub const SESSION_EXTENSION: &str = "session@writ.dev";

/// A public key with what an authority says about it. Made by [`super::SshAuthority`], or read; reading checks the form
/// only, [`Certificate::is_from`] checks the authority.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    signed: Signed,
    session: SessionId,
}

/// Why something is not a certificate of a session, or not one for logging in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not in the format.
    #[error("not a certificate of an Ed25519 key: {0}")]
    Malformed(#[from] Malformed),
    /// A host's, or one with conditions that are not known here and therefore not met.
    #[error("not a certificate for signing: it is a host's, or it carries a critical option")]
    Unusable,
    /// It names no session.
    #[error("not a certificate of a session: it has no extension `{SESSION_EXTENSION}` with a session id")]
    NoSession,
    /// A host's, one that any account would take, or one with conditions that are not known here.
    #[error(
        "not a certificate for logging in: it is a host's, it names no principal, or it carries a critical option that \
         is not known here"
    )]
    NotForLogin,
}

// === impl Certificate ===

impl Certificate {
    /// The certified key.
    pub fn key(&self) -> SshPublicKey {
        self.content().key
    }

    /// Its number.
    pub fn serial(&self) -> u64 {
        self.content().serial
    }

    /// What the authority calls it; shown in logs of whoever accepts it.
    pub fn key_id(&self) -> &str {
        &self.content().key_id
    }

    /// Whom it stands for: the human first, then the session.
    pub fn principals(&self) -> &[String] {
        &self.content().principals
    }

    /// From when it counts, in Unix seconds.
    pub fn valid_after(&self) -> u64 {
        self.content().valid_after
    }

    /// Until when it counts, in Unix seconds; this second does not count any more.
    pub fn valid_before(&self) -> u64 {
        self.content().valid_before
    }

    /// Whether it counts at this moment, in Unix seconds.
    pub fn is_valid_at(&self, unix_seconds: i64) -> bool {
        self.signed.is_valid_at(unix_seconds)
    }

    /// The session it is about.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// The authority that it says it is from; [`Certificate::is_from`] proves it.
    pub fn authority(&self) -> SshPublicKey {
        self.content().authority
    }

    /// Whether this authority signed it.
    pub fn is_from(&self, authority: &SshPublicKey) -> bool {
        self.signed.is_from(authority)
    }

    /// Its bytes on the wire.
    pub fn blob(&self) -> &[u8] {
        self.signed.blob()
    }

    /// Reads it from its bytes on the wire.
    ///
    /// # Errors
    /// Not in the format, not for signing, or without a session.
    pub fn from_blob(blob: &[u8]) -> Result<Self, CertificateError> {
        Signed::from_blob(blob)?.try_into()
    }

    fn content(&self) -> &Content {
        self.signed.content()
    }
}

impl TryFrom<Signed> for Certificate {
    type Error = CertificateError;

    fn try_from(signed: Signed) -> Result<Self, CertificateError> {
        let content = signed.content();
        if !content.is_for_users || !content.critical.is_empty() {
            return Err(CertificateError::Unusable);
        }
        let session = session_of(content).ok_or(CertificateError::NoSession)?;
        Ok(Self { signed, session })
    }
}

/// The session among the extensions; others say what else the certificate allows and do not matter here.
pub(super) fn session_of(content: &Content) -> Option<SessionId> {
    content.extensions.get(SESSION_EXTENSION)?.as_ref()?.parse().ok()
}

impl FromStr for Certificate {
    type Err = CertificateError;

    /// Reads the line of a `-cert.pub` file; a comment is ignored.
    fn from_str(line: &str) -> Result<Self, CertificateError> {
        Signed::from_line(line)?.try_into()
    }
}

impl fmt::Display for Certificate {
    /// The line of a `-cert.pub` file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.signed.line())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Certificate").field(self.content()).finish()
    }
}
