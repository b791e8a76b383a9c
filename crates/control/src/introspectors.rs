//! Relying parties that may ask about tokens, each with a secret of its own.

use std::fmt;

use domain::Digest;

use crate::server::StartError;
use crate::settings::IntrospectionSettings;
use crate::upstreams::read_key;

/// All of them. Secrets are kept as digests only.
#[derive(Default)]
pub struct Introspectors(Vec<(Digest, String)>);

// === impl Introspectors ===

impl Introspectors {
    /// Reads the secrets.
    ///
    /// # Errors
    /// A secret cannot be read, is too short to be one, or is another's as well.
    pub(crate) fn read(settings: &[IntrospectionSettings]) -> Result<Self, StartError> {
        let mut known: Vec<(Digest, String)> = Vec::new();
        for one in settings {
            let bad = |what: String| StartError::Field { field: format!("introspection.{}", one.audience), what };
            let secret = read_key(&one.secret).map(zeroize::Zeroizing::new).map_err(bad)?;
            if secret.len() < crate::limits::INTROSPECTION_SECRET_CHARS_MIN {
                let min = crate::limits::INTROSPECTION_SECRET_CHARS_MIN;
                return Err(bad(format!(
                    "the secret has fewer than {min} characters: `openssl rand -hex 32` makes one"
                )));
            }
            let digest = Digest::of(secret.as_bytes());
            if known.iter().any(|(other, _)| *other == digest) {
                return Err(bad("the secret is another relying party's as well".to_owned()));
            }
            known.push((digest, one.audience.clone()));
        }
        Ok(Self(known))
    }

    /// The audience of the relying party with this secret. Digests are compared, so the time it takes says nothing of the
    /// secret.
    pub(crate) fn find(&self, secret: &str) -> Option<&str> {
        let digest = Digest::of(secret.as_bytes());
        self.0.iter().find(|(known, _)| *known == digest).map(|(_, audience)| audience.as_str())
    }
}

impl fmt::Debug for Introspectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(_, audience)| audience)).finish()
    }
}
