//! Commands that only look.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// List sessions, newest first
///
/// You see your own; auditors and administrators see everybody's.
#[derive(Debug, Args)]
pub(crate) struct Sessions {
    /// Also those that are over (the newest 100)
    #[arg(long, short)]
    pub(crate) all: bool,
    /// One JSON object per line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show one session and its calls
#[derive(Debug, Args)]
pub(crate) struct SessionCommand {
    /// The session's id (`ses_…`)
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// One JSON object: the session
    #[arg(long)]
    pub(crate) json: bool,
}

/// Tell who did something: which session, which human
///
/// THING is a commit (also a short id, or `file:line` through git blame), a pull request, the id of a request or of the
/// model service's, a client's own session id, a session, a call, a developer, a certificate's serial, an AWS key or role
/// session, a database role, a lock token, or any name with a session's id in it.
///
/// Every link is told as a proof (a wall of writ saw it) or a claim (somebody said so), and the entry of the log that it
/// rests on is checked against the log's signed checkpoint. You see your own sessions; auditors see everybody's.
///
/// Example: writ who src/main.rs:42
#[derive(Debug, Args)]
pub(crate) struct Who {
    /// What to ask for
    #[arg(value_name = "THING")]
    pub(crate) thing: String,
    /// Only if it is of this kind: `commit`, `certificate_serial`, `client_session`, …
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<String>,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show what model calls cost
///
/// Calls without a project are shown as unattributed, never left out.
///
/// Example: writ cost --by project,developer --since 30d
#[derive(Debug, Args)]
pub(crate) struct Cost {
    /// Split by these (can be repeated, or joined by commas)
    #[arg(long, value_enum, value_delimiter = ',', default_value = "project")]
    pub(crate) by: Vec<Dimension>,
    /// From when: a length of time such as `7d`, a day, or an RFC 3339 time
    #[arg(long, value_name = "WHEN", default_value = "7d")]
    pub(crate) since: String,
    /// Until when (exclusive): a day or an RFC 3339 time; now when left out
    #[arg(long, value_name = "WHEN")]
    pub(crate) until: Option<String>,
    /// One JSON object per row
    #[arg(long, conflicts_with = "csv")]
    pub(crate) json: bool,
    /// Comma-separated values with a header line; money in dollars with nine decimals
    #[arg(long)]
    pub(crate) csv: bool,
}

/// What cost can be split by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dimension {
    Developer,
    Project,
    Session,
    Model,
    Team,
    Day,
}

impl Dimension {
    /// The name, as spelled in the API.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Developer => "developer",
            Self::Project => "project",
            Self::Session => "session",
            Self::Model => "model",
            Self::Team => "team",
            Self::Day => "day",
        }
    }
}

/// What can be done with the log.
#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Hash every entry again and compare
    ///
    /// For auditors and administrators. Exits with 1 when an entry does not match its hash.
    Verify {
        /// One JSON object
        #[arg(long)]
        json: bool,
        /// Trust policy that the log's checkpoint has to meet; `trust.policy` beside the sign-in when left out
        #[arg(long, value_name = "FILE")]
        trust: Option<PathBuf>,
    },
}
