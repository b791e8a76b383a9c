//! Certificates for logging in, and the authority that makes them. It is another one than the authority for commits:
//! hosts trust this one, and what commits are signed with opens no door.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use domain::{CredentialId, SessionId};
use serde::{Deserialize, Serialize};

use super::certificate::{CertificateError, SESSION_EXTENSION, session_of};
use super::content::{Content, Options, Signed};
use super::key::SshKey;
use super::public_key::SshPublicKey;

/// Name of the extension whose value is the credential's id.
pub const CREDENTIAL_EXTENSION: &str = "credential@writ.dev";
/// The critical options of a user's certificate that are known here: PROTOCOL.certkeys, "Critical options".
const FORCE_COMMAND: &str = "force-command";
const SOURCE_ADDRESS: &str = "source-address";

/// What a certificate for logging in says. Everything in it was decided and recorded before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginClaims {
    /// The key that is certified.
    pub key: SshPublicKey,
    /// Its number.
    pub serial: u64,
    /// What sshd's log calls it: no control characters, at most [`super::TEXT_BYTES_MAX`] bytes.
    pub key_id: String,
    /// As whom it may log in, at least one.
    pub principals: BTreeSet<String>,
    /// From when it counts, in Unix seconds.
    pub valid_after: u64,
    /// Until when it counts, in Unix seconds.
    pub valid_before: u64,
    /// The only command that runs, whatever the client asks for.
    pub force_command: Option<String>,
    /// The only addresses it is taken from, in CIDR form; none is everywhere.
    pub source_addresses: Vec<String>,
    /// What the host may grant besides running a command.
    pub permits: BTreeSet<Permit>,
    /// The session.
    pub session: SessionId,
    /// The credential.
    pub credential: CredentialId,
}

/// What sshd grants only to a certificate that says so: PROTOCOL.certkeys, "Extensions".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Permit {
    /// Forwarding of X11.
    #[serde(rename = "permit-X11-forwarding")]
    X11Forwarding,
    /// Forwarding of the agent's socket: then whoever is root on the host uses the session's keys.
    #[serde(rename = "permit-agent-forwarding")]
    AgentForwarding,
    /// Forwarding of ports.
    #[serde(rename = "permit-port-forwarding")]
    PortForwarding,
    /// A terminal.
    #[serde(rename = "permit-pty")]
    Pty,
    /// Running `~/.ssh/rc`.
    #[serde(rename = "permit-user-rc")]
    UserRc,
}

/// The key that certifies sessions' keys for logging in, and certifies nothing else.
#[derive(Debug)]
pub struct LoginAuthority(SshKey);

/// A certificate for logging in. Made by [`LoginAuthority`], or read; reading checks the form only,
/// [`LoginCertificate::is_from`] checks the authority.
#[derive(Clone, PartialEq, Eq)]
pub struct LoginCertificate(Signed);

// === impl LoginAuthority ===

impl LoginAuthority {
    /// The authority with this key.
    pub fn new(key: SshKey) -> Self {
        Self(key)
    }

    /// The public half, for `TrustedUserCAKeys` of the hosts.
    pub fn public(&self) -> SshPublicKey {
        self.0.public()
    }

    /// Makes a certificate. `nonce` is random: without it, who can choose names could choose what is signed.
    ///
    /// # Errors
    /// It names no principal, or a text is too long or has control characters: what could not be read back is not signed.
    pub fn certify(&self, claims: &LoginClaims, nonce: &[u8; 32]) -> Result<LoginCertificate, CertificateError> {
        let content = Content {
            key: claims.key,
            serial: claims.serial,
            is_for_users: true,
            key_id: claims.key_id.clone(),
            principals: claims.principals.iter().cloned().collect(),
            valid_after: claims.valid_after,
            valid_before: claims.valid_before,
            critical: claims.critical(),
            extensions: claims.extensions(),
            authority: self.public(),
        };
        Signed::make(&content, &self.0, nonce)?.try_into()
    }
}

// === impl LoginClaims ===

impl LoginClaims {
    fn critical(&self) -> Options {
        let command = self.force_command.clone().map(|command| (FORCE_COMMAND, command));
        let sources = (!self.source_addresses.is_empty()).then(|| (SOURCE_ADDRESS, self.source_addresses.join(",")));
        command.into_iter().chain(sources).map(|(name, value)| (name.to_owned(), Some(value))).collect()
    }

