//! A public key: `ssh-ed25519`, RFC 8709.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::text;
use super::wire::{Malformed, Reader, Writer};

/// Name of the key type, and of its signatures: RFC 8709, sections 4 and 6.
pub const KEY_ALGORITHM: &str = "ssh-ed25519";
/// Name of the type of its certificates: OpenSSH's PROTOCOL.certkeys.
pub const CERTIFICATE_ALGORITHM: &str = "ssh-ed25519-cert-v01@openssh.com";

/// Bytes of a public key on the wire: two lengths, the name and the point.
const BLOB_BYTES: usize = 4 + KEY_ALGORITHM.len() + 4 + 32;

/// An Ed25519 public key. Prints as its line in an `.pub` file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SshPublicKey([u8; 32]);

/// Why a text is not a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a public key: expected `ssh-ed25519` and its base64, as in id_ed25519.pub")]
pub struct PublicKeyError;

// === impl SshPublicKey ===

impl SshPublicKey {
    /// A key from the 32 bytes of its point.
    pub const fn from_point(point: [u8; 32]) -> Self {
        Self(point)
    }

    /// The 32 bytes of its point.
    pub const fn point(&self) -> &[u8; 32] {
        &self.0
    }

    /// Its bytes on the wire (RFC 8709, section 4).
    pub fn blob(&self) -> Vec<u8> {
        Writer::new().string(KEY_ALGORITHM.as_bytes()).string(&self.0).into_bytes()
    }

    /// Reads a key from its bytes on the wire.
    ///
    /// # Errors
    /// They are something else, or more.
    pub fn from_blob(blob: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(blob);
        if reader.string()? != KEY_ALGORITHM.as_bytes() {
            return Err(Malformed);
        }
        let point = reader.string()?.try_into().map_err(|_| Malformed)?;
        reader.end()?;
        Ok(Self(point))
    }

    /// Its name for people: `SHA256:` and 43 characters, as `ssh-keygen -l` shows it.
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", STANDARD_NO_PAD.encode(digest::digest(&digest::SHA256, &self.blob())))
    }

    /// Whether `signature`, as bytes on the wire (RFC 8709, section 6), is this key's over `message`.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, &self.0);
        raw_signature(signature).is_ok_and(|raw| key.verify(message, raw).is_ok())
    }
}

fn raw_signature(blob: &[u8]) -> Result<&[u8], Malformed> {
    let mut reader = Reader::new(blob);
    if reader.string()? != KEY_ALGORITHM.as_bytes() {
        return Err(Malformed);
    }
    let raw = reader.string()?;
    reader.end()?;
    Ok(raw)
}

impl FromStr for SshPublicKey {
    type Err = PublicKeyError;

    /// Reads the line of an `.pub` file; a comment is ignored.
    fn from_str(line: &str) -> Result<Self, PublicKeyError> {
        let blob = text::decode_line(line, KEY_ALGORITHM, BLOB_BYTES).ok_or(PublicKeyError)?;
        Self::from_blob(&blob).map_err(|Malformed| PublicKeyError)
    }
}

impl fmt::Display for SshPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::encode_line(KEY_ALGORITHM, &self.blob()))
    }
}

impl fmt::Debug for SshPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SshPublicKey({})", self.fingerprint())
    }
}
