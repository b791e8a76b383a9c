//! Credentials: the signing key, its public half as a key set, the issuer that states a session's authority, the
//! authority that certifies a session's SSH key, and the seals under which secrets and personal data are kept.
//!
//! Knows nothing of the log, of HTTP or of storage: what it signs was recorded before, and where a key is kept is the
//! caller's business. Time is an argument, so the same claims under the same key give the same bytes.

mod aws;
pub mod broker;
mod exec;
mod fixed;
mod github;
mod hook;
mod injection;
mod issuer;
mod key;
mod keyed;
pub mod limits;
mod open;
mod plugin;
pub mod postgres;
mod seal;
pub mod ssh;
mod ssh_login;
mod thumbprint;
mod token;
mod web_address;
mod webhook;

pub use injection::{Injection, Withheld};
pub use issuer::{
    AUDIENCE_DEFAULT, Assertion, Audience, AudienceError, AwsClaims, ISSUER_CHARS_MAX, Issuer, IssuerError, PartyError,
    PartyKind, ProjectClaim, RelyingParties, RelyingParty, SubjectError, SubjectParts, SubjectTemplate,
    SubjectTemplateError, TokenClaims, Verified, VerifyError, WritClaims, aws_name, aws_tag, discovery,
    limits as issuer_limits, source_identity, verify,
};
pub use key::{
    Certificate, KEYS_MAX, KeyError, KeyRing, KeyStanding, PKCS8_BYTES_MAX, PUBLISHED_AFTER_USE, PublicKey,
    PublishedKey, RingError, SigningAlgorithm, SigningKey, jwks,
};
pub use keyed::DigestKey;
pub use open::{SettingsError, open};
pub use seal::{
    SEAL_KEY_BYTES, SEAL_NONCE_BYTES, SEAL_OVERHEAD_BYTES, SEAL_RING_KEYS_MAX, SealError, SealKey, SealKeyId, SealRing,
};
pub use ssh_login::{SSH_CA_SEED_SECRET, generate_ssh_ca, ssh_serial};
pub use webhook::WebhookSecret;
