//! One conversation of the scripted agent: ask, do what the answer asks for, report, until it asks for nothing more.

use serde_json::{Value, json};

use super::stream::Answer;
use super::wire::Wire;
use super::{say, tool_declarations, tools};
use crate::command_error::CommandError;
use crate::limits::AGENT_TURNS_MAX;

/// Output tokens per turn: the demo must stay cheap with a real service.
const MAX_TOKENS: u32 = 512;

/// The main conversation, or a helper's.
pub(super) struct Conversation<'a> {
    wire: &'a Wire,
    model: &'a str,
    /// A helper's id, as the client sends it in a header.
    agent: Option<String>,
    messages: Vec<Value>,
}

impl<'a> Conversation<'a> {
    /// The main conversation.
    pub(super) fn new(wire: &'a Wire, model: &'a str) -> Self {
        Self { wire, model, agent: None, messages: Vec::new() }
    }

    /// A helper's conversation.
    pub(super) fn helper(wire: &'a Wire, model: &'a str, id: &str) -> Self {
        Self { agent: Some(id.to_owned()), ..Self::new(wire, model) }
    }

    /// How many tokens a prompt has.
    pub(super) async fn count_tokens(&self, prompt: &str) -> Result<u64, CommandError> {
        let messages = json!([{ "role": "user", "content": prompt }]);
        self.wire
            .count_tokens(&json!({ "model": self.model, "messages": messages, "tools": tool_declarations() }))
            .await
    }

    /// Asks, and works until the answer asks for no more tools.
    pub(super) async fn ask(&mut self, prompt: &str) -> Result<(), CommandError> {
        self.messages.push(json!({ "role": "user", "content": [{ "type": "text", "text": prompt }] }));
        for _ in 0..AGENT_TURNS_MAX {
            let answer = self.wire.turn(&self.body(), self.agent.as_deref()).await?;
            self.messages.push(json!({ "role": "assistant", "content": answer.blocks }));
            let results = self.work(&answer).await?;
            if results.is_empty() {
                self.say(&format!("got an answer: {} characters in {} events", answer.text_chars(), answer.events));
                return Ok(());
            }
            self.messages.push(json!({ "role": "user", "content": results }));
        }
        Err(CommandError::failed(format!("no end after {AGENT_TURNS_MAX} turns")))
    }

    async fn work(&self, answer: &Answer) -> Result<Vec<Value>, CommandError> {
        let mut results = Vec::new();
        for tool_use in answer.tool_uses() {
            let (name, input) = (tool_use["name"].as_str().unwrap_or_default(), &tool_use["input"]);
            let done = if name == "Agent" { self.delegate(tool_use).await? } else { tools::run(name, input) };
            let (content, is_error) = match done {
                Ok(done) => {
                    if !done.told.is_empty() {
                        self.say(&done.told);
                    }
                    (done.result, false)
                }
                Err(refused) => {
                    self.say(&format!("did not run {name}: {refused}"));
                    (refused, true)
                }
            };
            results.push(json!({
                "type": "tool_result", "tool_use_id": tool_use["id"], "content": content, "is_error": is_error,
            }));
        }
        Ok(results)
    }

    /// A helper works in a conversation of its own, under the same session. Helpers have no helpers.
    async fn delegate(&self, tool_use: &Value) -> Result<Result<tools::Done, String>, CommandError> {
        if self.agent.is_some() {
            return Ok(Err("a helper has no helpers".to_owned()));
        }
        let prompt = tool_use["input"]["prompt"].as_str().unwrap_or_default();
        let digest = domain::Digest::of(tool_use["id"].as_str().unwrap_or_default().as_bytes()).to_string();
        let id = format!("a{}", digest.get(..16).unwrap_or_default());
        let mut helper = Conversation::helper(self.wire, self.model, &id);
        Box::pin(helper.ask(prompt)).await?;
        // The helper has told itself.
        Ok(Ok(tools::Done { told: String::new(), result: "done".to_owned() }))
    }

    fn say(&self, text: &str) {
        let indent = if self.agent.is_some() { "  helper " } else { "" };
        say(&format!("{indent}{text}"));
    }

    fn body(&self) -> Value {
        json!({
            "model": self.model,
            "max_tokens": MAX_TOKENS,
            "stream": true,
            "system": [{ "type": "text", "text": "You are a small demonstration agent. Be brief." }],
            "tools": tool_declarations(),
            "messages": self.messages,
            "metadata": self.wire.metadata(),
        })
    }
}
