//! Commands of whoever does not want to believe the administrator.

use clap::{Args, Subcommand};
use ledger::VerifierKey;

/// What can be audited.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    Trust(Trust),
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
