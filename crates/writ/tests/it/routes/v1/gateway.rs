//! `/v1/messages`, `/v1/messages/count_tokens`, `/v1/models`, `/api/hello`: what is refused, in Anthropic's shape, and what
//! passes.

use http::Method;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::routes::tested;
use crate::support::caller::request;
use crate::support::{Answer, Caller, Opened, Writ, send, until};

/// Status, error type, message, and what the client is told about asking again; the shape is checked on the way.
fn refusal(answer: &Answer) -> String {
    let body = answer.json();
    let known = json!({"type": "error", "request_id": answer.header("request-id"),
        "error": {"type": body["error"]["type"], "message": body["error"]["message"]}});
    assert_eq!(body, known);
    assert_eq!(answer.header("content-type"), "application/json");
    let retry = match (answer.header("x-should-retry"), answer.header("retry-after")) {
        ("", "") => "the client's own habit".to_owned(),
        (should, after) => format!("x-should-retry: {should:?}, retry-after: {after:?}"),
    };
    let text = |key: &str| body["error"][key].as_str().unwrap().to_owned();
    format!("{} {}: {}\n{retry}", answer.status.as_u16(), text("type"), text("message"))
}

async fn message(writ: &Writ, headers: &[(&str, &str)]) -> Answer {
    send(Method::POST, &format!("{}/v1/messages", writ.url), headers, request("hello", false)).await
}

async fn with_bearer(writ: &Writ, token: &str) -> Answer {
    message(writ, &[("authorization", &format!("Bearer {token}"))]).await
}

fn nothing_went_upstream(writ: &Writ) {
    assert_eq!(writ.simulator().arrived(), 0, "a refused request reached the upstream");
}

