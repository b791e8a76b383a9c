//! The kill switch: streams are cut within a second, the next call is refused in words, and the log says who did it.

mod expiry;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::caller::request;
use crate::support::http::Streaming;
use crate::support::{Opened, People, Writ, run, within};

/// From the answer to the revocation until the stream has ended: the promise is one second.
const CUT_MAX: Duration = Duration::from_secs(1);

/// A stream under way, with bytes that have reached the client.
async fn stream_of(session: &Opened, scenario: &str) -> Streaming {
    let mut stream = within("the head", session.caller.call(request(scenario, true))).await.unwrap();
    assert_eq!(stream.status, 200);
    within("the first bytes", stream.next()).await.unwrap().unwrap();
    stream
}

/// Asserts that the stream is broken off in time.
async fn assert_cut(stream: &mut Streaming, what: &str) {
    let since = Instant::now();
    let (_, whole) = within(&format!("{what} to be cut"), stream.rest()).await;
    let took = since.elapsed();
    assert!(!whole, "{what} looks like a whole answer");
    assert!(took < CUT_MAX, "{what} was cut after {took:?}");
}

async fn revoke(by: &crate::support::Caller, session: &str, reason: &str) {
    let answer = by.post(&format!("/v1/sessions/{session}/revoke"), json!({"reason": reason})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["status"], "revoked");
}

/// Asserts that a session's next call is refused in the shape that stops the client, and returns the words.
async fn refusal(session: &Opened) -> String {
    let answer = session.caller.message("hello", true).await;
    assert_eq!(answer.status, 402, "{}", answer.text());
    assert_eq!(answer.header("x-should-retry"), "false");
    let body = answer.json();
    assert_eq!((&body["type"], &body["error"]["type"]), (&json!("error"), &json!("billing_error")));
    body["error"]["message"].as_str().unwrap().to_owned()
}

fn assert_settled_as_revoked(call: &Value) {
    assert_eq!((&call["outcome"], &call["quality"]), (&json!("revoked"), &json!("estimated")), "{call:#}");
    assert!(call["cost_usd_nanos"].as_i64().unwrap() > 0, "{call:#}");
}

async fn start() -> (Writ, People) {
    let writ = Writ::start().await;
    let people = writ.people().await;
    (writ, people)
}

#[test]
fn a_stream_is_cut_within_a_second_and_the_log_names_who_did_it() {
    run(async {
        let (writ, people) = start().await;
        // One that flows, and one that is silent: nothing but the switch wakes it.
        for (reason, scenario) in [("wrong branch", "long(events=3000,delay_ms=10)"), ("again", "gate(events=4)")] {
            let session = people.grace.open(json!({"project": "checkout"})).await;
            let mut stream = stream_of(&session, scenario).await;
            revoke(&people.ada, &session.id, reason).await;
            assert_cut(&mut stream, scenario).await;
            let words = refusal(&session).await;
            let expected = format!("session {} was revoked by ada ({reason}) at ", session.id);
            assert!(words.starts_with(&expected), "{words}");
            assert!(words.ends_with("start a new one with `writ run`"), "{words}");
            assert_settled_as_revoked(&people.ada.settled(&session.id, 1).await[0]);
            let over = people.ada.entries(&session.id, "session.over").await;
            assert_eq!(over.len(), 1, "{over:#?}");
            let ada = people.ada.get("/v1/whoami").await.json()["developer"]["id"].clone();
            let text = over[0]["entry"].to_string();
            assert!(text.contains(ada.as_str().unwrap()) && text.contains(reason), "{text}");
        }
        assert_eq!(writ.simulator().requests().len(), 2, "refused calls go nowhere");
        people.ada.assert_sums_agree().await;
    });
}

#[test]
fn its_owner_may_revoke_a_session_and_the_other_one_goes_on() {
    run(async {
        let (writ, people) = start().await;
        let (revoked, other) = (people.grace.open(json!({})).await, people.grace.open(json!({})).await);
        let (mut first, mut second) = (stream_of(&revoked, "gate").await, stream_of(&other, "gate").await);
        revoke(&people.grace, &revoked.id, "").await;
        assert_cut(&mut first, "the revoked session's stream").await;
        writ.simulator().open_gate();
        let (bytes, whole) = within("the other stream's end", second.rest()).await;
        assert!(whole && String::from_utf8_lossy(&bytes).contains("message_stop"), "it was nobody's business");
        assert!(refusal(&revoked).await.contains("was revoked by grace at "));
        assert_eq!(other.caller.message("hello", false).await.status, 200);
        people.ada.settled(&other.id, 2).await;
        people.ada.settled(&revoked.id, 1).await;
        people.ada.assert_sums_agree().await;
    });
}

