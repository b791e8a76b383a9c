//! The client's side of a streamed answer: events put together to content blocks.

use serde_json::{Value, json};

use crate::command_error::CommandError;
use crate::limits::AGENT_ANSWER_BYTES_MAX;

/// An answer, as far as it has come.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// Content blocks: text, and tool uses with their input.
    pub(super) blocks: Vec<Value>,
    /// How many events came.
    pub(super) events: usize,
    /// Bytes of a line that is not complete.
    rest: Vec<u8>,
    partial_json: String,
    stopped: bool,
}

impl Answer {
    /// Takes the next bytes of the stream.
    ///
    /// # Errors
    /// An `error` event, or a stream that is none.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(), CommandError> {
        self.rest.extend_from_slice(bytes);
        if self.rest.len() > AGENT_ANSWER_BYTES_MAX {
            return Err(CommandError::failed("a line of the stream is too long"));
        }
        while let Some(end) = self.rest.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            if let Some(data) = line.trim_end().strip_prefix("data:") {
                let event = serde_json::from_str(data.trim_start())
                    .map_err(|error| CommandError::failed("an event is not JSON").because(&error))?;
                self.event(&event)?;
            }
        }
        Ok(())
    }

    /// The whole answer.
    ///
    /// # Errors
    /// The stream ended before the answer did.
    pub(super) fn complete(self) -> Result<Self, CommandError> {
        if self.stopped {
            Ok(self)
        } else {
            Err(CommandError::failed("the stream was cut before the answer was complete"))
        }
    }

    /// The tool uses asked for.
    pub(super) fn tool_uses(&self) -> impl Iterator<Item = &Value> {
        self.blocks.iter().filter(|block| block["type"] == "tool_use")
    }

    /// Characters of text.
    pub(super) fn text_chars(&self) -> usize {
        self.blocks.iter().filter_map(|block| block["text"].as_str()).map(|text| text.chars().count()).sum()
    }

    fn event(&mut self, event: &Value) -> Result<(), CommandError> {
        self.events += 1;
        match event["type"].as_str().unwrap_or_default() {
            "content_block_start" => {
                self.partial_json.clear();
                self.blocks.push(event["content_block"].clone());
            }
            "content_block_delta" => self.delta(&event["delta"]),
            "content_block_stop" => self.close_block()?,
            "message_stop" => self.stopped = true,
            "error" => {
                let message = event["error"]["message"].as_str().unwrap_or("no message");
                return Err(CommandError::failed(format!("the answer broke off: {message}")));
            }
            _ => {}
        }
        Ok(())
    }

    fn delta(&mut self, delta: &Value) {
        if let Some(json) = delta["partial_json"].as_str() {
            self.partial_json.push_str(json);
        }
        let Some(block) = self.blocks.last_mut() else { return };
        for field in ["text", "thinking", "signature"] {
            if let Some(more) = delta[field].as_str() {
                let so_far = block[field].as_str().unwrap_or_default();
                block[field] = json!(format!("{so_far}{more}"));
            }
        }
    }

    fn close_block(&mut self) -> Result<(), CommandError> {
        let Some(block) = self.blocks.last_mut() else { return Ok(()) };
        if !self.partial_json.is_empty() {
            block["input"] = serde_json::from_str(&self.partial_json)
                .map_err(|error| CommandError::failed("a tool's input is not JSON").because(&error))?;
            self.partial_json.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
