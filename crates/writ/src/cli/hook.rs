//! Hooks.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What can be done with hooks.
///
/// `writ hook EVENT` answers an event of Claude Code; `writ run` installs it.
#[derive(Debug, Subcommand)]
pub(crate) enum HookCommand {
    Settings(HookSettings),
    /// Say what this session is about, for those who meet its locks and changes
    ///
    /// Works inside a session only. It is shown to others and kept in the log: say nothing secret.
    ///
    /// Example: writ hook intent "raise the size of the connection pool"
    Intent {
        /// A sentence
        #[arg(value_name = "TEXT")]
        text: String,
    },
    /// Print the locks that hooks got for this session, with their fencing tokens
    ///
    /// Works inside a session only. One JSON object per line; gates at a push or a deployment ask for the token.
    Tokens,
    /// Answer an event; the client's JSON is read from standard input
    #[command(external_subcommand)]
    Event(Vec<OsString>),
}

/// Print the settings of Claude Code that call the hooks
///
/// `writ run` passes them to the client by itself. On machines where agents are to run under writ only, put what this prints
/// into the managed settings: hooks of the user's or of a project's cannot take its place there.
///
/// Example: writ hook settings --managed --require-session >/etc/claude-code/managed-settings.d/writ.json
#[derive(Debug, Args)]
pub(crate) struct HookSettings {
    /// With what else keeps an agent from passing the hooks by
    #[arg(long)]
    pub(crate) managed: bool,
    /// Block tools that change something outside of a session
    #[arg(long)]
    pub(crate) require_session: bool,
    /// Where `writ` is on the machines that get the settings; this program when left out
    #[arg(long, value_name = "PATH")]
    pub(crate) program: Option<PathBuf>,
}
