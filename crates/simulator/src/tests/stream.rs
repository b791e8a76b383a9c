use super::client::*;

#[tokio::test]
async fn a_stream_has_the_shape_of_the_real_service() {
    let running = start().await;
    let got = ask(&running, "SCENARIO:hello(then=\"hi\",output=7)", true).await;
    assert_eq!(got.status, 200);
    assert!(got.whole);
    assert_eq!(got.header("content-type"), "text/event-stream; charset=utf-8");
    let text = String::from_utf8(got.body.to_vec()).unwrap();
    let id = got.header("request-id").strip_prefix("req_sim_").unwrap();
    insta::assert_snapshot!(text.replace(id, "ID"), @r#"
    event: message_start
    data: {"type":"message_start","message":{"type":"message","content":[],"id":"msg_sim_ID","model":"claude-opus-5-5","role":"assistant","stop_reason":null,"stop_sequence":null,"usage":{"cache_creation":{"ephemeral_1h_input_tokens":0,"ephemeral_5m_input_tokens":12000},"cache_creation_input_tokens":12000,"cache_read_input_tokens":0,"inference_geo":"global","input_tokens":400,"output_tokens":1,"service_tier":"standard"}}}

    event: content_block_start
    data: {"type":"content_block_start","content_block":{"type":"text","text":""},"index":0}

    event: ping
    data: {"type":"ping"}

    event: content_block_delta
    data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"hi"},"index":0}

    event: content_block_stop
    data: {"type":"content_block_stop","index":0}

    event: message_delta
    data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"cache_creation_input_tokens":12000,"cache_read_input_tokens":0,"input_tokens":400,"output_tokens":7}}

    event: message_stop
    data: {"type":"message_stop"}
    "#);
}

#[tokio::test]
async fn the_json_answer_says_what_the_stream_adds_up_to() {
    let running = start().await;
    for script in [
        "hello",
        "tool_bash",
        "tool_write",
        "tool_read",
        "agent",
        "long(events=30,delay_ms=0)",
        "big(kb=3)",
        "think(thinking_tokens=9)",
        "refusal",
        "iterations",
        "iterations(kind=declined)",
        "iterations(kind=compaction)",
        "websearch(n=2)",
        "cache(input=1,cache_read=2,cache_write_5m=3,cache_write_1h=4,output=5,geo=us,speed=fast)",
        "bad_marker_is_an_error",
    ] {
        let stream = ask(&running, &format!("SCENARIO:{script}"), true).await;
        let whole = ask(&running, &format!("SCENARIO:{script}"), false).await;
        if script.starts_with("bad") {
            assert_eq!((stream.status, whole.status), (400, 400));
            continue;
        }
        assert_eq!(without_ids(&assembled(&stream.events())), without_ids(&whole.json()), "{script}");
        assert_eq!(whole.header("content-type"), "application/json");
        let seen = running.requests();
        let seen = seen.last().unwrap();
        assert_eq!(seen.usage(), Some(&whole.json()["usage"]), "{script}");
    }
}

#[tokio::test]
async fn every_delta_is_an_event() {
    let running = start().await;
    let got = ask(&running, "SCENARIO:long(events=25,delay_ms=1)", true).await;
    let deltas = got.names().iter().filter(|name| *name == "content_block_delta").count();
    assert_eq!(deltas, 25);
    let seen = running.requests();
    assert_eq!(seen[0].pieces_sent() as usize, got.names().len());
    assert_eq!(seen[0].bytes_sent() as usize, got.body.len());
}

#[tokio::test]
async fn big_is_as_big_as_it_says() {
    let running = start().await;
    let got = ask(&running, "SCENARIO:big(kb=400)", false).await;
    let text = got.json()["content"][0]["text"].as_str().unwrap().len();
    assert_eq!(text, 400 * 1024);
}

#[tokio::test]
async fn http2_with_prior_knowledge() {
    let running = start().await;
    let client: Http =
        hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new()).http2_only(true).build_http();
    let body = prompt("SCENARIO:hello", true);
    let request = request(&running.url(), "POST", "/v1/messages", &body);
    let got = read(client.request(request).await.unwrap()).await;
    assert!(got.whole);
    assert_eq!(got.names().last().unwrap(), "message_stop");
    assert_eq!(running.requests()[0].protocol, "HTTP/2.0");
}
