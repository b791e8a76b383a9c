//! Commits inside a session: trailers, signatures that stock git verifies, hooks of the user's that run as before.

mod door;
mod hooks;
mod notes;
mod signing;
mod who;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::leaks::Folder;
use serde_json::Value;

use crate::support::{People, Writ};

/// A control plane, and a real repository outside of it.
struct Stage {
    writ: Writ,
    people: People,
    folder: Folder,
}

impl Stage {
    async fn start() -> Self {
        let writ = Writ::start().await;
        let people = writ.people().await;
        let folder = crate::support::leaks::folder();
        let stage = Self { writ, people, folder };
        std::fs::create_dir(stage.path("home")).unwrap();
        std::fs::write(stage.path("home/.gitconfig"), "[user]\n\tname = Grace\n\temail = grace@example.com\n").unwrap();
        stage.git(&["init", "--quiet", "--initial-branch=main", "."]);
        stage
    }

    fn path(&self, name: &str) -> PathBuf {
        match name {
            "" => self.folder.path().join("repository"),
            "home" | "home/.gitconfig" | "signers" => self.folder.path().join(name),
            _ => self.folder.path().join("repository").join(name),
        }
    }

    fn place(&self, command: &mut Command) {
        std::fs::create_dir_all(self.path("")).unwrap();
        command.current_dir(self.path("")).env("HOME", self.path("home")).env("GIT_CONFIG_NOSYSTEM", "1");
    }

    /// Stock git, outside of any session.
    fn git(&self, arguments: &[&str]) -> String {
        let output = self.try_git(arguments);
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    }

    fn try_git(&self, arguments: &[&str]) -> Output {
        let mut git = Command::new("git");
        git.env_clear().env("PATH", std::env::var("PATH").unwrap());
        self.place(&mut git);
        git.args(arguments).output().unwrap()
    }

    /// `writ run` of a shell script in the repository itself, as grace.
    fn launcher(&self, script: &str) -> Command {
        let mut writ = self.writ.command(&self.people.grace, "home-run");
        writ.args(["run", "--project", "checkout", "--here", "--", "sh", "-ec", script]);
        self.place(&mut writ);
        writ
    }

    /// The same, run to its end; what it said, and the session's id.
    async fn session(&self, script: &str) -> (String, String) {
        self.session_of(self.launcher(script)).await
    }

    async fn session_of(&self, mut launcher: Command) -> (String, String) {
        let output = launcher.output().unwrap();
        crate::support::leaks::complaint(&output.stderr);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(output.status.success(), "{said}");
        (said, self.newest().await["id"].as_str().unwrap().to_owned())
    }

    async fn newest(&self) -> Value {
        self.people.ada.get("/v1/sessions?limit=1").await.json()["sessions"][0].clone()
    }

    /// Makes stock git trust sessions, as a teammate would.
    fn trust(&self) {
        let mut writ = self.writ.command(&self.people.grace, "home-run");
        let output = writ.args(["git", "allowed-signers"]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        std::fs::write(self.path("signers"), output.stdout).unwrap();
        self.git(&["config", "gpg.ssh.allowedSignersFile", self.path("signers").to_str().unwrap()]);
    }

    /// A line of `git log -1` in this format.
    fn log(&self, format: &str) -> String {
        self.git(&["log", "-1", &format!("--format={format}")]).trim().to_owned()
    }

    /// Values of a trailer of the newest commit.
    fn trailers(&self, key: &str) -> Vec<String> {
        let told = self.log(&format!("%(trailers:key={key},valueonly)"));
        told.lines().map(str::to_owned).collect()
    }

    /// Asserts that a commit names this session once, and grace.
    fn assert_named(&self, session: &str) {
        assert_eq!(self.trailers("Agent-Session"), [session], "{}", self.log("%B"));
        assert_eq!(self.trailers("Agent-Developer"), ["grace"]);
    }

    /// Names of artifacts of this kind in the session's entries.
    async fn recorded(&self, session: &str, kind: &str) -> Vec<String> {
        let answer = self.people.ada.get(&format!("/v1/sessions/{session}/entries")).await.json();
        let entries = answer["entries"].as_array().unwrap().iter().map(|line| &line["entry"]);
        let artifacts = entries.filter(|entry| entry["type"] == "artifact.recorded" && entry["body"]["kind"] == kind);
        artifacts.map(|entry| entry["body"]["value"].as_str().unwrap().to_owned()).collect()
    }
}

fn write_hook(path: &Path, body: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
