use insta::assert_snapshot;
use serde_json::json;

use crate::routes::tested;

#[test]
fn a_session_opens_a_child_that_inherits_and_does_not_outlive_it() {
    tested(async |_writ, people| {
        let parent = people.grace.open(json!({"project": "checkout", "ttl_seconds": 600})).await;
        let asked = json!({"parent": parent.id, "ttl_seconds": 3600});
        let child = parent.caller.post("/v1/sessions", asked).await;
        assert_eq!(child.status, 201, "{}", child.text());
        let child = child.json();
        let own = parent.caller.get(&format!("/v1/sessions/{}", parent.id)).await.json();
        for key in ["developer", "project", "team", "expires_at"] {
            assert_eq!(child["session"][key], own[key], "{key}");
        }
        assert_eq!(child["session"]["parent"], json!(parent.id));
    });
}

#[test]
fn only_the_parents_own_token_opens_a_child() {
    tested(async |_writ, people| {
        let parent = people.grace.open(json!({})).await;
        let other = people.grace.open(json!({})).await;
        let asked = json!({"parent": parent.id});
        assert_snapshot!(people.grace.post("/v1/sessions", asked.clone()).await.shown(), @"400 invalid_request: only the parent's own token opens a child session");
        assert_snapshot!(other.caller.post("/v1/sessions", asked).await.shown(), @"400 invalid_request: a session opens children of itself only: set `parent` to its id");
        assert_snapshot!(parent.caller.post("/v1/sessions", json!({})).await.shown(), @"400 invalid_request: a session opens children of itself only: set `parent` to its id");
        assert_snapshot!(parent.caller.post("/v1/sessions", json!({"parent": "me"})).await.shown(), @"400 invalid_request: `me`: expected an id that starts with `ses_`");
    });
}

#[test]
fn a_child_works_for_the_parents_project_only() {
    tested(async |_writ, people| {
        let parent = people.grace.open(json!({})).await;
        let asked = json!({"parent": parent.id, "project": "checkout"});
        assert_snapshot!(parent.caller.post("/v1/sessions", asked).await.shown(), @"403 forbidden: this needs the role `member`, or to be the owner → ask an administrator");
    });
}

#[test]
fn descendants_end_with_their_ancestor() {
    tested(async |_writ, people| {
        let parent = people.grace.open(json!({})).await;
        let child = parent.caller.open(json!({"parent": parent.id})).await;
        let grandchild = child.caller.open(json!({"parent": child.id})).await;
        people.grace.post(&format!("/v1/sessions/{}/revoke", parent.id), json!({"reason": "enough"})).await;
        let over = people.grace.get(&format!("/v1/sessions/{}", grandchild.id)).await.json();
        assert_eq!(over["status"], "ended");
        assert_snapshot!(format!("{:#}", over["over"]), @r#"
        {
          "how": "parent_over",
          "text": "session ses_ID ended with session ses_ID, which was revoked by grace (enough) at MINUTE; start a new one with `writ run`"
        }
        "#);
        assert_snapshot!(grandchild.caller.message("hello", false).await.shown(), @r#"
        402
        {
          "error": {
            "message": "session ses_ID ended with session ses_ID, which was revoked by grace (enough) at MINUTE; start a new one with `writ run`",
            "type": "billing_error"
          },
          "request_id": "req_ID",
          "type": "error"
        }
        "#);
        assert_snapshot!(child.caller.post("/v1/sessions", json!({"parent": child.id})).await.shown(), @"409 session_over: session ses_ID is over → start a new one with `writ run`");
    });
}

#[test]
fn nine_levels_are_too_deep() {
    tested(async |_writ, people| {
        let mut session = people.grace.open(json!({})).await;
        for _ in 0..8 {
            session = session.caller.open(json!({"parent": session.id})).await;
        }
        assert_snapshot!(session.caller.post("/v1/sessions", json!({"parent": session.id})).await.shown(), @"429 limit_reached: the limit of 8 levels of child sessions is reached");
    });
}
