//! A detached signature: OpenSSH's PROTOCOL.sshsig, as git puts it into commits.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::certificate::{Certificate, CertificateError};
use super::limits::SIGNATURE_BYTES_MAX;
use super::public_key::CERTIFICATE_ALGORITHM;
use super::wire::{Malformed, Reader, Writer};

/// What a signature on a commit is for.
pub const COMMIT_NAMESPACE: &str = "git";

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
const MAGIC: &[u8; 6] = b"SSHSIG";
const VERSION: u32 = 1;

/// A signature made with a certified key, with its certificate in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshSignature {
    certificate: Certificate,
    namespace: Vec<u8>,
    hash: Hash,
    signature: Vec<u8>,
}

/// Why something is not such a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not in the format.
    #[error("not an SSH signature: {0}")]
    Malformed(#[from] Malformed),
    /// A plain key signed, whoever's it is.
    #[error("signed by a key without a certificate")]
    NoCertificate,
    /// Its certificate is none of a session.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha256,
    Sha512,
}

// === impl SshSignature ===

impl SshSignature {
    /// Reads the armoured form.
    ///
    /// # Errors
    /// Not in the format, too long, or without a certificate of a session.
    pub fn from_armour(text: &str) -> Result<Self, SignatureError> {
        let inside = text.trim().strip_prefix(BEGIN).and_then(|text| text.strip_suffix(END)).ok_or(Malformed)?;
        if inside.len() > SIGNATURE_BYTES_MAX * 2 {
            return Err(Malformed.into());
        }
        let base64: String = inside.split_ascii_whitespace().collect();
        let blob = STANDARD.decode(base64).map_err(|_| Malformed)?;
        Self::from_blob(&blob)
    }

    fn from_blob(blob: &[u8]) -> Result<Self, SignatureError> {
        let mut reader = Reader::new(blob);
        if reader.take(MAGIC.len())? != MAGIC || reader.u32()? != VERSION {
            return Err(Malformed.into());
        }
        let key = reader.string()?;
        if Reader::new(key).string()? != CERTIFICATE_ALGORITHM.as_bytes() {
            return Err(SignatureError::NoCertificate);
        }
        let certificate = Certificate::from_blob(key)?;
        let namespace = reader.string()?.to_vec();
        let _reserved = reader.string()?;
        let hash = Hash::named(reader.string()?)?;
        let signature = reader.string()?.to_vec();
        reader.end()?;
        Ok(Self { certificate, namespace, hash, signature })
    }

    /// The certificate in it. Who trusts it checks its authority and its validity first.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Whether the certified key made this signature over `message` for `namespace`.
    pub fn is_over(&self, message: &[u8], namespace: &str) -> bool {
        let signed = Writer::new()
            .raw(MAGIC)
            .string(&self.namespace)
            .string(&[]) // reserved
            .string(self.hash.name().as_bytes())
            .string(self.hash.of(message).as_ref())
            .into_bytes();
        self.namespace == namespace.as_bytes() && self.certificate.key().verifies(&signed, &self.signature)
    }
}

// === impl Hash ===

impl Hash {
    fn named(name: &[u8]) -> Result<Self, Malformed> {
        match name {
            b"sha256" => Ok(Self::Sha256),
            b"sha512" => Ok(Self::Sha512),
            _ => Err(Malformed),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    fn of(self, message: &[u8]) -> digest::Digest {
        match self {
            Self::Sha256 => digest::digest(&digest::SHA256, message),
            Self::Sha512 => digest::digest(&digest::SHA512, message),
        }
    }
}
