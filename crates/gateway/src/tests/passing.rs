//! What passes through, and what does not.

use domain::call::{Outcome, Quality};
use http::header::HeaderValue;
use http::{Method, Request};
use http_body_util::Full;

use crate::testing::*;

#[tokio::test]
async fn a_json_answer_passes_byte_for_byte_and_is_settled_exactly() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    let response = stage.send(stage.message("hello", false)).await;
    assert_eq!(response.status(), 200);
    assert!(response.headers()["request-id"].to_str().unwrap().starts_with("req_0"), "ours");
    let theirs = response.headers()["x-upstream-request-id"].to_str().unwrap().to_owned();
    assert!(theirs.starts_with("req_sim_"), "{theirs}");
    let body = json(response).await;
    assert_eq!(body["model"], MODEL);

    let settlement = stage.authority.settlement().await;
    assert_eq!(settlement.outcome, Outcome::Completed);
    assert_eq!(settlement.quality, Quality::Exact);
    assert_eq!(settlement.status, Some(200));
    assert_eq!(settlement.upstream.as_deref(), Some("main"));
    assert_eq!(settlement.upstream_request, Some(theirs));
    assert_eq!(settlement.model.as_deref(), Some(MODEL));
    assert_eq!(settlement.usage.output_tokens, body["usage"]["output_tokens"].as_u64().unwrap());
    assert!(settlement.cost > domain::Usd::ZERO);
}

#[tokio::test]
async fn a_stream_passes_and_is_settled_exactly() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    let response = stage.send(stage.message("long(events=300,delay_ms=0)", true)).await;
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
    let (bytes, broke) = read_all(response).await;
    assert!(!broke);
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert_eq!(text.matches("event: content_block_delta").count(), 300);
    assert!(text.trim_end().ends_with(r#"data: {"type":"message_stop"}"#), "{text}");
    let settlement = stage.authority.settlement().await;
    assert_eq!((settlement.outcome, settlement.quality), (Outcome::Completed, Quality::Exact));
}

#[tokio::test]
async fn body_query_and_unknown_headers_reach_the_upstream_untouched() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    let body = format!(
        "{{ \"model\":\"{MODEL}\",\n\"max_tokens\" : 50, \"new_field\":[1.50,\"\\u00e9\"],\"messages\":[{{\"role\":\"user\",\"content\":\"hi\"}}]  }}"
    );
    let mut request = stage.post("/v1/messages?beta=true&x=%20", body.clone());
    let headers = request.headers_mut();
    headers.insert("anthropic-beta", HeaderValue::from_static("a-1,b-2"));
    headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
    headers.insert("x-stainless-os", HeaderValue::from_static("Linux"));
    headers.insert("accept-encoding", HeaderValue::from_static("gzip, deflate, br, zstd"));
    headers.insert("x-api-key", HeaderValue::from_static("sk-client-key"));
    headers.insert("x-writ-trust-me", HeaderValue::from_static("1"));
    headers.insert("connection", HeaderValue::from_static("keep-alive, x-hop"));
    headers.insert("x-hop", HeaderValue::from_static("1"));
    headers.insert("proxy-authorization", HeaderValue::from_static("Basic abc"));
    let response = stage.send(request).await;
    assert_eq!(response.status(), 200);

    let seen = simulator.requests().remove(0);
    assert_eq!(seen.query.as_deref(), Some("beta=true&x=%20"));
    assert_eq!(seen.body.as_deref(), Some(body.as_bytes()));
    assert_eq!(seen.header("content-length"), Some(body.len().to_string().as_str()));
    assert_eq!(seen.header("anthropic-beta"), Some("a-1,b-2"));
    assert_eq!(seen.header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(seen.header("x-stainless-os"), Some("Linux"));
    assert_eq!(seen.header("accept-encoding"), Some("identity"));
    assert_eq!(seen.header("x-api-key"), Some(KEY), "the upstream's own key");
    assert_eq!(seen.header("host"), Some(simulator.address().to_string().as_str()));
    for gone in ["authorization", "x-writ-trust-me", "x-hop", "proxy-authorization", "connection"] {
        assert_eq!(seen.header(gone), None, "{gone}");
    }
}

#[tokio::test]
async fn what_the_request_says_about_itself_is_recorded_and_cut() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    let mut request = stage.message("hello", false);
    request.headers_mut().insert("x-claude-code-session-id", HeaderValue::from_static("11111111-2222"));
    request.headers_mut().insert("x-claude-code-agent-id", HeaderValue::from_static("a0123456789abcdef"));
    request.headers_mut().insert("user-agent", HeaderValue::from_str(&"x".repeat(500)).unwrap());
    stage.send(request).await;
    let ask = stage.authority.reservation().await;
    assert_eq!(*stage.authority.agents.lock().unwrap(), ["a0123456789abcdef"]);
    assert_eq!(ask.claims.client_session.as_deref(), Some("11111111-2222"));
    assert_eq!(ask.claims.agent.as_deref(), Some("a0123456789abcdef"));
    assert_eq!(ask.claims.user_agent.map(|text| text.len()), Some(domain::limits::CLAIM_CHARS_MAX));
    assert_eq!(ask.model, MODEL);
    assert!(ask.upstream_contacted);
}

