//! The throwaway repository of the demo. Without git it is a plain folder.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::command_error::CommandError;

/// Makes the folder with one committed file; says whether git was there.
pub(super) fn make(folder: &Path) -> Result<bool, CommandError> {
    let failed = |error: std::io::Error| CommandError::failed("cannot make the demo's repository").because(&error);
    std::fs::create_dir_all(folder).map_err(failed)?;
    std::fs::write(folder.join("README.md"), "# checkout\n\nA throwaway repository of `writ demo`.\n")
        .map_err(failed)?;
    let steps: [&[&str]; 3] = [&["init", "--quiet"], &["add", "--all"], &["commit", "--quiet", "--message", "Start"]];
    Ok(steps.iter().all(|arguments| git(folder, arguments)))
}

/// Without the developer's own configuration, hooks and signing.
fn git(folder: &Path, arguments: &[&str]) -> bool {
    let status = Command::new("git")
        .args(["-c", "user.name=writ demo", "-c", "user.email=demo@localhost", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}