    /// An extension that sshd does not know is ignored by it, so metadata is safe there.
    fn extensions(&self) -> Options {
        let permits = self.permits.iter().map(|permit| (permit.as_str().to_owned(), None));
        let metadata = [
            (SESSION_EXTENSION.to_owned(), Some(self.session.to_string())),
            (CREDENTIAL_EXTENSION.to_owned(), Some(self.credential.to_string())),
        ];
        permits.chain(metadata).collect()
    }
}

// === impl Permit ===

impl Permit {
    /// The extension's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::X11Forwarding => "permit-X11-forwarding",
            Self::AgentForwarding => "permit-agent-forwarding",
            Self::PortForwarding => "permit-port-forwarding",
            Self::Pty => "permit-pty",
            Self::UserRc => "permit-user-rc",
        }
    }
}

// === impl LoginCertificate ===

impl LoginCertificate {
    /// The certified key.
    pub fn key(&self) -> SshPublicKey {
        self.0.content().key
    }

    /// Its number.
    pub fn serial(&self) -> u64 {
        self.0.content().serial
    }

    /// What the authority calls it; sshd's log shows it.
    pub fn key_id(&self) -> &str {
        &self.0.content().key_id
    }

    /// As whom it may log in.
    pub fn principals(&self) -> &[String] {
        &self.0.content().principals
    }

    /// From when it counts, in Unix seconds.
    pub fn valid_after(&self) -> u64 {
        self.0.content().valid_after
    }

    /// Until when it counts, in Unix seconds; this second does not count any more.
    pub fn valid_before(&self) -> u64 {
        self.0.content().valid_before
    }

    /// Whether it counts at this moment, in Unix seconds.
    pub fn is_valid_at(&self, unix_seconds: i64) -> bool {
        self.0.is_valid_at(unix_seconds)
    }

    /// The only command that runs.
    pub fn force_command(&self) -> Option<&str> {
        self.0.content().critical.get(FORCE_COMMAND)?.as_deref()
    }

    /// The only addresses it is taken from, in CIDR form with commas between them.
    pub fn source_addresses(&self) -> Option<&str> {
        self.0.content().critical.get(SOURCE_ADDRESS)?.as_deref()
    }

    /// Names of its extensions, in order.
    pub fn extensions(&self) -> impl Iterator<Item = &str> {
        self.0.content().extensions.keys().map(String::as_str)
    }

    /// The session it is of; none in a certificate of somebody else's.
    pub fn session(&self) -> Option<SessionId> {
        session_of(self.0.content())
    }

    /// The authority that it says it is from; [`LoginCertificate::is_from`] proves it.
    pub fn authority(&self) -> SshPublicKey {
        self.0.content().authority
    }

    /// Whether this authority signed it.
    pub fn is_from(&self, authority: &SshPublicKey) -> bool {
        self.0.is_from(authority)
    }

    /// Its bytes on the wire.
    pub fn blob(&self) -> &[u8] {
        self.0.blob()
    }

    /// Reads it from its bytes on the wire.
    ///
    /// # Errors
    /// Not in the format, or not for logging in.
    pub fn from_blob(blob: &[u8]) -> Result<Self, CertificateError> {
        Signed::from_blob(blob)?.try_into()
    }
}

impl TryFrom<Signed> for LoginCertificate {
    type Error = CertificateError;

    fn try_from(signed: Signed) -> Result<Self, CertificateError> {
        let content = signed.content();
        let is_known = |(name, value): (&String, &Option<String>)| {
            [FORCE_COMMAND, SOURCE_ADDRESS].contains(&name.as_str()) && value.is_some()
        };
        // Without principals sshd takes it for every account.
        let is_for_login =
            content.is_for_users && !content.principals.is_empty() && content.critical.iter().all(is_known);
        if is_for_login { Ok(Self(signed)) } else { Err(CertificateError::NotForLogin) }
    }
}

impl FromStr for LoginCertificate {
    type Err = CertificateError;

    /// Reads the line of a `-cert.pub` file; a comment is ignored.
    fn from_str(line: &str) -> Result<Self, CertificateError> {
        Signed::from_line(line)?.try_into()
    }
}

impl fmt::Display for LoginCertificate {
    /// The line of a `-cert.pub` file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.line())
    }
}

impl fmt::Debug for LoginCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LoginCertificate").field(self.0.content()).finish()
    }
}
