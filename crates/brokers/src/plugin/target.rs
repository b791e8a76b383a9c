//! One target of an operator's own broker.

use std::collections::{BTreeMap, BTreeSet};

use domain::broker::Target;
use domain::{Name, Scope, Span, scope};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::broker::BrokerError;
use crate::limits;
use crate::open::SettingsError;

/// The shortest life when nobody says, in seconds.
const LIFE_MIN_DEFAULT: u64 = 60;
/// The life when nobody says, in seconds.
const LIFE_DEFAULT: u64 = 3600;
/// The longest life when nobody says, in seconds.
const LIFE_MAX_DEFAULT: u64 = 12 * 3600;
/// The longest life that can be set, in seconds.
const LIFE_MAX: u64 = domain::limits::CREDENTIAL_LIFE_MAX.as_secs();

/// A target as it stands in the settings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TargetSettings {
    /// Given to the operator's broker as it is; nothing secret.
    settings: Map<String, Value>,
    /// What a scope may say: each dimension with the values that are known, or with none, when any text will do.
    dimensions: BTreeMap<Name, BTreeSet<String>>,
    /// The shortest life that can be had, in seconds (60).
    life_min_seconds: u64,
    /// The life when nobody says, in seconds (3600, or `life_max_seconds` where that is less).
    life_default_seconds: Option<u64>,
    /// The longest life, in seconds (43200, which is also the most).
    life_max_seconds: u64,
    /// Whether its credentials can be ended early (true): then each comes with a handle.
    revocable: bool,
    /// Under which environment variables programs look for the fields of the secret: `{"ACME_TOKEN": "token"}`.
    variables: BTreeMap<String, String>,
}

/// A target whose settings were checked.
#[derive(Debug)]
pub(super) struct PluginTarget {
    pub(super) law: Target,
    pub(super) settings: Map<String, Value>,
    pub(super) variables: BTreeMap<String, String>,
    dimensions: BTreeMap<Name, BTreeSet<String>>,
}

// === impl TargetSettings ===

impl Default for TargetSettings {
    fn default() -> Self {
        Self {
            settings: Map::new(),
            dimensions: BTreeMap::new(),
            life_min_seconds: LIFE_MIN_DEFAULT,
            life_default_seconds: None,
            life_max_seconds: LIFE_MAX_DEFAULT,
            revocable: true,
            variables: BTreeMap::new(),
        }
    }
}

// === impl PluginTarget ===

impl PluginTarget {
    pub(super) fn new(name: &Name, settings: TargetSettings) -> Result<Self, SettingsError> {
        let wrong = |what: String| SettingsError::new(format!("`targets.{name}`: {what}"));
        let (min, max) = (settings.life_min_seconds, settings.life_max_seconds);
        let default = settings.life_default_seconds.unwrap_or_else(|| LIFE_DEFAULT.clamp(min.min(max), max));
        if min == 0 || min > default || default > max || max > LIFE_MAX {
            return Err(wrong(format!(
                "lives must be 0 < life_min_seconds ({min}) ≤ life_default_seconds ({default}) ≤ life_max_seconds ({max}) ≤ {LIFE_MAX}"
            )));
        }
        if settings.dimensions.len() > limits::PLUGIN_DIMENSIONS_MAX {
            return Err(wrong(format!("at most {} `dimensions`", limits::PLUGIN_DIMENSIONS_MAX)));
        }
        if settings.variables.len() > limits::PLUGIN_VARIABLES_MAX
            || !settings.variables.keys().all(|name| is_variable(name))
        {
            return Err(wrong("`variables` has a name that no environment variable has".to_owned()));
        }
        let law = Target {
            life_min: Span::from_secs(min),
            life_default: Span::from_secs(default),
            life_max: Span::from_secs(max),
            is_revocable: settings.revocable,
            is_local: false,
        };
        let TargetSettings { settings, dimensions, variables, .. } = settings;
        Ok(Self { law, settings, variables, dimensions })
    }

    pub(super) fn check(&self, scope: &Scope) -> Result<(), BrokerError> {
        for (dimension, values) in scope.iter() {
            let Some((_, known)) = self.dimensions.iter().find(|(name, _)| name.as_str() == dimension) else {
                let what = match self.dimensions.is_empty() {
                    true => "no dimensions".to_owned(),
                    false => quoted(self.dimensions.keys().map(Name::as_str)),
                };
                return Err(BrokerError::asker(format!("this target knows no dimension `{dimension}`, it has {what}")));
            };
            let strange = |value: &&String| !known.is_empty() && *value != scope::ANY && !known.contains(*value);
            if let Some(value) = values.iter().find(strange) {
                let known = quoted(known.iter().map(String::as_str));
                return Err(BrokerError::asker(format!("`{dimension}` has no value `{value}`, it has {known}")));
            }
        }
        Ok(())
    }

    /// A scope's dimensions for the operator's broker: "any" becomes the values that are known, where there are some.
    pub(super) fn spelled<'a>(&'a self, scope: &'a Scope) -> BTreeMap<&'a str, &'a BTreeSet<String>> {
        let spell = |(dimension, values): (&'a str, &'a BTreeSet<String>)| {
            let known = self.dimensions.iter().find(|(name, _)| name.as_str() == dimension).map(|(_, known)| known);
            let known = known.filter(|known| !known.is_empty() && values.contains(scope::ANY));
            (dimension, known.unwrap_or(values))
        };
        scope.iter().map(spell).collect()
    }
}

/// Whether an environment variable may be called so (POSIX, XBD section 8.1, and lower case).
pub(crate) fn is_variable(name: &str) -> bool {
    let starts_well = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    starts_well && name.len() <= 128 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
