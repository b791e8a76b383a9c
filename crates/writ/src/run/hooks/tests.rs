//! Whole decisions, with a stand-in for the control plane that only knows what a test tells it.

mod commands;
mod locks;
mod reads;
pub(in crate::run) mod stand_in;
mod sub_agents;
mod turns;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::feed::Event as Heard;
use super::{Hooks, Whose};
use crate::hook::wire::Answer;
use crate::run::parts::Parts;
use crate::run::workspace::Place;
use crate::workspace::Root;
use stand_in::StandIn;

/// A session in a repository of its own.
struct Stage {
    hooks: Hooks<Arc<StandIn>>,
    plane: Arc<StandIn>,
    folder: TempDir,
    /// What is not in the repository.
    _aside: TempDir,
    runtime: tokio::runtime::Runtime,
}

/// An id of a session, where one is read.
const SESSION: &str = "ses_01KB0F8Z4Q2M6R8T0V1W3X5Y7Z";

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "--quiet", "--initial-branch=main"]);
        git(folder.path(), &["remote", "add", "origin", "git@github.com:acme/api.git"]);
        let plane = Arc::new(StandIn::default());
        let whose = Whose {
            session: "ses_1".to_owned(),
            developer: "grace".to_owned(),
            project: Some("payments".to_owned()),
            home: None,
            lock_wait_seconds: 45,
            exports: "export WRIT_SESSION_ID=ses_1\n".to_owned(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let aside = tempfile::tempdir().unwrap();
        let (script, root) = (aside.path().join("parts.sh"), Root::at(aside.path().join("workspaces")));
        let parts = Parts::new(SESSION, &Place::default(), script, Some(root));
        Self {
            hooks: Hooks::new(Arc::clone(&plane), whose, parts, Default::default()),
            plane,
            folder,
            _aside: aside,
            runtime,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), content).unwrap();
    }

    fn hook(&self, event: &str, input: Value) -> Answer {
        self.hook_of("", event, input)
    }

    /// As the client would call it, by a sub-agent unless the name is empty.
    fn hook_of(&self, agent: &str, event: &str, mut input: Value) -> Answer {
        input["session_id"] = json!("conversation");
        input["cwd"] = json!(self.path(""));
        input["hook_event_name"] = json!(event);
        if !agent.is_empty() {
            input["agent_id"] = json!(agent);
        }
        let message = format!("{}\n{input}", json!({"event": event}));
        let answer = self.runtime.block_on(self.hooks.answer(message.as_bytes()));
        // What goes on after the answer, such as giving locks back.
        self.runtime.block_on(async {
            for _ in 0..20 {
                tokio::task::yield_now().await
            }
        });
        answer
    }

    /// Waits for what goes on after an answer and asks git.
    fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        self.runtime.block_on(async {
            for _ in 0..3_000 {
                if is_so() {
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            panic!("waited 30 s for {what}");
        });
    }

    fn heard(&self, name: &str, data: &Value) {
        self.hooks.heard(&Heard { name: name.to_owned(), data: data.to_string(), id: None });
    }

    /// The agent reads a file as a whole.
    fn read(&self, name: &str) -> Answer {
        self.read_of("", name)
    }

    fn read_of(&self, agent: &str, name: &str) -> Answer {
        let content = std::fs::read_to_string(self.path(name)).unwrap();
        let lines = content.lines().count();
        let file = json!({"filePath": self.path(name), "content": content, "startLine": 1, "numLines": lines, "totalLines": lines});
        let input = json!({"tool_name": "Read", "tool_use_id": "r", "duration_ms": 1, "tool_input": {"file_path": self.path(name)},
            "tool_response": {"type": "text", "file": file}});
        self.hook_of(agent, "PostToolUse", input)
    }

    /// Asks whether a tool may be used; none if it may, else why not.
    fn asks(&self, tool: &str, input: &Value) -> Option<String> {
        reason(&self.hook("PreToolUse", json!({"tool_name": tool, "tool_use_id": "t", "tool_input": input})))
    }

    fn asks_to_edit(&self, name: &str) -> Option<String> {
        self.asks("Edit", &json!({"file_path": self.path(name), "old_string": "one", "new_string": "two"}))
    }

    fn asks_to_write(&self, name: &str) -> Option<String> {
        self.asks("Write", &json!({"file_path": self.path(name), "content": "written\n"}))
    }

    fn asks_to_run(&self, command: &str) -> Option<String> {
        self.asks("Bash", &json!({"command": command}))
    }

    /// Says that a tool was used, after the test has done what it does.
    fn used(&self, tool: &str, input: &Value) -> Option<String> {
        let input = json!({"tool_name": tool, "tool_use_id": "t", "tool_input": input, "tool_response": {}});
        context(&self.hook("PostToolUse", input))
    }

    /// Writes a file as the tool would, both hooks included.
    fn writes(&self, name: &str, content: &str) -> Option<String> {
        let input = json!({"file_path": self.path(name), "content": content});
        assert_eq!(self.asks("Write", &input), None);
        self.write(name, content);
        self.used("Write", &input)
    }

    /// Runs a command as the tool would, both hooks included.
    fn runs(&self, command: &str) -> Option<String> {
        let input = json!({"command": command});
        assert_eq!(self.asks("Bash", &input), None, "{command}");
        let status = Command::new("sh").args(["-c", command]).current_dir(self.path("")).status().unwrap();
        assert!(status.success(), "{command}");
        self.used("Bash", &input)
    }

    /// Another session's change, as the stream tells it.
    fn hears_write(&self, position: u64, name: &str, before: &str, after: &str) {
        self.heard("write", &json!({
            "position": position, "time": "2026-11-26T14:02:31.000Z", "session.id": "ses_2", "developer.name": "ana",
            "project.id": "prj_2", "resource": resource(name), "before": digest(before), "after": digest(after),
            "intent": "raise the pool size",
        }));
    }
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=x", "-c", "user.email=x@example.com"]).args(arguments);
    let output = git.current_dir(folder).env("GIT_CONFIG_NOSYSTEM", "1").output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn resource(name: &str) -> String {
    format!("path:github.com/acme/api//{name}")
}

fn digest(text: &str) -> String {
    format!("sha256:{}", domain::Digest::of(text.as_bytes()))
}

fn output(answer: &Answer) -> Value {
    assert_eq!(answer.exit, 0, "{answer:?}");
    if answer.out.is_empty() { json!({}) } else { serde_json::from_str(&answer.out).unwrap() }
}

/// Why the client is told not to.
fn reason(answer: &Answer) -> Option<String> {
    let output = output(answer);
    let specific = &output["hookSpecificOutput"];
    let decision = specific["permissionDecision"].as_str();
    assert_ne!(decision, Some("allow"), "the client's own permissions count");
    decision.map(|decision| {
        assert_eq!((decision, &specific["hookEventName"]), ("deny", &json!("PreToolUse")));
        specific["permissionDecisionReason"].as_str().unwrap().to_owned()
    })
}

/// What the agent is told beside.
fn context(answer: &Answer) -> Option<String> {
    output(answer)["hookSpecificOutput"]["additionalContext"].as_str().map(str::to_owned)
}

#[track_caller]
fn assert_says(said: Option<String>, expected: &[&str]) {
    let said = said.expect("nothing was said");
    for part in expected {
        assert!(said.contains(part), "`{part}` is not in\n{said}");
    }
}
