//! What passes through untouched, and is metered to the token.

use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};

use super::Stage;
use crate::support::caller::request;
use crate::support::canned::Canned;
use crate::support::http::{Answer, send};
use crate::support::look::number;
use crate::support::process::UPSTREAM_KEY;
use crate::support::{run, within};

/// Asserts that a call's tokens are those of the upstream's own `usage`.
fn assert_usage(call: &Value, usage: &Value) {
    let used = |name: &str| number(&call["usage"][name]);
    let told = |name: &str| number(&usage[name]);
    assert_eq!(used("input_tokens"), told("input_tokens"), "{call:#}");
    assert_eq!(used("output_tokens"), told("output_tokens"), "{call:#}");
    assert_eq!(used("cache_read_tokens"), told("cache_read_input_tokens"), "{call:#}");
    let written = used("cache_write_5m_tokens") + used("cache_write_1h_tokens");
    assert_eq!(written, told("cache_creation_input_tokens"), "{call:#}");
    assert_eq!((&call["quality"], &call["outcome"]), (&json!("exact"), &json!("completed")), "{call:#}");
    assert!(number(&call["cost_usd_nanos"]) > 0, "{call:#}");
}

#[test]
fn a_call_is_metered_to_the_token_and_traceable_on_both_sides() {
    run(async {
        let stage = Stage::start().await;
        for (number, streaming) in [(1, true), (2, false)] {
            let answer = stage.session.caller.message("hello", streaming).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            let call = stage.settled(number).await.pop().unwrap();
            let seen = stage.writ.simulator().requests().pop().unwrap();
            assert_usage(&call, seen.usage().unwrap());
            assert_eq!(call["request_id"], answer.header("request-id"));
            assert_eq!(call["upstream_request"], seen.request_id.as_str());
            assert_eq!(answer.header("x-upstream-request-id"), seen.request_id);
            assert_eq!((&call["upstream"], &call["status"]), (&json!("up0"), &json!(200)));
        }
        stage.people.ada.assert_sums_agree().await;
    });
}

#[test]
fn the_upstream_gets_the_client_s_bytes_and_writ_s_own_key() {
    run(async {
        let stage = Stage::start().await;
        let body = format!("{{ \"unknown\" : [1, 2.50,\"\\u00e9\"],{}", &request("hello", true)[1..]);
        let token = stage.session.caller.token.clone().unwrap();
        let bearer = format!("Bearer {token}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("x-api-key", "sk-ant-the-developer-s-own"),
            ("anthropic-beta", "one-2026-01-01,two-2026-01-01"),
            ("anthropic-dangerous-direct-browser-access", "true"),
            ("x-stainless-retry-count", "0"),
            ("x-writ-inside", "forged"),
        ];
        let url = format!("{}/v1/messages?beta=true&more=%2F", stage.writ.url);
        let answer = send(http::Method::POST, &url, &headers, body.clone()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let seen = stage.writ.simulator().requests().pop().unwrap();
        assert_eq!(seen.body.as_deref(), Some(body.as_bytes()));
        assert_eq!(seen.query.as_deref(), Some("beta=true&more=%2F"));
        assert_eq!(seen.header("x-api-key"), Some(UPSTREAM_KEY));
        assert_eq!(seen.header("anthropic-beta"), Some("one-2026-01-01,two-2026-01-01"));
        assert_eq!(seen.header("anthropic-dangerous-direct-browser-access"), Some("true"));
        assert_eq!(seen.header("x-stainless-retry-count"), Some("0"));
        let text = format!("{:?}", seen.headers);
        for secret in [token.as_str(), "sk-ant-the-developer-s-own", "x-writ-inside"] {
            assert!(!text.contains(secret), "{secret} went upstream: {text}");
        }
        stage.the_call().await;
    });
}

#[test]
fn compressed_answers_pass_compressed_and_are_metered_to_the_token() {
    let usage =
        r#""usage":{"input_tokens":10,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":5}"#;
    let message = format!(
        r#"{{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-5-5","content":[],"stop_reason":"end_turn",{usage}}}"#
    );
    let stream = format!(
        "event: message_start\ndata: {{\"type\":\"message_start\",\"message\":{message}}}\n\n\
         event: message_delta\ndata: {{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"end_turn\"}},{usage}}}\n\n\
         event: message_stop\ndata: {{\"type\":\"message_stop\"}}\n\n"
    );
    run(async {
        for (kind, text, streaming) in [("application/json", &message, false), ("text/event-stream", &stream, true)] {
            let upstream = Canned::gzipped(kind, text).await;
            let stage = Stage::before(vec![upstream.url.clone()]).await;
            let answer = stage.session.caller.message("-", streaming).await;
            assert_eq!(answer.header("content-encoding"), "gzip");
            assert_eq!(&unzipped(&answer), text);
            let whole: Value = serde_json::from_str(&message).unwrap();
            assert_usage(&stage.the_call().await, &whole["usage"]);
        }
    });
}

fn unzipped(answer: &Answer) -> String {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&answer.body[..]), &mut text).unwrap();
    text
}

