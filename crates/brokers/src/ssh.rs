//! Session certificates in OpenSSH's formats: what lets stock git say who made a commit, and what lets a session log in to
//! hosts that trust the authority for it.
//!
//! An [`SshAuthority`] certifies the public key of one session for the session's life. The session signs commits with the
//! key (the `sshsig` format), and the certificate travels inside the commit, so that [`verify_commit`] answers "which
//! session, which human" from the commit and the authority's public key alone.
//!
//! A [`LoginAuthority`] is another one: its [`LoginCertificate`]s open doors for minutes, and a [`Krl`] closes them earlier.
//!
//! Only Ed25519, only user certificates, only the namespace `git`: everything else is refused. Nothing here reads a clock
//! or throws dice, and what holds a private key does not print it.

mod authority;
mod certificate;
mod commit;
mod content;
mod key;
mod krl;
mod limits;
mod login;
mod private_key;
mod public_key;
mod signature;
mod text;
mod wire;

pub use authority::{CertificateClaims, SshAuthority};
pub use certificate::{Certificate, CertificateError, SESSION_EXTENSION};
pub use commit::{CommitError, CommitSignature, claimed_authority, verify_commit};
pub use key::SshKey;
pub use krl::{Krl, KrlError, KrlHead, write_krl};
pub use limits::{
    CERTIFICATE_BYTES_MAX, COMMIT_BYTES_MAX, KRL_BYTES_MAX, KRL_SERIALS_MAX, OPTION_BYTES_MAX, PRINCIPALS_MAX,
    TEXT_BYTES_MAX,
};
pub use login::{CREDENTIAL_EXTENSION, LoginAuthority, LoginCertificate, LoginClaims, Permit};
pub use private_key::PrivateKeyError;
pub use public_key::{CERTIFICATE_ALGORITHM, KEY_ALGORITHM, PublicKeyError, SshPublicKey};
pub use signature::{COMMIT_NAMESPACE, SignatureError, SshSignature};
pub use wire::{Malformed, Reader, Writer};

/// The public half of the authority that certifies sessions.
pub type CaPublicKey = SshPublicKey;

#[cfg(test)]
mod tests;
