//! Artifacts: what a session says it left elsewhere.

use insta::assert_snapshot;
use serde_json::json;

use crate::routes::tested;

#[test]
fn a_session_records_its_commits_and_pull_requests() {
    tested(async |_writ, people| {
        let session = people.grace.open(json!({})).await;
        let path = format!("/v1/sessions/{}/artifacts", session.id);
        let commit = json!({"kind": "commit", "value": "AB".repeat(20)});
        assert_snapshot!(session.caller.post(&path, commit).await.shown(), @r#"
        201
        {
          "kind": "commit",
          "session": "ses_ID",
          "value": "abababababababababababababababababababab"
        }
        "#);
        let request = json!({"kind": "pull_request", "value": "acme/checkout#17"});
        assert_eq!(session.caller.post(&path, request).await.status, 201);
        let entries = people.ada.get(&format!("/v1/sessions/{}/entries", session.id)).await.json();
        let kinds: Vec<&str> =
            entries["entries"].as_array().unwrap().iter().map(|line| line["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["session.opened", "artifact.recorded", "artifact.recorded"]);
    });
}

#[test]
fn what_is_not_its_own_to_say_is_refused() {
    tested(async |_writ, people| {
        let (session, other) = (people.grace.open(json!({})).await, people.grace.open(json!({})).await);
        let path = format!("/v1/sessions/{}/artifacts", session.id);
        let post = async |body| session.caller.post(&path, body).await.shown();
        assert_snapshot!(post(json!({"kind": "database_role", "value": "root"})).await, @"400 invalid_request: a session records `commit` and `pull_request` of its own, not `database_role`");
        assert_snapshot!(post(json!({"kind": "commit", "value": "abc123"})).await, @"400 invalid_request: a commit is named by its full id: 40 or 64 hexadecimal characters");
        let long = json!({"kind": "pull_request", "value": "x".repeat(257)});
        assert_eq!(session.caller.post(&path, long).await.status, 400);
        let request = || json!({"kind": "pull_request", "value": "acme/checkout#17"});
        for caller in [&other.caller, &people.grace, &people.ada] {
            assert_eq!(caller.post(&path, request()).await.status, 403);
        }
        session.caller.post(&format!("/v1/sessions/{}/end", session.id), json!({})).await;
        assert_eq!(session.caller.post(&path, request()).await.status, 409);
    });
}
