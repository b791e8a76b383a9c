use serde_json::json;

use super::client::*;

#[tokio::test]
async fn the_arguments_are_the_bill() {
    let running = start().await;
    let script = "SCENARIO:cache(input=11,cache_read=22,cache_write_5m=33,cache_write_1h=44,\
        output=55,web_search=3,start_input=9,tier=priority,geo=us,speed=fast,model=other)";
    let got = ask(&running, script, true).await.events();
    assert_eq!(got[0].1["message"]["model"], "other");
    assert_eq!(
        got[0].1["message"]["usage"],
        json!({
            "input_tokens": 9,
            "cache_creation_input_tokens": 77,
            "cache_read_input_tokens": 22,
            "cache_creation": { "ephemeral_5m_input_tokens": 33, "ephemeral_1h_input_tokens": 44 },
            "output_tokens": 1,
            "service_tier": "priority",
            "inference_geo": "us",
            "speed": "fast",
        })
    );
    let end = &got[got.len() - 2];
    assert_eq!(end.0, "message_delta");
    assert_eq!(
        end.1["usage"],
        json!({
            "input_tokens": 11,
            "cache_creation_input_tokens": 77,
            "cache_read_input_tokens": 22,
            "output_tokens": 55,
            "server_tool_use": { "web_search_requests": 3 },
        })
    );
}

#[tokio::test]
async fn a_refusal_has_usage_but_no_content() {
    let running = start().await;
    let message = ask(&running, "SCENARIO:refusal(input=5)", false).await.json();
    assert_eq!(message["stop_reason"], "refusal");
    assert_eq!(message["content"], json!([]));
    assert_eq!(message["usage"]["input_tokens"], 5);
    assert_eq!(message["usage"]["output_tokens"], 1);
}

#[tokio::test]
async fn two_attempts_are_two_iterations() {
    let running = start().await;
    let attempts = async |kind: &str| {
        let script = format!("SCENARIO:iterations(kind={kind},input=7,output=8)");
        let message = ask(&running, &script, false).await.json();
        let top = &message["usage"]["output_tokens"];
        assert_eq!(top, 8, "the top level is the serving attempt");
        let entries = message["usage"]["iterations"].as_array().unwrap();
        let entries: Vec<String> = entries
            .iter()
            .map(|entry| format!("{} {} {}", entry["type"], entry["model"], entry["output_tokens"]))
            .collect();
        format!("{} | {}", message["model"], entries.join(" | ")).replace('"', "")
    };
    assert_eq!(
        attempts("fallback").await,
        "claude-opus-5-5 | message claude-opus-5-5 30 | fallback_message claude-haiku-5-5 8"
    );
    assert_eq!(
        attempts("declined").await,
        "claude-haiku-5-5 | message claude-opus-5-5 0 | fallback_message claude-haiku-5-5 8"
    );
    assert_eq!(attempts("compaction").await, "claude-opus-5-5 | compaction null 2000 | message null 8");
}

#[tokio::test]
async fn searches_are_counted_and_grow_the_input() {
    let running = start().await;
    let got = ask(&running, "SCENARIO:websearch(n=3)", true).await;
    let events = got.events();
    assert_eq!(events[0].1["message"]["usage"]["input_tokens"], 400);
    let usage = &events[events.len() - 2].1["usage"];
    assert_eq!(usage["input_tokens"], 6_400);
    assert_eq!(usage["server_tool_use"]["web_search_requests"], 3);
    let content = assembled(&events)["content"].as_array().unwrap().len();
    assert_eq!(content, 3 * 2 + 1);
}
