//! A certificate: OpenSSH's PROTOCOL.certkeys, `ssh-ed25519-cert-v01@openssh.com`, for users.

use std::fmt;
use std::str::FromStr;

use domain::SessionId;

use super::limits::{CERTIFICATE_BYTES_MAX, EXTENSIONS_MAX, PRINCIPALS_MAX, TEXT_BYTES_MAX};
use super::public_key::{CERTIFICATE_ALGORITHM, SshPublicKey};
use super::text;
use super::wire::{Malformed, Reader, Writer};

/// Name of the extension whose value is the session's id.
pub const SESSION_EXTENSION: &str = "session@writ.dev";
/// The type of a user's certificate; a host's is 2.
pub(super) const TYPE_USER: u32 = 1;

/// A public key with what an authority says about it. Made by [`super::SshAuthority`], or read; reading checks the form
/// only, [`Certificate::is_from`] checks the authority.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    blob: Vec<u8>,
    signed_bytes: usize,
    content: Content,
}

/// Why something is not a certificate of a session.
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
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) key: SshPublicKey,
    pub(super) serial: u64,
    pub(super) key_id: String,
    pub(super) principals: Vec<String>,
    pub(super) valid_after: u64,
    pub(super) valid_before: u64,
    pub(super) session: SessionId,
    pub(super) authority: SshPublicKey,
}

// === impl Certificate ===

impl Certificate {
    /// The certified key.
    pub fn key(&self) -> SshPublicKey {
        self.content.key
    }

    /// Its number.
    pub fn serial(&self) -> u64 {
        self.content.serial
    }

    /// What the authority calls it; shown in logs of whoever accepts it.
    pub fn key_id(&self) -> &str {
        &self.content.key_id
    }

    /// Whom it stands for: the human first, then the session.
    pub fn principals(&self) -> &[String] {
        &self.content.principals
    }

    /// From when it counts, in Unix seconds.
    pub fn valid_after(&self) -> u64 {
        self.content.valid_after
    }

    /// Until when it counts, in Unix seconds; this second does not count any more.
    pub fn valid_before(&self) -> u64 {
        self.content.valid_before
    }

    /// Whether it counts at this moment, in Unix seconds.
    pub fn is_valid_at(&self, unix_seconds: i64) -> bool {
        u64::try_from(unix_seconds).is_ok_and(|now| (self.valid_after()..self.valid_before()).contains(&now))
    }

    /// The session it is about.
    pub fn session(&self) -> SessionId {
        self.content.session
    }

    /// The authority that it says it is from; [`Certificate::is_from`] proves it.
    pub fn authority(&self) -> SshPublicKey {
        self.content.authority
    }

    /// Whether this authority signed it.
    pub fn is_from(&self, authority: &SshPublicKey) -> bool {
        let (signed, signature) = self.blob.split_at(self.signed_bytes);
        let signature = Reader::new(signature).string();
        self.content.authority == *authority && signature.is_ok_and(|signature| authority.verifies(signed, signature))
    }

    /// Its bytes on the wire.
    pub fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// Reads it from its bytes on the wire.
    ///
    /// # Errors
    /// Not in the format, not for signing, or without a session.
    pub fn from_blob(blob: &[u8]) -> Result<Self, CertificateError> {
        if blob.len() > CERTIFICATE_BYTES_MAX {
            return Err(Malformed.into());
        }
        let mut reader = Reader::new(blob);
        let content = Content::read(&mut reader)?;
        let mut rest = reader;
        rest.string()?;
        rest.end()?;
        let signed_bytes = blob.len() - reader.left();
        Ok(Self { blob: blob.to_vec(), signed_bytes, content })
    }
}

impl FromStr for Certificate {
    type Err = CertificateError;

    /// Reads the line of a `-cert.pub` file; a comment is ignored.
    fn from_str(line: &str) -> Result<Self, CertificateError> {
        let blob = text::decode_line(line, CERTIFICATE_ALGORITHM, CERTIFICATE_BYTES_MAX).ok_or(Malformed)?;
        Self::from_blob(&blob)
    }
}

impl fmt::Display for Certificate {
    /// The line of a `-cert.pub` file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::encode_line(CERTIFICATE_ALGORITHM, &self.blob))
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Certificate").field(&self.content).finish()
    }
}

// === impl Content ===

impl Content {
    /// Everything that the authority signs.
    pub(super) fn write(&self, nonce: &[u8; 32]) -> Vec<u8> {
        let principals = self.principals.iter().fold(Writer::new(), |writer, name| writer.string(name.as_bytes()));
        // The value of an extension is itself a string inside a string.
        let session = Writer::new().string(self.session.to_string().as_bytes()).into_bytes();
        let extensions = Writer::new().string(SESSION_EXTENSION.as_bytes()).string(&session);
        Writer::new()
            .string(CERTIFICATE_ALGORITHM.as_bytes())
            .string(nonce)
            .string(self.key.point())
            .u64(self.serial)
            .u32(TYPE_USER)
            .string(self.key_id.as_bytes())
            .string(&principals.into_bytes())
            .u64(self.valid_after)
            .u64(self.valid_before)
            .string(&[]) // no critical options
            .string(&extensions.into_bytes())
            .string(&[]) // reserved
            .string(&self.authority.blob())
            .into_bytes()
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, CertificateError> {
        if reader.string()? != CERTIFICATE_ALGORITHM.as_bytes() {
            return Err(Malformed.into());
        }
        let _nonce = reader.string()?;
        let key = SshPublicKey::from_point(reader.string()?.try_into().map_err(|_| Malformed)?);
        let serial = reader.u64()?;
        let is_for_users = reader.u32()? == TYPE_USER;
        let key_id = reader.text(TEXT_BYTES_MAX)?.to_owned();
        let principals = read_principals(reader.string()?)?;
        let (valid_after, valid_before) = (reader.u64()?, reader.u64()?);
        let has_conditions = !reader.string()?.is_empty();
        let session = read_session(reader.string()?)?;
        let _reserved = reader.string()?;
        let authority = SshPublicKey::from_blob(reader.string()?)?;
        if !is_for_users || has_conditions {
            return Err(CertificateError::Unusable);
        }
        let session = session.ok_or(CertificateError::NoSession)?;
        Ok(Self { key, serial, key_id, principals, valid_after, valid_before, session, authority })
    }
}

fn read_principals(packed: &[u8]) -> Result<Vec<String>, Malformed> {
    let (mut reader, mut names) = (Reader::new(packed), Vec::new());
    while !reader.is_empty() {
        if names.len() == PRINCIPALS_MAX {
            return Err(Malformed);
        }
        names.push(reader.text(TEXT_BYTES_MAX)?.to_owned());
    }
    Ok(names)
}

/// The session among the extensions; others say what else the certificate allows and do not matter here.
fn read_session(packed: &[u8]) -> Result<Option<SessionId>, CertificateError> {
    let (mut reader, mut session) = (Reader::new(packed), None);
    for _ in 0..EXTENSIONS_MAX {
        if reader.is_empty() {
            return Ok(session);
        }
        let (name, mut value) = (reader.string()?, Reader::new(reader.string()?));
        if name == SESSION_EXTENSION.as_bytes() {
            let text = value.text(TEXT_BYTES_MAX)?;
            value.end()?;
            session = Some(text.parse().map_err(|_| CertificateError::NoSession)?);
        }
    }
    if reader.is_empty() { Ok(session) } else { Err(Malformed.into()) }
}
