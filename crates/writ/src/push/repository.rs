//! Git in a bare repository that strangers push to: without its hooks, without a network, and whatever fails is an error.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::limits::{GIT_COMPLAINT_BYTES_MAX, GIT_MAX};

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

/// How a command of git ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// What it printed.
    pub(crate) stdout: Vec<u8>,
    /// Its exit code; none when a signal ended it.
    pub(crate) code: Option<i32>,
    /// Its own words, one line.
    complaint: String,
}

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
            _ => Err(ended.failed(arguments)),
        }
    }

    /// Runs a command of git whose exit code says something.
    ///
    /// # Errors
    /// It cannot be run, takes too long, or prints more than `bytes_max` bytes.
    pub(crate) async fn run(&self, arguments: &[&str], input: &[u8], bytes_max: usize) -> Result<Ended, GitError> {
        let ended = tokio::time::timeout(GIT_MAX, spoken(self.command(arguments), input, bytes_max)).await;
        let name = arguments.first().copied().unwrap_or_default();
        ended.unwrap_or_else(|_| Err(GitError(format!("`git {name}` took longer than {} s", GIT_MAX.as_secs()))))
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

/// Writes, reads and waits, all at once: whoever waits for the other first would wait for ever.
async fn spoken(mut command: Command, input: &[u8], bytes_max: usize) -> Result<Ended, GitError> {
    let broken = |error: std::io::Error| GitError(format!("git cannot be run: {error}"));
    let mut child = command.spawn().map_err(broken)?;
    let (Some(mut to), Some(out), Some(err)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
        return Err(GitError("git cannot be run: no pipes".to_owned()));
    };
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let (mut out, mut err) = (out.take(bytes_max as u64 + 1), err.take(GIT_COMPLAINT_BYTES_MAX as u64));
    let say = async move {
        // A git that has heard enough closes its end: what it says then tells more.
        let _ = to.write_all(input).await;
        Ok::<_, std::io::Error>(())
    };
    tokio::try_join!(say, out.read_to_end(&mut stdout), err.read_to_end(&mut stderr)).map_err(broken)?;
    if stdout.len() > bytes_max {
        return Err(GitError(format!("git lists more than {} MiB about this push", bytes_max >> 20)));
    }
    let status = child.wait().await.map_err(broken)?;
    Ok(Ended { stdout, code: status.code(), complaint: complaint(&stderr) })
}

/// Git's own words, in one line without its prefix.
pub(crate) fn complaint(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("it does not say why");
    let line = line.strip_prefix("fatal: ").or_else(|| line.strip_prefix("error: ")).unwrap_or(line);
    line.chars().filter(|c| !c.is_control()).take(300).collect()
}

// === impl Ended ===

impl Ended {
    /// What to say of a failure.
    pub(crate) fn failed(&self, arguments: &[&str]) -> GitError {
        let name = arguments.first().copied().unwrap_or_default();
        GitError(format!("`git {name}` failed: {}", self.complaint))
    }
}
