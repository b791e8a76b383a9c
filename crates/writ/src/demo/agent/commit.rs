//! The commit of the scripted agent: plain git, which the session has told what to do.

use std::path::Path;
use std::process::{Command, Stdio};

/// Commits NOTES.md, if this is a git repository with one; false when there is nothing to commit or no git.
pub(super) fn notes() -> bool {
    let is_there = Path::new(".git").exists() && Path::new("NOTES.md").exists();
    is_there && git(&["add", "NOTES.md"]) && git(&["commit", "--quiet", "--message", "Add notes"])
}

fn git(arguments: &[&str]) -> bool {
    let mut git = command();
    git.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    git.status().is_ok_and(|status| status.success())
}

/// Git with what the session has told it, and without the developer's own configuration.
pub(super) fn command() -> Command {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=writ demo", "-c", "user.email=demo@localhost"]);
    git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").stdin(Stdio::null());
    git
}
