use std::collections::HashSet;
use std::net::Ipv4Addr;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpStream;

use super::client::*;
use crate::{Config, Simulator};

#[tokio::test]
async fn the_endpoints_beside_messages() {
    let running = start().await;
    let hello = send(&running, "HEAD", "/api/hello", &Value::Null).await;
    assert_eq!((hello.status, hello.body.len()), (200, 0));

    let models = send(&running, "GET", "/v1/models?limit=1000", &Value::Null).await;
    assert_eq!(models.json()["data"][0]["id"], "claude-opus-5-5");

    let body = prompt("SCENARIO:error", false);
    let counted = send(&running, "POST", "/v1/messages/count_tokens?beta=true", &body).await;
    let expected = body.to_string().len().div_ceil(4);
    assert_eq!(counted.json(), json!({ "input_tokens": expected }));

    for (method, path) in [("GET", "/v1/messages"), ("POST", "/v1/complete"), ("GET", "/")] {
        let got = send(&running, method, path, &Value::Null).await;
        assert_eq!(got.status, 404, "{method} {path}");
        assert_eq!(got.json()["error"]["type"], "not_found_error");
    }
}

#[tokio::test]
async fn every_answer_says_that_it_is_a_stand_in_and_has_its_own_id() {
    let running = start().await;
    let other = start().await;
    let mut ids = HashSet::new();
    for running in [&running, &other] {
        for got in [
            ask(running, "SCENARIO:hello", true).await,
            ask(running, "SCENARIO:error", true).await,
            ask(running, "SCENARIO:bench_json", true).await,
            send(running, "HEAD", "/api/hello", &Value::Null).await,
            send(running, "GET", "/nowhere", &Value::Null).await,
        ] {
            assert_eq!(got.header("x-stand-in"), "writ-simulator");
            assert!(got.header("request-id").starts_with("req_sim_"));
            ids.insert(got.header("request-id").to_owned());
        }
    }
    assert_eq!(ids.len(), 10);
}

#[tokio::test]
async fn requests_are_remembered_as_they_came() {
    let running = start().await;
    let body = prompt("SCENARIO:hello", true);
    let mut request = request(&running.url(), "POST", "/v1/messages?beta=true", &body);
    request.headers_mut().insert("x-claude-code-session-id", "abc".parse().unwrap());
    let got = read(http().request(request).await.unwrap()).await;

    running.wait_for(1, PATIENCE).await.unwrap();
    let seen = running.requests();
    assert_eq!(seen.len(), 1);
    let seen = &seen[0];
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/v1/messages"));
    assert_eq!(seen.query.as_deref(), Some("beta=true"));
    assert_eq!(seen.protocol, "HTTP/1.1");
    assert_eq!(seen.header("x-claude-code-session-id"), Some("abc"));
    assert_eq!(seen.json(), Some(body.clone()));
    assert_eq!(seen.body_len, body.to_string().len());
    assert_eq!(seen.body_sha256[..], Sha256::digest(body.to_string())[..]);
    assert_eq!(seen.request_id, got.header("request-id"));
    assert_eq!(seen.status(), Some(200));

    running.forget();
    assert!(running.requests().is_empty());
    assert_eq!(running.arrived(), 1);
}

#[tokio::test]
async fn a_wait_that_fails_says_what_came() {
    let running = start().await;
    let error = running.wait_for(1, std::time::Duration::from_millis(1)).await.unwrap_err();
    assert_eq!(error.to_string(), "waited 1ms for 1 requests, 0 came");
}

#[tokio::test]
async fn malformed_requests_are_refused_in_the_service_shape() {
    let running = start().await;
    let no_messages = json!({ "model": "m", "messages": [] });
    for body in [json!("text"), json!({}), no_messages] {
        let got = messages(&running, &body).await;
        assert_eq!(got.status, 400);
        assert_eq!(got.json()["error"]["type"], "invalid_request_error");
    }
    for (text, message) in [
        ("SCENARIO:nonsense", "unknown scenario `nonsense`"),
        ("SCENARIO:bench_nonsense", "unknown scenario `bench_nonsense`"),
        ("SCENARIO:hostile_header", "scenario `hostile_header` needs raw bytes, HostileServer serves it"),
    ] {
        let got = ask(&running, text, true).await;
        assert_eq!((got.status, got.json()["error"]["message"].as_str()), (400, Some(message)));
    }
}

#[tokio::test]
async fn only_the_expected_key_is_served() {
    let config = Config { expect_key: Some("sk-upstream".to_owned()), ..Config::default() };
    let running = Simulator::start(config).await.unwrap();
    let status = async |name: &'static str, value: &'static str| {
        let body = prompt("SCENARIO:hello", false);
        let mut request = request(&running.url(), "POST", "/v1/messages", &body);
        request.headers_mut().insert(name, value.parse().unwrap());
        http().request(request).await.unwrap().status().as_u16()
    };
    assert_eq!(status("x-api-key", "sk-upstream").await, 200);
    assert_eq!(status("authorization", "Bearer sk-upstream").await, 200);
    assert_eq!(status("authorization", "Bearer writ_ses_x").await, 401);
    assert_eq!(status("x-other", "sk-upstream").await, 401);
}

#[tokio::test]
async fn rate_limit_headers_come_when_asked_for() {
    let running = start().await;
    let got = ask(&running, "SCENARIO:hello(ratelimit=1)", true).await;
    assert_eq!(got.header("anthropic-ratelimit-unified-status"), "allowed");
    let got = ask(&running, "SCENARIO:hello", true).await;
    assert_eq!(got.header("anthropic-ratelimit-unified-status"), "");
}

#[tokio::test]
async fn every_name_in_the_list_is_a_script() {
    let running = start().await;
    assert!(crate::scenarios::NAMES.is_sorted());
    for name in crate::scenarios::NAMES {
        if ["rst", "stall", "gate", "hostile_event"].contains(name) {
            continue;
        }
        let got = ask(&running, &format!("SCENARIO:{name}(ttfb_ms=0,delay_ms=0)"), false).await;
        let text = String::from_utf8_lossy(&got.body).into_owned();
        assert!(!text.contains("unknown scenario"), "{name}: {text}");
    }
}

#[tokio::test]
async fn only_loopback() {
    let config = Config { host: Ipv4Addr::UNSPECIFIED.into(), ..Config::default() };
    let error = Simulator::start(config).await.unwrap_err();
    assert_eq!(error.to_string(), "the stand-in service listens on loopback only, not on `0.0.0.0`");
}

#[tokio::test]
async fn stopped_and_dropped_services_are_gone() {
    let running = start().await;
    let address = running.address();
    running.stop().await;
    TcpStream::connect(address).await.unwrap_err();

    let running = start().await;
    let body = prompt("SCENARIO:stall", true);
    let request = request(&running.url(), "POST", "/v1/messages", &body);
    let open = http().request(request).await.unwrap();
    drop(running);
    assert!(!read(open).await.whole);
}
