//! Reading a repository with the git of this machine: what a line or a revision is, and what its commit says.
//!
//! Git runs without hooks, filters or network, whatever the repository's own settings ask for: it may be a stranger's.

mod blame;
mod commit;
pub(crate) mod credential;
pub(crate) mod remotes;
pub(crate) mod run;

use std::path::{Path, PathBuf};

use tokio::process::Command;

pub(crate) use blame::{Blame, Place};
pub(crate) use commit::{Commit, Revision};
use run::Bounds;

use crate::command_error::CommandError;
use crate::limits::{GIT_ANSWER_BYTES_MAX, GIT_LOOK_TIMEOUT};

/// Git in one folder.
#[derive(Debug, Clone)]
pub(crate) struct Git {
    folder: PathBuf,
}

/// What git said.
#[derive(Debug)]
struct Said {
    success: bool,
    stdout: Vec<u8>,
    stderr: String,
}

/// Variables of the developer's that git keeps: where it is and which of its settings are theirs.
const KEPT: [&str; 7] =
    ["PATH", "HOME", "XDG_CONFIG_HOME", "GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_CEILING_DIRECTORIES"];

/// Settings that could run a program, reach the network or change what is read.
const SETTINGS: [&str; 7] = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "log.showSignature=false",
    "protocol.allow=never",
    "blame.ignoreRevsFile=",
    "i18n.logOutputEncoding=UTF-8",
    "color.ui=false",
];

/// How long a look may take, and what it may say.
const BOUNDS: Bounds =
    Bounds { within: GIT_LOOK_TIMEOUT, bytes: GIT_ANSWER_BYTES_MAX, complaint_bytes: GIT_ANSWER_BYTES_MAX };

// === impl Git ===

impl Git {
    /// Git in a folder, which need not be a repository.
    pub(crate) fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether this is in a repository.
    pub(crate) async fn is_repository(&self) -> bool {
        self.run(&["rev-parse", "--git-dir"]).await.is_ok_and(|said| said.success)
    }

    async fn run(&self, arguments: &[&str]) -> Result<Said, CommandError> {
        let mut command = Command::new("git");
        command.env_clear().envs(KEPT.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))));
        for (name, value) in [
            ("LC_ALL", "C"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_NO_LAZY_FETCH", "1"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            ("GIT_PAGER", "cat"),
        ] {
            command.env(name, value);
        }
        command.args(SETTINGS.iter().flat_map(|setting| ["-c", setting])).args(arguments);
        command.current_dir(&self.folder);
        let ended = run::run(command, b"", BOUNDS).await?;
        let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
        Ok(Said { success: ended.success(), stdout: ended.stdout, stderr })
    }
}

impl Said {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Git's own words for why it failed, without its prefix.
    fn reason(&self) -> String {
        let line = self.stderr.lines().next().unwrap_or("it does not say why");
        line.strip_prefix("fatal: ").unwrap_or(line).to_owned()
    }
}

#[cfg(test)]
mod tests;
