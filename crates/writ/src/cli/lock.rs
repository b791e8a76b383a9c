//! Commands about locks.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};
use domain::lock::{Mode, Want};
use domain::{Resource, Span};

use crate::duration::parse_span;

/// What can be done with locks.
#[derive(Debug, Subcommand)]
pub(crate) enum LockCommand {
    Acquire(LockAcquire),
    /// Let a lock go, or wait no longer
    Release {
        /// The ticket (`tkt_…`)
        ticket: String,
        /// Its token, as `acquire` printed it: with another one nothing happens
        #[arg(long)]
        token: Option<u64>,
    },
    /// Wait until it is a ticket's turn, and take it up
    Wait {
        /// The ticket (`tkt_…`)
        ticket: String,
        /// How long, such as `10m`
        #[arg(long = "for", value_name = "TIME", default_value = "10m", value_parser = parse_span)]
        within: Span,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    List(LockList),
    /// Show who waits for a resource, in the order of their turns
    Queue {
        /// The resource, such as `env:prod/payments`
        resource: Resource,
        /// One JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Say why a ticket waits, or what is going on at a resource
    Why {
        /// A ticket (`tkt_…`) or a resource
        what: String,
    },
    /// Take a lock away from its holder; its token opens no gate any more
    ///
    /// For the holder's own human, approvers and administrators. Whoever waits is next.
    Break {
        /// The ticket (`tkt_…`)
        ticket: String,
        /// Why, in a sentence; kept in the log and told to the holder
        #[arg(long)]
        reason: String,
        /// Revoke the holder's session as well: it loses the model and its credentials at once
        #[arg(long)]
        revoke: bool,
    },
    /// Let no agent change a resource until a human has looked
    Freeze {
        /// The resource
        resource: Resource,
        /// Why, in a sentence; kept in the log and told to agents
        #[arg(long)]
        reason: String,
    },
    /// Let agents change a frozen resource again
    Thaw {
        /// The resource
        resource: Resource,
        /// What you found, in a sentence; kept in the log
        #[arg(long)]
        reason: String,
    },
    /// List the frozen resources, with the cause of each
    Frozen {
        /// One JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Show or set which actions of a project's agents need which locks
    Rules {
        /// Name or id of the project
        project: String,
        /// A file with the new rules: see docs/locks.md
        #[arg(long, value_name = "FILE")]
        set: Option<PathBuf>,
    },
}

/// Ask for a lock
///
/// Inside a session it is the session's, and ends with it. Outside it is yours: a maintenance lock, which nothing but you or an
/// administrator lets go. Prints the ticket and the fencing token.
///
/// Example: writ lock acquire env:prod/payments --wait --intent "raise the pool size"
#[derive(Debug, Args)]
pub(crate) struct LockAcquire {
    #[command(flatten)]
    pub(crate) asked: Asked,
    /// Give whichever of the resources is free first
    #[arg(long, conflicts_with = "wait")]
    pub(crate) any: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which resources, and how.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// Resources, such as `env:prod/payments` or, in another mode than X, `env:prod=S`; all of them or none
    #[arg(required = true, value_name = "RESOURCE[=MODE]")]
    pub(crate) wants: Vec<Asking>,
    /// Wait when somebody has it, so long at most: an hour when no time is given
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "1h", value_parser = parse_span)]
    pub(crate) wait: Option<Span>,
    /// What for, in a sentence: whoever waits for you reads it
    #[arg(long)]
    pub(crate) intent: Option<String>,
    /// How urgent it is; one step is worth five minutes of waiting
    #[arg(long, default_value = "normal")]
    pub(crate) priority: Urgency,
}

/// How urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Urgency {
    /// Can wait
    Low,
    /// As it comes
    Normal,
    /// Somebody is waiting for it
    High,
    /// An emergency; for humans only
    Urgent,
}

/// List who holds what
///
/// Example: writ lock list path:github.com/acme/api
#[derive(Debug, Args)]
pub(crate) struct LockList {
    /// Only what overlaps this resource
    pub(crate) resource: Option<Resource>,
    /// Only of this session
    #[arg(long, value_name = "ID")]
    pub(crate) session: Option<String>,
    /// Only of this project
    #[arg(long, value_name = "NAME")]
    pub(crate) project: Option<String>,
    /// Only in this state: held, waiting, offered, resting or over
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Option<String>,
    /// One JSON object per line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Run a command while holding a lock
///
/// Acquires, runs the command with WRIT_LOCK_TICKET and WRIT_LOCK_TOKEN in its environment, and releases. When the lock is lost
/// meanwhile, the command is told (SIGTERM) and, if it goes on, ended. Exits as the command does.
///
/// Example: writ with-lock tfstate:acme/net/prod --wait -- terraform apply
#[derive(Debug, Args)]
pub(crate) struct WithLock {
    #[command(flatten)]
    pub(crate) asked: Asked,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// A resource with a mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asking(pub(crate) Want);

impl FromStr for Asking {
    type Err = String;

    /// A resource's name may have an equals sign: only a mode behind the last one counts.
    fn from_str(text: &str) -> Result<Self, String> {
        let with_mode = text.rsplit_once('=').and_then(|(name, mode)| Some((name, mode.parse::<Mode>().ok()?)));
        let (name, mode) = with_mode.unwrap_or((text, Mode::X));
        let resource = name.parse::<Resource>().map_err(|error| error.to_string())?;
        Ok(Self(Want::new(resource, mode)))
    }
}

impl Urgency {
    /// As the API spells it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }
}
