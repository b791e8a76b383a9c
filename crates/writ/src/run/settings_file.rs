//! The settings that bind Claude Code to the session.
//!
//! Its precedence is: managed settings, then `--settings`, then the user's settings files, then the process environment
//! (measured with 2.1.330). Exported variables alone therefore lose to `~/.claude/settings.json`, so the session's address and
//! the way to its bearer go in through `--settings`, merged over whatever the developer passes there. Measured too: an empty
//! variable counts as unset, and `"0"` switches a provider off.
//!
//! The bearer itself is in no file and no variable: `apiKeyHelper` is a helper of this program, which asks the launcher. The
//! client runs it by `/bin/sh -c` once in a process, again when its time is over and after each 401, and sends what it prints
//! as `x-api-key` and as `Authorization: Bearer`; no key of the developer's settings or environment wins over it.

mod attribution;

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::Path;

use serde_json::{Map, Value};

use super::environment::is_credential;
use super::propagation::{
    HEADERS_VARIABLE, METADATA_VARIABLE, PROPAGATE_VARIABLE, RESOURCE_VARIABLE, metadata, resource_attributes,
};
use crate::api::Opened;
use crate::client::Address;
use crate::command_error::CommandError;
use crate::limits::FILE_BYTES_MAX;

/// Arguments of Claude Code, with the developer's own `--settings` taken out.
#[derive(Debug, Default)]
pub(super) struct ClaudeArguments {
    /// Everything else, in order.
    pub(super) rest: Vec<OsString>,
    /// What the developer passed in `--settings`.
    theirs: Map<String, Value>,
}

/// What settings bind a client to.
#[derive(Clone, Copy)]
pub(super) struct Bound<'a> {
    /// The control plane.
    pub(super) server: &'a Address,
    /// The session.
    pub(super) opened: &'a Opened,
    /// The shell command line that prints the session's bearer.
    pub(super) key_helper: &'a str,
    /// The environment that carries the session's id.
    pub(super) carried: &'a [(String, OsString)],
    /// The environment that says where credentials are: a developer's `AWS_PROFILE` must not win over it.
    pub(super) delivered: &'a [(String, OsString)],
}

/// The settings as a file, mode 0600: what the developer passes may hold secrets. Removed when dropped.
#[derive(Debug)]
pub(super) struct SettingsFile(tempfile::NamedTempFile);

/// The client's option for more settings.
pub(super) const FLAG: &str = "--settings";

/// For how long the client keeps what its helper printed, in milliseconds. A session has one bearer, so asking again gains
/// nothing; a session lives no longer than this.
const KEY_TTL_VARIABLE: &str = "CLAUDE_CODE_API_KEY_HELPER_TTL_MS";

/// Other credentials and transports: empty counts as unset.
const BLANK: [&str; 10] = [
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_CONFIG_DIR",
    "ANTHROPIC_FEDERATION_RULE_ID",
    "ANTHROPIC_IDENTITY_TOKEN",
    "ANTHROPIC_IDENTITY_TOKEN_FILE",
    "ANTHROPIC_PROFILE",
    "ANTHROPIC_UNIX_SOCKET",
    "CLAUDE_CODE_API_KEY_FILE_DESCRIPTOR",
    "CLAUDE_CODE_OAUTH_TOKEN",
];

/// Other providers.
const OFF: [&str; 7] = [
    "CLAUDE_CODE_USE_ANTHROPIC_AWS",
    "CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_FOUNDRY",
    "CLAUDE_CODE_USE_GATEWAY",
    "CLAUDE_CODE_USE_MANTLE",
    "CLAUDE_CODE_USE_VERTEX",
];

/// Variables of [`propagation`](super::propagation) that the client itself reads.
const CARRIED: [&str; 4] = [RESOURCE_VARIABLE, METADATA_VARIABLE, HEADERS_VARIABLE, PROPAGATE_VARIABLE];

/// Whether a program is Claude Code, by the name it is called by.
pub(super) fn is_claude(program: &OsStr) -> bool {
    Path::new(program).file_name().is_some_and(|name| name == "claude")
}

impl ClaudeArguments {
    /// Takes `--settings` (the last one counts, as for the client itself) out of the arguments.
    ///
    /// # Errors
    /// The developer's settings cannot be read or are no JSON object: the client would refuse them too.
    pub(super) fn take(arguments: &[OsString]) -> Result<Self, CommandError> {
        let (mut rest, mut settings) = (Vec::new(), None);
        let mut remaining = arguments.iter();
        while let Some(argument) = remaining.next() {
            let text = argument.to_string_lossy();
            if text == "--" {
                rest.push(argument.clone());
                rest.extend(remaining.by_ref().cloned());
            } else if text == FLAG {
                let value =
                    remaining.next().ok_or_else(|| CommandError::usage("claude's `--settings` has no value"))?;
                settings = Some(value.clone());
            } else if let Some(value) = text.strip_prefix("--settings=") {
                settings = Some(value.into());
            } else {
                rest.push(argument.clone());
            }
        }
        Ok(Self { rest, theirs: settings.map(|text| read(&text)).transpose()?.unwrap_or_default() })
    }

