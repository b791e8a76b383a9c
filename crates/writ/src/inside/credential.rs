//! Asking for a credential, and what is given.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

/// Which credential.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CredentialAsk {
    /// Of which broker.
    pub(crate) broker: String,
    /// At which of its targets.
    pub(crate) target: String,
    /// What it is to be good for; a dimension that is not named is everything that is granted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) scope: BTreeMap<String, Vec<String>>,
    /// How long a new one is to live; the grant's or the target's default when left out. One that the launcher has already
    /// is given whatever its life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lifetime_seconds: Option<u64>,
    /// The key it is for: an OpenSSH public key line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) public_key: Option<String>,
    /// Not one that was made before this was asked: the target refused it.
    #[serde(default)]
    pub(crate) fresh: bool,
}

/// A credential: the control plane's answer, and how long it is good for as of now.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Credential {
    /// The broker's name.
    pub(crate) broker: String,
    /// What kind of broker.
    pub(crate) kind: String,
    /// The target's name.
    pub(crate) target: String,
    /// How long it is good for from now on, whatever this machine's clock says.
    pub(crate) expires_in_seconds: u64,
    /// The fields of the secret.
    pub(crate) secret: BTreeMap<String, SecretText>,
    /// What the target needs of a client.
    #[serde(default)]
    pub(crate) delivery: Value,
}

/// A text that does not print and is wiped when it is gone.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SecretText(Zeroizing<String>);

// === impl CredentialAsk ===

impl CredentialAsk {
    /// Everything that is granted at a target.
    pub(crate) fn whole(broker: &str, target: &str) -> Self {
        Self { broker: broker.to_owned(), target: target.to_owned(), ..Self::default() }
    }
}

// === impl Credential ===

impl Credential {
    /// A field of the secret.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.secret.get(name).map(SecretText::as_str)
    }
}

// === impl SecretText ===

impl SecretText {
    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}
