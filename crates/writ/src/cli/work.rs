//! Commands of a developer's day.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::{Name, Span, Usd};

use crate::duration::parse_span;

/// Run a coding agent under a governed session
///
/// Opens a session for you and the project, keeps it alive while the command runs, and ends it however the command ends.
/// Credentials in your environment (cloud keys, forge tokens, model keys) are not passed on, and none of the session's is
/// put there: Claude Code gets its key for model calls from the launcher (apiKeyHelper), another agent with `writ token`.
///
/// In a git repository the command works in a workspace of its own: a clone that shares the repository's objects, on a
/// branch `s/SESSION/…` that starts from your commit. Your folder is not touched; at the end the commits are a branch in
/// your repository, and changed files are kept at `refs/writ/keep/SESSION`. `git config writ.workspace false` turns this
/// off.
///
/// Commits made inside name the session in trailers and are signed with its certificate; the repository's own hooks run
/// as before. Inside a session this opens a child of that session.
///
/// Example: writ run --project checkout --budget 5.00 -- claude
///
/// Signals go on to the command. Ctrl-Z stops both; stopped, nothing keeps the session alive. Where there is no terminal,
/// a command that is stopped stops alone.
///
/// Exits with the command's own code; 125 when writ failed before the command started, 126 when the command cannot be
/// executed, 127 when it was not found.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// What the work is for, by name or id; without it the cost is shown as unattributed
    #[arg(long, short)]
    pub(crate) project: Option<String>,
    /// How long the session may live, such as `90m` or `8h`
    #[arg(long, value_parser = parse_span, default_value = "8h")]
    pub(crate) ttl: Span,
    /// The most the session may spend, in dollars; without it only the project's limits hold
    #[arg(long, value_name = "USD")]
    pub(crate) budget: Option<Usd>,
    /// Permission profile of the session
    #[arg(long, default_value = "default")]
    pub(crate) profile: Name,
    /// Control plane; must be the one you are signed in to
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Trust policy that the log's checkpoint has to meet; `trust.policy` beside the sign-in when left out
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: Option<PathBuf>,
    /// Pass this variable on although it holds a credential (can be repeated)
    #[arg(long, value_name = "NAME")]
    pub(crate) keep_env: Vec<String>,
    /// Work in this folder instead of a workspace: other sessions may change the same files, and nothing is kept
    #[arg(long, conflicts_with_all = ["workspace", "with_changes"])]
    pub(crate) here: bool,
    /// Work in a workspace even where that is off, and inside a session
    #[arg(long)]
    pub(crate) workspace: bool,
    /// Bring changed and untracked files along into the workspace (ignored ones stay)
    #[arg(long)]
    pub(crate) with_changes: bool,
    /// Leave git alone: commits neither name the session nor are signed
    #[arg(long)]
    pub(crate) no_git: bool,
    /// The command to run and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// Print a session token, for clients that only take a base URL and a key
///
/// Opens a session without a launcher (it ends when its time is over or when it is revoked) and prints its token on
/// standard output. The same token is printed again while the session lives, so this command can be a key helper.
///
/// Inside a session (`writ run`) it opens nothing and prints that session's own token: for an agent that is not Claude Code,
/// which has it already.
///
/// Example: ANTHROPIC_BASE_URL=https://writ.example.com ANTHROPIC_AUTH_TOKEN=$(writ token --project checkout) claude
#[derive(Debug, Args)]
pub(crate) struct TokenCommand {
    /// What the work is for, by name or id; without it the cost is shown as unattributed
    #[arg(long, short)]
    pub(crate) project: Option<String>,
    /// How long the session may live, such as `90m` or `8h`
    #[arg(long, value_parser = parse_span, default_value = "8h")]
    pub(crate) ttl: Span,
    /// The most the session may spend, in dollars
    #[arg(long, value_name = "USD")]
    pub(crate) budget: Option<Usd>,
    /// Control plane; must be the one you are signed in to
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
}

/// Start Claude Code inside a session; what the session's folder has for `claude` calls this
#[derive(Debug, Args)]
pub(crate) struct InsideClaude {
    /// The session's settings
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: PathBuf,
    /// The client's program
    #[arg(long, value_name = "FILE")]
    pub(crate) program: PathBuf,
    /// Its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
    pub(crate) arguments: Vec<OsString>,
}

/// Record something this session made, for `writ who`
///
/// Works inside a session only, and speaks for that session. Commits are recorded by themselves.
///
/// Example: writ record pull_request acme/checkout#17
#[derive(Debug, Args)]
pub(crate) struct Record {
    /// What kind of thing: `commit` or `pull_request`
    #[arg(value_name = "KIND")]
    pub(crate) kind: String,
    /// Its name: a commit's full id, a pull request as `owner/repository#number` or its URL (can be repeated)
    #[arg(value_name = "VALUE", required = true)]
    pub(crate) values: Vec<String>,
    /// Do not wait until it is recorded; for hooks
    #[arg(long, hide = true)]
    pub(crate) later: bool,
}

/// What writ does for git.
#[derive(Debug, Subcommand)]
pub(crate) enum GitCommand {
    /// Print the file that makes stock git trust commits signed inside sessions
    ///
    /// Example: writ git allowed-signers >~/.config/git/writ_signers &&
    /// git config --global gpg.ssh.allowedSignersFile ~/.config/git/writ_signers
    AllowedSigners {
        /// Control plane; the one you are signed in to when left out
        #[arg(long, value_name = "URL")]
        server: Option<String>,
    },
    /// Write down in git notes which lines sessions wrote
    #[command(subcommand)]
    Notes(NotesCommand),
}

/// What can be done with notes.
#[derive(Debug, Subcommand)]
pub(crate) enum NotesCommand {
    /// Note on each commit of a session which lines it added, as an Agent Trace record
    ///
    /// Commits are known by their signature (proof) or their trailers (a claim); others get no note. Notes are derived
    /// from the commits, so this can be repeated. They are not pushed by themselves: `git push origin refs/notes/writ`.
    ///
    /// Example: writ git notes export origin/main..HEAD
    Export(NotesExport),
}

/// Which notes.
#[derive(Debug, Args)]
pub(crate) struct NotesExport {
    /// Commits, as `git log` takes them
    #[arg(value_name = "RANGE", default_value = "HEAD")]
    pub(crate) range: String,
    /// The newest so many at most
    #[arg(long, value_name = "COUNT", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) max: u32,
    /// Print the notes instead, one JSON object per line
    #[arg(long)]
    pub(crate) print: bool,
    /// Write git-ai's authorship log (version 3.0.0) into refs/notes/ai instead
    #[arg(long, conflicts_with = "print")]
    pub(crate) git_ai: bool,
    /// Control plane; the one you are signed in to when left out
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
}

/// Sign in to a control plane
///
/// Keeps the sign-in in `credentials.json` (readable by you only) under $WRIT_HOME, else $XDG_CONFIG_HOME/writ, else
/// ~/.config/writ.
///
/// Example: writ login https://writ.example.com --login ada
#[derive(Debug, Args)]
pub(crate) struct Login {
    /// Control plane; the last one used when left out
    #[arg(value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Your sign-in name; asked for on a terminal when left out
    #[arg(long, value_name = "NAME")]
    pub(crate) login: Option<String>,
    /// Read the password from standard input instead of asking
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// The first administrator's e-mail address
    #[arg(long, value_name = "ADDRESS", requires = "bootstrap")]
    pub(crate) email: Option<String>,
    /// Create the first administrator with the one-time token that `writ serve` printed; the password is the new one
    #[arg(long, value_name = "TOKEN")]
    pub(crate) bootstrap: Option<String>,
}
