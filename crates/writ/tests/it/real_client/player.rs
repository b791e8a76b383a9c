//! A real client whose model is the test: it says one line after the other, and sees what the model would have seen.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use simulator::{Actor, Line};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::client::{Client, Ran};

/// One tool call of a client, on a busy machine with others beside it and a wait for a lock in it.
const STEP_MAX: Duration = Duration::from_secs(120);

/// A running client, between two lines of its model.
pub(super) struct Player {
    pub(super) client: Client,
    /// What the model was told at the start.
    pub(super) opening: Told,
    /// The process that was started: the client, or the launcher around it.
    pub(super) pid: u32,
    /// Where it works: the folder that it was started in, or its workspace.
    pub(super) root: PathBuf,
    actor: Actor,
    running: JoinHandle<Ran>,
}

/// What the client told the model after a tool call.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// What the tool answered.
    pub(super) result: String,
    /// Whether the client calls that an error.
    pub(super) is_error: bool,
    /// Everything else that came with it: reminders, what hooks added.
    pub(super) beside: String,
}

impl Told {
    /// Answer and additions.
    pub(super) fn whole(&self) -> String {
        format!("{}\n{}", self.result, self.beside)
    }

    /// Asserts that the tool did what it was called for.
    pub(super) fn done(self) -> Self {
        assert!(!self.is_error, "{self:#?}");
        self
    }

    /// Asserts that the tool was not run, or failed.
    pub(super) fn refused(self) -> Self {
        assert!(self.is_error, "{self:#?}");
        self
    }
}

impl Player {
    /// Starts the command and waits for the client's first request.
    pub(super) async fn start(client: Client, actor: Actor, command: Command) -> Self {
        let mut command = tokio::process::Command::from(command);
        let child = command.kill_on_drop(true).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let pid = child.id().unwrap();
        let since = Instant::now();
        let running = tokio::spawn(async move { Ran::of(child.wait_with_output().await.unwrap(), since) });
        let nothing = Told { result: String::new(), is_error: false, beside: String::new() };
        let root = client.repository();
        let mut player = Self { client, opening: nothing, pid, root, actor, running };
        player.opening = player.told(0).await;
        player
    }

    /// Has the model call a tool; what it is told then.
    pub(super) async fn call(&mut self, tool: &str, input: Value) -> Told {
        let number = self.actor.line(Line::Call { tool: tool.to_owned(), input }).unwrap();
        self.told(number + 1).await
    }

    /// Has the model call a tool, and does not wait for it; the number for [`Player::told`].
    pub(super) fn begin(&self, tool: &str, input: Value) -> usize {
        self.actor.line(Line::Call { tool: tool.to_owned(), input }).unwrap() + 1
    }

    pub(super) async fn read(&mut self, path: &str) -> Told {
        let file = self.path(path);
        self.call("Read", json!({ "file_path": file })).await
    }

    pub(super) async fn edit(&mut self, path: &str, old: &str, new: &str) -> Told {
        let input = json!({ "file_path": self.path(path), "old_string": old, "new_string": new, "replace_all": false });
        self.call("Edit", input).await
    }

    pub(super) async fn bash(&mut self, command: &str) -> Told {
        self.call("Bash", json!({ "command": command, "description": "Run the scripted command" })).await
    }

    /// Has the model ask where it works: with a workspace it is not where it was started.
    pub(super) async fn find_root(mut self) -> Self {
        let told = self.bash("git rev-parse --show-toplevel").await.done();
        self.root = PathBuf::from(told.result.trim());
        self
    }

    /// Has the model end its turn, and waits for the client to end.
    pub(super) async fn say(mut self, text: &str) -> (Client, Ran) {
        self.actor.line(Line::Say(text.to_owned())).unwrap();
        let ran = tokio::time::timeout(STEP_MAX, &mut self.running).await.expect("the client ends").unwrap();
        (self.client, ran)
    }

    /// Waits for the client to end by itself.
    pub(super) async fn end(mut self) -> Ran {
        tokio::time::timeout(STEP_MAX, &mut self.running).await.expect("the client ends").unwrap()
    }

    /// Waits for the model's request with this number, from 0.
    pub(super) async fn told(&mut self, number: usize) -> Told {
        tokio::select! {
            asked = self.actor.asked(number, STEP_MAX) => Told::of(&asked.unwrap()),
            ran = &mut self.running => panic!("the client ended: {ran:#?}"),
        }
    }

    fn path(&self, path: &str) -> String {
        self.root.join(path).to_str().unwrap().to_owned()
    }
}

/// A sub-agent of a running client, whose model is the test as well.
pub(super) struct SubAgent(Actor);

impl SubAgent {
    /// One that a client starts when it is told this [`SubAgent::prompt`].
    pub(super) fn new(actor: Actor) -> Self {
        Self(actor)
    }

    /// What starts it.
    pub(super) fn prompt(&self) -> String {
        self.0.prompt()
    }

    /// Waits until it was started.
    pub(super) async fn starts(&self) {
        self.0.asked(0, STEP_MAX).await.unwrap();
    }

    /// Has its model call a tool; what it is told then.
    pub(super) async fn call(&self, tool: &str, input: Value) -> Told {
        let number = self.0.line(Line::Call { tool: tool.to_owned(), input }).unwrap();
        Told::of(&self.0.asked(number + 1, STEP_MAX).await.unwrap())
    }

    pub(super) async fn bash(&self, command: &str) -> Told {
        self.call("Bash", json!({ "command": command, "description": "Run the scripted command" })).await
    }

    /// Has its model end its turn.
    pub(super) fn say(&self, text: &str) {
        self.0.line(Line::Say(text.to_owned())).unwrap();
    }
}

impl Told {
    /// What came after the newest message of the model's.
    fn of(body: &Value) -> Self {
        let messages = body["messages"].as_array().unwrap();
        let newest = messages.iter().rposition(|message| message["role"] == "assistant").map_or(0, |at| at + 1);
        let mut told = Self { result: String::new(), is_error: false, beside: String::new() };
        for message in &messages[newest..] {
            match &message["content"] {
                Value::Array(parts) => parts.iter().for_each(|part| told.add(part)),
                content => told.beside.extend([content.as_str().unwrap_or_default(), "\n"]),
            }
        }
        told
    }

    fn add(&mut self, part: &Value) {
        match part["type"].as_str() {
            Some("tool_result") => {
                self.result.push_str(&text(&part["content"]));
                self.is_error |= part["is_error"] == true;
            }
            _ => self.beside.extend([&text(part), "\n"]),
        }
    }
}

/// The text of a content, in whichever of its shapes.
fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(text).collect::<Vec<_>>().join("\n"),
        other => other["text"].as_str().unwrap_or_default().to_owned(),
    }
}
