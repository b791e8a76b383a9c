//! Commands about brokers.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::Name;

/// What can be done with brokers.
#[derive(Debug, Subcommand)]
pub(crate) enum BrokerCommand {
    Krl(BrokerKrl),
}

/// Write the list of an ssh broker's revoked certificates, for a host that trusts its authority
///
/// Run it on the host, every minute; sshd reads the file at each login (`RevokedKeys`). It needs no sign-in. What is not a
/// list, or an older one than the file holds, does not replace the file.
///
/// Example: writ broker krl hosts --out /etc/ssh/writ.krl --server https://writ.example.com
#[derive(Debug, Args)]
pub(crate) struct BrokerKrl {
    /// The broker's name
    #[arg(value_name = "NAME")]
    pub(crate) name: Name,
    /// The file to write, in one step
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// URL of the control plane; the one this machine is signed in to when left out
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Replace the file whatever it holds: after the control plane was restored from a backup, or another broker's list
    #[arg(long)]
    pub(crate) force: bool,
}
