//! What a repository's hook is told: `writ.toml` in its folder. Nothing in it is secret.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::cli::ProvenBy;
use crate::client::{Address, Client};
use crate::command_error::CommandError;
use crate::limits::{BROKER_SECRET_BYTES_MAX, FILE_BYTES_MAX};

/// The file's name.
pub(super) const FILE: &str = "writ.toml";

/// Everything that the hook is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// The control plane.
    pub(super) server: String,
    /// What locks call this repository: host, owner and name.
    pub(super) repository: String,
    /// What proves who pushes; the first that says anything counts.
    pub(super) proven_by: Vec<ProvenBy>,
    /// The file with this gate's secret.
    pub(super) secret_file: PathBuf,
    /// What becomes of a push of which nothing shows who made it.
    #[serde(default)]
    pub(super) unproven: Unproven,
}

/// What becomes of a push of which nothing shows who made it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Unproven {
    /// It is refused.
    #[default]
    Refuse,
    /// It goes in as if there were no hook: for servers to which people push by means that say no name.
    Allow,
}

// === impl Settings ===

impl Settings {
    /// Reads a repository's.
    ///
    /// # Errors
    /// There are none, or they cannot be read.
    pub(super) fn of(repository: &Path) -> Result<Self, CommandError> {
        let path = repository.join(FILE);
        let wrong = |error: &dyn std::error::Error| {
            CommandError::usage(format!("`{}`", path.display()))
                .because(error)
                .hinted("write it with `writ git-receive install`")
        };
        let text = read(&path, FILE_BYTES_MAX).map_err(|error| wrong(&error))?;
        toml::from_str(&text).map_err(|error| wrong(&error))
    }

    /// A client that asks as this gate.
    ///
    /// # Errors
    /// The address is none, or the secret cannot be read.
    pub(super) fn client(&self) -> Result<Client, CommandError> {
        let address = self.server.parse::<Address>().map_err(CommandError::usage)?;
        Ok(Client::new(address)?.with_bearer(secret(&self.secret_file)?.trim()))
    }
}

/// A gate's secret: the one of its audience under `[[introspection]]`.
///
/// # Errors
/// The file cannot be read, or there is nothing in it.
pub(crate) fn secret(path: &Path) -> Result<Zeroizing<String>, CommandError> {
    let wrong = || CommandError::usage(format!("the gate's secret in `{}`", path.display()));
    let text = read(path, BROKER_SECRET_BYTES_MAX).map_err(|error| wrong().because(&error))?;
    if text.trim().is_empty() {
        return Err(CommandError::usage(format!("the gate's secret in `{}` is empty", path.display())));
    }
    Ok(text)
}

fn read(path: &Path, bytes_max: u64) -> std::io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    std::fs::File::open(path)?.take(bytes_max).read_to_string(&mut text)?;
    Ok(text)
}
