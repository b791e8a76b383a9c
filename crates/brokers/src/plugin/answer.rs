//! What an operator's own broker answers to a mint: `{"version": 1, "secret": {…}, "expires_at": "…", "handle": "…",
//! "names": […]}`. Errors never repeat any of it: everything in it may be the secret.

use std::collections::BTreeMap;

use domain::{ArtifactKind, Time};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use super::PluginHandle;
use super::message::{VERSION, moment};
use super::target::PluginTarget;
use crate::broker::{Handle, Minted, Order, Secret};
use crate::limits;

/// The shortest text that is looked for in names: shorter ones are in any name by chance.
const TELLING_BYTES_MIN: usize = 6;

/// Fields that say who or where, which is what a name is for.
const NO_SECRETS: [&str; 12] = [
    "access_key_id",
    "account",
    "client_id",
    "database",
    "host",
    "id",
    "login",
    "name",
    "port",
    "url",
    "user",
    "username",
];

/// An answer that cannot be used, though a credential may have been made.
pub(super) struct Unusable {
    /// What is wrong with it and what to do, as the rest of a sentence that starts with the broker.
    pub(super) what: String,
    /// What ends it, if the answer was clear enough to say so.
    pub(super) handle: Option<Zeroizing<String>>,
}

#[derive(Deserialize)]
struct Answer {
    version: Option<u64>,
    secret: Option<BTreeMap<String, Wiped>>,
    expires_at: Option<String>,
    handle: Option<Wiped>,
    #[serde(default)]
    names: Vec<String>,
}

/// A text that is wiped.
struct Wiped(Zeroizing<String>);

/// Reads an answer and judges it against what was ordered.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(bytes: &[u8], order: &Order, target: &PluginTarget, now: Time) -> Result<Minted, Unusable> {
    let answer = parse(bytes).map_err(|what| Unusable { what, handle: None })?;
    let judged = judge(&answer, order, target, now);
    let handle = answer.handle.map(|handle| handle.0);
    match judged {
        Ok(minted) => Ok(minted),
        Err(what) => {
            let fits = |handle: &Zeroizing<String>| handle.chars().count() <= limits::PLUGIN_HANDLE_CHARS_MAX;
            Err(Unusable { what, handle: handle.filter(fits) })
        }
    }
}

/// The words of the JSON library may hold a value, so only the place of the trouble is kept.
fn parse(bytes: &[u8]) -> Result<Answer, String> {
    if bytes.len() > limits::PLUGIN_ANSWER_BYTES_MAX {
        return Err(format!("answered more than {} bytes", limits::PLUGIN_ANSWER_BYTES_MAX));
    }
    if bytes.trim_ascii().is_empty() {
        return Err("answered nothing: it must answer one JSON object with `secret` and `expires_at`".to_owned());
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        match error.is_data() {
            true => format!("answered JSON of another shape than is expected, at line {line} column {column}"),
            false => format!(
                "answered something that is not one JSON object, at line {line} column {column}: whatever else it has to say belongs on its standard error or in its own log"
            ),
        }
    })
}

fn judge(answer: &Answer, order: &Order, target: &PluginTarget, now: Time) -> Result<Minted, String> {
    if answer.version != Some(VERSION) {
        return Err(format!("answered without `\"version\": {VERSION}`, the only one that this writ understands"));
    }
    let fields = answer.secret.as_ref().filter(|fields| !fields.is_empty());
    let fields = fields.ok_or("answered no `secret`: an object with at least one field")?;
    check_fields(fields)?;
    let expires_at = expiry(answer.expires_at.as_deref(), order, now)?;
    let handle = handle(answer.handle.as_ref(), target)?;
    let names = names(answer, fields)?;
    let secret = Secret::new(fields.iter().map(|(name, value)| (name.clone(), value.0.to_string())));
    Ok(Minted { secret, expires_at, names, handle })
}

