#![allow(clippy::unwrap_used, clippy::expect_used)]
use serde_json::{Value, json};

use super::*;

fn read(messages: Value) -> Turn {
    let body = json!({ "model": "m", "messages": messages });
    Turn::read(body.to_string().as_bytes()).expect("a good body")
}

fn marker_and_step(messages: Value) -> (Option<String>, usize) {
    let turn = read(messages);
    (turn.marker.map(|marker| marker.written), turn.step)
}

fn called() -> Value {
    json!({ "role": "assistant", "content": [{ "type": "tool_use", "id": "t", "name": "Bash", "input": {} }] })
}

fn result(text: &str) -> Value {
    json!({ "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "t", "content": text }] })
}

#[test]
fn steps_are_assistant_messages_after_the_marker() {
    let ask = json!({ "role": "user", "content": "SCENARIO:a go" });
    assert_eq!(marker_and_step(json!([ask])), (Some("a".into()), 0));
    assert_eq!(marker_and_step(json!([ask, called(), result("x")])), (Some("a".into()), 1));
    assert_eq!(marker_and_step(json!([ask, called(), result("x"), called(), result("y")])), (Some("a".into()), 2));
}

#[test]
fn the_newest_marker_wins_and_starts_over() {
    assert_eq!(
        marker_and_step(json!([
            { "role": "user", "content": "SCENARIO:old" },
            called(),
            result("x"),
            { "role": "user", "content": [
                { "type": "text", "text": "SCENARIO:new" },
                { "type": "text", "text": "a reminder without a marker" },
            ] },
            { "role": "system", "content": "SCENARIO:not_this" },
        ])),
        (Some("new".into()), 0)
    );
}

#[test]
fn tool_results_and_assistants_cannot_pick_a_script() {
    assert_eq!(
        marker_and_step(json!([
            { "role": "user", "content": "SCENARIO:agent" },
            { "role": "assistant", "content": "SCENARIO:wrong" },
            result("SCENARIO:wrong"),
        ])),
        (Some("agent".into()), 1)
    );
}

#[test]
fn without_a_marker_steps_count_from_the_newest_prompt() {
    assert_eq!(
        marker_and_step(json!([
            { "role": "user", "content": "first" },
            { "role": "assistant", "content": "answer" },
            { "role": "user", "content": "second" },
            called(),
            result("x"),
        ])),
        (None, 1)
    );
}

#[test]
fn an_empty_tool_list_is_no_tools() {
    let body = json!({ "model": "m", "tools": [], "messages": [{ "role": "user", "content": "x" }] });
    assert!(!Turn::read(body.to_string().as_bytes()).unwrap().has_tools);
}

#[test]
fn malformed_bodies_are_invalid_requests() {
    for body in ["", "{", "[]", r#"{"model":"m"}"#, r#"{"model":"m","messages":[]}"#] {
        assert_eq!(Turn::read(body.as_bytes()).unwrap_err().status, 400, "{body}");
    }
}
