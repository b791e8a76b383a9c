//! The authority that certifies sessions' keys.

use domain::SessionId;

use super::certificate::{Certificate, CertificateError, SESSION_EXTENSION};
use super::content::{Content, Options, Signed};
use super::key::SshKey;
use super::public_key::SshPublicKey;
use crate::KeyError;

/// What a certificate says. Everything in it was decided and recorded before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateClaims {
    /// The key that is certified.
    pub key: SshPublicKey,
    /// Its number.
    pub serial: u64,
    /// What to call it: no control characters, at most [`super::TEXT_BYTES_MAX`] bytes.
    pub key_id: String,
    /// Whom it stands for: the human first (git shows the first one), then the session.
    pub principals: Vec<String>,
    /// From when it counts, in Unix seconds.
    pub valid_after: u64,
    /// Until when it counts, in Unix seconds.
    pub valid_before: u64,
    /// The session.
    pub session: SessionId,
}

/// The key that certifies sessions. It certifies nothing else, so that its certificates open no door but git's.
#[derive(Debug)]
pub struct SshAuthority(SshKey);

// === impl SshAuthority ===

impl SshAuthority {
    /// The authority of a seed of 32 secret random bytes.
    ///
    /// # Errors
    /// The library refused it.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, KeyError> {
        SshKey::from_seed(seed).map(Self)
    }

    /// The public half, for everybody who verifies.
    pub fn public(&self) -> SshPublicKey {
        self.0.public()
    }

    /// Makes a certificate. `nonce` is random: without it, who can choose names could choose what is signed.
    ///
    /// # Errors
    /// A text in the claims is too long or has control characters: what could not be read back is not signed.
    pub fn certify(&self, claims: &CertificateClaims, nonce: &[u8; 32]) -> Result<Certificate, CertificateError> {
        let session = (SESSION_EXTENSION.to_owned(), Some(claims.session.to_string()));
        let content = Content {
            key: claims.key,
            serial: claims.serial,
            is_for_users: true,
            key_id: claims.key_id.clone(),
            principals: claims.principals.clone(),
            valid_after: claims.valid_after,
            valid_before: claims.valid_before,
            critical: Options::new(),
            extensions: Options::from([session]),
            authority: self.public(),
        };
        Signed::make(&content, &self.0, nonce)?.try_into()
    }

    /// The line that makes stock git trust certificates of this authority on commits and on nothing else
    /// (`gpg.ssh.allowedSignersFile`; ssh-keygen(1), ALLOWED SIGNERS).
    pub fn allowed_signers(&self) -> String {
        format!("* cert-authority,namespaces=\"{}\" {}\n", super::COMMIT_NAMESPACE, self.public())
    }
}
