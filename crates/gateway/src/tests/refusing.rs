//! Bad input: a clear typed error, bounded memory, nothing reserved.

use std::time::Duration;

use http::header::{AUTHORIZATION, HeaderValue};
use http::{Method, Request};
use http_body_util::Full;

use crate::testing::*;
use crate::{Config, ListenerLimits};

async fn refusal(stage: &Stage, request: Request<Full<bytes::Bytes>>) -> (u16, String, bool) {
    let response = stage.send(request).await;
    let status = response.status().as_u16();
    let never = response.headers().get("x-should-retry").is_some_and(|value| value == "false");
    let id = response.headers()["request-id"].to_str().unwrap().to_owned();
    let error = json(response).await;
    assert_eq!(error["type"], "error");
    assert_eq!(error["request_id"], id);
    assert!(error["error"]["message"].as_str().is_some_and(|text| text.len() > 10), "{error}");
    (status, error["error"]["type"].as_str().unwrap().to_owned(), never)
}

#[tokio::test]
async fn only_a_session_token_opens() {
    let stage = Stage::before(&nobody().await).await;
    let sign_in = domain::Token::new(domain::TokenKind::SignIn, [1; 32]);
    let bad = ["Bearer sk-ant-1", "Basic d3JpdDp3cml0", "writ_ses_x", &format!("Bearer {}", sign_in.expose())];
    for value in bad {
        let mut request = stage.message("hello", true);
        request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        assert_eq!(refusal(&stage, request).await, (401, "authentication_error".to_owned(), true), "{value}");
    }
    // What the client sends when its key helper failed: it asks the helper again for minutes after a 401.
    let mut empty = stage.message("hello", true);
    empty.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static("Bearer "));
    assert_eq!(refusal(&stage, empty).await, (402, "billing_error".to_owned(), true));
    let mut nothing = stage.message("hello", true);
    nothing.headers_mut().remove(AUTHORIZATION);
    assert_eq!(refusal(&stage, nothing).await, (401, "authentication_error".to_owned(), true));
    let mut twice = stage.message("hello", true);
    twice.headers_mut().append(AUTHORIZATION, HeaderValue::from_static("Bearer writ_ses_other"));
    assert_eq!(refusal(&stage, twice).await.0, 400);
    assert!(stage.authority.asked().is_empty());
}

#[tokio::test]
async fn a_key_header_with_a_session_token_opens_too() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    let mut request = stage.message("hello", false);
    request.headers_mut().insert("x-api-key", HeaderValue::from_str(&token()).unwrap());
    request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static("Bearer something-else"));
    assert_eq!(stage.send(request).await.status(), 200);
    let seen = simulator.requests().remove(0);
    assert_eq!((seen.header("authorization"), seen.header("x-api-key")), (None, Some(KEY)));
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_is_still_sending() {
    let stage = Stage::before(&nobody().await).await;
    stage.authority.revoke();
    let big = stage.post("/v1/messages", vec![b' '; 4 << 20]);
    assert_eq!(refusal(&stage, big).await, (402, "billing_error".to_owned(), true));
}

#[tokio::test]
async fn bodies_the_meter_cannot_read_are_refused() {
    let stage = Stage::before(&nobody().await).await;
    let deep = format!(r#"{{"model":"m","messages":{}}}"#, "[".repeat(5000));
    let bad: [&[u8]; 8] = [
        b"",
        b"hello",
        b"[]",
        b"{\"messages\":[]}",
        b"{\"model\":\"a\",\"model\":\"b\",\"messages\":[]}",
        b"{\"model\":\"a\"} {}",
        b"{\"model\":\"\xff\"}",
        deep.as_bytes(),
    ];
    for body in bad {
        let request = stage.post("/v1/messages", body.to_vec());
        let (status, kind, _) = refusal(&stage, request).await;
        assert_eq!((status, kind.as_str()), (400, "invalid_request_error"), "{}", String::from_utf8_lossy(body));
    }
    let mut compressed = stage.message("hello", true);
    compressed.headers_mut().insert("content-encoding", HeaderValue::from_static("gzip"));
    assert_eq!(refusal(&stage, compressed).await.0, 415);
    assert!(stage.authority.asked().is_empty());
}

#[tokio::test]
async fn bodies_beyond_the_limit_are_refused_announced_or_not() {
    let mut config = Config::new(vec![upstream("main", &nobody().await)]);
    config.body_bytes_max = 100_000;
    let stage = Stage::with(config, ListenerLimits::default()).await;
    let announced = stage.post("/v1/messages", vec![b' '; 100_001]);
    assert_eq!(refusal(&stage, announced).await, (413, "request_too_large".to_owned(), true));

    let chunk = format!("{:x}\r\n{}\r\n", 50_000, " ".repeat(50_000));
    let head = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: writ\r\nauthorization: Bearer {}\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n",
        token()
    );
    let client = stage.raw(format!("{head}{chunk}{chunk}{chunk}0\r\n\r\n")).await;
    let answer = read_to_end(client).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("request_too_large"), "{answer}");
    assert_eq!(stage.gateway.metrics().snapshot().body_bytes_in_flight, 0);
}

