//! What an operator says about a PostgreSQL server and its targets.

use std::collections::{BTreeMap, BTreeSet};

use domain::scope::ANY;
use domain::{Name, Scope, Span};
use serde::Deserialize;

use super::limits::{CONNECTION_LIMIT_MAX, GROUPS_MAX, IDENTIFIER_BYTES_MAX};
use super::server::{Endpoint, Server, Sslmode};
use crate::broker::BrokerError;
use crate::open::SettingsError;

/// The dimension of a scope.
pub(super) const ROLE: &str = "role";
/// Life of a role when nobody says: an hour.
const LIFE_SECONDS_DEFAULT: u64 = 3600;
/// Longest life of a role: a working day; a longer session gets another.
const LIFE_SECONDS_MAX: u64 = 12 * 3600;
/// Connections of one role at a time when nobody says: psql, a test run, a pool of some.
const CONNECTION_LIMIT_DEFAULT: u32 = 5;
const PORT_DEFAULT: u16 = 5432;
/// Longest time-out of a statement: longer than a role lives makes no sense.
const STATEMENT_TIMEOUT_SECONDS_MAX: u32 = 12 * 3600;

/// Settings of the whole broker: one server.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// Name or address of the server; the primary, not a standby.
    pub(super) host: String,
    /// TCP port; 5432 if not given.
    #[serde(default = "port_default")]
    pub(super) port: u16,
    /// The role that makes and drops the sessions' roles: `LOGIN CREATEROLE`, no superuser, and on PostgreSQL 16 and later
    /// with the ADMIN option on every group.
    pub(super) user: String,
    /// `verify-full`, or `disable` for a server on this machine.
    #[serde(default)]
    pub(super) sslmode: Sslmode,
    /// Roots to trust instead of the machine's own, as PEM.
    pub(super) ca: Option<String>,
    /// The targets.
    pub(super) targets: BTreeMap<Name, TargetSettings>,
}

/// Settings of one target: a database and what sessions may do there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TargetSettings {
    /// The database that sessions connect to.
    pub(super) database: String,
    /// The role that holds every grant (`NOLOGIN`): sessions are members of it, act as it and own nothing themselves.
    pub(super) group: String,
    /// Other such roles that a grant may name in the dimension `role`.
    #[serde(default)]
    pub(super) allowed_groups: BTreeSet<String>,
    /// Connections that a session's role may have at a time; 5 if not given.
    #[serde(default = "connection_limit_default")]
    pub(super) connection_limit: u32,
    /// How long a role lives when nobody asks for less, in seconds: 3600 if not given, at most 43200.
    #[serde(default = "life_seconds_default")]
    pub(super) life_seconds: u64,
    /// After how many seconds a session's statement is cancelled unless the session sets another time; never if not given.
    pub(super) statement_timeout_seconds: Option<u32>,
    /// Where sessions find the server, if that is another address than writ's.
    pub(super) endpoint: Option<Address>,
}

/// An address.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Address {
    /// Name or address.
    pub(super) host: String,
    /// TCP port; 5432 if not given.
    #[serde(default = "port_default")]
    pub(super) port: u16,
}

fn port_default() -> u16 {
    PORT_DEFAULT
}

fn connection_limit_default() -> u32 {
    CONNECTION_LIMIT_DEFAULT
}

fn life_seconds_default() -> u64 {
    LIFE_SECONDS_DEFAULT
}

impl Settings {
    /// Reads and checks them. Nothing is contacted.
    ///
    /// # Errors
    /// Names the setting and says what would be right.
    pub(super) fn read(text: &str) -> Result<Self, SettingsError> {
        let settings: Self = serde_json::from_str(text)?;
        check_identifier("user", &settings.user)?;
        for (name, target) in &settings.targets {
            target.check().map_err(|error| SettingsError::new(format!("target `{name}`: {error}")))?;
            if target.endpoint.is_some() {
                let server = settings.endpoint(target).server();
                server.map_err(|error| SettingsError::new(format!("target `{name}`: `endpoint`: {error}")))?;
            }
        }
        Ok(settings)
    }

