//! The broker's settings, and what is left of them once they are checked.

use std::collections::{BTreeMap, BTreeSet};

use domain::Name;
use http::HeaderValue;
use serde::Deserialize;

use super::app::App;
use super::asked::{Level, Repositories, permission};
use super::requests::Service;
use super::{Github, limits};
use crate::broker::Secrets;
use crate::open::SettingsError;

/// Where a token is good and what for: a checked target.
#[derive(Debug)]
pub(super) struct Installation {
    /// The installation's number.
    pub(super) id: u64,
    /// The account that has it, where the settings say.
    pub(super) owner: Option<String>,
    /// The most a token may open.
    pub(super) repositories: Repositories,
    /// The most it may do there.
    pub(super) permissions: BTreeMap<String, Level>,
    /// The host from which git fetches.
    pub(super) host: String,
    /// Whether remotes that are told as SSH addresses are to be fetched with these tokens too.
    pub(super) rewrites_ssh: bool,
}

/// The settings as they are written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The App's id or client id, as its page in GitHub's settings shows it.
    app_id: AppId,
    /// Where GitHub's API is: `https://api.github.com`, or `https://HOST/api/v3` for an Enterprise Server. Plain `http://`
    /// only on this machine itself.
    #[serde(default = "default_base_url")]
    base_url: String,
    /// The `Accept` header of each request.
    #[serde(default = "default_accept")]
    accept: String,
    /// The `X-GitHub-Api-Version` header of each request; an empty text leaves it out.
    #[serde(default = "default_api_version")]
    api_version: String,
    /// Installations of the App, by names of your own.
    #[serde(default)]
    targets: BTreeMap<Name, TargetSettings>,
}

/// One installation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetSettings {
    /// The installation's number: the end of its page's address in GitHub's settings.
    installation_id: u64,
    /// The account (organisation or user) that has the installation. With it, git asks for this target's tokens below
    /// `https://HOST/OWNER/` only, and an answer about another account's repositories is refused.
    #[serde(default)]
    owner: Option<String>,
    /// Names of the repositories that tokens may open, without the account, 500 at most; or `["*"]` for all of the
    /// installation's.
    repositories: Vec<String>,
    /// What tokens may do there: GitHub's names of permissions, each with `read`, `write` or `admin`.
    permissions: BTreeMap<String, Level>,
    /// The host that git fetches from.
    #[serde(default = "default_host")]
    host: String,
    /// Whether git inside a session takes `https://HOST/OWNER/` for remotes below `git@HOST:OWNER/`, so that a clone made
    /// over SSH is fetched and pushed as the session and not with the developer's key. Takes `owner`.
    #[serde(default)]
    rewrite_ssh: bool,
}

/// GitHub shows the id as a number and the client id as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum AppId {
    Number(u64),
    Text(String),
}

fn default_base_url() -> String {
    "https://api.github.com".to_owned()
}

fn default_accept() -> String {
    "application/vnd.github+json".to_owned()
}

fn default_api_version() -> String {
    "2022-11-28".to_owned()
}

fn default_host() -> String {
    "github.com".to_owned()
}

/// The name of the secret.
const PRIVATE_KEY: &str = "private_key";

/// Reads and checks them.
pub(super) fn read(settings: &str, mut secrets: Secrets) -> Result<Github, SettingsError> {
    let settings: Settings = serde_json::from_str(settings)?;
    let pem = secrets.remove(PRIVATE_KEY);
    let pem = pem.ok_or_else(|| SettingsError::new("the secret `private_key` is missing: the App's key as PEM"))?;
    if let Some(name) = secrets.keys().next() {
        return Err(SettingsError::new(format!(
            "`{name}` is no secret of this kind of broker: it has `private_key` only"
        )));
    }
    let id = match settings.app_id {
        AppId::Number(number) => number.to_string(),
        AppId::Text(text) => text,
    };
    if !is_word(&id) {
        return Err(SettingsError::new("`app_id` is the App's id or client id: letters, digits, `.`, `_` and `-`"));
    }
    let service = Service::new(
        base_url(&settings.base_url)?,
        header("accept", &settings.accept)?,
        match settings.api_version.as_str() {
            "" => None,
            version => Some(header("api_version", version)?),
        },
    );
    let installations = settings.targets.into_iter().map(|(name, target)| {
        let checked = installation(target);
        checked.map_err(|text| SettingsError::new(format!("`targets.{name}.{text}"))).map(|checked| (name, checked))
    });
    Ok(Github { app: App::new(id, &pem)?, service, installations: installations.collect::<Result<_, _>>()? })
}