#[tokio::test]
async fn all_bodies_together_are_bounded() {
    let simulator = simulator().await;
    let mut config = Config::new(vec![upstream("main", &simulator.url())]);
    config.bodies_in_flight_bytes_max = 60_000;
    let stage = Stage::with(config, ListenerLimits::default()).await;
    // One call holds 40 kB while its upstream thinks; a second of that size does not fit, a small one does.
    let padded = |scenario: &str| {
        let mut body = message_body(scenario, true);
        body.push_str(&" ".repeat(40_000));
        body
    };
    let first = tokio::spawn(client().request(stage.post("/v1/messages", padded("slow(ttfb_ms=600000)"))));
    within("the upstream", simulator.wait_for(1, Duration::from_secs(20))).await.unwrap();
    assert!(stage.gateway.metrics().snapshot().body_bytes_in_flight > 40_000);

    let response = stage.send(stage.post("/v1/messages", padded("hello"))).await;
    assert_eq!(response.status(), 529);
    assert!(response.headers().contains_key("retry-after"));
    assert_eq!(json(response).await["error"]["type"], "overloaded_error");
    assert_eq!(stage.send(stage.message("hello", false)).await.status(), 200);

    first.abort();
    let freed = async {
        while stage.gateway.metrics().snapshot().body_bytes_in_flight > 0 {
            tokio::task::yield_now().await;
        }
    };
    within("the first body to be freed", freed).await;
    assert_eq!(stage.send(stage.post("/v1/messages", padded("hello"))).await.status(), 200);
}

#[tokio::test]
async fn the_body_is_freed_once_the_upstream_has_answered() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    let mut body = message_body("gate(events=4)", true);
    body.push_str(&" ".repeat(200_000));
    let response = stage.send(stage.post("/v1/messages", body)).await;
    assert_eq!(stage.gateway.metrics().snapshot().body_bytes_in_flight, 0);
    assert_eq!(stage.gateway.metrics().snapshot().open_streams, 1);
    drop(response);
}

#[tokio::test]
async fn a_slow_body_is_given_up() {
    let mut config = Config::new(vec![upstream("main", &nobody().await)]);
    config.body_idle_max = Duration::from_millis(50);
    let stage = Stage::with(config, ListenerLimits::default()).await;
    let head =
        format!("POST /v1/messages HTTP/1.1\r\nhost: writ\r\nx-api-key: {}\r\ncontent-length: 100\r\n\r\n{{", token());
    let answer = read_to_end(stage.raw(head).await).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("timeout_error"), "{answer}");
}

#[tokio::test]
async fn paths_and_methods_that_are_not_ours() {
    let stage = Stage::before(&nobody().await).await;
    let cases = [
        (Method::POST, "/v1/messages/batches", 501, "not_supported"),
        (Method::GET, "/v1/messages", 405, "invalid_request_error"),
        (Method::POST, "/v1/models", 405, "invalid_request_error"),
        (Method::GET, "/v1/models/../messages/batches", 404, "not_found_error"),
        (Method::POST, "/v1/complete", 404, "not_found_error"),
    ];
    for (method, path, status, kind) in cases {
        let mut request = stage.post(path, "{}");
        *request.method_mut() = method;
        let (got, error, never) = refusal(&stage, request).await;
        assert_eq!((got, error.as_str(), never), (status, kind, true), "{path}");
    }
    let rejections = stage.gateway.metrics().snapshot().rejections;
    assert_eq!(rejections, [("invalid_request_error", 2), ("not_found_error", 2), ("not_supported", 1)]);
}

#[tokio::test]
async fn two_lengths_for_one_body_are_refused() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    let body = message_body("hello", false);
    for headers in [
        format!("content-length: {}\r\ncontent-length: 5\r\n", body.len()),
        "content-length: 5, 6\r\n".to_owned(),
        "content-length: -1\r\n".to_owned(),
        "transfer-encoding: chunked, identity\r\n".to_owned(),
    ] {
        let head =
            format!("POST /v1/messages HTTP/1.1\r\nhost: writ\r\nauthorization: Bearer {}\r\n{headers}\r\n", token());
        let answer = read_to_end(stage.raw(format!("{head}{body}")).await).await;
        assert!(answer.starts_with("HTTP/1.1 400") || answer.is_empty(), "{headers}{answer}");
    }
    assert_eq!(simulator.arrived(), 0);
}

#[tokio::test]
async fn both_framings_at_once_never_make_two_requests() {
    let simulator = simulator().await;
    let stage = Stage::before(&simulator.url()).await;
    // RFC 9112 §6.3: transfer-encoding wins, and the connection ends after the answer.
    let body = message_body("hello", false);
    let smuggled = "GET /v1/models HTTP/1.1\r\nhost: writ\r\n\r\n";
    let request = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: writ\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\
         transfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n{smuggled}",
        token(),
        body.len() + 4,
        body.len()
    );
    let answer = read_to_end(stage.raw(request).await).await;
    assert!(simulator.arrived() <= 1);
    assert!(answer.matches("HTTP/1.1 ").count() <= 1, "{answer}");
    if let Some(seen) = simulator.requests().first() {
        assert_eq!(seen.header("transfer-encoding"), None);
        assert_eq!(seen.body_len, body.len());
    }
}
