//! Locks that a human takes away, and those that a human holds.

use insta::assert_snapshot;
use serde_json::json;

use super::{held, path, session, two, want};
use crate::routes::{developer, tested};

#[test]
fn by_its_own_human_or_an_approver_only() {
    tested(async |writ, people| {
        let theirs = session(&people.grace).await;
        let ticket = held(&theirs, "env:prod").await;
        let taking = format!("{}/break", path(&ticket));
        let body = json!({"reason": "the release waits"});
        let lin = developer(writ, people, "lin", &["member"]).await;
        assert_snapshot!(lin.post(&taking, body.clone()).await.shown(), @"403 forbidden: this needs the role `approver`, or to be the owner → ask an administrator");
        assert_snapshot!(theirs.caller.post(&taking, body.clone()).await.shown(), @"401 unauthenticated: this is for a signed-in developer, and the bearer is a session's token → sign in with `writ login`");
        assert_eq!(people.grace.post(&taking, body.clone()).await.status, 204);
        assert_snapshot!(people.grace.post(&taking, body).await.shown(), @"409 ticket_over: ticket tkt_ID is over: ask with a new one");
        held(&session(&people.ada).await, "env:prod").await;
    });
}

#[test]
fn with_its_session_when_asked_to() {
    tested(async |writ, people| {
        let theirs = session(&people.grace).await;
        let ticket = held(&theirs, "env:prod").await;
        let mallory = developer(writ, people, "mo", &["approver"]).await;
        let body = json!({"reason": "it runs away", "revoke": true});
        assert_eq!(mallory.post(&format!("{}/break", path(&ticket)), body).await.status, 204);
        assert_snapshot!(theirs.caller.post("/v1/locks", json!({"wants": want("env:prod", "X")})).await.shown(), @"409 session_over: session ses_ID is over → start a new one with `writ run`");
    });
}

#[test]
fn a_maintenance_lock_survives_every_session() {
    tested(async |_writ, people| {
        let (one, _) = two(people).await;
        let asked = json!({"wants": want("env:prod", "X"), "priority": "urgent", "intent": "database upgrade"});
        let ticket = people.grace.post("/v1/locks", asked).await.json();
        assert_eq!((&ticket["state"], &ticket["holder"]["session.id"]), (&json!("held"), &json!(null)));
        assert_snapshot!(one.caller.post("/v1/locks", json!({"wants": want("env:prod/a", "X")})).await.shown(), @"409 lock_held: grace holds `env:prod` in mode X since MINUTE: database upgrade → wait for it with `writ lock acquire --wait`, or do something else first");
        assert_snapshot!(one.caller.delete(&path(&ticket)).await.shown(), @"403 forbidden: this needs the role `admin`, or to be the owner → ask an administrator");
        assert_eq!(people.ada.delete(&path(&ticket)).await.status, 204, "an administrator may");
        held(&one, "env:prod/a").await;
    });
}
