//! What Claude Code tells its hooks (2.1.330). Fields that are not needed are left out, and all may be missing: another
//! version is no reason to stop the agent.

use serde::Deserialize;
use serde_json::Value;

/// The JSON of one event.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::run) struct Input {
    /// The client's own id of the conversation.
    pub(in crate::run) session_id: String,
    /// The sub-agent that this is about; none is the main one.
    pub(in crate::run) agent_id: Option<String>,
    /// The folder that relative paths start in.
    pub(in crate::run) cwd: String,
    pub(in crate::run) tool_name: String,
    pub(in crate::run) tool_input: Value,
    pub(in crate::run) tool_response: Value,
    /// The same before and after a tool.
    pub(in crate::run) tool_use_id: String,
    /// How long the tool took.
    pub(in crate::run) duration_ms: u64,
    /// How a conversation begins: `startup`, `resume`, `clear`, `compact`.
    pub(in crate::run) source: String,
    /// What a working tree is to be called.
    pub(in crate::run) name: String,
    /// The working tree that is not needed any more.
    pub(in crate::run) worktree_path: String,
    /// What goes on behind the conversation when a turn of it is over.
    pub(in crate::run) background_tasks: Vec<Task>,
    /// The file that changed.
    pub(in crate::run) file_path: Option<String>,
}

/// Something that goes on.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::run) struct Task {
    /// Of a sub-agent: its id.
    pub(in crate::run) id: String,
}

/// One agent of one conversation: what one has seen, another has not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::run) struct Agent {
    /// The conversation.
    pub(in crate::run) conversation: String,
    /// The sub-agent; empty is the main one.
    pub(in crate::run) name: String,
}

impl Input {
    /// Reads it: an object, of which what is not known is left out.
    ///
    /// # Errors
    /// It is none.
    pub(in crate::run) fn read(json: &[u8]) -> Result<Self, serde_json::Error> {
        let object: serde_json::Map<String, Value> = serde_json::from_slice(json)?;
        serde_json::from_value(Value::Object(object))
    }

    /// Who it is about.
    pub(in crate::run) fn agent(&self) -> Agent {
        Agent { conversation: self.session_id.clone(), name: self.agent_id.clone().unwrap_or_default() }
    }

    /// A text in the tool's input.
    pub(in crate::run) fn text(&self, name: &str) -> Option<&str> {
        self.tool_input.get(name).and_then(Value::as_str)
    }

    /// Whether something in the tool's input is set to true.
    pub(in crate::run) fn says(&self, name: &str) -> bool {
        self.tool_input.get(name).and_then(Value::as_bool).unwrap_or_default()
    }
}
