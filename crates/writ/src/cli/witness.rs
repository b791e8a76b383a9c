//! Commands of whoever watches somebody else's log.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use ledger::VerifierKey;

/// Cosign somebody else's log, as long as it only grows
///
/// A witness is a second pair of eyes: it remembers the newest checkpoint of each log and cosigns the next one only if
/// it continues that. Run it where the log's administrator has no access. On its start it prints its key, and the line
/// that names it in a trust policy (docs/witness.md).
///
/// Example: writ witness --state witness --name audit.example.com/w1 --log "$(cat log.vkey)" --listen 127.0.0.1:7979
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Witness {
    /// What else can be done.
    #[command(subcommand)]
    pub(crate) command: Option<WitnessCommand>,
    /// Private folder with its key, what it cosigned last, and evidence; made when absent
    #[arg(long, value_name = "DIR", required = true)]
    pub(crate) state: Option<PathBuf>,
    /// Name in its key, such as `audit.example.com/w1`; needed on the first start
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Key of a log to cosign for (can be repeated)
    #[arg(long, value_name = "VKEY")]
    pub(crate) log: Vec<VerifierKey>,
    /// Trust policy whose logs to cosign for
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: Option<PathBuf>,
    /// Address to listen on; plain http only on loopback
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7979")]
    pub(crate) listen: SocketAddr,
    /// How logs reach it, for the line it prints; made from the listening address when left out
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// PEM file with the certificate chain, for https
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// PEM file with the private key of the certificate
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub(crate) tls_key: Option<PathBuf>,
}

/// What can be done with a witness's folder.
#[derive(Debug, Subcommand)]
pub(crate) enum WitnessCommand {
    Key(WitnessKey),
}

/// Print the key that the witness's cosignatures are verified with
#[derive(Debug, Args)]
pub(crate) struct WitnessKey {
    /// Its folder
    #[arg(long, value_name = "DIR")]
    pub(crate) state: PathBuf,
}
