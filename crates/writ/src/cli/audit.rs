//! Commands of an auditor.

use clap::{Args, Subcommand};
use ledger::VerifierKey;

/// What an auditor can do.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    Search(AuditSearch),
    Trust(Trust),
}

/// Search the log
///
/// For auditors and administrators. Prints one JSON object per entry, oldest first. All conditions must hold.
///
/// Example: writ audit search --project checkout --kind session. --since 7d
#[derive(Debug, Args)]
pub(crate) struct AuditSearch {
    /// About this developer or their sessions, or done by them: sign-in name or id
    #[arg(long, value_name = "NAME")]
    pub(crate) developer: Option<String>,
    /// About sessions for this project: name or id
    #[arg(long, value_name = "NAME")]
    pub(crate) project: Option<String>,
    /// About this session (`ses_…`)
    #[arg(long, value_name = "ID")]
    pub(crate) session: Option<String>,
    /// Of types that start with this: `session.`, `call.settled`
    #[arg(long, value_name = "PREFIX")]
    pub(crate) kind: Option<String>,
    /// From when on: a length of time such as `7d`, a day, or an RFC 3339 time
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<String>,
    /// Until when (exclusive), likewise
    #[arg(long, value_name = "WHEN")]
    pub(crate) until: Option<String>,
    /// Free text: an id, a name in another system, a sign-in name, a project, a type; else any whole value, such as a model
    #[arg(long)]
    pub(crate) text: Option<String>,
    /// At most this many entries
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    pub(crate) limit: u64,
}

/// Show what this machine remembers of the log, or change it
///
/// Every `writ run`, `writ token` and `writ log verify` checks that the log is signed with the key remembered here, and that it
/// continues the checkpoint remembered here. The key is trusted on first use unless it was pinned before.
#[derive(Debug, Args)]
pub(crate) struct Trust {
    /// Control plane; the one you are signed in to when left out
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Trust this key before the log is seen for the first time
    #[arg(long, value_name = "VKEY")]
    pub(crate) pin: Option<VerifierKey>,
    /// Forget key and checkpoint: only after the server was re-installed or restored on purpose
    #[arg(long, conflicts_with = "pin")]
    pub(crate) forget: bool,
}
