//! What a request to the Messages API asks for, as far as a script cares.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::failure::Failure;
use crate::marker::Marker;

/// One request, read.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) model: String,
    pub(crate) stream: bool,
    pub(crate) has_tools: bool,
    /// The marker in force, if any.
    pub(crate) marker: Option<Marker>,
    /// Assistant messages after the text with the marker (without one: after the newest prompt):
    /// which step of the script this is.
    pub(crate) step: usize,
}

#[derive(Deserialize)]
struct Body {
    model: String,
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    tools: Option<Vec<IgnoredAny>>,
    messages: Vec<Said>,
}

#[derive(Deserialize)]
struct Said {
    role: String,
    content: Content,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Blocks(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    text: Option<String>,
}

impl Turn {
    /// Reads a request body; anything the service would refuse as malformed is a 400.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Failure> {
        let body: Body = serde_json::from_slice(body)
            .map_err(|error| Failure::invalid(format!("the request body is not valid: {error}")))?;
        if body.messages.is_empty() {
            return Err(Failure::invalid("messages: at least one message is needed"));
        }
        let (marker, step) = newest_marker(&body.messages)?;
        Ok(Self {
            model: body.model,
            stream: body.stream,
            has_tools: body.tools.is_some_and(|tools| !tools.is_empty()),
            marker,
            step,
        })
    }
}

fn newest_marker(messages: &[Said]) -> Result<(Option<Marker>, usize), Failure> {
    let mut step = 0;
    let mut step_of_prompt = None;
    for said in messages.iter().rev() {
        match said.role.as_str() {
            "assistant" => step += 1,
            "user" => {
                if let Some(marker) = marker_in(&said.content) {
                    return Ok((Some(marker?), step));
                }
                if step_of_prompt.is_none() && !said.content.has_tool_result() {
                    step_of_prompt = Some(step);
                }
            }
            _ => {}
        }
    }
    Ok((None, step_of_prompt.unwrap_or(step)))
}

impl Content {
    fn has_tool_result(&self) -> bool {
        match self {
            Self::Text(_) => false,
            Self::Blocks(parts) => parts.iter().any(|part| part.kind == "tool_result"),
        }
    }
}

/// The marker in the last text that has one. Tool results are not asked: they may repeat anything.
fn marker_in(content: &Content) -> Option<Result<Marker, Failure>> {
    match content {
        Content::Text(text) => Marker::find(text),
        Content::Blocks(parts) => parts
            .iter()
            .rev()
            .filter(|part| part.kind == "text")
            .filter_map(|part| part.text.as_deref())
            .find_map(Marker::find),
    }
}

#[cfg(test)]
mod tests;
