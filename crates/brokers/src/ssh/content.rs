//! What every certificate says and how its bytes are made: OpenSSH's PROTOCOL.certkeys, `ssh-ed25519-cert-v01@openssh.com`,
//! for users. What a certificate is good for, and what it must say then, is decided by who uses this.

use std::collections::BTreeMap;

use super::certificate::CertificateError;
use super::key::SshKey;
use super::limits::{CERTIFICATE_BYTES_MAX, EXTENSIONS_MAX, OPTION_BYTES_MAX, PRINCIPALS_MAX, TEXT_BYTES_MAX};
use super::public_key::{CERTIFICATE_ALGORITHM, SshPublicKey};
use super::text;
use super::wire::{Malformed, Reader, Writer};

/// The type of a user's certificate; a host's is 2.
const TYPE_USER: u32 = 1;

/// Names with their values: none, or a text.
pub(super) type Options = BTreeMap<String, Option<String>>;

/// Everything that the authority signs, but the nonce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) key: SshPublicKey,
    pub(super) serial: u64,
    pub(super) is_for_users: bool,
    pub(super) key_id: String,
    pub(super) principals: Vec<String>,
    pub(super) valid_after: u64,
    pub(super) valid_before: u64,
    pub(super) critical: Options,
    pub(super) extensions: Options,
    pub(super) authority: SshPublicKey,
}

/// A certificate's bytes with what they say. Reading checks the form only; [`Signed::is_from`] checks the authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signed {
    blob: Vec<u8>,
    signed_bytes: usize,
    content: Content,
}

// === impl Signed ===

impl Signed {
    /// Signs `content` with the authority's key. What could not be read back is not signed.
    pub(super) fn make(content: &Content, authority: &SshKey, nonce: &[u8; 32]) -> Result<Self, CertificateError> {
        let signed = content.write(nonce);
        let signature = authority.sign(&signed);
        let made = Self::from_blob(&Writer::new().raw(&signed).string(&signature).into_bytes())?;
        if made.content == *content { Ok(made) } else { Err(Malformed.into()) }
    }

    pub(super) fn from_blob(blob: &[u8]) -> Result<Self, CertificateError> {
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

    pub(super) fn from_line(line: &str) -> Result<Self, CertificateError> {
        let blob = text::decode_line(line, CERTIFICATE_ALGORITHM, CERTIFICATE_BYTES_MAX).ok_or(Malformed)?;
        Self::from_blob(&blob)
    }

    pub(super) fn line(&self) -> String {
        text::encode_line(CERTIFICATE_ALGORITHM, &self.blob)
    }

    pub(super) fn blob(&self) -> &[u8] {
        &self.blob
    }

    pub(super) fn content(&self) -> &Content {
        &self.content
    }

    pub(super) fn is_from(&self, authority: &SshPublicKey) -> bool {
        let (signed, signature) = self.blob.split_at(self.signed_bytes);
        let signature = Reader::new(signature).string();
        self.content.authority == *authority && signature.is_ok_and(|signature| authority.verifies(signed, signature))
    }

    pub(super) fn is_valid_at(&self, unix_seconds: i64) -> bool {
        let validity = self.content.valid_after..self.content.valid_before;
        u64::try_from(unix_seconds).is_ok_and(|now| validity.contains(&now))
    }
}

// === impl Content ===

impl Content {
    fn write(&self, nonce: &[u8; 32]) -> Vec<u8> {
        let principals = self.principals.iter().fold(Writer::new(), |writer, name| writer.string(name.as_bytes()));
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
            .string(&write_options(&self.critical))
            .string(&write_options(&self.extensions))
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
        let critical = read_options(reader.string()?)?;
        let extensions = read_options(reader.string()?)?;
        let _reserved = reader.string()?;
        let authority = SshPublicKey::from_blob(reader.string()?)?;
        Ok(Self {
            key,
            serial,
            is_for_users,
            key_id,
            principals,
            valid_after,
            valid_before,
            critical,
            extensions,
            authority,
        })
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

/// In the order of their names, as the format wants it. A value is itself a string inside a string.
fn write_options(options: &Options) -> Vec<u8> {
    let all = options.iter().fold(Writer::new(), |writer, (name, value)| {
        let value = value.as_ref().map(|value| Writer::new().string(value.as_bytes()).into_bytes());
        writer.string(name.as_bytes()).string(&value.unwrap_or_default())
    });
    all.into_bytes()
}

/// A name that comes twice leaves open which one counts.
fn read_options(packed: &[u8]) -> Result<Options, Malformed> {
    let (mut reader, mut options) = (Reader::new(packed), Options::new());
    while !reader.is_empty() {
        if options.len() == EXTENSIONS_MAX {
            return Err(Malformed);
        }
        let name = reader.text(TEXT_BYTES_MAX)?.to_owned();
        let mut packed = Reader::new(reader.string()?);
        let value = if packed.is_empty() { None } else { Some(packed.text(OPTION_BYTES_MAX)?.to_owned()) };
        packed.end()?;
        if options.insert(name, value).is_some() {
            return Err(Malformed);
        }
    }
    Ok(options)
}
