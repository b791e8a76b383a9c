//! The broker for a stored secret: it has no expiry and no name of a session in it, so it is never handed over. writ
//! injects it into requests that a session sends through writ (docs/brokers/static.md). Not attributable: at the target
//! every session looks the same, and writ's own log is the only proof of who it was.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use domain::broker::Target;
use domain::{Name, Scope, Span, scope};
use http::header::{self, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::broker::{
    Broker, BrokerError, Chance, Handle, Minted, Order, Plan, Revocation, Secret, Secrets, Tools, Work,
};
use crate::injection::{METHODS, PATHS};
use crate::open::SettingsError;
use crate::{Injection, limits, web_address};

/// The shortest authority to send requests.
const LIFE_MIN: Span = Span::from_secs(60);
/// The authority when nobody says.
const LIFE_DEFAULT: Span = Span::from_secs(12 * 3600);
/// The longest authority; a longer session gets another one.
const LIFE_MAX: Span = domain::limits::CREDENTIAL_LIFE_MAX;

/// Headers that speak about the connection or the message and cannot hold a secret.
const NOT_FOR_SECRETS: [HeaderName; 8] = [
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::TRANSFER_ENCODING,
    header::TE,
    header::UPGRADE,
    header::EXPECT,
];

/// Settings of this kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The services that know the secret.
    targets: BTreeMap<Name, TargetSettings>,
}

/// One service.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetSettings {
    /// What request paths are appended to: `https://api.example.com/v2`. Plain http on loopback only.
    base_url: String,
    /// The header that the secret goes into. It cannot go into the URL: those are logged everywhere.
    inject: InjectSettings,
    /// Name of its secret (`token`).
    secret: Option<String>,
    /// Methods that sessions may use (GET and HEAD); `["*"]` allows all.
    methods: Option<BTreeSet<String>>,
    /// Beginnings of paths that sessions may use (`["/"]`).
    paths: Option<BTreeSet<String>>,
}

/// Where a secret goes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InjectSettings {
    /// Name of the header: `authorization`, `x-api-key`.
    header: String,
    /// What stands before the secret: `"Bearer "`.
    #[serde(default)]
    prefix: String,
}

/// The broker.
struct Fixed {
    targets: BTreeMap<Name, Injection>,
}

/// Reads settings and secrets.
pub(crate) fn open(settings: &str, secrets: Secrets) -> Result<Arc<dyn Broker>, SettingsError> {
    let settings: Settings = serde_json::from_str(settings)?;
    let mut used = BTreeSet::new();
    let mut targets = BTreeMap::new();
    for (name, target) in settings.targets {
        let secret = target.secret.clone().unwrap_or_else(|| "token".to_owned());
        let injection = read(&name, target, &secret, &secrets)?;
        used.insert(secret);
        targets.insert(name, injection);
    }
    match secrets.keys().find(|name| !used.contains(*name)) {
        Some(name) => Err(SettingsError::new(format!("the secret `{name}` is used by no target"))),
        None => Ok(Arc::new(Fixed { targets })),
    }
}

fn read(name: &Name, target: TargetSettings, secret: &str, secrets: &Secrets) -> Result<Injection, SettingsError> {
    let wrong = |what: String| SettingsError::new(format!("`targets.{name}.{what}"));
    let base_url = web_address::read(&format!("targets.{name}.base_url"), &target.base_url)?;
    if base_url.query().is_some() {
        return Err(wrong("base_url` must not have a query".to_owned()));
    }
    let header = header_name(&target.inject.header).map_err(wrong)?;
    let missing = || wrong(format!("secret`: the secret `{secret}` is not given"));
    let secret = secrets.get(secret).ok_or_else(missing)?;
    if secret.len() < limits::INJECTION_SECRET_BYTES_MIN {
        let min = limits::INJECTION_SECRET_BYTES_MIN;
        return Err(wrong(format!("secret`: it has fewer than {min} bytes, too few to be told from other text")));
    }
    let value = Zeroizing::new(format!("{}{}", target.inject.prefix, secret.as_str()));
    let value = HeaderValue::from_str(&value)
        .map_err(|_| wrong("inject`: prefix and secret have characters that no HTTP header can carry".to_owned()))?;
    let methods = target.methods.unwrap_or_else(|| BTreeSet::from(["GET".to_owned(), "HEAD".to_owned()]));
    let paths = target.paths.unwrap_or_else(|| BTreeSet::from(["/".to_owned()]));
    check_values(METHODS, &methods).map_err(|what| wrong(format!("methods`: {what}")))?;
    check_values(PATHS, &paths).map_err(|what| wrong(format!("paths`: {what}")))?;
    Ok(Injection::new(base_url, header, value, secret, methods, paths))
}

