//! `writ run` in a repository: a workspace for the session, and its work back in the repository, whatever happens.

mod commands;
mod crowd;
mod flow;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::process::WRIT;
use crate::support::{People, Writ};

/// A control plane, and a real repository `checkout` with one commit outside of it.
struct Stage {
    writ: Writ,
    people: People,
    folder: TempDir,
}

/// What a command said.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Stage {
    async fn start() -> Self {
        let writ = Writ::start().await;
        let people = writ.people().await;
        let stage = Self { writ, people, folder: tempfile::tempdir().unwrap() };
        // Signs grace in, once: commands run side by side.
        stage.writ.command(&stage.people.grace, "home-run");
        std::fs::create_dir_all(stage.repository().join("src")).unwrap();
        std::fs::create_dir_all(stage.folder.path().join("home")).unwrap();
        let identity = "[user]\n\tname = Grace\n\temail = grace@example.com\n";
        std::fs::write(stage.folder.path().join("home/.gitconfig"), identity).unwrap();
        stage.git(&["init", "--quiet", "--initial-branch=main", "."]);
        std::fs::write(stage.repository().join("README.md"), "one\n").unwrap();
        std::fs::write(stage.repository().join("src/lib.rs"), "fn a() {}\n").unwrap();
        stage.git(&["add", "--all"]);
        stage.git(&["commit", "--quiet", "--message", "Start"]);
        stage
    }

    fn repository(&self) -> PathBuf {
        self.folder.path().join("checkout")
    }

    fn workspaces(&self) -> PathBuf {
        self.writ.path().join("home-run/workspaces")
    }

    fn place(&self, command: &mut Command) {
        command.current_dir(self.repository()).env("HOME", self.folder.path().join("home"));
        command.env("GIT_CONFIG_NOSYSTEM", "1");
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        git.env_clear().env("PATH", std::env::var("PATH").unwrap());
        self.place(&mut git);
        let output = git.args(arguments).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// `writ` in the repository, as grace.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut writ = Command::new(WRIT);
        writ.env_clear()
            .env("WRIT_HOME", self.writ.path().join("home-run"))
            .env("PATH", std::env::var("PATH").unwrap());
        self.place(&mut writ);
        writ.stdin(Stdio::null());
        writ.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        writ
    }

    fn say(&self, arguments: &[&str]) -> Said {
        said(&self.command(arguments).output().unwrap())
    }

    /// `writ run` of a shell script, which succeeds.
    fn run(&self, more: &[&str], script: &str) -> Said {
        let arguments = [&["run", "--project", "checkout"], more, &["--", "sh", "-ec", script]].concat();
        let said = self.say(&arguments);
        assert_eq!(said.code, Some(0), "{said:#?}");
        said
    }

    async fn newest(&self) -> String {
        let sessions = self.people.ada.get("/v1/sessions?limit=1").await.json();
        sessions["sessions"][0]["id"].as_str().unwrap().to_owned()
    }

    fn list(&self) -> Vec<Value> {
        let said = self.say(&["workspace", "list", "--json"]);
        assert_eq!(said.code, Some(0), "{said:#?}");
        said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn said(output: &Output) -> Said {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

/// Names in a folder, sorted; but for that of a machine without a name of its own.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| name != ".machine");
    names.sort();
    names
}
