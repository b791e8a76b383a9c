//! A repository whose hook asks writ about every push.
//!
//! The tests push to it as a folder, and say by `REMOTE_USER` who they are: what a web server in front would have found out.
//! The front doors have tests of their own.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::scene::{Scene, git};
use crate::support::process::WRIT;

/// The audience of the gate.
pub(super) const AUDIENCE: &str = "git";
const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// What locks call it: it has no host.
pub(super) const REPOSITORY: &str = "local/origin";

/// Writes the gate's secret into the scene's folder.
pub(super) fn secret(folder: &Path) -> PathBuf {
    let path = folder.join("gate.secret");
    std::fs::write(&path, SECRET).unwrap();
    path
}

impl Scene {
    /// A bare repository with these files on `main` and the hook.
    pub(super) fn walled(&self, files: &[(&str, &str)]) -> PathBuf {
        let origin = self.origin(files);
        let mut install = Command::new(WRIT);
        install.args(["git-receive", "install"]).arg(&origin).args(["--server", &self.ada().url, "--name", REPOSITORY]);
        install.args(["--proven-by", "remote-user", "--secret-file"]).arg(self.path("gate.secret"));
        let output = install.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        origin
    }
}

/// The shell's words for pushing what is committed to a branch of the session's own; `more` are options of git's.
pub(super) fn push(more: &str) -> String {
    let branch = "HEAD:refs/heads/s/$WRIT_SESSION_ID/work";
    format!("REMOTE_USER=$WRIT_SESSION_ID git push {more} -o writ.session=$WRIT_SESSION_ID origin {branch} 2>&1")
}

/// The branches that sessions pushed.
pub(super) fn pushed(origin: &Path) -> Vec<String> {
    git(origin, &["for-each-ref", "--format=%(refname)", "refs/heads/s"]).lines().map(str::to_owned).collect()
}

/// A human merges what a session pushed: `main` goes on from there.
pub(super) fn merge(origin: &Path, session: &str) {
    let branch = format!("refs/heads/s/{session}/work");
    git(origin, &["merge-base", "--is-ancestor", "refs/heads/main", &branch]);
    git(origin, &["update-ref", "refs/heads/main", &branch]);
}
