//! Several real clients side by side, each with a home of its own, at one stand-in model service: without writ, or each
//! inside `writ run`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use simulator::{Config, Running, Simulator};
use tempfile::TempDir;

use super::client::{self, Client};
use super::player::Player;
use crate::support::run;

/// The clients of one test, and the repository that they share.
pub(super) struct Scene {
    program: PathBuf,
    folder: TempDir,
    simulator: Running,
}

/// Runs a test with clients that know nothing of writ, if the client is there.
pub(super) fn without_writ<F: Future<Output = ()>>(test: impl FnOnce(Scene) -> F) {
    let Some(program) = client::program() else { return };
    run(async {
        let simulator = Simulator::start(Config::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        test(Scene { program, folder, simulator }).await;
    });
}

impl Scene {
    /// A repository with these files, committed on `main`, that any number of clients may work in.
    pub(super) fn repository(&self, files: &[(&str, &str)]) -> PathBuf {
        self.repository_named("repository", files)
    }

    pub(super) fn repository_named(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        let tree = self.folder.path().join(name);
        std::fs::create_dir(&tree).unwrap();
        git(&tree, &["init", "--quiet", "--initial-branch=main"]);
        for (path, content) in files {
            let file = tree.join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, content).unwrap();
        }
        git(&tree, &["add", "."]);
        git(&tree, &["commit", "--quiet", "--message=Begin"]);
        tree
    }

    /// A bare repository with these files on `main`.
    pub(super) fn origin(&self, files: &[(&str, &str)]) -> PathBuf {
        let (tree, origin) = (self.repository(files), self.folder.path().join("origin.git"));
        git(self.folder.path(), &["clone", "--quiet", "--bare", text(&tree), text(&origin)]);
        origin
    }

    /// A developer's clone of it.
    pub(super) fn clone_of(&self, origin: &Path, name: &str) -> PathBuf {
        let clone = self.folder.path().join(name);
        git(self.folder.path(), &["clone", "--quiet", text(origin), text(&clone)]);
        git(&clone, &["config", "user.name", name]);
        git(&clone, &["config", "user.email", &format!("{name}@example.com")]);
        clone
    }

    /// Starts a client in that folder and waits until its model is asked.
    pub(super) async fn player(&self, name: &str, tree: &Path) -> Player {
        self.player_with(name, tree, None).await
    }

    /// The same with settings of the developer's own.
    pub(super) async fn player_with(&self, name: &str, tree: &Path, settings: Option<&Value>) -> Player {
        let client = Client::working_in(self.program.clone(), tree.to_owned());
        if let Some(settings) = settings {
            client.settings(settings);
        }
        let actor = self.simulator.actor(name);
        let command = client.plain(&self.simulator.url(), "a key", &actor.prompt());
        Player::start(client, actor, command).await
    }
}

/// What stands in a file there.
pub(super) fn content(tree: &Path, path: &str) -> String {
    std::fs::read_to_string(tree.join(path)).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What stock git says in a folder, with an identity and nothing of the machine's configuration.
pub(super) fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    git.env_clear().env("PATH", client::path()).env("HOME", folder).env("GIT_CONFIG_NOSYSTEM", "1");
    git.args(["-c", "user.name=A human", "-c", "user.email=human@example.com"]).args(arguments).current_dir(folder);
    let output = git.output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
