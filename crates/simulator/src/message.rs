//! A scripted assistant message, before it is put on the wire.

use serde_json::{Value, json};

use crate::usage::Usage;

/// One answer of the pretended model.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) model: String,
    pub(crate) blocks: Vec<Block>,
    pub(crate) stop_reason: String,
    pub(crate) usage: Usage,
}

/// One content block; the parts are the deltas it is streamed in.
#[derive(Clone, Debug)]
pub(crate) enum Block {
    Text(Vec<String>),
    Thinking(Vec<String>),
    /// A call of a tool: the client's (`tool_use`) or the service's own (`server_tool_use`).
    Tool {
        kind: &'static str,
        id: String,
        name: String,
        input: Value,
    },
    /// A block whose start event already carries all of it.
    Whole(Value),
}

/// What a thinking block is signed with here; the real one is opaque too.
pub(crate) const SIGNATURE: &str = "c3RhbmQtaW4gc2lnbmF0dXJl";

impl Block {
    /// Text in deltas of a few words.
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(pieces(text, 24))
    }

    pub(crate) fn thinking(text: &str) -> Self {
        Self::Thinking(pieces(text, 24))
    }

    /// The block as a whole JSON answer shows it.
    pub(crate) fn whole(&self) -> Value {
        match self {
            Self::Text(parts) => json!({ "type": "text", "text": parts.concat() }),
            Self::Thinking(parts) => {
                json!({ "type": "thinking", "thinking": parts.concat(), "signature": SIGNATURE })
            }
            Self::Tool { kind, id, name, input } => {
                json!({ "type": kind, "id": id, "name": name, "input": input })
            }
            Self::Whole(value) => value.clone(),
        }
    }

    /// Characters the model is said to have generated.
    pub(crate) fn chars(&self) -> usize {
        match self {
            Self::Text(parts) | Self::Thinking(parts) => parts.iter().map(|part| part.chars().count()).sum(),
            Self::Tool { name, input, .. } => name.len() + input.to_string().len(),
            Self::Whole(_) => 0,
        }
    }
}

impl Message {
    /// The message as `stream:false` answers it.
    pub(crate) fn whole(&self) -> Value {
        let content: Vec<Value> = self.blocks.iter().map(Block::whole).collect();
        json!({
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": content,
            "stop_reason": self.stop_reason,
            "stop_sequence": null,
            "usage": self.usage.whole(),
        })
    }
}

fn pieces(text: &str, chars: usize) -> Vec<String> {
    let all: Vec<char> = text.chars().collect();
    all.chunks(chars).map(|piece| piece.iter().collect()).collect()
}
