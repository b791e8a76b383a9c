//! A client that is told one prompt after another, all in one session.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::Instant;

use super::super::client::{self, Client, Ran};
use super::targets::Targets;
use crate::support::in_time;

/// One turn with one command, on a busy machine.
const TURN_MAX: Duration = Duration::from_secs(120);

pub(super) struct Conversation {
    child: Child,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
    stderr: PathBuf,
    heard: String,
    since: Instant,
}

impl Conversation {
    /// `writ run` of the client as grace, for `checkout`. All that either writes for a while lies in the client's folder.
    pub(super) fn start(targets: &Targets, client: &Client) -> Self {
        let writ = &targets.aws.writ;
        let mut command = writ.command(&targets.aws.people.grace, "home-run");
        client.environment(&mut command);
        let temporary = client.folder().join("tmp");
        std::fs::create_dir(&temporary).unwrap();
        command.env("WRIT_HOME", writ.path().join("home-run")).env("TMPDIR", temporary);
        command.env("PATH", format!("{}:{}", targets.aws.rgw.aws_folder().display(), client::path()));
        command.args(["run", "--project", "checkout", "--"]).arg(client.program());
        command.args(["-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose"]);
        command.arg("--dangerously-skip-permissions");

        let stderr = writ.path().join("launcher.log");
        let log = std::fs::File::create(&stderr).unwrap();
        let mut command = tokio::process::Command::from(command);
        command.kill_on_drop(true).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, stdin, stdout, stderr, heard: String::new(), since: Instant::now() }
    }

    /// Has the model call Bash with a command, which must go well; what it printed.
    pub(super) async fn bash(&mut self, command: &str) -> String {
        let text = format!("SCENARIO:tool_bash(command={}) go", json!(command));
        let said =
            json!({ "type": "user", "message": { "role": "user", "content": [{ "type": "text", "text": text }] } });
        self.stdin.write_all(format!("{said}\n").as_bytes()).await.unwrap();
        in_time(TURN_MAX, command, self.turn(command)).await
    }

    async fn turn(&mut self, command: &str) -> String {
        let mut printed = None;
        while let Some(line) = self.stdout.next_line().await.unwrap() {
            self.heard.extend([line.as_str(), "\n"]);
            let event: Value = serde_json::from_str(&line).unwrap();
            let of_tool = |part: &&Value| part["type"] == "tool_result";
            if let Some(result) =
                event["message"]["content"].as_array().and_then(|parts| parts.iter().find(of_tool).cloned())
            {
                assert_ne!(result["is_error"], true, "{command}: {result:#}\n{}", self.story());
                printed = Some(result["content"].as_str().unwrap_or_default().to_owned());
            }
            if event["type"] == "result" {
                assert_eq!(event["is_error"], false, "{command}: {event:#}");
                return printed.unwrap_or_else(|| panic!("{command}: no tool was called\n{}", self.heard));
            }
        }
        panic!("{command}: the client is gone: {}\n{}", self.heard, self.story());
    }

    fn story(&self) -> String {
        std::fs::read_to_string(&self.stderr).unwrap()
    }

    /// The session that `writ run` said it opened.
    pub(super) fn session(&self) -> String {
        let story = self.story();
        let line = story.lines().find_map(|line| line.strip_prefix("writ: session ")).unwrap();
        line.split([' ', ',']).next().unwrap().to_owned()
    }

    /// No more prompts: the client ends, and the session with it.
    pub(super) async fn end(mut self) -> Ran {
        drop(self.stdin);
        let rest = async {
            while let Some(line) = self.stdout.next_line().await.unwrap() {
                self.heard.extend([line.as_str(), "\n"]);
            }
            self.child.wait().await.unwrap()
        };
        let status: ExitStatus = in_time(TURN_MAX, "the client to end", rest).await;
        let stderr = std::fs::read_to_string(&self.stderr).unwrap();
        crate::support::leaks::complaint(stderr.as_bytes());
        Ran { code: status.code(), took: self.since.elapsed(), stdout: self.heard, stderr }
    }
}
