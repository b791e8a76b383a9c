//! What a session may ask for, as the control plane tells it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::inside::CredentialAsk;

/// One grant of `GET /v1/sessions/{session}/grants`.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::run) struct Grant {
    /// The broker's name.
    pub(in crate::run) broker: String,
    /// What kind of broker.
    pub(in crate::run) kind: String,
    /// The target's name.
    pub(in crate::run) target: String,
    /// What is granted; a dimension that is not named is the target's default.
    #[serde(default)]
    pub(in crate::run) scope: BTreeMap<String, Vec<String>>,
    /// The longest life of a credential.
    #[serde(default)]
    pub(in crate::run) max_lifetime_seconds: Option<u64>,
    /// What launchers must know, by mechanism.
    #[serde(default)]
    pub(in crate::run) delivery: Value,
}

// === impl Grant ===

impl Grant {
    /// `BROKER/TARGET`, as commands take it.
    pub(in crate::run) fn name(&self) -> String {
        format!("{}/{}", self.broker, self.target)
    }

    /// An ask for all of it.
    pub(in crate::run) fn ask(&self) -> CredentialAsk {
        CredentialAsk::whole(&self.broker, &self.target)
    }
}
