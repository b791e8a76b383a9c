use serde_json::{Value, json};

use super::client::*;

/// Runs the tool loop as a client does; answers every assistant message.
async fn run(running: &crate::Running, text: &str) -> Vec<Value> {
    let mut body = prompt(text, false);
    let mut said = Vec::new();
    loop {
        let message = messages(running, &body).await.json();
        let calls: Vec<Value> = message["content"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|block| block["type"] == "tool_use")
            .map(|call| json!({ "type": "tool_result", "tool_use_id": call["id"], "content": "ok" }))
            .collect();
        let history = body["messages"].as_array_mut().unwrap();
        history.push(json!({ "role": "assistant", "content": message["content"] }));
        history.push(json!({ "role": "user", "content": calls }));
        said.push(message);
        if calls.is_empty() {
            return said;
        }
        assert!(said.len() < 20, "the loop does not end");
    }
}

fn call(message: &Value) -> &Value {
    assert_eq!(message["stop_reason"], "tool_use");
    &message["content"][1]
}

#[tokio::test]
async fn a_tool_loop_ends_with_text() {
    let running = start().await;
    let said = run(&running, "please SCENARIO:tool_bash(command=\"ls -l\",times=2,then=done) now").await;
    assert_eq!(said.len(), 3);
    assert_eq!(call(&said[0])["name"], "Bash");
    assert_eq!(call(&said[0])["input"]["command"], "ls -l");
    assert_ne!(call(&said[0])["id"], call(&said[1])["id"], "ids are never used twice");
    assert_eq!(said[2]["stop_reason"], "end_turn");
    assert_eq!(said[2]["content"][0]["text"], "done");
    assert_eq!(said[0]["usage"]["cache_read_input_tokens"], 0);
    assert_eq!(said[1]["usage"]["cache_read_input_tokens"], 12_000);
}

#[tokio::test]
async fn write_read_and_agent_call_their_tool() {
    let running = start().await;
    let said = run(&running, "SCENARIO:tool_write(path=/tmp/a,content=x)").await;
    assert_eq!(call(&said[0])["input"], json!({ "file_path": "/tmp/a", "content": "x" }));
    let said = run(&running, "SCENARIO:tool_read(path=/tmp/a)").await;
    assert_eq!(call(&said[0])["input"], json!({ "file_path": "/tmp/a" }));

    let said = run(&running, "SCENARIO:agent").await;
    assert_eq!(call(&said[0])["name"], "Agent");
    let prompt = call(&said[0])["input"]["prompt"].as_str().unwrap();
    let sub = run(&running, prompt).await;
    assert_eq!(call(&sub[0])["name"], "Bash");
    assert_eq!(sub.len(), 2);
}

#[tokio::test]
async fn background_calls_without_tools_get_the_default_text() {
    let running = start().await;
    let mut body = prompt("name this: SCENARIO:tool_bash", false);
    body.as_object_mut().unwrap().remove("tools");
    let message = messages(&running, &body).await.json();
    assert_eq!(message["stop_reason"], "end_turn");
    assert_eq!(message["content"][0]["text"], "This is the stand-in model service: a scripted answer, no model ran.");
}

#[tokio::test]
async fn a_default_script_answers_prompts_without_a_marker() {
    let running = start().await;
    assert_eq!(run(&running, "fix the bug").await.len(), 1);

    running.set_default_script(Some("tool_bash(command=make)")).unwrap();
    let said = run(&running, "fix the bug").await;
    assert_eq!(call(&said[0])["input"]["command"], "make");
    assert_eq!(said.len(), 2);

    let error = running.set_default_script(Some("tool_bash(x=1)")).unwrap_err();
    assert_eq!(error.to_string(), "unknown scenario argument `x`");
}