    /// The server, as writ reaches it.
    pub(super) fn server(&self) -> Result<Server, SettingsError> {
        Server::new(&self.host, self.port, self.sslmode, self.ca.as_deref())
    }

    /// What a launcher is told about a target.
    pub(super) fn endpoint(&self, target: &TargetSettings) -> Endpoint {
        let (host, port) = target.endpoint.as_ref().map_or((&self.host, self.port), |other| (&other.host, other.port));
        Endpoint {
            host: host.clone(),
            port,
            database: target.database.clone(),
            sslmode: self.sslmode,
            ca: self.ca.clone(),
        }
    }
}

impl TargetSettings {
    fn check(&self) -> Result<(), SettingsError> {
        check_identifier("database", &self.database)?;
        check_identifier("group", &self.group)?;
        for group in &self.allowed_groups {
            check_identifier("allowed_groups", group)?;
        }
        let within = |what: &str, value: u64, max: u64| match value {
            1.. if value <= max => Ok(()),
            _ => Err(SettingsError::new(format!("`{what}` is 1 to {max}"))),
        };
        if self.allowed_groups.len() > GROUPS_MAX {
            return Err(SettingsError::new(format!("`allowed_groups` has at most {GROUPS_MAX} groups")));
        }
        within("connection_limit", self.connection_limit.into(), CONNECTION_LIMIT_MAX.into())?;
        within("life_seconds", self.life_seconds, LIFE_SECONDS_MAX)?;
        let timeout = self.statement_timeout_seconds.unwrap_or(1);
        within("statement_timeout_seconds", timeout.into(), STATEMENT_TIMEOUT_SECONDS_MAX.into())
    }

    /// How long its roles may live.
    pub(super) fn life(&self) -> Span {
        Span::from_secs(self.life_seconds)
    }

    /// Whether a scope means something here.
    pub(super) fn check_scope(&self, scope: &Scope) -> Result<(), BrokerError> {
        if let Some((dimension, _)) = scope.iter().find(|(dimension, _)| *dimension != ROLE) {
            return Err(BrokerError::asker(format!(
                "a PostgreSQL target has no dimension `{dimension}`, only `{ROLE}`: the group whose rights a session gets"
            )));
        }
        let values = scope.values(ROLE).into_iter().flatten();
        match values.into_iter().find(|value| *value != ANY && !self.allows(value)) {
            Some(stranger) => Err(self.not_allowed(stranger)),
            None => Ok(()),
        }
    }

    /// The one group whose rights a credential gets: the target's own, unless the scope leaves only another.
    pub(super) fn group(&self, scope: &Scope) -> Result<&str, BrokerError> {
        self.check_scope(scope)?;
        let Some(values) = scope.values(ROLE) else {
            return Ok(&self.group);
        };
        if values.contains(ANY) || values.contains(&self.group) {
            return Ok(&self.group);
        }
        let mut groups = values.iter().filter_map(|value| self.allowed_groups.get(value));
        match (groups.next(), groups.next()) {
            (Some(group), None) => Ok(group),
            _ => Err(BrokerError::asker(format!("several groups are granted: ask for one of {}", listed(values)))),
        }
    }

    fn allows(&self, group: &str) -> bool {
        group == self.group || self.allowed_groups.contains(group)
    }

    fn not_allowed(&self, stranger: &str) -> BrokerError {
        let mut allowed = self.allowed_groups.clone();
        allowed.insert(self.group.clone());
        BrokerError::asker(format!("the target does not allow the role `{stranger}`, it allows {}", listed(&allowed)))
    }
}

fn listed(values: &BTreeSet<String>) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
    quoted.join(", ")
}

/// A role's or database's name: exactly as the server spells it, no quotes.
fn check_identifier(setting: &str, text: &str) -> Result<(), SettingsError> {
    let fits = (1..=IDENTIFIER_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
    if fits && !["none", "public"].contains(&text) {
        return Ok(());
    }
    Err(SettingsError::new(format!(
        "`{setting}` is a name as the server spells it, at most {IDENTIFIER_BYTES_MAX} bytes, without quotes"
    )))
}

#[cfg(test)]
mod tests;