fn check_fields(fields: &BTreeMap<String, Wiped>) -> Result<(), String> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if fields.len() > limits::PLUGIN_FIELDS_MAX {
        return Err(format!("answered a `secret` of more than {} fields", limits::PLUGIN_FIELDS_MAX));
    }
    if !fields.keys().all(|name| (1..=64).contains(&name.len()) && name.bytes().all(is_plain)) {
        return Err("answered a `secret` with a field whose name is not 1 to 64 of a-z, 0-9 and `_`".to_owned());
    }
    if !fields.values().all(|value| (1..=limits::SECRET_BYTES_MAX).contains(&value.0.len()) && !value.0.contains('\0'))
    {
        return Err(format!(
            "answered a `secret` with a field that is empty, has a zero byte or more than {} bytes",
            limits::SECRET_BYTES_MAX
        ));
    }
    Ok(())
}

fn expiry(text: Option<&str>, order: &Order, now: Time) -> Result<Time, String> {
    let wanted = moment(order.expires_at);
    let text = text.ok_or_else(|| format!("answered no `expires_at`: at most the one it was asked for, {wanted}"))?;
    let parsed: Result<Timestamp, _> = text.parse();
    let expires_at = parsed
        .map(|at| Time::from_unix_millis(at.as_millisecond()))
        .map_err(|_| format!("answered an `expires_at` that is not RFC 3339, such as `{wanted}`"))?;
    if expires_at <= now {
        let (then, now) = (moment(expires_at), moment(now));
        return Err(format!(
            "answered an `expires_at` that is past ({then}; it is {now} here): check its clock, or answer the one it was asked for"
        ));
    }
    if expires_at > order.expires_at {
        let then = moment(expires_at);
        return Err(format!(
            "answered an `expires_at` of {then}, later than the {wanted} it was asked for: make it expire then, and check its clock"
        ));
    }
    Ok(expires_at)
}

fn handle(handle: Option<&Wiped>, target: &PluginTarget) -> Result<Option<Handle>, String> {
    if !target.law.is_revocable {
        return Ok(None);
    }
    let text = handle.map(|handle| &handle.0).filter(|text| !text.is_empty());
    let text = text.ok_or("answered no `handle`, so nothing could end the credential: answer one, or set `revocable` to false for this target")?;
    if text.chars().count() > limits::PLUGIN_HANDLE_CHARS_MAX {
        return Err(format!("answered a `handle` of more than {} characters", limits::PLUGIN_HANDLE_CHARS_MAX));
    }
    Ok(Some(Handle::json(&PluginHandle { handle: Some(text.to_string()) })))
}

/// Names go into the log and are shown to everybody.
fn names(answer: &Answer, fields: &BTreeMap<String, Wiped>) -> Result<Vec<(ArtifactKind, String)>, String> {
    let names = &answer.names;
    let max = domain::limits::ARTIFACT_CHARS_MAX;
    let is_plain =
        |name: &String| !name.is_empty() && name.chars().count() <= max && !name.chars().any(char::is_control);
    if names.len() > limits::NAMES_MAX || !names.iter().all(is_plain) {
        return Err(format!(
            "answered `names` that are not at most {} lines of 1 to {max} characters",
            limits::NAMES_MAX
        ));
    }
    let secret = fields.iter().filter(|(name, _)| !NO_SECRETS.contains(&name.as_str()));
    let telling = secret.map(|(_, value)| value.0.as_str()).filter(|value| value.len() >= TELLING_BYTES_MIN);
    if telling.into_iter().any(|value| names.iter().any(|name| name.contains(value))) {
        return Err(
            "answered `names` with a value of the secret in them: names are kept in the log for ever".to_owned()
        );
    }
    Ok(names.iter().map(|name| (ArtifactKind::CredentialHandle, name.clone())).collect())
}

// === impl Wiped ===

impl<'de> Deserialize<'de> for Wiped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}
