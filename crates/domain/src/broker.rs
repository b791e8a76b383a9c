//! Brokers: what mints and revokes credentials for one kind of target.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Span;

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

impl BrokerKind {
    /// Every kind.
    pub const ALL: [Self; 8] =
        [Self::Aws, Self::Github, Self::Ssh, Self::Postgres, Self::Token, Self::Exec, Self::Http, Self::Static];

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