#[test]
fn a_call_that_waits_for_its_head_is_cut_as_well() {
    run(async {
        let (_writ, people) = start().await;
        let session = people.grace.open(json!({})).await;
        let caller = session.caller.clone();
        let waiting = tokio::spawn(async move { caller.call(request("slow(ttfb_ms=60000)", true)).await });
        people.grace.reserved(&session.id).await;
        revoke(&people.ada, &session.id, "now").await;
        let since = Instant::now();
        let answered = within("the waiting call's end", waiting).await.unwrap();
        assert!(since.elapsed() < CUT_MAX, "{:?}", since.elapsed());
        if let Ok(answer) = answered {
            assert_eq!(answer.status, 402);
        }
        let call = people.ada.settled(&session.id, 1).await.remove(0);
        assert_eq!(call["outcome"], "revoked", "{call:#}");
        people.ada.assert_sums_agree().await;
    });
}

#[test]
fn disabling_a_developer_cuts_all_their_streams() {
    run(async {
        let (writ, people) = start().await;
        let mut streams = Vec::new();
        for _ in 0..3 {
            let session = people.grace.open(json!({})).await;
            let stream = stream_of(&session, "gate").await;
            streams.push((session, stream));
        }
        let own = people.ada.open(json!({})).await;
        let mut kept = stream_of(&own, "gate").await;
        let answer = people.ada.post("/v1/developers/grace/disable", json!({"reason": "left"})).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        for (session, stream) in &mut streams {
            assert_cut(stream, "a leaver's stream").await;
            let words = refusal(session).await;
            assert!(words.contains("was revoked by ada"), "{words}");
            assert_settled_as_revoked(&people.ada.settled(&session.id, 1).await[0]);
        }
        writ.simulator().open_gate();
        assert!(within("ada's own stream", kept.rest()).await.1, "it goes on to its end");
        people.ada.settled(&own.id, 1).await;
        people.ada.assert_sums_agree().await;
    });
}

#[test]
fn a_child_session_ends_with_its_parent() {
    run(async {
        let (_writ, people) = start().await;
        let parent = people.grace.open(json!({"project": "checkout"})).await;
        let child = parent.caller.open(json!({"parent": parent.id})).await;
        let grandchild = child.caller.open(json!({"parent": child.id})).await;
        let mut streams = [stream_of(&child, "gate").await, stream_of(&grandchild, "gate").await];
        revoke(&people.ada, &parent.id, "the whole tree").await;
        for stream in &mut streams {
            assert_cut(stream, "a descendant's stream").await;
        }
        let words = refusal(&child).await;
        let expected = format!("ended with session {}, which was revoked by ada (the whole tree)", parent.id);
        assert!(words.contains(&expected), "{words}");
        for session in [&child, &grandchild] {
            assert_settled_as_revoked(&people.ada.settled(&session.id, 1).await[0]);
        }
        people.ada.assert_sums_agree().await;
    });
}

#[test]
fn a_revoked_session_can_do_nothing_any_more() {
    run(async {
        let (_writ, people) = start().await;
        let session = people.grace.open(json!({"project": "checkout"})).await;
        revoke(&people.ada, &session.id, "done").await;
        let beat = session.caller.post(&format!("/v1/sessions/{}/beat", session.id), json!({})).await;
        assert_eq!((beat.status.as_u16(), &beat.json()["code"]), (409, &json!("session_over")), "{}", beat.text());
        let child = session.caller.post("/v1/sessions", json!({"parent": session.id})).await;
        assert!(child.status.is_client_error(), "{}", child.text());
        let count = session.caller.post("/v1/messages/count_tokens", json!({"model": "m", "messages": []})).await;
        assert_eq!(count.status, 402, "{}", count.text());
        let again = people.ada.post(&format!("/v1/sessions/{}/revoke", session.id), json!({"reason": "twice"})).await;
        assert_eq!((again.status.as_u16(), &again.json()["code"]), (409, &json!("session_over")), "{}", again.text());
        let shown = people.ada.session(&session.id).await;
        assert_eq!((&shown["over"]["by"], &shown["over"]["reason"]), (&json!("ada"), &json!("done")), "{shown:#}");
    });
}
