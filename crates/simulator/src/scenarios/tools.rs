//! Scripts that call the client's tools: one call per step, then text.

use serde_json::{Value, json};

use super::{Cast, Script};
use crate::failure::Failure;
use crate::limits::TOOL_CALLS_MAX;
use crate::message::Block;
use crate::stage::Line;

pub(super) fn bash(cast: &Cast<'_>) -> Result<Script, Failure> {
    let command = cast.args.text_or("command", "echo simulated");
    let input = json!({ "command": command, "description": "Run the scripted command" });
    let times = cast.args.number_or("times", 1, TOOL_CALLS_MAX)?;
    call(cast, times, "Bash", input, "The command has run.")
}

pub(super) fn write(cast: &Cast<'_>) -> Result<Script, Failure> {
    let input = json!({
        "file_path": cast.args.text_or("path", "simulated.txt"),
        "content": cast.args.text_or("content", "written by a script\n"),
    });
    call(cast, 1, "Write", input, "The file is written.")
}

pub(super) fn read(cast: &Cast<'_>) -> Result<Script, Failure> {
    let input = json!({ "file_path": cast.args.text_or("path", "README.md") });
    call(cast, 1, "Read", input, "The file is read.")
}

pub(super) fn agent(cast: &Cast<'_>) -> Result<Script, Failure> {
    let input = json!({
        "description": "Run the scripted helper",
        "prompt": cast.args.text_or("prompt", "SCENARIO:sub"),
        "subagent_type": "general-purpose",
    });
    call(cast, 1, "Agent", input, "The helper has reported.")
}

/// What the test said for this step.
pub(super) fn cue(cast: &Cast<'_>) -> Result<Script, Failure> {
    let Some(actor) = cast.args.text("actor") else {
        return Err(Failure::invalid("scenario `cue` needs an actor"));
    };
    let line = if cast.turn.has_tools { cast.shared.stage.said(actor, cast.turn.step) } else { None };
    match line {
        Some(Line::Call { tool, input }) => call(cast, u64::MAX, &tool, input, ""),
        Some(Line::Say(text)) => cast.say(vec![Block::text(&text)]),
        None => cast.then(super::talk::DEFAULT),
    }
}

fn call(cast: &Cast<'_>, times: u64, tool: &str, input: Value, then: &str) -> Result<Script, Failure> {
    if cast.turn.step as u64 >= times {
        return cast.then(then);
    }
    cast.say(vec![
        Block::text("One moment."),
        Block::Tool { kind: "tool_use", id: format!("toolu_sim_{}", cast.id), name: tool.to_owned(), input },
    ])
}