#[test]
fn a_client_that_speaks_http_2_at_once_is_served() {
    run(async {
        let stage = Stage::start().await;
        let authority = stage.writ.url.strip_prefix("http://").unwrap();
        let tcp = tokio::net::TcpStream::connect(authority).await.unwrap();
        let shaken = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(tcp)).await;
        let (mut sender, connection) = shaken.unwrap();
        tokio::spawn(connection);
        let token = stage.session.caller.token.clone().unwrap();
        let ask = http::Request::post(format!("{}/v1/messages", stage.writ.url))
            .header("authorization", format!("Bearer {token}"))
            .body(Full::new(bytes::Bytes::from(request("hello", true))))
            .unwrap();
        let response = within("an answer over HTTP/2", sender.send_request(ask)).await.unwrap();
        assert_eq!((response.version(), response.status()), (http::Version::HTTP_2, http::StatusCode::OK));
        let body = within("its body", response.into_body().collect()).await.unwrap().to_bytes();
        assert!(String::from_utf8_lossy(&body).contains("event: message_stop"));
        let seen = stage.writ.simulator().requests().pop().unwrap();
        assert_usage(&stage.the_call().await, seen.usage().unwrap());
    });
}

#[test]
fn counting_tokens_listing_models_and_saying_hello_cost_nothing() {
    run(async {
        let stage = Stage::start().await;
        let (writ, session) = (&stage.writ, &stage.session.caller);
        let hello = send(http::Method::HEAD, &format!("{}/api/hello", writ.url), &[], "").await;
        assert_eq!(hello.status, 200);
        assert!(hello.header("request-id").starts_with("req_"), "{:?}", hello.headers);
        let ask = serde_json::from_str(&request("hello", false)).unwrap();
        let counted = session.post("/v1/messages/count_tokens?beta=true", ask).await;
        assert_eq!(counted.status, 200, "{}", counted.text());
        assert!(number(&counted.json()["input_tokens"]) > 0);
        let models = session.get("/v1/models?limit=1000").await;
        assert_eq!(models.status, 200, "{}", models.text());
        for answer in [&counted, &models] {
            assert!(answer.header("request-id").starts_with("req_"), "{:?}", answer.headers);
        }
        assert_eq!(stage.people.grace.calls(&stage.session.id).await, Vec::<Value>::new());
        let after = stage.people.grace.session(&stage.session.id).await;
        assert_eq!((&after["calls"], &after["spent_usd_nanos"]), (&json!(0), &json!(0)));
        let nobody = writ.anonymous().get("/v1/models").await;
        assert_eq!(nobody.status, 401, "{}", nobody.text());
        stage.people.ada.assert_sums_agree().await;
    });
}

#[test]
fn what_a_request_says_about_itself_is_a_claim_and_credits_nobody_else() {
    run(async {
        let stage = Stage::start().await;
        let other = stage.people.ada.open(json!({"project": "checkout"})).await;
        let claim = "11111111-2222-3333-4444-555555555555";
        let bearer = |token: &Option<String>| format!("Bearer {}", token.as_deref().unwrap());
        let url = format!("{}/v1/messages", stage.writ.url);
        for caller in [&other.caller, &stage.session.caller] {
            let bearer = bearer(&caller.token);
            let headers = [
                ("authorization", bearer.as_str()),
                ("x-claude-code-session-id", claim),
                ("x-claude-code-agent-id", "a0123456789abcdef"),
                ("user-agent", "somebody/1.0"),
            ];
            let answer = send(http::Method::POST, &url, &headers, request("hello", false)).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        let call = stage.the_call().await;
        assert_eq!(
            call["claims"],
            json!({"client_session": claim, "agent": "a0123456789abcdef", "user_agent": "somebody/1.0"})
        );
        // The call is the sub-agent's, in the session that stands for it.
        let of_agent = call["session"].as_str().unwrap();
        let mismatches = stage.people.grace.entries(of_agent, "session.claim_mismatched").await;
        assert_eq!(mismatches.len(), 1, "{mismatches:#?}");
        assert!(mismatches[0].to_string().contains(claim), "{mismatches:#?}");
        assert_eq!(stage.people.ada.entries(&other.id, "session.claim_mismatched").await, Vec::<Value>::new());
    });
}
