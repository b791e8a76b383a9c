//! Git in a bare repository that strangers push to: without its hooks, without a network, and whatever fails is an error.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::limits::{GIT_COMPLAINT_BYTES_MAX, GIT_MAX};
use crate::git::run::{Bounds, Ended, Unanswered, run};

/// A repository, with the objects of a push that are not part of it yet.
#[derive(Debug, Clone)]
pub(crate) struct Repository {
    folder: PathBuf,
    /// Where objects are that were received and not accepted: git-receive-pack(1), "Quarantine Environment".
    quarantine: Vec<(&'static str, OsString)>,
}

/// Why git did not answer: a sentence for whoever pushes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct GitError(pub(crate) String);

/// Variables that git gives a hook and that say where objects are.
const QUARANTINE: [&str; 3] = ["GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH"];

/// Settings that could run a program or change what is read.
const SETTINGS: [&str; 6] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.quotePath=false",
    "log.showSignature=false",
    "diff.ignoreSubmodules=none",
    "i18n.logOutputEncoding=UTF-8",
];

// === impl Repository ===

impl Repository {
    /// A repository by its folder.
    pub(crate) fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), quarantine: Vec::new() }
    }

    /// The repository in which git runs this hook, with what was received.
    ///
    /// # Errors
    /// Git does not run this.
    pub(crate) fn of_hook() -> Result<Self, GitError> {
        let folder = std::env::var_os("GIT_DIR")
            .ok_or_else(|| GitError("this is a hook of git's: see `writ git-receive install --help`".to_owned()))?;
        let quarantine = QUARANTINE.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))).collect();
        Ok(Self { folder: folder.into(), quarantine })
    }

    /// The same with objects in a folder beside: found here, and where new ones go.
    pub(crate) fn with_objects(&self, objects: &Path) -> Self {
        let quarantine = vec![
            ("GIT_OBJECT_DIRECTORY", objects.as_os_str().to_owned()),
            ("GIT_ALTERNATE_OBJECT_DIRECTORIES", self.folder.join("objects").into_os_string()),
        ];
        Self { folder: self.folder.clone(), quarantine }
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs a command of git that must succeed.
    ///
    /// # Errors
    /// It fails, takes too long, or prints more than `bytes_max` bytes.
    pub(crate) async fn ask(&self, arguments: &[&str], input: &[u8], bytes_max: usize) -> Result<Vec<u8>, GitError> {
        let ended = self.run(arguments, input, bytes_max).await?;
        match ended.code {
            Some(0) => Ok(ended.stdout),
            _ => Err(failed(&ended, arguments)),
        }
    }

    /// Runs a command of git whose exit code says something.
    ///
    /// # Errors
    /// It cannot be run, takes too long, or prints more than `bytes_max` bytes.
    pub(crate) async fn run(&self, arguments: &[&str], input: &[u8], bytes_max: usize) -> Result<Ended, GitError> {
        let bounds =
            Bounds { within: GIT_MAX, bytes: bytes_max as u64, complaint_bytes: GIT_COMPLAINT_BYTES_MAX as u64 };
        run(self.command(arguments), input, bounds).await.map_err(|error| match error {
            Unanswered::NotRun(error) => GitError(format!("git cannot be run: {error}")),
            Unanswered::TooLate(seconds) => GitError(format!("{} took longer than {seconds} s", name(arguments))),
            Unanswered::TooLong(bytes) => GitError(format!("git lists more than {} MiB about this push", bytes >> 20)),
        })
    }

    /// A command of git here, with nothing of the caller's environment but what says where things are.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.env_clear();
        for name in ["PATH", "HOME", "TMPDIR"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.envs(self.quarantine.iter().map(|(name, value)| (*name, value)));
        for (name, value) in [
            ("LC_ALL", "C"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GIT_TERMINAL_PROMPT", "0"),
        ] {
            command.env(name, value);
        }
        command.arg("--git-dir").arg(&self.folder);
        // Whoever owns the folder, it is the one that was asked about.
        command.args(["-c", "safe.directory=*"]);
        command.args(SETTINGS.iter().flat_map(|setting| ["-c", setting])).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }
}

/// Git's own words, in one line without its prefix.
pub(crate) fn complaint(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("it does not say why");
    let line = line.strip_prefix("fatal: ").or_else(|| line.strip_prefix("error: ")).unwrap_or(line);
    line.chars().filter(|c| !c.is_control()).take(300).collect()
}

/// What to say of a command that failed.
pub(crate) fn failed(ended: &Ended, arguments: &[&str]) -> GitError {
    GitError(format!("{} failed: {}", name(arguments), complaint(&ended.stderr)))
}

fn name(arguments: &[&str]) -> String {
    format!("`git {}`", arguments.first().copied().unwrap_or_default())
}
