//! Beat, end and revoke.

use insta::assert_snapshot;
use serde_json::json;

use crate::routes::{developer, tested};

#[test]
fn a_live_session_beats_with_its_own_token_only() {
    tested(async |_writ, people| {
        let (one, two) = (people.grace.open(json!({})).await, people.grace.open(json!({})).await);
        let path = format!("/v1/sessions/{}/beat", one.id);
        assert_snapshot!(one.caller.post(&path, json!({})).await.shown(), @r#"
        200
        {
          "credentials": [],
          "status": "active"
        }
        "#);
        assert_snapshot!(two.caller.post(&path, json!({})).await.shown(), @"403 forbidden: a beat comes with the session's own token");
        assert_snapshot!(people.grace.post(&path, json!({})).await.shown(), @"403 forbidden: a beat comes with the session's own token");
    });
}

#[test]
fn a_beat_of_a_session_that_is_over_says_who_ended_it() {
    tested(async |_writ, people| {
        let session = people.grace.open(json!({})).await;
        let path = format!("/v1/sessions/{}", session.id);
        people.ada.post(&format!("{path}/revoke"), json!({"reason": "wrong repository"})).await;
        assert_snapshot!(session.caller.post(&format!("{path}/beat"), json!({})).await.shown(), @"409 session_over: session ses_ID was revoked by ada (wrong repository) at MINUTE → start a new one with `writ run`");
    });
}

#[test]
fn the_session_ends_itself_with_its_exit_code() {
    tested(async |_writ, people| {
        let session = people.grace.open(json!({})).await;
        let path = format!("/v1/sessions/{}/end", session.id);
        let ended = session.caller.post(&path, json!({"exit_code": 3})).await.json();
        assert_eq!(ended["status"], "ended");
        assert_snapshot!(format!("{:#}", ended["over"]), @r#"
        {
          "exit_code": 3,
          "how": "ended",
          "text": "session ses_ID ended (the agent exited with code 3) at MINUTE; start a new one with `writ run`"
        }
        "#);
        assert_snapshot!(session.caller.post(&path, json!({})).await.shown(), @"409 session_over: session ses_ID is over → start a new one with `writ run`");
        assert_snapshot!(session.caller.message("hello", false).await.shown(), @r#"
        402
        {
          "error": {
            "message": "session ses_ID ended (the agent exited with code 3) at MINUTE; start a new one with `writ run`",
            "type": "billing_error"
          },
          "request_id": "req_ID",
          "type": "error"
        }
        "#);
    });
}

#[test]
fn its_developer_may_end_it_nobody_else() {
    tested(async |_writ, people| {
        let (one, two) = (people.grace.open(json!({})).await, people.grace.open(json!({})).await);
        let path = format!("/v1/sessions/{}/end", one.id);
        assert_snapshot!(people.ada.post(&path, json!({})).await.shown(), @"403 forbidden: this needs the role `admin`, or to be the owner → ask an administrator");
        assert_snapshot!(two.caller.post(&path, json!({})).await.shown(), @"403 forbidden: this needs the role `admin`, or to be the owner → ask an administrator");
        assert_eq!(people.grace.post(&path, json!({})).await.status, 200);
    });
}

#[test]
fn owner_and_administrator_revoke_others_do_not() {
    tested(async |writ, people| {
        let session = people.ada.open(json!({})).await;
        let path = format!("/v1/sessions/{}/revoke", session.id);
        let lin = developer(writ, people, "lin", &["auditor"]).await;
        assert_snapshot!(people.grace.post(&path, json!({"reason": "mine now"})).await.shown(), @"403 forbidden: this needs the role `admin`, or to be the owner → ask an administrator");
        assert_snapshot!(lin.post(&path, json!({"reason": "audit"})).await.shown(), @"403 forbidden: this needs the role `admin`, or to be the owner → ask an administrator");
        assert_snapshot!(session.caller.post(&path, json!({"reason": "myself"})).await.shown(), @"401 unauthenticated: this is for a signed-in developer, and the bearer is a session's token → sign in with `writ login`");
        let revoked = people.ada.post(&path, json!({"reason": "done"})).await;
        assert_eq!(revoked.status, 200);
        assert_snapshot!(format!("{:#}", revoked.json()["over"]), @r#"
        {
          "by": "ada",
          "how": "revoked",
          "reason": "done",
          "text": "session ses_ID was revoked by ada (done) at MINUTE; start a new one with `writ run`"
        }
        "#);
    });
}

#[test]
fn revoked_once_is_revoked_for_good() {
    tested(async |_writ, people| {
        let session = people.grace.open(json!({})).await;
        let path = format!("/v1/sessions/{}", session.id);
        people.grace.post(&format!("{path}/revoke"), json!({"reason": "first"})).await;
        assert_snapshot!(people.ada.post(&format!("{path}/revoke"), json!({"reason": "second"})).await.shown(), @"409 session_over: session ses_ID is over → start a new one with `writ run`");
        assert_eq!(session.caller.post(&format!("{path}/end"), json!({"exit_code": 0})).await.status, 409);
        assert_snapshot!(people.grace.get(&path).await.json()["over"]["text"].as_str().unwrap(), @"session ses_ID was revoked by grace (first) at MINUTE; start a new one with `writ run`");
    });
}

#[test]
fn a_reason_is_needed_and_has_a_bound() {
    tested(async |_writ, people| {
        let session = people.grace.open(json!({})).await;
        let path = format!("/v1/sessions/{}/revoke", session.id);
        let revoke = async |body| people.grace.post(&path, body).await;
        assert_snapshot!(revoke(json!({})).await.shown(), @"400 invalid_request: the body does not fit: missing field `reason` at line 1 column 2");
        assert_snapshot!(revoke(json!({"reason": "x".repeat(501)})).await.shown(), @"400 text_too_long: the reason is longer than 500 characters");
        assert_eq!(revoke(json!({"reason": "ü".repeat(500)})).await.status, 200, "characters, not bytes");
    });
}

#[test]
fn unknown_sessions_are_not_ended() {
    tested(async |_writ, people| {
        let path = "/v1/sessions/ses_00000000000000000000000000";
        assert_snapshot!(people.ada.post(&format!("{path}/revoke"), json!({"reason": ""})).await.shown(), @"404 session_unknown: no live session ses_ID");
        assert_snapshot!(people.ada.post(&format!("{path}/end"), json!({})).await.shown(), @"404 session_unknown: no live session ses_ID");
        let foreign = people.grace.post(&format!("{path}/revoke"), json!({"reason": ""})).await;
        assert_eq!(foreign.status, 404);
    });
}
