//! Who writ itself is to AWS, where it has a key.

use std::fmt;

use zeroize::Zeroizing;

/// An access key, and the token that belongs to it if it is a temporary one. Prints its id only.
#[derive(Clone)]
pub(super) struct Identity {
    access_key_id: Zeroizing<String>,
    secret_access_key: Zeroizing<String>,
    session_token: Option<Zeroizing<String>>,
}

// === impl Identity ===

impl Identity {
    pub(super) fn new(
        access_key_id: Zeroizing<String>,
        secret_access_key: Zeroizing<String>,
        session_token: Option<Zeroizing<String>>,
    ) -> Self {
        Self { access_key_id, secret_access_key, session_token }
    }

    pub(super) fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    pub(super) fn secret_access_key(&self) -> &str {
        &self.secret_access_key
    }

    /// None for a long-lived key.
    pub(super) fn session_token(&self) -> Option<&str> {
        self.session_token.as_ref().map(|token| token.as_str())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("access_key_id", &self.access_key_id()).finish_non_exhaustive()
    }
}
