//! A message as the events of a stream.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::json;
use crate::message::{Block, Message, SIGNATURE};

/// All events of `message`, in order, one element per event.
pub(crate) fn events(message: &Message) -> Vec<Bytes> {
    let mut events = vec![start(message)];
    let mut pinged = false;
    for (index, block) in message.blocks.iter().enumerate() {
        push_block(&mut events, index, block, &mut pinged);
    }
    if !pinged {
        events.push(ping());
    }
    events.push(end(message));
    events.push(event("message_stop", &json!({ "type": "message_stop" })));
    events
}

/// One event.
pub(crate) fn event(name: &str, data: &Value) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {}\n\n", json::text(data)))
}

fn ping() -> Bytes {
    event("ping", &json!({ "type": "ping" }))
}

fn start(message: &Message) -> Bytes {
    let data = json!({
        "type": "message_start",
        "message": {
            "id": message.id,
            "type": "message",
            "role": "assistant",
            "model": message.model,
            "content": [],
            "stop_reason": null,
            "stop_sequence": null,
            "usage": message.usage.at_start(),
        },
    });
    event("message_start", &data)
}

fn end(message: &Message) -> Bytes {
    let data = json!({
        "type": "message_delta",
        "delta": { "stop_reason": message.stop_reason, "stop_sequence": null },
        "usage": message.usage.at_end(),
    });
    event("message_delta", &data)
}

fn push_block(events: &mut Vec<Bytes>, index: usize, block: &Block, pinged: &mut bool) {
    let data = json!({ "type": "content_block_start", "index": index, "content_block": opening(block) });
    events.push(event("content_block_start", &data));
    if !*pinged {
        // The real service sends its first ping here.
        events.push(ping());
        *pinged = true;
    }
    for delta in deltas(block) {
        let data = json!({ "type": "content_block_delta", "index": index, "delta": delta });
        events.push(event("content_block_delta", &data));
    }
    let data = json!({ "type": "content_block_stop", "index": index });
    events.push(event("content_block_stop", &data));
}

/// What the start event shows of a block: everything that does not come in deltas.
fn opening(block: &Block) -> Value {
    match block {
        Block::Text(_) => json!({ "type": "text", "text": "" }),
        Block::Thinking(_) => json!({ "type": "thinking", "thinking": "", "signature": "" }),
        Block::Tool { kind, id, name, .. } => {
            json!({ "type": kind, "id": id, "name": name, "input": {} })
        }
        Block::Whole(value) => value.clone(),
    }
}

fn deltas(block: &Block) -> Vec<Value> {
    match block {
        Block::Text(parts) => parts.iter().map(|part| json!({ "type": "text_delta", "text": part })).collect(),
        Block::Thinking(parts) => parts
            .iter()
            .map(|part| json!({ "type": "thinking_delta", "thinking": part }))
            .chain([json!({ "type": "signature_delta", "signature": SIGNATURE })])
            .collect(),
        Block::Tool { input, .. } => input_deltas(&input.to_string()),
        Block::Whole(_) => Vec::new(),
    }
}

/// Tool input comes as an empty delta and then pieces of JSON that mean nothing alone.
fn input_deltas(input: &str) -> Vec<Value> {
    let mut middle = input.len() / 2;
    while !input.is_char_boundary(middle) {
        middle += 1;
    }
    let (first, second) = input.split_at(middle);
    ["", first, second].iter().map(|part| json!({ "type": "input_json_delta", "partial_json": part })).collect()
}
