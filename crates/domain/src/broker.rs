//! Brokers: what mints and revokes credentials for one kind of target.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Actor, Event, Name, Refusal, Role, Span, State, limits, text};

/// What state keeps of a broker. Its settings lie in a read table, its secrets sealed beside them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broker {
    /// What kind of target it serves.
    pub kind: BrokerKind,
    /// Whether it may mint.
    pub is_on: bool,
    /// How often it was configured: a process that holds an older revision reads the settings again.
    pub revision: u64,
    /// What it mints for.
    pub targets: BTreeMap<Name, Target>,
}

/// What kind of target a broker serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BrokerKind {
    /// Amazon Web Services, and what speaks its STS.
    Aws,
    /// A GitHub App's installations.
    Github,
    /// Hosts that trust an SSH certificate authority.
    Ssh,
    /// PostgreSQL servers.
    Postgres,
    /// Relying parties that verify writ's own tokens.
    Token,
    /// An operator's command.
    Exec,
    /// An operator's HTTP endpoint.
    Http,
    /// A stored secret, injected and never handed over.
    Static,
}

/// What a decision must know of a target: how long its credentials may live, and whether they can be ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The shortest life that the target can give. A session with less left gets this and is cut by revocation.
    pub life_min: Span,
    /// The life when nobody says.
    pub life_default: Span,
    /// The longest life.
    pub life_max: Span,
    /// Whether a credential can be made useless before it expires.
    pub is_revocable: bool,
    /// Whether writ makes the credential by itself, so that nothing can go wrong at the target between the decision and
    /// the credential.
    pub is_local: bool,
}

/// Configure a broker, or configure it anew. Its secrets are rows that come with the entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configure {
    /// Its name.
    pub broker: Name,
    /// What kind of target it serves.
    pub kind: BrokerKind,
    /// Its settings, a JSON object without secrets; at most [`limits::BROKER_SETTINGS_BYTES_MAX`].
    pub settings: String,
    /// What it mints for, as its settings say.
    pub targets: BTreeMap<Name, Target>,
}

/// Switch a broker on or off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// Which one.
    pub broker: Name,
    /// On, or off: then everything it minted is revoked.
    pub is_on: bool,
    /// Why.
    pub reason: String,
}

/// Remove a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remove {
    /// Which one.
    pub broker: Name,
}

/// Entry: a broker was configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configured {
    /// Its name.
    pub broker: Name,
    /// What kind of target it serves.
    pub kind: BrokerKind,
    /// Its settings, a JSON object without secrets.
    pub settings: String,
    /// What it mints for.
    pub targets: BTreeMap<Name, Target>,
    /// How often it was configured, this time included.
    pub revision: u64,
}

/// Entry: a broker was switched on or off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switched {
    /// Which one.
    pub broker: Name,
    /// On, or off: then everything it minted becomes due for revocation.
    pub is_on: bool,
    /// Why.
    pub reason: String,
}

/// Entry: a broker was removed, and the grants that name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// Which one.
    pub broker: Name,
}

/// A broker keeps its kind: handles of credentials that are alive are written in its kind's own way.
pub(crate) fn configure(state: &State, by: Actor, command: &Configure) -> Result<Vec<Event>, Refusal> {
    state.require(by, Role::Admin)?;
    if command.settings.len() > limits::BROKER_SETTINGS_BYTES_MAX {
        return Err(Refusal::LimitReached {
            what: "bytes of a broker's settings",
            max: limits::BROKER_SETTINGS_BYTES_MAX,
        });
    }
    if command.settings.chars().any(char::is_control) {
        return Err(Refusal::TextMalformed { what: "the settings" });
    }
    if command.targets.is_empty() || command.targets.len() > limits::BROKER_TARGETS_MAX {
        return Err(Refusal::LimitReached {
            what: "targets of a broker, and at least one,",
            max: limits::BROKER_TARGETS_MAX,
        });
    }
    let known = state.brokers.get(&command.broker);
    if let Some(known) = known.filter(|known| known.kind != command.kind) {
        return Err(Refusal::BrokerKindFixed { broker: command.broker.clone(), kind: known.kind });
    }
    if known.is_none() && state.brokers.len() >= limits::BROKERS_MAX {
        return Err(Refusal::LimitReached { what: "brokers", max: limits::BROKERS_MAX });
    }
    Ok(vec![Event::BrokerConfigured(Box::new(Configured {
        broker: command.broker.clone(),
        kind: command.kind,
        settings: command.settings.clone(),
        targets: command.targets.clone(),
        revision: known.map_or(0, |known| known.revision) + 1,
    }))])
}

pub(crate) fn switch(state: &State, by: Actor, command: &Switch) -> Result<Vec<Event>, Refusal> {
    state.require(by, Role::Admin)?;
    text::check_reason(&command.reason)?;
    if state.broker(&command.broker)?.is_on == command.is_on {
        return Ok(Vec::new());
    }
    Ok(vec![Event::BrokerSwitched(Switched {
        broker: command.broker.clone(),
        is_on: command.is_on,
        reason: command.reason.clone(),
    })])
}

/// Without the broker nothing could be revoked any more, so it stays until all that it minted is dead.
pub(crate) fn remove(state: &State, by: Actor, command: &Remove) -> Result<Vec<Event>, Refusal> {
    state.require(by, Role::Admin)?;
    state.broker(&command.broker)?;
    let alive = state.credentials.values().filter(|credential| credential.broker == command.broker).count();
    if alive > 0 {
        return Err(Refusal::BrokerInUse { broker: command.broker.clone(), alive });
    }
    Ok(vec![Event::BrokerRemoved(Removed { broker: command.broker.clone() })])
}

impl BrokerKind {
    /// Every kind.
    pub const ALL: [Self; 8] =
        [Self::Aws, Self::Github, Self::Ssh, Self::Postgres, Self::Token, Self::Exec, Self::Http, Self::Static];

    /// Whether something of a credential is left at its target when its time is up, and goes on: a database role cannot log
    /// in any more, but its connections stay, and so does the role. It is then ended as if it were to be revoked.
    pub const fn leaves_something(self) -> bool {
        matches!(self, Self::Postgres)
    }

    /// The kind's name, as spelled everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Github => "github",
            Self::Ssh => "ssh",
            Self::Postgres => "postgres",
            Self::Token => "token",
            Self::Exec => "exec",
            Self::Http => "http",
            Self::Static => "static",
        }
    }
}

impl fmt::Display for BrokerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is not a kind of broker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a kind of broker")]
pub struct BrokerKindError;

impl FromStr for BrokerKind {
    type Err = BrokerKindError;

    fn from_str(text: &str) -> Result<Self, BrokerKindError> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(BrokerKindError)
    }
}
