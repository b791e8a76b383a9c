use insta::assert_snapshot;
use serde_json::json;

use crate::routes::{developer, tested};

#[test]
fn an_auditor_verifies_every_entry() {
    tested(async |writ, people| {
        let lin = developer(writ, people, "lin", &["auditor"]).await;
        let before = lin.get("/v1/log/verify").await;
        assert_eq!(before.json()["verified"], true, "{}", before.text());
        let session = people.grace.open(json!({})).await;
        session.caller.post(&format!("/v1/sessions/{}/end", session.id), json!({})).await;
        let after = lin.get("/v1/log/verify").await.json();
        assert_eq!(after["entries"].as_i64().unwrap() - before.json()["entries"].as_i64().unwrap(), 3);
        assert_ne!(after["head_leaf"], before.json()["head_leaf"]);
        let entries = people.ada.get(&format!("/v1/sessions/{}/entries", session.id)).await.json();
        assert_eq!(entries["entries"][2]["leaf"], after["head_leaf"]);
    });
}

#[test]
fn a_member_does_not_read_the_log() {
    tested(async |_writ, people| {
        assert_snapshot!(people.grace.get("/v1/log/verify").await.shown(), @"403 forbidden: you may not read the log: this needs the role `auditor` → ask an administrator for the role `auditor`");
    });
}