    /// The developer's settings with the session's over them.
    pub(super) fn settings(&self, bound: &Bound<'_>) -> Value {
        let mut settings = self.theirs.clone();
        settings.insert("apiKeyHelper".to_owned(), Value::from(bound.key_helper));
        let mut env = object(settings.remove("env"));
        if !bound.delivered.is_empty() {
            env.retain(|name, _| !is_credential(name));
        }
        let key_ttl = domain::limits::SESSION_TTL_MAX.as_millis().to_string();
        let ours = [("ANTHROPIC_BASE_URL", bound.server.as_str()), (KEY_TTL_VARIABLE, key_ttl.as_str())];
        let blank = BLANK.iter().map(|name| (*name, ""));
        let off = OFF.iter().map(|name| (*name, "0"));
        for (name, value) in ours.into_iter().chain(blank).chain(off) {
            env.insert(name.to_owned(), Value::from(value));
        }
        carry(&mut env, bound.opened, bound.carried);
        env.extend(bound.delivered.iter().map(|(name, value)| (name.clone(), Value::from(value.to_string_lossy()))));
        settings.insert("env".to_owned(), Value::Object(env));
        settings.insert("attribution".to_owned(), attribution::with_session(&self.theirs, &bound.opened.session));
        Value::Object(settings)
    }

    /// Whether the developer passed settings.
    pub(super) fn has_settings(&self) -> bool {
        !self.theirs.is_empty()
    }

    /// The developer's settings with those over them that a session has written down.
    pub(super) fn below(&self, session: Map<String, Value>) -> Value {
        let mut settings = self.theirs.clone();
        let mut env = object(settings.remove("env"));
        for (name, value) in session {
            match value {
                Value::Object(ours) if name == "env" => env.extend(ours),
                Value::Object(ours) if name == "hooks" => {
                    let theirs = object(settings.remove("hooks"));
                    settings.insert(name, both_hooks(theirs, ours));
                }
                ours => drop(settings.insert(name, ours)),
            }
        }
        settings.insert("env".to_owned(), Value::Object(env));
        Value::Object(settings)
    }
}

/// Hooks of both, by event: one of theirs is no reason to leave out one of ours.
fn both_hooks(mut theirs: Map<String, Value>, ours: Map<String, Value>) -> Value {
    for (event, hooks) in ours {
        match (theirs.get_mut(&event), hooks) {
            (Some(Value::Array(theirs)), Value::Array(ours)) => theirs.extend(ours),
            (_, hooks) => drop(theirs.insert(event, hooks)),
        }
    }
    Value::Object(theirs)
}

fn object(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

impl SettingsFile {
    /// Writes the settings into a temporary file that only this user can read.
    pub(super) fn write(settings: &Value) -> Result<Self, CommandError> {
        let written = || {
            let mut file = tempfile::Builder::new().prefix("writ-settings-").suffix(".json").tempfile()?;
            file.write_all(settings.to_string().as_bytes())?;
            file.flush()?;
            Ok(file)
        };
        written()
            .map(Self)
            .map_err(|error: std::io::Error| CommandError::failed("cannot write the agent's settings").because(&error))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }
}

/// What carries the session's id: exported alone, it would lose to the developer's settings files.
fn carry(env: &mut Map<String, Value>, opened: &Opened, carried: &[(String, OsString)]) {
    for name in CARRIED {
        let theirs = env.get(name).and_then(Value::as_str);
        let value = match name {
            RESOURCE_VARIABLE if theirs.is_some() => Some(resource_attributes(opened, theirs)),
            METADATA_VARIABLE if theirs.is_some() => Some(metadata(&opened.session.id, theirs)),
            _ => carried.iter().find(|(known, _)| known == name).map(|(_, value)| value.to_string_lossy().into_owned()),
        };
        env.extend(value.map(|value| (name.to_owned(), Value::from(value))));
    }
}

/// As the client does: a text that starts with a brace is JSON, anything else names a file.
fn read(settings: &OsStr) -> Result<Map<String, Value>, CommandError> {
    let inline = settings.to_string_lossy();
    let text = if inline.trim_start().starts_with('{') { inline.into_owned() } else { read_file(Path::new(settings))? };
    match serde_json::from_str(&text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(CommandError::usage("claude's `--settings` is not a JSON object")),
        Err(error) => Err(CommandError::usage("claude's `--settings` is not JSON").because(&error)),
    }
}

/// The text of a file of settings.
///
/// # Errors
/// It cannot be read, or is larger than a file of settings is.
pub(super) fn read_file(path: &Path) -> Result<String, CommandError> {
    let failed = || CommandError::usage(format!("cannot read claude's settings `{}`", path.display()));
    let size = std::fs::metadata(path).map_err(|error| failed().because(&error))?.len();
    if size > FILE_BYTES_MAX {
        return Err(failed().hinted(format!("it has {size} bytes, the limit is {FILE_BYTES_MAX}")));
    }
    std::fs::read_to_string(path).map_err(|error| failed().because(&error))
}

#[cfg(test)]
mod tests;
