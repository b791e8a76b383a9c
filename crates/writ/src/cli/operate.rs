//! Commands of whoever runs the control plane.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// Run the control plane
///
/// Reads a TOML file (all keys: docs/reference/config.md). An option here wins over the variable WRIT_LISTEN, which
/// wins over the file. On the very first start it prints a one-time token on standard error, with the command that
/// creates the first administrator.
///
/// Example: writ serve --config writ.toml
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Configuration file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where the database and keys live
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Address to listen on; plain http only on loopback
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// `sqlite:<file>` or `postgres://…`
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// Shut down when standard input ends: dies with the process that holds the other end
    #[arg(long, hide = true)]
    pub(crate) until_stdin_ends: bool,
}

/// Check a configuration file without starting anything
///
/// Exits with 2 and names the bad field, with its line where there is one.
#[derive(Debug, Args)]
pub(crate) struct CheckConfig {
    /// Configuration file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

/// Show a governed session from beginning to end, on this machine, offline
///
/// Starts a control plane on loopback with a fresh data folder and a stand-in model service, runs one agent session
/// for a demo developer and tells what happened. With ANTHROPIC_API_KEY set it uses the real model service.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Leave it running until Ctrl-C, and print how to sign in
    #[arg(long)]
    pub(crate) keep: bool,
    /// The agent to run: a scripted one, or the real client ($WRIT_DEMO_CLAUDE, else `claude` from PATH)
    #[arg(long, value_enum, default_value = "scripted")]
    pub(crate) agent: AgentKind,
}

/// Which agent the demo runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AgentKind {
    /// Makes the real client's HTTP calls from a script
    Scripted,
    /// The real Claude Code client, with a throwaway home
    Claude,
}

/// Run the stand-in model service (no model: scripted answers, for demos and tests)
///
/// Prints its URL on standard output. Never put it behind people's work: it makes things up.
#[derive(Debug, Args)]
pub(crate) struct Simulator {
    /// Loopback address to listen on; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Pause before the headers of every answer, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(crate) delay_ms: u64,
    /// Shut down when standard input ends: dies with the process that holds the other end
    #[arg(long, hide = true)]
    pub(crate) until_stdin_ends: bool,
}

/// The demo's scripted agent: makes the real client's HTTP calls and does what the answers ask for
#[derive(Debug, Args)]
pub(crate) struct DemoAgent {
    /// Model to ask for
    #[arg(long, default_value = "claude-haiku-4-5")]
    pub(crate) model: String,
    /// Ask a real model service: no script markers, few tokens
    #[arg(long)]
    pub(crate) real_service: bool,
}

/// Pages of the reference.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum ReferenceCommand {
    /// All commands and options
    Cli,
    /// All keys of the configuration file
    Config,
}