fn header_name(text: &str) -> Result<HeaderName, String> {
    let name: HeaderName = text.parse().map_err(|_| format!("inject.header`: `{text}` is no header name"))?;
    if NOT_FOR_SECRETS.contains(&name) || name.as_str().starts_with("x-writ-") {
        return Err(format!("inject.header`: `{name}` is not for secrets"));
    }
    Ok(name)
}

/// What is ended is the way through writ, of which nothing has to be known.
fn way() -> Handle {
    Handle::new(Vec::new())
}

fn check_values(dimension: &str, values: &BTreeSet<String>) -> Result<(), String> {
    if values.is_empty() || values.len() > limits::INJECTION_RULES_MAX {
        return Err(format!("1 to {} values", limits::INJECTION_RULES_MAX));
    }
    let is_method = |value: &str| value.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
    let is_path = |value: &str| value.starts_with('/') && !value.contains(['?', '#', '%', ' ']);
    for value in values.iter().filter(|value| *value != scope::ANY) {
        match dimension {
            METHODS if value.is_empty() || !is_method(value) => {
                return Err(format!("`{value}` is no HTTP method in upper case, such as `GET`"));
            }
            PATHS if !is_path(value) => {
                return Err(format!("`{value}` is no beginning of a path, such as `/v2/issues`"));
            }
            _ => {}
        }
    }
    Ok(())
}

// === impl Fixed ===

impl Broker for Fixed {
    fn targets(&self) -> BTreeMap<Name, Target> {
        let law = Target {
            life_min: LIFE_MIN,
            life_default: LIFE_DEFAULT,
            life_max: LIFE_MAX,
            // Not the secret, but a session's way to use it.
            is_revocable: true,
            is_local: true,
        };
        self.targets.keys().map(|name| (name.clone(), law)).collect()
    }

    fn check(&self, target: &Name, scope: &Scope) -> Result<(), BrokerError> {
        let unknown = || BrokerError::asker(format!("there is no target `{target}` here"));
        self.targets.get(target).ok_or_else(unknown)?;
        for (dimension, values) in scope.iter() {
            if ![METHODS, PATHS].contains(&dimension) {
                return Err(BrokerError::asker(format!(
                    "a static secret knows no dimension `{dimension}`, it has `{METHODS}` and `{PATHS}`"
                )));
            }
            check_values(dimension, values).map_err(|what| BrokerError::asker(format!("`{dimension}`: {what}")))?;
        }
        Ok(())
    }

    fn plan(&self, _: &Order) -> Plan {
        Plan { names: Vec::new(), handle: Some(way()) }
    }

    /// Nothing leaves: what the session gets is the right to have it injected.
    fn mint<'a>(&'a self, order: &'a Order, _: &'a Tools, _: Chance) -> Work<'a, Minted> {
        let secret = Secret::new::<&'static str>([]);
        Box::pin(
            async move { Ok(Minted { secret, expires_at: order.expires_at, names: Vec::new(), handle: Some(way()) }) },
        )
    }

    /// The way through writ ends with the credential, without anybody being told.
    fn revoke<'a>(&'a self, _: &'a Order, _: &'a Handle, _: &'a Tools, _: Chance) -> Work<'a, Revocation> {
        Box::pin(async { Ok(Revocation::Dead) })
    }

    fn delivery(&self, target: &Name) -> Value {
        let injection = self.targets.get(target);
        json!({ "inject": {
            "attributable": false,
            "base_url": injection.map(|injection| injection.base_url().to_string()),
            "methods": injection.map(Injection::methods),
            "paths": injection.map(Injection::paths),
        } })
    }

    fn shows(&self) -> &'static str {
        "nothing: not attributable, since every session comes with the same secret; writ's log is the only proof"
    }

    fn injection(&self, target: &Name) -> Option<&Injection> {
        self.targets.get(target)
    }
}

impl fmt::Debug for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixed").field("targets", &self.targets).finish()
    }
}

#[cfg(test)]
mod tests;