#[test]
fn no_credential() {
    tested(async |writ, _people| {
        assert_snapshot!(refusal(&message(writ, &[]).await), @r#"
        401 authentication_error: no writ session token came with this request: start the agent with `writ run`, or set ANTHROPIC_AUTH_TOKEN to a session token (`writ_ses_…`)
        x-should-retry: "false", retry-after: ""
        "#);
        nothing_went_upstream(writ);
    });
}

#[test]
fn credentials_that_are_not_writs() {
    tested(async |writ, people| {
        assert_snapshot!(refusal(&with_bearer(writ, "sk-ant-api03-something").await), @r#"
        401 authentication_error: the credential of this request is not a writ session token: start the agent with `writ run`, or set ANTHROPIC_AUTH_TOKEN to a session token (`writ_ses_…`)
        x-should-retry: "false", retry-after: ""
        "#);
        assert_snapshot!(refusal(&message(writ, &[("x-api-key", "sk-ant-api03-something")]).await), @r#"
        401 authentication_error: the credential of this request is not a writ session token: start the agent with `writ run`, or set ANTHROPIC_AUTH_TOKEN to a session token (`writ_ses_…`)
        x-should-retry: "false", retry-after: ""
        "#);
        assert_snapshot!(refusal(&message(writ, &[("authorization", "Basic YTpi")]).await), @r#"
        401 authentication_error: the credential of this request is not a writ session token: start the agent with `writ run`, or set ANTHROPIC_AUTH_TOKEN to a session token (`writ_ses_…`)
        x-should-retry: "false", retry-after: ""
        "#);
        let sign_in = people.grace.token.clone().unwrap();
        assert_snapshot!(refusal(&with_bearer(writ, &sign_in).await), @r#"
        401 authentication_error: the credential of this request is not a writ session token: start the agent with `writ run`, or set ANTHROPIC_AUTH_TOKEN to a session token (`writ_ses_…`)
        x-should-retry: "false", retry-after: ""
        "#);
        nothing_went_upstream(writ);
    });
}

#[test]
fn an_empty_credential_stops_a_client_whose_key_helper_failed() {
    tested(async |writ, _people| {
        assert_snapshot!(refusal(&message(writ, &[("authorization", "Bearer"), ("x-api-key", "")]).await), @r#"
        402 billing_error: this request came with an empty credential: the client's key helper (`apiKeyHelper`) gave none, and what it said is in the client's output; start the agent anew with `writ run`
        x-should-retry: "false", retry-after: ""
        "#);
        nothing_went_upstream(writ);
    });
}

#[test]
fn mistyped_cut_and_unknown_tokens() {
    tested(async |writ, people| {
        let token = people.grace.open(json!({})).await.caller.token.unwrap();
        assert_snapshot!(refusal(&with_bearer(writ, &token[..40]).await), @r#"
        401 authentication_error: a writ token has 58 characters, this one has 40: start the agent with `writ run`, or get a token with `writ token`
        x-should-retry: "false", retry-after: ""
        "#);
        let last = if token.ends_with('0') { "1" } else { "0" };
        let mistyped = format!("{}{last}", &token[..token.len() - 1]);
        assert_snapshot!(refusal(&with_bearer(writ, &mistyped).await), @r#"
        401 authentication_error: the token's checksum does not match: it was cut or mistyped: start the agent with `writ run`, or get a token with `writ token`
        x-should-retry: "false", retry-after: ""
        "#);
        let other = Writ::start().await;
        let foreign = other.people().await.grace.open(json!({})).await.caller.token.unwrap();
        assert_snapshot!(refusal(&with_bearer(writ, &foreign).await), @r#"
        401 authentication_error: no session has this token: it ended long ago, or belongs to another server: start the agent with `writ run`, or get a token with `writ token`
        x-should-retry: "false", retry-after: ""
        "#);
        nothing_went_upstream(writ);
    });
}

#[test]
fn two_credentials_in_one_header_are_refused() {
    tested(async |writ, people| {
        let bearer = format!("Bearer {}", people.grace.open(json!({})).await.caller.token.unwrap());
        let twice = [("authorization", bearer.as_str()), ("authorization", bearer.as_str())];
        assert_snapshot!(refusal(&message(writ, &twice).await), @r#"
        400 invalid_request_error: the header `authorization` stands twice in this request
        x-should-retry: "false", retry-after: ""
        "#);
        nothing_went_upstream(writ);
    });
}

#[test]
fn the_token_may_come_as_an_api_key() {
    tested(async |writ, people| {
        let token = people.grace.open(json!({})).await.caller.token.unwrap();
        assert_eq!(message(writ, &[("x-api-key", &token)]).await.status, 200);
        let seen = writ.simulator().requests().pop().unwrap();
        assert_eq!(seen.header("x-api-key"), Some(crate::support::process::UPSTREAM_KEY));
    });
}

async fn over(session: &Opened, by: &Caller, how: &str, body: Value) -> String {
    let answer = by.post(&format!("/v1/sessions/{}/{how}", session.id), body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    refusal(&session.caller.message("hello", false).await)
}

#[test]
fn a_session_that_is_over_says_who_ended_it_and_what_to_do() {
    tested(async |writ, people| {
        let open = async || people.grace.open(json!({})).await;
        let reason = json!({"reason": "wrong repository"});
        let revoked = over(&open().await, &people.ada, "revoke", reason).await;
        assert_snapshot!(revoked, @r#"
        402 billing_error: session ses_ID was revoked by ada (wrong repository) at MINUTE; start a new one with `writ run`
        x-should-retry: "false", retry-after: ""
        "#);
        let silent = over(&open().await, &people.grace, "revoke", json!({"reason": ""})).await;
        assert_snapshot!(silent, @r#"
        402 billing_error: session ses_ID was revoked by grace at MINUTE; start a new one with `writ run`
        x-should-retry: "false", retry-after: ""
        "#);
        let session = open().await;
        let ended = over(&session, &session.caller, "end", json!({"exit_code": 0})).await;
        assert_snapshot!(ended, @r#"
        402 billing_error: session ses_ID ended (the agent exited with code 0) at MINUTE; start a new one with `writ run`
        x-should-retry: "false", retry-after: ""
        "#);
        nothing_went_upstream(writ);
    });
}

#[test]
fn a_spent_budget_is_said_in_money() {
    tested(async |writ, people| {
        let session = people.grace.open(json!({"budget_usd_nanos": 1_000_000})).await;
        assert_snapshot!(refusal(&session.caller.message("hello", false).await), @r#"
        402 billing_error: this call may cost up to $0.0160, the budget has $0.0010 left: ask for a larger budget, or lower `max_tokens`
        x-should-retry: "false", retry-after: ""
        "#);
        nothing_went_upstream(writ);
    });
}

#[test]
fn malformed_bodies_are_refused_before_anything_is_held() {
    tested(async |writ, people| {
        let session = people.grace.open(json!({})).await;
        let ask = async |body: &str| {
            let mut answer = session.caller.call(body.to_owned()).await.unwrap();
            let (body, _) = answer.rest().await;
            refusal(&Answer { status: answer.status, headers: answer.headers, body: body.into() })
        };
        assert_snapshot!(ask("").await, @r#"
        400 invalid_request_error: request body is not a JSON object
        x-should-retry: "false", retry-after: ""
        "#);
        assert_snapshot!(ask("{").await, @r#"
        400 invalid_request_error: request body is not valid JSON: expected a string at byte 1
        x-should-retry: "false", retry-after: ""
        "#);
        assert_snapshot!(ask("[]").await, @r#"
        400 invalid_request_error: request body is not a JSON object
        x-should-retry: "false", retry-after: ""
        "#);
        assert_snapshot!(ask(r#"{"max_tokens": 5}"#).await, @r#"
        400 invalid_request_error: request body needs `model`, a string of 1 to 128 characters
        x-should-retry: "false", retry-after: ""
        "#);
        assert_snapshot!(ask(r#"{"model": 7, "max_tokens": 5}"#).await, @r#"
        400 invalid_request_error: request body needs `model`, a string of 1 to 128 characters
        x-should-retry: "false", retry-after: ""
        "#);
        assert_snapshot!(ask(r#"{"model": "claude-sonnet-5-5", "max_tokens": -5}"#).await, @r#"
        400 invalid_request_error: `max_tokens` in the request body must be a whole number
        x-should-retry: "false", retry-after: ""
        "#);
        assert_snapshot!(ask(r#"{"model": "a", "max_tokens": 5, "model": "b"}"#).await, @r#"
        400 invalid_request_error: request body has `model` twice
        x-should-retry: "false", retry-after: ""
        "#);
        nothing_went_upstream(writ);
        let shown = people.grace.get(&format!("/v1/sessions/{}", session.id)).await.json();
        assert_eq!((&shown["calls"], &shown["held_usd_nanos"]), (&json!(0), &json!(0)));
    });
}

#[test]
fn a_body_over_the_limit() {
    tested(async |writ, people| {
        let session = people.grace.open(json!({})).await;
        let bearer = format!("Bearer {}", session.caller.token.as_ref().unwrap());
        let body = vec![b' '; (32 << 20) + 1];
        let url = format!("{}/v1/messages", writ.url);
        let answer = send(Method::POST, &url, &[("authorization", &bearer)], body).await;
        assert_snapshot!(refusal(&answer), @r#"
        413 request_too_large: request body is larger than 32 MiB, the most that one request may carry
        x-should-retry: "false", retry-after: ""
        "#);
        nothing_went_upstream(writ);
    });
}

#[test]
fn a_compressed_body() {
    tested(async |writ, people| {
        let session = people.grace.open(json!({})).await;
        let bearer = format!("Bearer {}", session.caller.token.as_ref().unwrap());
        let headers = [("authorization", bearer.as_str()), ("content-encoding", "gzip")];
        assert_snapshot!(refusal(&message(writ, &headers).await), @r#"
        415 invalid_request_error: a compressed request body cannot be metered: send it without content-encoding
        x-should-retry: "false", retry-after: ""
        "#);
    });
}

#[test]
fn paths_and_methods_that_are_not_served() {
    tested(async |writ, people| {
        let session = people.grace.open(json!({})).await;
        let ask = async |method: Method, path: &str| refusal(&session.caller.ask(method, path, None).await);
        assert_snapshot!(ask(Method::GET, "/v1/messages").await, @r#"
        405 invalid_request_error: this path takes POST only
        x-should-retry: "false", retry-after: ""
        "#);
        assert_snapshot!(ask(Method::POST, "/v1/messages/batches").await, @r#"
        501 not_supported: message batches are not governed yet: send the requests one by one to /v1/messages
        x-should-retry: "false", retry-after: ""
        "#);
        assert_snapshot!(ask(Method::POST, "/v1/models").await, @r#"
        405 invalid_request_error: this path takes GET only
        x-should-retry: "false", retry-after: ""
        "#);
        assert_snapshot!(ask(Method::GET, "/v1/models/../messages").await, @r#"
        404 not_found_error: writ's gateway has no `/v1/models/../messages`: it serves /v1/messages, /v1/messages/count_tokens and /v1/models
        x-should-retry: "false", retry-after: ""
        "#);
        assert_snapshot!(ask(Method::DELETE, "/api/hello").await, @r#"
        405 invalid_request_error: this path takes GET or HEAD only
        x-should-retry: "false", retry-after: ""
        "#);
        nothing_went_upstream(writ);
    });
}

#[test]
fn counting_tokens_and_models_pass_and_cost_nothing() {
    tested(async |writ, people| {
        let session = people.grace.open(json!({})).await;
        let body = json!({"model": "claude-sonnet-5-5", "messages": [{"role": "user", "content": "hello"}]});
        let counted = session.caller.post("/v1/messages/count_tokens", body.clone()).await;
        assert_eq!(counted.status, 200);
        assert!(counted.json()["input_tokens"].as_u64().unwrap() > 0);
        assert_eq!(session.caller.get("/v1/models?limit=2").await.status, 200);
        let shown = people.grace.get(&format!("/v1/sessions/{}", session.id)).await.json();
        assert_eq!((&shown["calls"], &shown["spent_usd_nanos"]), (&json!(0), &json!(0)));
        for path in ["/v1/messages/count_tokens", "/v1/models"] {
            let method = if path == "/v1/models" { Method::GET } else { Method::POST };
            let anonymous = writ.anonymous().ask(method, path, Some(body.clone())).await;
            assert_eq!(anonymous.status, 401, "{path}");
        }
    });
}

#[test]
fn hello_needs_nobody() {
    tested(async |writ, _people| {
        let anonymous = writ.anonymous();
        let head = anonymous.ask(Method::HEAD, "/api/hello", None).await;
        assert_eq!((head.status.as_u16(), head.text().as_str()), (200, ""));
        assert!(head.header("request-id").starts_with("req_"));
        assert_snapshot!(anonymous.get("/api/hello").await.shown(), @r#"
        200
        {
          "message": "hello"
        }
        "#);
        nothing_went_upstream(writ);
    });
}

#[test]
fn an_answer_carries_the_upstreams_body_and_a_request_id() {
    tested(async |writ, people| {
        let session = people.grace.open(json!({})).await;
        let answer = session.caller.message("hello", false).await;
        assert_eq!(answer.json()["type"], "message", "{}", answer.text());
        assert!(!answer.header("request-id").is_empty());
        let call = until("the call to be settled", async || {
            let calls = people.grace.get(&format!("/v1/sessions/{}/calls", session.id)).await.json();
            (calls["calls"][0]["outcome"] == "completed").then(|| calls["calls"][0].clone())
        });
        let call = call.await;
        let upstream = writ.simulator().requests().pop().unwrap();
        assert_eq!(call["upstream_request"], json!(upstream.request_id));
    });
}
