//! Commands of an auditor.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use ledger::VerifierKey;

/// What an auditor can do.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    Search(AuditSearch),
    Trust(Trust),
    Export(AuditExport),
    Verify(AuditVerify),
    Fsck(AuditFsck),
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

/// Write a bundle: entries of the log with all that proves them
///
/// Auditors and administrators export anything, developers their own sessions. The file needs no network and no server
/// to be verified.
///
/// Example: writ audit export --session ses_01JD… -o session.writ-audit
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).args(["session", "since", "from"])))]
pub(crate) struct AuditExport {
    /// All entries of this session (`ses_…`)
    #[arg(long, value_name = "ID")]
    pub(crate) session: Option<String>,
    /// From when on: a length of time such as `7d`, a day, or an RFC 3339 time
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<String>,
    /// Until when (exclusive), likewise; now when left out
    #[arg(long, value_name = "WHEN", requires = "since")]
    pub(crate) until: Option<String>,
    /// From this position in the log on
    #[arg(long, value_name = "POSITION")]
    pub(crate) from: Option<u64>,
    /// Up to this position (exclusive); to the end when left out
    #[arg(long, value_name = "POSITION", requires = "from")]
    pub(crate) to: Option<u64>,
    /// File to write; standard output when left out
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Check a bundle, offline
///
/// Says that it is complete and unaltered, or names the first byte and the entry where it is not. Exits with 1 then, and
/// also when a session was not closed yet or began before entries were chained: what such a bundle leaves out cannot be
/// seen. Believes the policy or the key that you give; else `trust.policy` in $WRIT_HOME, else the key that is
/// remembered there of the server one is signed in to; else only the bundle itself, which it says.
///
/// Example: writ audit verify session.writ-audit --trust trust.policy
#[derive(Debug, Args)]
pub(crate) struct AuditVerify {
    /// The bundle; `-` reads standard input
    #[arg(value_name = "BUNDLE")]
    pub(crate) bundle: PathBuf,
    /// Trust policy (C2SP tlog-policy) with the log's key and the witnesses that must have cosigned
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: Option<PathBuf>,
    /// The log's verifier key
    #[arg(long, value_name = "VKEY", conflicts_with = "trust")]
    pub(crate) key: Option<VerifierKey>,
    /// A session that was not closed yet is no failure
    #[arg(long)]
    pub(crate) allow_open: bool,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Check the whole log from its first entry
///
/// With --config or --database, on the server's machine and while it runs: entries, tiles, checkpoints, and every read
/// table against what the log makes of it. Without, over the network and as an auditor: downloads all entries, derives
/// the root anew and compares it with what was signed. Exits with 1 and names the first thing that differs.
#[derive(Debug, Args)]
pub(crate) struct AuditFsck {
    /// Configuration file of the server: says where the database and the log's key are
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// `sqlite:<file>` or `postgres://…`
    #[arg(long, value_name = "URL", conflicts_with = "config")]
    pub(crate) database: Option<String>,
    /// Folder for the tables that are made anew, as large as those of the database; the system's when left out
    #[arg(long, value_name = "DIR")]
    pub(crate) scratch: Option<PathBuf>,
    /// Trust policy (C2SP tlog-policy) with the log's key and the witnesses that must have cosigned
    #[arg(long, value_name = "FILE", conflicts_with_all = ["config", "database"])]
    pub(crate) trust: Option<PathBuf>,
    /// The log's verifier key
    #[arg(long, value_name = "VKEY", conflicts_with = "trust")]
    pub(crate) key: Option<VerifierKey>,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}
