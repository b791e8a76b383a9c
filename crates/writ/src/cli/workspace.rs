//! Commands for workspaces.

use clap::{Args, Subcommand};
use domain::Span;

use crate::duration::parse_span;

/// What can be done with workspaces. None of it needs a control plane.
#[derive(Debug, Subcommand)]
pub(crate) enum WorkspaceCommand {
    /// List the workspaces on this machine
    ///
    /// States: `live` (its launcher, or a process in it, runs), `ended` (its work is in the repository), `left` (the
    /// launcher was killed: nothing is kept yet, `writ workspace gc` and `recover` keep it), `missing` (removed by hand).
    List {
        /// One JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Print the path of a workspace
    ///
    /// Example: cd "$(writ workspace open 1W3X5Y7Z)"
    Open {
        /// The session's id, or its end
        #[arg(value_name = "SESSION")]
        session: String,
    },
    /// Make a branch of what is kept of a session
    ///
    /// Works in the repository of the session, also when the workspace is gone. Changed and untracked files are the
    /// branch's newest commit. Nothing is checked out.
    Recover(WorkspaceRecover),
    /// Keep and remove workspaces that are over: old ones, and the oldest when all are too large
    ///
    /// `writ run` does the same while an agent works. Nothing is removed before it is at `refs/writ/keep/SESSION` in its
    /// repository; ignored files are not kept. Those that somebody works in stay.
    Gc(WorkspaceGc),
}

/// Which work comes back.
#[derive(Debug, Args)]
pub(crate) struct WorkspaceRecover {
    /// The session's id, or its end while the workspace is there
    #[arg(value_name = "SESSION")]
    pub(crate) session: String,
    /// Name of the branch; `recovered/…` when left out
    #[arg(long, value_name = "NAME")]
    pub(crate) branch: Option<String>,
}

/// Which workspaces go.
#[derive(Debug, Args)]
pub(crate) struct WorkspaceGc {
    /// Only these, whatever their age (ids of sessions, or their ends)
    #[arg(value_name = "SESSION", conflicts_with_all = ["all", "older_than", "max_gigabytes"])]
    pub(crate) sessions: Vec<String>,
    /// All that are over
    #[arg(long)]
    pub(crate) all: bool,
    /// Those that were over this long ago
    #[arg(long, value_parser = parse_span, default_value = "7d", value_name = "TIME")]
    pub(crate) older_than: Span,
    /// How much those that are over may take together, in GiB
    #[arg(long, default_value_t = 20, value_name = "GIB")]
    pub(crate) max_gigabytes: u64,
    /// Say what would go, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}
