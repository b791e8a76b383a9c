//! A repository whose hook asks writ about every push.
//!
//! The tests push to it as a folder, and say by `REMOTE_USER` who they are: what a web server in front would have found out.
//! The front doors have tests of their own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use super::player::Player;
use super::scene::{Scene, content, git};
use crate::support::{gate, until, until_after};

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
        let (server, secret) = (&self.ada().url, self.path("gate.secret"));
        gate::install(&origin, server, REPOSITORY, &secret, &["--proven-by", "remote-user"]);
        origin
    }
}

/// The shell's words for pushing what is committed to a branch of the session's own; `more` are options of git's.
pub(super) fn push(more: &str) -> String {
    let branch = "HEAD:refs/heads/s/$WRIT_SESSION_ID/work";
    format!("REMOTE_USER=$WRIT_SESSION_ID git push {more} -o writ.session=$WRIT_SESSION_ID origin {branch} 2>&1")
}

/// A named pipe: who reads a line of it waits until the test writes one.
pub(super) struct Pipe(PathBuf);

impl Pipe {
    /// Makes it.
    pub(super) fn make(path: PathBuf) -> Self {
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        Self(path)
    }

    /// Lets the one who waits go on. Returns once it has heard.
    pub(super) async fn go(&self) {
        let path = self.0.clone();
        tokio::task::spawn_blocking(|| std::fs::write(path, "on\n").unwrap()).await.unwrap();
    }
}

/// A push that an agent has begun, and that waits for the test before it reaches the wall.
pub(super) struct LatePush {
    tree: PathBuf,
    pipe: Pipe,
}

impl LatePush {
    /// Has the agent commit what is changed and begin to push it; `more` are options of git's.
    pub(super) async fn begin(player: &Player, message: &str, more: &str) -> Self {
        let tree = player.root.clone();
        let pipe = Pipe::make(tree.join("go"));
        let command = format!(
            "git commit --quiet --all --message='{message}' && : >started && read -r _ <go; {{ {}; }} >said; echo $? >code",
            push(more)
        );
        player.begin("Bash", json!({ "command": command, "description": "Push" }));
        until("the commit", || async { tree.join("started").exists().then_some(()) }).await;
        Self { tree, pipe }
    }

    /// Lets it go on.
    pub(super) async fn go(&self) {
        self.pipe.go().await;
    }

    /// Asserts that it ends within a time, and was refused; what git said.
    pub(super) async fn refused(&self, within: Duration) -> String {
        let ended =
            || async { std::fs::read_to_string(self.tree.join("code")).ok().filter(|code| code.ends_with('\n')) };
        let code = until_after(within, "the push to end", ended).await;
        let said = content(&self.tree, "said");
        assert_ne!(code.trim(), "0", "{said}");
        said
    }
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
