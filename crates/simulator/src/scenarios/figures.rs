//! Scripts whose point is an unusual bill.

use serde_json::json;

use super::{Cast, Script, Twist};
use crate::failure::Failure;
use crate::limits::{TOKENS_MAX, TOOL_CALLS_MAX};
use crate::message::{Block, Message};
use crate::usage::{Iteration, Tokens};

/// Output of an attempt that was given up in mid-output.
const LOST_OUTPUT: u64 = 30;

/// Refused before any output: nothing is billed although usage shows tokens.
pub(super) fn refusal(cast: &Cast<'_>) -> Result<Script, Failure> {
    let mut message = cast.message(Vec::new())?;
    message.stop_reason = "refusal".to_owned();
    message.usage.tokens.output = cast.args.number_or("output", 1, TOKENS_MAX)?;
    Ok(Script::Say(Box::new(message), Twist::None))
}

/// Two attempts in one answer; the totals at the top are the serving attempt's alone.
pub(super) fn iterations(cast: &Cast<'_>) -> Result<Script, Failure> {
    let second = cast.args.text_or("model2", "claude-haiku-5-5");
    let kind = cast.args.text_or("kind", "fallback");
    let switch = || {
        Block::Whole(json!({
            "type": "fallback",
            "from": { "model": cast.turn.model },
            "to": { "model": second },
        }))
    };
    let answer = Block::text("Answered by the second attempt.");
    let mut message = match kind {
        "fallback" => cast.message(vec![Block::text("Begun, "), switch(), answer])?,
        "declined" => cast.message(vec![switch(), answer])?,
        "compaction" => cast.message(vec![answer])?,
        _ => {
            return Err(Failure::invalid(format!(
                "scenario argument `kind` is `{kind}`, it must be fallback, declined or compaction"
            )));
        }
    };
    attempts(&mut message, kind, second);
    Ok(Script::Say(Box::new(message), Twist::None))
}

fn attempts(message: &mut Message, kind: &str, second: &str) {
    let serving = message.usage.tokens;
    let first_model = message.model.clone();
    let given_up =
        |output| Iteration { kind: "message", model: Some(first_model.clone()), tokens: Tokens { output, ..serving } };
    let fallback = Iteration { kind: "fallback_message", model: Some(second.to_owned()), tokens: serving };
    message.usage.iterations = match kind {
        "compaction" => vec![
            Iteration {
                kind: "compaction",
                model: None,
                tokens: Tokens { input: 150_000, output: 2_000, ..Tokens::default() },
            },
            Iteration { kind: "message", model: None, tokens: serving },
        ],
        "declined" => vec![given_up(0), fallback],
        _ => vec![given_up(LOST_OUTPUT), fallback],
    };
    if kind == "declined" {
        // Declined before output, so the start of the stream can already name the model that serves.
        second.clone_into(&mut message.model);
    }
}

/// Searches by the service's own tool: each re-sends the prompt, so the end of the stream shows more input than its start.
pub(super) fn websearch(cast: &Cast<'_>) -> Result<Script, Failure> {
    let searches = cast.args.number_or("n", 2, TOOL_CALLS_MAX)?;
    let mut blocks: Vec<Block> = (0..searches).flat_map(|n| search(cast.id, n)).collect();
    blocks.push(Block::text("Found it, on pages that do not exist."));
    let mut message = cast.message(blocks)?;
    let usage = &mut message.usage;
    usage.web_search = cast.args.number_or("web_search", searches, TOOL_CALLS_MAX)?;
    if cast.args.text("start_input").is_none() && cast.args.text("input").is_none() {
        usage.start_input = Some(usage.tokens.input);
        usage.tokens.input += 2_000 * searches;
    }
    Ok(Script::Say(Box::new(message), Twist::None))
}

fn search(id: &str, number: u64) -> [Block; 2] {
    let id = format!("srvtoolu_sim_{id}_{number}");
    let found = json!({
        "type": "web_search_tool_result",
        "tool_use_id": id,
        "content": [{
            "type": "web_search_result",
            "url": format!("https://example.com/{number}"),
            "title": "A page that does not exist",
            "encrypted_content": "c3RhbmQtaW4=",
            "page_age": null,
        }],
    });
    let call = Block::Tool {
        kind: "server_tool_use",
        id,
        name: "web_search".to_owned(),
        input: json!({ "query": format!("scripted search {number}") }),
    };
    [call, Block::Whole(found)]
}
