//! Between a hook and the launcher: a line that says which event it is, then the client's JSON as it came; back comes one
//! JSON object with what the hook prints.

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Event;

/// The name of the socket in the session's folder.
pub(crate) const SOCKET: &str = "hook.sock";

/// The first line.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Head {
    /// What the hook was called for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<Event>,
    /// What the session is about from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) intent: Option<String>,
    /// Whether the session's locks are asked for, with their fencing tokens.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) tokens: bool,
}

/// What the hook does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// Its exit code.
    pub(crate) exit: u8,
    /// What it writes to standard output.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) out: String,
    /// What it writes to standard error.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) err: String,
    /// What it adds to the client's file of variables: lines for a shell.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) exports: String,
}

impl Answer {
    /// Adds the variables to the client's file.
    pub(super) fn export(self, file: Option<&Path>) -> std::io::Result<Self> {
        if let Some(file) = file.filter(|_| !self.exports.is_empty()) {
            let mut file = std::fs::OpenOptions::new().append(true).create(true).open(file)?;
            file.write_all(self.exports.as_bytes())?;
        }
        Ok(self)
    }
}
