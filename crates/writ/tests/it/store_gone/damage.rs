//! Somebody changed the database behind writ's back.

use serde_json::json;

use crate::support::{Writ, run};

const REASON: &str = "the words as they were written";

/// Changes every copy of the words in the file, with as many bytes.
fn forge(writ: &Writ) {
    let path = writ.path().join("data/writ.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let places: Vec<usize> =
        bytes.windows(REASON.len()).enumerate().filter(|(_, at)| *at == REASON.as_bytes()).map(|(at, _)| at).collect();
    assert!(!places.is_empty(), "after a stop everything is in the file");
    for at in places {
        bytes[at..at + 3].copy_from_slice(b"THE");
    }
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_changed_entry_is_named_by_the_verification() {
    run(async {
        let mut writ = Writ::start().await;
        let people = writ.people().await;
        let session = people.grace.open(json!({})).await;
        let revoked = people.ada.post(&format!("/v1/sessions/{}/revoke", session.id), json!({"reason": REASON})).await;
        assert_eq!(revoked.status, 200, "{}", revoked.text());
        let over = people.ada.entries(&session.id, "session.over").await.remove(0);
        assert_eq!(people.ada.get("/v1/log/verify").await.json()["verified"], true);
        assert!(writ.terminate().success());
        forge(&writ);
        writ.restart().await;

        let ada = people.ada.at(&writ.url);
        let verified = ada.get("/v1/log/verify").await.json();
        assert_eq!(verified["verified"], false, "{verified}");
        let expected = format!("entry {} does not match its leaf hash", over["position"]);
        assert_eq!(verified["detail"], expected, "{verified}");

        let output = writ.command(&ada, "ada").args(["log", "verify"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(&expected), "{said}");
    });
}
