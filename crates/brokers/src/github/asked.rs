//! What is asked of GitHub: a target's whole, narrowed by a scope.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::scope::ANY;
use domain::{Name, Scope};
use serde::{Deserialize, Serialize};

use super::limits;
use super::settings::Installation;
use crate::broker::BrokerError;

/// The dimensions of a scope.
pub(super) const REPOSITORIES: &str = "repositories";
/// See [`REPOSITORIES`].
pub(super) const PERMISSIONS: &str = "permissions";

/// The body of the request. Without `repositories` GitHub takes all of the installation's.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Asked {
    /// What the token opens.
    #[serde(skip_serializing_if = "Repositories::is_all")]
    pub(super) repositories: Repositories,
    /// What it may do there; never empty, or it could do whatever the App can.
    pub(super) permissions: BTreeMap<String, Level>,
}

/// Repositories of an installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum Repositories {
    /// All of them.
    All,
    /// Those of these names, without the account.
    Named(BTreeSet<String>),
}

/// How much of a permission; the later includes the earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    /// To look.
    Read,
    /// To change.
    Write,
    /// To govern.
    Admin,
}

/// Whether this can be a repository's name, without its account.
pub(super) fn repository(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    !matches!(name, "" | "." | "..") && name.bytes().all(plain) && name.len() <= limits::REPOSITORY_CHARS_MAX
}

/// Whether this can be a permission's name.
pub(super) fn permission(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    !name.is_empty() && name.bytes().all(plain) && name.len() <= limits::WORD_CHARS_MAX
}

// === impl Asked ===

impl Asked {
    /// What a scope leaves of a target. A dimension that is absent, or `*`, leaves it whole.
    ///
    /// # Errors
    /// The scope has a dimension or value that means nothing here, or goes beyond the target.
    pub(super) fn new(target: &Name, installation: &Installation, scope: &Scope) -> Result<Self, BrokerError> {
        if let Some((unknown, _)) = scope.iter().find(|(name, _)| !matches!(*name, REPOSITORIES | PERMISSIONS)) {
            return Err(BrokerError::asker(format!(
                "a github scope has no dimension `{unknown}`: it has `{REPOSITORIES}` and `{PERMISSIONS}`"
            )));
        }
        let values = |dimension| scope.values(dimension).filter(|values| !values.contains(ANY));
        let repositories = match values(REPOSITORIES) {
            None => installation.repositories.clone(),
            Some(names) => Repositories::Named(narrowed(target, &installation.repositories, names)?),
        };
        let permissions = match values(PERMISSIONS) {
            None => installation.permissions.clone(),
            Some(texts) => lowered(target, &installation.permissions, texts)?,
        };
        Ok(Self { repositories, permissions })
    }
}

fn narrowed(target: &Name, allowed: &Repositories, asked: &BTreeSet<String>) -> Result<BTreeSet<String>, BrokerError> {
    let wrong = asked.iter().find(|name| !repository(name) || !allowed.has(name));
    let Some(wrong) = wrong else { return Ok(asked.clone()) };
    let wrong = wrong.escape_debug();
    Err(BrokerError::asker(match allowed {
        Repositories::All => format!("`{wrong}` is no repository's name: give it without the account"),
        Repositories::Named(names) => {
            format!("target `{target}` has no repository `{wrong}`: it has {}", told(names.iter()))
        }
    }))
}

/// Of several levels of one permission the highest counts: a grant of `contents:read` and `contents:write` lets a session
/// ask for either.
fn lowered(
    target: &Name,
    allowed: &BTreeMap<String, Level>,
    asked: &BTreeSet<String>,
) -> Result<BTreeMap<String, Level>, BrokerError> {
    let mut lowered = BTreeMap::new();
    for text in asked {
        let (name, level) = read_permission(text)?;
        if allowed.get(name).is_none_or(|most| *most < level) {
            let have = allowed.iter().map(|(name, level)| format!("{name}:{level}"));
            return Err(BrokerError::asker(format!(
                "target `{target}` does not give `{name}:{level}`: it gives at most {}",
                told(have)
            )));
        }
        let highest = lowered.entry(name.to_owned()).or_insert(level);
        *highest = level.max(*highest);
    }
    Ok(lowered)
}

fn read_permission(text: &str) -> Result<(&str, Level), BrokerError> {
    let parts = text.split_once(':').filter(|(name, _)| permission(name));
    let read = parts.and_then(|(name, level)| Some((name, Level::read(level)?)));
    read.ok_or_else(|| {
        let text = text.escape_debug();
        BrokerError::asker(format!("`{text}` is no permission: write `contents:read`, with `read`, `write` or `admin`"))
    })
}

/// `` `a`, `b` and 7 more ``.
fn told(values: impl ExactSizeIterator<Item = impl fmt::Display>) -> String {
    let more = values.len().saturating_sub(limits::TOLD_MAX);
    let told = values.take(limits::TOLD_MAX).map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
    if more == 0 { told } else { format!("{told} and {more} more") }
}

// === impl Repositories ===

impl Repositories {
    /// The names, unless it is all of them.
    pub(super) fn names(&self) -> Option<&BTreeSet<String>> {
        match self {
            Self::All => None,
            Self::Named(names) => Some(names),
        }
    }

    fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }

    /// GitHub does not tell upper case from lower in names.
    fn has(&self, name: &str) -> bool {
        self.names().is_none_or(|names| names.iter().any(|known| known.eq_ignore_ascii_case(name)))
    }
}

// === impl Level ===

impl Level {
    /// The level of this name.
    pub(super) fn read(text: &str) -> Option<Self> {
        [Self::Read, Self::Write, Self::Admin].into_iter().find(|level| level.as_str() == text)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
