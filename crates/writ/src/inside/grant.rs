//! What a session may ask for, as the control plane tells it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::CredentialAsk;

/// `GET /v1/sessions/{session}/grants`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Grants {
    pub(crate) grants: Vec<Grant>,
}

/// One grant of `GET /v1/sessions/{session}/grants`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Grant {
    /// The broker's name.
    pub(crate) broker: String,
    /// What kind of broker.
    pub(crate) kind: String,
    /// The target's name.
    pub(crate) target: String,
    /// What is granted; a dimension that is not named is the target's default.
    #[serde(default)]
    pub(crate) scope: BTreeMap<String, Vec<String>>,
    /// The longest life of a credential.
    #[serde(default)]
    pub(crate) max_lifetime_seconds: Option<u64>,
    /// What launchers must know, by mechanism.
    #[serde(default)]
    pub(crate) delivery: Value,
}

// === impl Grant ===

impl Grant {
    /// `BROKER/TARGET`, as commands take it.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.broker, self.target)
    }

    /// An ask for all of it.
    pub(crate) fn ask(&self) -> CredentialAsk {
        CredentialAsk::whole(&self.broker, &self.target)
    }
}
