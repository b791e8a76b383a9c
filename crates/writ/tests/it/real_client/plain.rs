//! By plain base URL, with a token of `writ token`.

use serde_json::{Value, json};

use super::client::ran;
use super::tap::Tap;
use super::with_client;
use crate::support::WritOptions;
use crate::support::canned::Canned;
use crate::support::look::number;

#[test]
fn real_client_turns_and_tools_pass_byte_for_byte_and_are_attributed() {
    with_client(WritOptions::default(), async |stage| {
        let (session, token) = stage.token().await;
        let tap = Tap::start(&stage.writ.url).await;
        let said = ran(stage.client.plain(&tap.url, &token, "SCENARIO:hello(then=\"well met\") go")).await;
        assert_eq!(said.result()["result"], "well met");
        let tool = "SCENARIO:tool_bash(command=\"echo from the tool > made.txt\") go";
        ran(stage.client.plain(&tap.url, &token, tool)).await.result();
        let made = std::fs::read_to_string(stage.client.repository().join("made.txt")).unwrap();
        assert_eq!(made, "from the tool\n", "the tool ran");
        let thought = ran(stage.client.plain(&tap.url, &token, "SCENARIO:think(then=\"so it is\") go")).await;
        assert_eq!(thought.result()["result"], "so it is");

        let seen: Vec<_> = stage.writ.simulator().requests();
        let calls = stage.assert_attributed(&session, seen.len()).await;
        assert_eq!(calls.len(), 4, "one, two for the tool's turn, one");
        assert!(calls.iter().all(|call| call["quality"] == "exact"), "{calls:#?}");
        let sent = tap.calls();
        assert_eq!(sent.len(), seen.len());
        for seen in &seen {
            assert!(sent.iter().any(|body| Some(body.as_slice()) == seen.body.as_deref()), "a body was changed");
            assert_eq!(seen.query.as_deref(), Some("beta=true"));
            assert!(seen.header("anthropic-beta").unwrap().contains("claude-code-"), "{seen:?}");
            let first = &seen.json().unwrap()["system"][0]["text"];
            assert!(first.as_str().unwrap().starts_with("x-anthropic-billing-header:"), "{first}");
        }
        stage.assert_no_secret_upstream(&[&token]);
        let agent = calls[0]["claims"]["user_agent"].as_str().unwrap();
        assert!(agent.starts_with("claude-cli/"), "{agent}");
        assert!(calls[0]["claims"]["client_session"].is_string(), "{:#}", calls[0]);
    });
}

#[test]
fn real_client_streams_are_not_held_back_and_large_or_compressed_ones_arrive_whole() {
    with_client(WritOptions::default(), async |stage| {
        let (session, token) = stage.token().await;
        let url = &stage.writ.url;
        let slow = ran(stage.client.plain(url, &token, "SCENARIO:long(events=150,delay_ms=30) go")).await.result();
        let (first, whole) = (number(&slow["first_content_frame_ms"]), number(&slow["duration_ms"]));
        assert!(whole >= 4_000, "150 events, 30 ms apart: {slow:#}");
        assert!((1..whole / 2).contains(&first), "the first text came {first} ms into {whole} ms: {slow:#}");
        assert!(slow["result"].as_str().unwrap().ends_with("part 150 of 150. "), "{slow:#}");
        let big = ran(stage.client.plain(url, &token, "SCENARIO:big(kb=400) go")).await.result();
        assert_eq!(big["result"].as_str().unwrap().len(), 400 << 10);
        stage.assert_attributed(&session, 2).await;
    });
}

