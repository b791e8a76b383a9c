//! Git for workspaces: one command at a time, bounded in time and output, tried again when another git holds a lock.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::command_error::CommandError;
use crate::git::run::{Bounds, run};
use crate::limits::{GIT_LOCK_PAUSE, GIT_LOCK_TRIES, WORKSPACE_GIT_BYTES_MAX, WORKSPACE_GIT_TIMEOUT};

/// Git in one repository.
#[derive(Debug, Clone)]
pub(super) struct Git {
    folder: PathBuf,
    trust: Trust,
    /// Variables of this repository's: where it is, which index is meant.
    variables: Vec<(&'static str, OsString)>,
}

/// Whose words a repository's settings are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// The developer's own: git gets their environment, and filters may reach the network.
    Developer,
    /// An agent could change them: git runs no hook, fetches nothing and has no credential of the developer's.
    Agent,
}

/// What git said.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) success: bool,
    stdout: Vec<u8>,
    stderr: String,
}

/// What git gets from the developer's environment in any case.
const KEPT: [&str; 8] = [
    "PATH",
    "HOME",
    "XDG_CONFIG_HOME",
    "TMPDIR",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CEILING_DIRECTORIES",
];

/// Settings for every command: no program of the repository's, no upkeep in the background, patience for the locks of others.
const SETTINGS: [&str; 8] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.filesRefLockTimeout=10000",
    "core.packedRefsTimeout=10000",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.addEmbeddedRepo=false",
    "color.ui=false",
];

/// How long one command may take, and what it may say.
const BOUNDS: Bounds =
    Bounds { within: WORKSPACE_GIT_TIMEOUT, bytes: WORKSPACE_GIT_BYTES_MAX, complaint_bytes: WORKSPACE_GIT_BYTES_MAX };

/// Whether there is a git at all.
pub(super) fn is_installed() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join("git").is_file())
}

// === impl Git ===

impl Git {
    /// Git in a folder, wherever its repository is.
    pub(super) fn at(folder: impl Into<PathBuf>, trust: Trust) -> Self {
        Self { folder: folder.into(), trust, variables: Vec::new() }
    }

    /// The same with a variable.
    #[must_use]
    pub(super) fn with<V: AsRef<OsStr> + ?Sized>(mut self, name: &'static str, value: &V) -> Self {
        self.variables.push((name, value.as_ref().to_owned()));
        self
    }

    /// Git in exactly this repository, with this working tree.
    #[must_use]
    pub(super) fn of(git_dir: &Path, tree: &Path, trust: Trust) -> Self {
        Self::at(tree, trust).with("GIT_DIR", git_dir).with("GIT_WORK_TREE", tree)
    }

    /// Runs a command, whatever comes of it.
    ///
    /// # Errors
    /// Git cannot be run, takes too long or says too much.
    pub(super) async fn ask<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Said, CommandError> {
        self.feed(arguments, b"").await
    }

    /// The same with something on its standard input.
    pub(super) async fn feed<S: AsRef<OsStr>>(&self, arguments: &[S], input: &[u8]) -> Result<Said, CommandError> {
        let mut said = self.once(arguments, input).await?;
        for _ in 1..GIT_LOCK_TRIES {
            if said.success || !said.met_a_lock() {
                break;
            }
            tokio::time::sleep(GIT_LOCK_PAUSE).await;
            said = self.once(arguments, input).await?;
        }
        Ok(said)
    }

    /// Runs a command that has to succeed.
    ///
    /// # Errors
    /// It failed: with its own words.
    pub(super) async fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Said, CommandError> {
        self.run_with(arguments, b"").await
    }

    /// The same with something on its standard input.
    pub(super) async fn run_with<S: AsRef<OsStr>>(&self, arguments: &[S], input: &[u8]) -> Result<Said, CommandError> {
        let said = self.feed(arguments, input).await?;
        if said.success {
            return Ok(said);
        }
        let is_name =
            |word: &&OsStr| !word.as_encoded_bytes().starts_with(b"-") && !word.as_encoded_bytes().contains(&b'=');
        let name = arguments.iter().map(AsRef::as_ref).find(is_name);
        let name = name.unwrap_or_default().to_string_lossy();
        Err(CommandError::failed(format!("`git {name}` failed: {}", said.reason())))
    }

    async fn once<S: AsRef<OsStr>>(&self, arguments: &[S], input: &[u8]) -> Result<Said, CommandError> {
        let ended = run(self.command(arguments), input, BOUNDS).await?;
        let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
        Ok(Said { success: ended.success(), stdout: ended.stdout, stderr })
    }

    fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new("git");
        command.env_clear().envs(std::env::vars_os().filter(|(name, _)| self.passes(name)));
        command.env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0").env("GIT_TERMINAL_PROMPT", "0");
        if self.trust == Trust::Agent {
            // Wins over every `protocol.…` setting of the repository's.
            command.env("GIT_ALLOW_PROTOCOL", "file").env("GIT_NO_LAZY_FETCH", "1");
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.args(SETTINGS.iter().flat_map(|setting| ["-c", setting])).args(arguments);
        command.current_dir(&self.folder);
        command
    }

    /// Variables that say where git works are for us to set.
    fn passes(&self, name: &OsStr) -> bool {
        let text = name.to_string_lossy();
        KEPT.contains(&text.as_ref()) || (self.trust == Trust::Developer && !text.starts_with("GIT_"))
    }
}

// === impl Said ===

impl Said {
    /// What it printed, without the last line end.
    pub(super) fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.stdout);
        text.strip_suffix('\n').unwrap_or(&text).to_owned()
    }

    /// What it printed as a path: any bytes, without the last line end.
    pub(super) fn path(&self) -> PathBuf {
        use std::os::unix::ffi::OsStrExt;
        OsStr::from_bytes(self.stdout.strip_suffix(b"\n").unwrap_or(&self.stdout)).into()
    }

    /// Its lines as paths: any bytes.
    pub(super) fn lines(&self) -> impl Iterator<Item = PathBuf> {
        use std::os::unix::ffi::OsStrExt;
        let text = self.stdout.strip_suffix(b"\n").unwrap_or(&self.stdout);
        text.split(|&byte| byte == b'\n').map(|line| OsStr::from_bytes(line).into())
    }

    /// What it printed, byte by byte.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.stdout
    }

    /// Pieces between zero bytes.
    pub(super) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.stdout.split(|&byte| byte == 0).filter(|piece| !piece.is_empty())
    }

    /// Git's own words for why it failed, without their prefix.
    pub(super) fn reason(&self) -> String {
        let lines = || self.stderr.lines().filter(|line| !line.starts_with("hint:"));
        let marked = lines().find(|line| line.starts_with("fatal: ") || line.starts_with("error: "));
        let line = marked.or_else(|| lines().next()).unwrap_or("it does not say why");
        line.trim_start_matches("fatal: ").trim_start_matches("error: ").to_owned()
    }

    /// Whether another git was in the way, which passes.
    fn met_a_lock(&self) -> bool {
        let has = |text: &str| self.stderr.contains(text);
        has("File exists") && (has("Unable to create") || has("could not lock"))
    }
}