/// A checked target; an error begins with the setting's name and a closing backtick.
fn installation(target: TargetSettings) -> Result<Installation, String> {
    if target.installation_id == 0 {
        return Err("installation_id` is the number in the address of the installation's page".to_owned());
    }
    if target.owner.as_deref().is_some_and(|owner| !is_word(owner)) {
        return Err("owner` is an account's name: letters, digits, `.`, `_` and `-`".to_owned());
    }
    if target.permissions.is_empty() || target.permissions.len() > limits::PERMISSIONS_MAX {
        return Err(format!("permissions` has 1 to {} permissions", limits::PERMISSIONS_MAX));
    }
    if let Some(name) = target.permissions.keys().find(|name| !permission(name)) {
        return Err(format!("permissions` has `{}`, which is no name of a permission", name.escape_debug()));
    }
    if target.rewrite_ssh && target.owner.is_none() {
        return Err("rewrite_ssh` takes an `owner` whose remotes are meant".to_owned());
    }
    if !is_host(&target.host) {
        return Err("host` is a host's name, with `:PORT` where it is not the usual one".to_owned());
    }
    Ok(Installation {
        id: target.installation_id,
        owner: target.owner,
        repositories: repositories(target.repositories)?,
        permissions: target.permissions,
        host: target.host.to_ascii_lowercase(),
        rewrites_ssh: target.rewrite_ssh,
    })
}

fn repositories(names: Vec<String>) -> Result<Repositories, String> {
    if names.len() == 1 && names[0] == domain::scope::ANY {
        return Ok(Repositories::All);
    }
    if names.is_empty() || names.len() > limits::REPOSITORIES_MAX {
        return Err(format!("repositories` has 1 to {} names, or `*` alone", limits::REPOSITORIES_MAX));
    }
    match names.iter().find(|name| !super::asked::repository(name)) {
        Some(name) => Err(format!(
            "repositories` has `{}`, which is no repository's name: without the account, letters, digits, `.`, `_`, `-`",
            name.escape_debug()
        )),
        None => Ok(Repositories::Named(names.into_iter().collect::<BTreeSet<_>>())),
    }
}

fn base_url(text: &str) -> Result<String, SettingsError> {
    let text = text.trim_end_matches('/');
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_' | b'~');
    let is_well_formed = is_host(host) && path.bytes().all(plain) && text.len() <= limits::ADDRESS_CHARS_MAX;
    let is_safe = scheme == "https" || (scheme == "http" && is_loopback(host));
    if is_well_formed && is_safe {
        return Ok(text.to_owned());
    }
    Err(SettingsError::new(
        "`base_url` is an address like `https://api.github.com` or `https://HOST/api/v3`; `http://` only on 127.0.0.1",
    ))
}

fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "127.0.0.1" | "localhost")
}

/// A DNS name or IPv4 address, with a port or without.
fn is_host(text: &str) -> bool {
    let (name, port) = text.rsplit_once(':').unwrap_or((text, "443"));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    !name.is_empty()
        && name.bytes().all(plain)
        && port.parse::<u16>().is_ok()
        && text.len() <= limits::ADDRESS_CHARS_MAX
}

fn is_word(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    !text.is_empty() && text.bytes().all(plain) && text.len() <= limits::WORD_CHARS_MAX
}

fn header(name: &str, text: &str) -> Result<HeaderValue, SettingsError> {
    let value =
        HeaderValue::from_str(text).ok().filter(|_| !text.is_empty() && text.len() <= limits::ADDRESS_CHARS_MAX);
    value.ok_or_else(|| SettingsError::new(format!("`{name}` is not a header's value")))
}
