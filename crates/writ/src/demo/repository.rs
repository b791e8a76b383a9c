//! The throwaway repository of the demo, the one that it pushes to, and what a teammate sees in them. Without git it is a plain
//! folder.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::command_error::CommandError;

/// Makes the folder with one committed file, and a bare repository that it is a clone of; says whether git was there.
pub(super) fn make(folder: &Path, origin: &Path) -> Result<bool, CommandError> {
    let failed = |error: std::io::Error| CommandError::failed("cannot make the demo's repository").because(&error);
    std::fs::create_dir_all(folder).map_err(failed)?;
    std::fs::write(folder.join("README.md"), "# checkout\n\nA throwaway repository of `writ demo`.\n")
        .map_err(failed)?;
    let origin = origin.to_string_lossy();
    let steps: [&[&str]; 7] = [
        &["init", "--quiet", "--initial-branch=main"],
        &["add", "--all"],
        &["commit", "--quiet", "--message", "Start"],
        &["clone", "--quiet", "--bare", ".", &origin],
        &["remote", "add", "origin", &origin],
        &["fetch", "--quiet", "origin"],
        // Pushes there say of which session they are.
        &["config", "writ.gate", &origin],
    ];
    Ok(steps.iter().all(|arguments| git(folder, arguments)))
}

/// The commit that the session made, as stock git shows it to a teammate who trusts these signers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Commit {
    /// Its short id.
    pub(super) id: String,
    /// Who signed it; none when the signature is missing or not good.
    pub(super) signer: Option<String>,
}

/// The newest commit but for the first one; none where there is none.
pub(super) fn newest(folder: &Path, signers: &Path) -> Option<Commit> {
    let trusted = format!("gpg.ssh.allowedSignersFile={}", signers.display());
    // The session's branch came back from its workspace.
    let log = ["log", "--branches", "--topo-order", "--format=%h %G? %GS", "-2"];
    let told = command(folder).args(["-c", &trusted]).args(log).output().ok()?;
    let told = String::from_utf8(told.stdout).ok()?;
    let (line, _first) = told.split_once('\n').filter(|(_, rest)| !rest.is_empty())?;
    let mut words = line.splitn(3, ' ');
    let (id, verdict, signer) = (words.next()?, words.next()?, words.next()?);
    Some(Commit { id: id.to_owned(), signer: (verdict == "G").then(|| signer.to_owned()) })
}

/// The commit of a branch; none where there is no such branch.
pub(super) fn tip(repository: &Path, branch: &str) -> Option<String> {
    let named = format!("refs/heads/{branch}");
    let told = command(repository).args(["rev-parse", "--verify", "--quiet", &named]).output().ok()?;
    told.status.success().then(|| String::from_utf8_lossy(&told.stdout).trim().to_owned())
}

fn git(folder: &Path, arguments: &[&str]) -> bool {
    let mut git = command(folder);
    let status = git.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Git without the developer's own configuration, hooks and signing.
fn command(folder: &Path) -> Command {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=writ demo", "-c", "user.email=demo@localhost", "-c", "commit.gpgsign=false"])
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env_remove("GIT_CONFIG_COUNT");
    git
}
