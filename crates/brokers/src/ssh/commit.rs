//! A commit's signature, verified as `git verify-commit` does with the authority in `allowed_signers`, offline.
//!
//! The form of a commit object is git's (gitformat-signature(5)): headers, an empty line, the message. The signature is
//! the header `gpgsig`, whose further lines start with a space; what is signed is the object without that header.

use domain::SessionId;

use super::certificate::Certificate;
use super::limits::COMMIT_BYTES_MAX;
use super::public_key::SshPublicKey;
use super::signature::{COMMIT_NAMESPACE, SignatureError, SshSignature};

/// What a commit's signature proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitSignature {
    /// The session that made it.
    pub session: SessionId,
    /// Number of its certificate.
    pub serial: u64,
    /// What the authority calls the certificate.
    pub key_id: String,
    /// Whom it stands for: the human first, then the session.
    pub principals: Vec<String>,
    /// Fingerprint of the session's key.
    pub fingerprint: String,
    /// From when the certificate counts, in Unix seconds.
    pub valid_after: u64,
    /// Until when it counts, in Unix seconds.
    pub valid_before: u64,
    /// The committer's date, in Unix seconds: within the validity. The holder of a stolen key can set it, so it proves
    /// nothing alone; the log says when the commit was first seen.
    pub committed_at: i64,
}

/// Why a commit's signature proves no session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// It has none.
    #[error("the commit is not signed")]
    NotSigned,
    /// It is signed by other means than SSH.
    #[error("the commit is signed by other means than an SSH key")]
    NotSsh,
    /// Not a commit object.
    #[error("not a commit object")]
    Malformed,
    /// The signature is not one of a certified key.
    #[error("the commit's signature: {0}")]
    Signature(#[from] SignatureError),
    /// The certificate is another authority's, or forged.
    #[error("the commit's certificate is not from this control plane")]
    OtherAuthority,
    /// The key did not sign this commit: it was changed afterwards, or the signature is a copy.
    #[error("the commit does not match its signature")]
    Tampered,
    /// The committer's date is outside the certificate's validity.
    #[error("the commit's date is outside the validity of its certificate")]
    OutsideValidity {
        /// The committer's date, in Unix seconds.
        committed_at: i64,
        /// From when the certificate counts, in Unix seconds.
        valid_after: u64,
        /// Until when it counts, in Unix seconds.
        valid_before: u64,
    },
}

/// Verifies the whole chain: the session's key signed the commit, the authority certified the key, and the committer's
/// date is within the certificate's validity. `raw_commit` is what `git cat-file commit ID` prints.
///
/// # Errors
/// What does not hold.
pub fn verify_commit(raw_commit: &[u8], authority: &SshPublicKey) -> Result<CommitSignature, CommitError> {
    if raw_commit.len() > COMMIT_BYTES_MAX {
        return Err(CommitError::Malformed);
    }
    let parts = Parts::split(raw_commit)?;
    let signature = signature_in(&parts)?;
    let certificate = signature.certificate();
    if !certificate.is_from(authority) {
        return Err(CommitError::OtherAuthority);
    }
    if !signature.is_over(&parts.payload, COMMIT_NAMESPACE) {
        return Err(CommitError::Tampered);
    }
    proven(certificate, parts.committed_at)
}

/// The authority that a commit's certificate says it is from. It proves nothing: [`verify_commit`] does, and whether the
/// authority is one to be trusted is for the caller to know.
///
/// # Errors
/// The commit has no signature with a certificate in it.
pub fn claimed_authority(raw_commit: &[u8]) -> Result<SshPublicKey, CommitError> {
    if raw_commit.len() > COMMIT_BYTES_MAX {
        return Err(CommitError::Malformed);
    }
    Ok(signature_in(&Parts::split(raw_commit)?)?.certificate().authority())
}

fn signature_in(parts: &Parts) -> Result<SshSignature, CommitError> {
    let armour = parts.signature.as_ref().ok_or(CommitError::NotSigned)?;
    if !armour.starts_with("-----BEGIN SSH SIGNATURE-----") {
        return Err(CommitError::NotSsh);
    }
    Ok(SshSignature::from_armour(armour)?)
}

fn proven(certificate: &Certificate, committed_at: i64) -> Result<CommitSignature, CommitError> {
    let (valid_after, valid_before) = (certificate.valid_after(), certificate.valid_before());
    if !certificate.is_valid_at(committed_at) {
        return Err(CommitError::OutsideValidity { committed_at, valid_after, valid_before });
    }
    Ok(CommitSignature {
        session: certificate.session(),
        serial: certificate.serial(),
        key_id: certificate.key_id().to_owned(),
        principals: certificate.principals().to_vec(),
        fingerprint: certificate.key().fingerprint(),
        valid_after,
        valid_before,
        committed_at,
    })
}

/// A commit object, taken apart.
struct Parts {
    /// Everything but the signature headers.
    payload: Vec<u8>,
    /// The header `gpgsig`.
    signature: Option<String>,
    /// The committer's date.
    committed_at: i64,
}

/// The header of a signature over the SHA-256 form of the object is left out of what is signed too.
const OTHER_SIGNATURE: &[u8] = b"gpgsig-sha256";

impl Parts {
    fn split(raw: &[u8]) -> Result<Self, CommitError> {
        let head_ends = raw.windows(2).position(|pair| pair == b"\n\n").ok_or(CommitError::Malformed)? + 1;
        let (head, message) = raw.split_at(head_ends);
        let mut parts = Self { payload: Vec::with_capacity(raw.len()), signature: None, committed_at: i64::MIN };
        let mut current: &[u8] = b"";
        for line in head.split_inclusive(|&byte| byte == b'\n') {
            let continued = line.strip_prefix(b" ");
            let value = match continued {
                Some(value) => value,
                None => {
                    let ends = line.iter().position(|&byte| byte == b' ').ok_or(CommitError::Malformed)?;
                    current = &line[..ends];
                    &line[ends + 1..]
                }
            };
            parts.take(current, value, line, continued.is_some())?;
        }
        parts.payload.extend_from_slice(message);
        if parts.committed_at == i64::MIN { Err(CommitError::Malformed) } else { Ok(parts) }
    }

    fn take(&mut self, header: &[u8], value: &[u8], line: &[u8], continued: bool) -> Result<(), CommitError> {
        if header == b"gpgsig" {
            let value = std::str::from_utf8(value).map_err(|_| CommitError::Malformed)?;
            // A second signature would leave open which one counts.
            if self.signature.is_some() && !continued {
                return Err(CommitError::Malformed);
            }
            self.signature.get_or_insert_default().push_str(value);
        } else if header != OTHER_SIGNATURE {
            self.payload.extend_from_slice(line);
        }
        if header == b"committer" && !continued {
            if self.committed_at != i64::MIN {
                return Err(CommitError::Malformed);
            }
            self.committed_at = date(value).ok_or(CommitError::Malformed)?;
        }
        Ok(())
    }
}

/// The date of `NAME <EMAIL> SECONDS ZONE`.
fn date(person: &[u8]) -> Option<i64> {
    let after = person.iter().rposition(|&byte| byte == b'>')? + 1;
    let text = std::str::from_utf8(&person[after..]).ok()?;
    text.split_ascii_whitespace().next()?.parse().ok()
}
