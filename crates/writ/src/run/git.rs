//! Git inside a session: commits name the session in trailers, are signed with its certificate, and are recorded.
//!
//! Git is told through its environment variables (git-config(1), GIT_CONFIG_COUNT), behind the user's own ones: no file of
//! the user's is changed, and it ends with the session. The hooks run the repository's own ones first.

mod files;
mod theirs;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::environment::Environment;
use super::session_folder::SessionFolder;
use crate::limits::GIT_STEP_TIMEOUT;

pub(super) use files::Hooks;
pub(super) use theirs::COUNT_VARIABLE;

/// The programs of git's that this machine has.
#[derive(Debug, Clone)]
pub(super) struct Git {
    /// Git itself.
    program: PathBuf,
    /// How many settings in the environment are the user's own.
    count: usize,
}

/// Why git is left alone, or commits are not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Missing(pub(super) String);

/// Settings in the environment are read from this version on; SSH signatures came later.
const VERSION_MIN: (u32, u32) = (2, 31);
const VERSION_SIGNING: (u32, u32) = (2, 34);

// === impl Git ===

impl Git {
    /// Looks for git where the agent would find it.
    ///
    /// # Errors
    /// There is none, or it is too old to be told anything.
    pub(super) async fn find(environment: &Environment) -> Result<(Self, Option<Missing>), Missing> {
        let program = environment.find_program("git").ok_or_else(|| Missing("git was not found".to_owned()))?;
        let count = theirs::count(environment)?;
        let told = run(&program, &["version"], environment).await;
        let version = told.as_deref().and_then(version).ok_or_else(|| Missing("`git version` fails".to_owned()))?;
        let (major, minor) = version;
        if version < VERSION_MIN {
            return Err(Missing(format!("git {major}.{minor} is too old, it takes 2.31")));
        }
        let cannot_sign = (version < VERSION_SIGNING)
            .then(|| Missing(format!("git {major}.{minor} knows no SSH signatures, it takes 2.34")));
        Ok((Self { program, count }, cannot_sign))
    }

    /// The signers that the user trusts already.
    pub(super) async fn trusted_signers(&self, environment: &Environment) -> String {
        let arguments = ["config", "--get", "--path", "gpg.ssh.allowedSignersFile"];
        let Some(path) = run(&self.program, &arguments, environment).await else { return String::new() };
        theirs::read_bounded(Path::new(path.trim_end_matches('\n'))).unwrap_or_default()
    }

    /// What a command of git's prints; none when it fails or takes too long.
    pub(super) async fn said(&self, arguments: &[&str], environment: &Environment) -> Option<String> {
        run(&self.program, arguments, environment).await
    }

    /// How many settings in the environment are the user's own.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The variables that give git these settings, behind the user's own.
    pub(super) fn settings(&self, settings: impl IntoIterator<Item = (String, OsString)>) -> Vec<(String, OsString)> {
        let mut variables = Vec::new();
        let mut index = self.count;
        for (key, value) in settings {
            variables.push((format!("GIT_CONFIG_KEY_{index}"), key.into()));
            variables.push((format!("GIT_CONFIG_VALUE_{index}"), value));
            index += 1;
        }
        variables.push(("GIT_CONFIG_COUNT".to_owned(), index.to_string().into()));
        // For a `writ run` inside this session, whose settings take the place of these.
        variables.push((COUNT_VARIABLE.to_owned(), self.count.to_string().into()));
        variables
    }
}

/// The certificate's file, in the session's folder. Git is told this path, so it stays the same.
pub(super) fn certificate_path(folder: &SessionFolder) -> PathBuf {
    folder.path().join("session-cert.pub")
}

/// Makes what signing takes and signs something, once: a commit must not be the first to find out that it does not work.
///
/// # Errors
/// What does not work.
pub(super) async fn try_signing(folder: &SessionFolder, environment: &Environment) -> Result<PathBuf, Missing> {
    let keygen =
        environment.find_program("ssh-keygen").ok_or_else(|| Missing("ssh-keygen was not found".to_owned()))?;
    let broken = |error: std::io::Error| Missing(format!("cannot write into the session's folder: {error}"));
    let script = files::write_keygen(folder, &keygen).map_err(broken)?;
    let certificate = certificate_path(folder);
    let mut command = Command::new(&script);
    command.args(["-Y", "sign", "-n", "git", "-f"]).arg(&certificate);
    command.env_clear().envs(environment.variables()).current_dir(folder.path());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    match tokio::time::timeout(GIT_STEP_TIMEOUT, command.status()).await {
        Ok(Ok(status)) if status.success() => Ok(script),
        _ => Err(Missing("ssh-keygen cannot sign with the session's key".to_owned())),
    }
}

/// What a command prints on its standard output; none when it fails or takes too long.
async fn run(program: &Path, arguments: &[&str], environment: &Environment) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(environment.variables());
    command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(GIT_STEP_TIMEOUT, command.output()).await.ok()?.ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).ok()).flatten()
}

/// `git version 2.47.3 (Apple Git-1)`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.strip_prefix("git version ")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.trim().parse().ok()?))
}

#[cfg(test)]
mod tests;
