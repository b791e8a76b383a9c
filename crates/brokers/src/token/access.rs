//! What may be done, as a claim.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::scope;
use serde::Deserialize;
use serde_json::{Value, json};

/// The shape of the claim `access`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Access {
    /// The words as they are: `["read", "write"]`.
    #[default]
    List,
    /// As container registries want it (Distribution, "Token Authentication Implementation"):
    /// `[{"type": "repository", "name": "team/app", "actions": ["pull", "push"]}]`.
    Registry,
}

// === impl Access ===

impl Access {
    /// The claim.
    ///
    /// # Errors
    /// A value that does not fit the shape; the text says what would.
    pub(super) fn claim(self, values: &BTreeSet<String>) -> Result<Value, String> {
        match self {
            Self::List => Ok(values.iter().cloned().collect()),
            Self::Registry => registry(values),
        }
    }

    /// Whether a token without it is good for nothing.
    pub(super) const fn is_needed(self) -> bool {
        matches!(self, Self::Registry)
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::List => "a word such as `read`",
            Self::Registry => "such as `repository:team/app:pull`",
        })
    }
}

/// `TYPE:NAME:ACTIONS`, where the name may have colons (a host's port) and the actions are separated by commas; what is said
/// of one thing in several values is one entry.
fn registry(values: &BTreeSet<String>) -> Result<Value, String> {
    let mut all: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for value in values {
        let (kind, name, actions) = parts(value).ok_or_else(|| {
            let hint = if value == scope::ANY { " (a registry knows no `*`: name each repository)" } else { "" };
            format!("`{value}` is not understood, {} would be{hint}", Access::Registry)
        })?;
        all.entry((kind, name)).or_default().extend(actions.split(','));
    }
    let entries =
        all.into_iter().map(|((kind, name), actions)| json!({ "type": kind, "name": name, "actions": actions }));
    Ok(entries.collect())
}

fn parts(value: &str) -> Option<(&str, &str, &str)> {
    let (kind, rest) = value.split_once(':')?;
    let (name, actions) = rest.rsplit_once(':')?;
    let is_word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let is_name = |name: &str| {
        let part = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:".contains(&byte);
        !name.is_empty() && name.bytes().all(part)
    };
    let is_action = |action: &str| is_word(action) || action == "*";
    (is_word(kind) && is_name(name) && actions.split(',').all(is_action)).then_some((kind, name, actions))
}