#[tokio::test]
async fn counting_tokens_and_listing_models_are_free_and_need_a_session() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    let count = stage.send(stage.post("/v1/messages/count_tokens?beta=true", message_body("hello", false))).await;
    assert_eq!(count.status(), 200);
    assert!(json(count).await["input_tokens"].is_u64());

    let models = |key: String| {
        let uri = format!("http://{}/v1/models?limit=1000", stage.address);
        Request::builder().uri(uri).header("x-api-key", key).body(Full::default()).unwrap()
    };
    assert_eq!(stage.send(models(token())).await.status(), 200);
    assert_eq!(simulator.requests()[1].query.as_deref(), Some("limit=1000"));
    assert_eq!(simulator.requests()[1].header("x-api-key"), Some(KEY));
    assert_eq!(stage.send(models("sk-other".to_owned())).await.status(), 401);
    assert!(stage.authority.asked().is_empty(), "nothing reserved, nothing settled");
}

#[tokio::test]
async fn hello_needs_nobody() {
    let stage = Stage::before(&nobody().await).await;
    for method in [Method::HEAD, Method::GET] {
        let uri = format!("http://{}/api/hello", stage.address);
        let request = Request::builder().method(method).uri(uri).body(Full::default()).unwrap();
        let response = stage.send(request).await;
        assert_eq!(response.status(), 200);
        assert!(response.headers().contains_key("request-id"));
    }
}

#[tokio::test]
async fn an_upstream_that_compresses_anyway_is_passed_as_it_is_and_metered_all_the_same() {
    for stream in [false, true] {
        let upstream = CannedUpstream::start(move |_| gzipped_answer(stream)).await;
        let stage = Stage::before(&upstream.url()).await;
        let response = stage.send(stage.message("hello", stream)).await;
        assert_eq!(response.headers()["content-encoding"], "gzip");
        let (bytes, _) = read_all(response).await;
        assert_eq!(bytes, gzip(answer_text(stream).as_bytes()));
        let settlement = stage.authority.settlement().await;
        assert_eq!((settlement.outcome, settlement.quality), (Outcome::Completed, Quality::Exact), "stream {stream}");
        assert_eq!(settlement.usage.output_tokens, 5);
    }
}

#[tokio::test]
async fn a_coding_that_nobody_asked_for_and_writ_cannot_read_is_settled_at_the_bound() {
    let upstream = CannedUpstream::start(|_| {
        canned("200 OK", "content-type: application/json\r\ncontent-encoding: zstd\r\n", b"(\xb5/\xfdgibberish")
    })
    .await;
    let stage = Stage::before(&upstream.url()).await;
    let response = stage.send(stage.message("hello", false)).await;
    assert_eq!(response.headers()["content-encoding"], "zstd");
    assert_eq!(read_all(response).await.0, &b"(\xb5/\xfdgibberish"[..]);
    let settlement = stage.authority.settlement().await;
    assert_eq!((settlement.outcome, settlement.quality), (Outcome::Completed, Quality::Bound));
    assert_eq!(settlement.cost, stage.authority.reservation().await.hold);
}

#[tokio::test]
async fn headers_that_speak_for_the_upstreams_own_connection_or_host_stop_here() {
    let upstream = CannedUpstream::start(|_| {
        let headers = "content-type: application/json\r\nconnection: x-secret-hop\r\nx-secret-hop: 1\r\n\
            alt-svc: h3=\":443\"\r\nstrict-transport-security: max-age=1\r\nx-writ-spoof: 1\r\n\
            anthropic-ratelimit-requests-limit: 7\r\nx-new: 1\r\n";
        canned("200 OK", headers, answer_text(false).as_bytes())
    })
    .await;
    let stage = Stage::before(&upstream.url()).await;
    let response = stage.send(stage.message("hello", false)).await;
    for gone in ["x-secret-hop", "alt-svc", "strict-transport-security", "x-writ-spoof"] {
        assert!(!response.headers().contains_key(gone), "{gone}");
    }
    assert_eq!(response.headers()["anthropic-ratelimit-requests-limit"], "7");
    assert_eq!(response.headers()["x-new"], "1");
}

#[tokio::test]
async fn an_upstreams_path_is_put_in_front() {
    let simulator = simulator().await;
    let stage = Stage::before(&format!("{}/base/", simulator.url())).await;
    stage.send(stage.message("hello", false)).await;
    assert_eq!(simulator.requests()[0].path, "/base/v1/messages");
}