#[test]
fn real_client_reads_a_compressed_stream_that_writ_did_not_ask_for() {
    let usage = r#"{"input_tokens":10,"output_tokens":5}"#;
    let events = [
        format!(
            r#"{{"type":"message_start","message":{{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-5-5","content":[],"stop_reason":null,"usage":{usage}}}}}"#
        ),
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#.to_owned(),
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"unpacked"}}"#.to_owned(),
        r#"{"type":"content_block_stop","index":0}"#.to_owned(),
        format!(r#"{{"type":"message_delta","delta":{{"stop_reason":"end_turn"}},"usage":{usage}}}"#),
        r#"{"type":"message_stop"}"#.to_owned(),
    ];
    let name = |event: &str| serde_json::from_str::<Value>(event).unwrap()["type"].as_str().unwrap().to_owned();
    let stream: String = events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", name(event))).collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let upstream = runtime.block_on(Canned::gzipped("text/event-stream", &stream));
    let options = WritOptions { upstreams: vec![upstream.url.clone()], ..WritOptions::default() };
    with_client(options, async |stage| {
        let (session, token) = stage.token().await;
        let said = ran(stage.client.plain(&stage.writ.url, &token, "go")).await;
        assert_eq!(said.result()["result"], "unpacked");
        let calls = stage.assert_attributed(&session, 1).await;
        assert_eq!((&calls[0]["quality"], &calls[0]["usage"]["output_tokens"]), (&json!("exact"), &json!(5)));
    });
}

#[test]
fn real_client_counts_tokens_for_nothing() {
    with_client(WritOptions::default(), async |stage| {
        let (session, token) = stage.token().await;
        let tap = Tap::start(&stage.writ.url).await;
        ran(stage.client.plain(&tap.url, &token, "/context")).await.result();
        let counted = tap.requests().iter().filter(|said| said.line.contains("/count_tokens")).count();
        assert!(
            counted > 1,
            "`/context` counts: {:?}",
            tap.requests().iter().map(|said| &said.line).collect::<Vec<_>>()
        );
        let seen = stage.writ.simulator().requests();
        assert_eq!(seen.iter().filter(|seen| seen.path == "/v1/messages/count_tokens").count(), counted);
        stage.assert_no_secret_upstream(&[&token]);
        let calls = stage.people.ada.calls(&session).await;
        assert_eq!(calls.len(), tap.calls().len(), "counting is no call");
    });
}

#[test]
fn real_client_s_repeat_after_an_error_mid_stream_is_a_second_call() {
    with_client(WritOptions::default(), async |stage| {
        let (session, token) = stage.token().await;
        let mut turn = stage.client.plain(&stage.writ.url, &token, "SCENARIO:midstream_error(events=6) go");
        turn.env("CLAUDE_CODE_MAX_RETRIES", "0");
        ran(turn).await.result();
        let streams: Vec<_> =
            stage.writ.simulator().requests().iter().map(|seen| seen.json().unwrap()["stream"] == true).collect();
        assert_eq!(streams, [true, false], "the turn is repeated without a stream");
        let calls = stage.assert_attributed(&session, 2).await;
        assert_eq!(calls[0]["outcome"], "upstream_cut", "{calls:#?}");
        assert_eq!(calls[1]["outcome"], "completed", "{calls:#?}");
        assert!(calls.iter().all(|call| number(&call["cost_usd_nanos"]) > 0), "both halves are billed: {calls:#?}");
    });
}

#[test]
fn real_client_with_a_forged_session_header_is_credited_to_its_bearer() {
    with_client(WritOptions::default(), async |stage| {
        let (session, token) = stage.token().await;
        let forged = "99999999-8888-4777-8666-555555555555";
        let mut turn = stage.client.plain(&stage.writ.url, &token, "SCENARIO:hello go");
        turn.env("ANTHROPIC_CUSTOM_HEADERS", format!("X-Claude-Code-Session-Id: {forged}\nUser-Agent: nobody/1.0"));
        ran(turn).await.result();
        let calls = stage.assert_attributed(&session, 1).await;
        assert_eq!(calls[0]["claims"]["user_agent"], "nobody/1.0", "{calls:#?}");
        let mismatches = stage.people.ada.entries(&session, "session.claim_mismatched").await;
        assert_eq!(mismatches.len(), 1, "{mismatches:#?}");
        assert!(mismatches[0].to_string().contains(forged), "{mismatches:#?}");
    });
}
