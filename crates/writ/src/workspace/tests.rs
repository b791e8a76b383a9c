//! Workspaces of real repositories, with the git of this machine.

mod keeping;
mod parallel;
mod places;
mod settings;

use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use domain::{SessionId, Time};
use tempfile::TempDir;

use super::{Found, Kept, Listed, Order, Root, Source, State, Workspace, create, keep};

/// A repository `checkout` with one commit, and a folder for workspaces.
struct Stage {
    folder: TempDir,
    repository: PathBuf,
    root: Root,
}

/// Everything of the developer's that must not change.
#[derive(Debug, PartialEq, Eq)]
struct Theirs {
    index: Vec<u8>,
    head: String,
    status: String,
    branches: String,
}

impl Stage {
    fn new() -> Self {
        Self::named("checkout")
    }

    fn named(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repository = folder.path().join(name);
        std::fs::create_dir_all(&repository).unwrap();
        let root = Root::at(folder.path().join("workspaces"));
        let stage = Self { folder, repository, root };
        stage.git(&["init", "--quiet", "--initial-branch=main", "."]);
        stage.write("README.md", "one\n");
        stage.write("src/lib.rs", "fn a() {}\n");
        stage.write("run.sh", "#!/bin/sh\n");
        stage.write(".gitignore", "target/\n*.secret\n");
        let script = stage.repository.join("run.sh");
        std::fs::set_permissions(script, std::fs::Permissions::from_mode(0o755)).unwrap();
        symlink("README.md", stage.repository.join("link")).unwrap();
        stage.commit("Start");
        stage
    }

    fn write(&self, name: &str, text: &str) {
        write(&self.repository.join(name), text);
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(&self.repository, arguments)
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    async fn source(&self) -> Source {
        source(&self.repository).await
    }

    async fn workspace(&self, number: u128) -> Workspace {
        create(&self.root, &self.source().await, &order(number)).await.unwrap()
    }

    fn theirs(&self) -> Theirs {
        Theirs {
            index: std::fs::read(self.repository.join(".git/index")).unwrap(),
            head: std::fs::read_to_string(self.repository.join(".git/HEAD")).unwrap(),
            status: self.git(&["status", "--porcelain=v2", "--untracked-files=all"]),
            branches: self.git(&["for-each-ref", "--exclude=refs/heads/s", "refs/heads", "refs/stash", "refs/remotes"]),
        }
    }

    /// What a commit of the repository has: mode and name of each file.
    fn files(&self, commit: &str) -> Vec<String> {
        let told = self.git(&["ls-tree", "-r", "--format=%(objectmode) %(path)", commit]);
        told.lines().map(str::to_owned).collect()
    }

    /// What many files have, each named in a line.
    fn contents(&self, asked: &str) -> Vec<String> {
        let mut git = Command::new("git");
        git.args(["cat-file", "--batch=%(objecttype)"]).current_dir(&self.repository);
        let mut child = git.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut input, asked) = (child.stdin.take().unwrap(), asked.to_owned());
        let writer = std::thread::spawn(move || input.write_all(asked.as_bytes()).unwrap());
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().filter(|line| *line != "blob").map(str::to_owned).collect()
    }

    fn show(&self, commit: &str, file: &str) -> String {
        self.git(&["show", &format!("{commit}:{file}")])
    }
}

fn order(number: u128) -> Order {
    Order { owner: session(number).into(), with_changes: false, at: now() }
}

fn session(number: u128) -> SessionId {
    // The end of the id tells workspaces apart.
    SessionId::new(now(), number)
}

fn now() -> Time {
    Time::from_unix_millis(1_795_700_000_000)
}

async fn source(folder: &Path) -> Source {
    match Source::find(folder).await.unwrap() {
        Found::Repository(source) => *source,
        Found::Nothing(why) => panic!("{why}"),
    }
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = try_git(folder, arguments);
    assert!(output.status.success(), "git {arguments:?} in {}: {output:?}", folder.display());
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

fn try_git(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("git");
    command.env_clear().env("PATH", std::env::var("PATH").unwrap()).env("GIT_CONFIG_NOSYSTEM", "1");
    command.env("HOME", folder).current_dir(folder);
    command.args(["-c", "user.name=Grace", "-c", "user.email=grace@example.com"]).args(arguments);
    command.output().unwrap()
}

/// A commit by the agent.
fn commit_in(workspace: &Workspace, file: &str, text: &str) {
    write(&workspace.tree().join(file), text);
    git(&workspace.tree(), &["add", "--all"]);
    git(&workspace.tree(), &["commit", "--quiet", "--message", &format!("Write {file}")]);
}
