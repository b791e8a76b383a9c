//! From an operator's settings to a broker.

use std::sync::Arc;

use domain::BrokerKind;

use crate::broker::{Broker, Secrets};
use crate::limits;
use crate::{aws, exec, fixed, github, hook, postgres, ssh_login, token};

/// Why settings give no broker. The text names the setting and what would be right; never a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(String);

/// Reads and checks settings (a JSON object, see each kind's module) and secrets. Nothing is contacted.
///
/// # Errors
/// What is wrong with them.
pub fn open(kind: BrokerKind, settings: &str, secrets: Secrets) -> Result<Arc<dyn Broker>, SettingsError> {
    if settings.len() > limits::SETTINGS_BYTES_MAX {
        return Err(SettingsError::new(format!("the settings have more than {} bytes", limits::SETTINGS_BYTES_MAX)));
    }
    let too_large = secrets.values().any(|secret| secret.len() > limits::SECRET_BYTES_MAX);
    if secrets.len() > limits::SECRETS_MAX || too_large {
        let (count, bytes) = (limits::SECRETS_MAX, limits::SECRET_BYTES_MAX);
        return Err(SettingsError::new(format!("a broker has at most {count} secrets of {bytes} bytes")));
    }
    let broker = match kind {
        BrokerKind::Aws => aws::open(settings, secrets),
        BrokerKind::Github => github::open(settings, secrets),
        BrokerKind::Ssh => ssh_login::open(settings, secrets),
        BrokerKind::Postgres => postgres::open(settings, secrets),
        BrokerKind::Token => token::open(settings, secrets),
        BrokerKind::Exec => exec::open(settings, secrets),
        BrokerKind::Http => hook::open(settings, secrets),
        BrokerKind::Static => fixed::open(settings, secrets),
    }?;
    match broker.targets().len() {
        0 => Err(SettingsError::new("a broker has at least one target: add `targets`")),
        count if count > limits::TARGETS_MAX => {
            Err(SettingsError::new(format!("a broker has at most {} targets", limits::TARGETS_MAX)))
        }
        _ => Ok(broker),
    }
}

impl SettingsError {
    /// An error with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl From<serde_json::Error> for SettingsError {
    fn from(error: serde_json::Error) -> Self {
        Self(format!("the settings are not understood: {error}"))
    }
}
