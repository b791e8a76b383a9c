//! Certificates for signing commits.

use brokers::ssh::{Certificate, SshKey};
use insta::assert_snapshot;
use serde_json::json;

use crate::routes::tested;

fn key(seed: u8) -> String {
    SshKey::from_seed(&[seed; 32]).unwrap().public().to_string()
}

#[test]
fn a_session_has_its_key_certified_and_the_log_knows() {
    tested(async |writ, people| {
        let session = people.grace.open(json!({"project": "checkout", "ttl_seconds": 3600})).await;
        let path = format!("/v1/sessions/{}/certificates", session.id);
        let body = json!({"public_key": format!("{} grace@laptop", key(2))});
        let answer = session.caller.post(&path, body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let answer = answer.json();
        let certificate: Certificate = answer["certificate"].as_str().unwrap().parse().unwrap();
        assert_eq!(certificate.key().to_string(), key(2));
        assert_eq!(certificate.session().to_string(), session.id);
        assert_eq!(answer["serial"], certificate.serial());
        assert!(certificate.serial() < 1 << 53, "every JSON reader keeps it exactly");
        assert_eq!(certificate.principals()[0], "grace@127.0.0.1");
        // It counts from five minutes before, and ends with the session.
        let shown = people.ada.session(&session.id).await;
        let ends: jiff::Timestamp = shown["expires_at"].as_str().unwrap().parse().unwrap();
        assert_eq!(certificate.valid_before(), u64::try_from(ends.as_second()).unwrap());
        let lives = certificate.valid_before() - certificate.valid_after();
        assert!((3600..=3600 + 300 + 60).contains(&lives), "{lives} s");
        let signers = writ.anonymous().get("/v1/git/allowed_signers").await;
        assert_eq!(signers.text(), answer["allowed_signers"].as_str().unwrap());
        assert!(signers.text().starts_with("* cert-authority,namespaces=\"git\" ssh-ed25519 "), "{}", signers.text());
        assert!(signers.text().contains(&certificate.authority().to_string()));
        let entries = people.ada.get(&format!("/v1/sessions/{}/entries", session.id)).await.json();
        let entry = entries["entries"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(
            (&entry["type"], &entry["entry"]["body"]["serial"]),
            (&json!("certificate.issued"), &answer["serial"])
        );
    });
}

#[test]
fn a_long_session_s_certificate_lives_for_a_day() {
    tested(async |_writ, people| {
        let session = people.grace.open(json!({"ttl_seconds": 7 * 86_400})).await;
        let path = format!("/v1/sessions/{}/certificates", session.id);
        let answer = session.caller.post(&path, json!({"public_key": key(2)})).await.json();
        let certificate: Certificate = answer["certificate"].as_str().unwrap().parse().unwrap();
        let lives = certificate.valid_before() - certificate.valid_after();
        assert!((86_400 + 300 - 1..=86_400 + 300 + 1).contains(&lives), "{lives} s");
        assert!(certificate.key_id().ends_with(";project=-"), "{}", certificate.key_id());
    });
}

#[test]
fn nobody_else_gets_one_and_neither_does_a_session_that_is_over() {
    tested(async |_writ, people| {
        let (one, two) = (people.grace.open(json!({})).await, people.grace.open(json!({})).await);
        let path = format!("/v1/sessions/{}/certificates", one.id);
        let body = || json!({"public_key": key(2)});
        for caller in [&two.caller, &people.grace, &people.ada] {
            assert_eq!(caller.post(&path, body()).await.status, 403);
        }
        one.caller.post(&format!("/v1/sessions/{}/end", one.id), json!({})).await;
        assert_snapshot!(one.caller.post(&path, body()).await.shown(), @"409 session_over: session ses_ID is over → start a new one with `writ run`");
    });
}

#[test]
fn what_is_no_ed25519_key_is_refused() {
    tested(async |_writ, people| {
        let session = people.grace.open(json!({})).await;
        let path = format!("/v1/sessions/{}/certificates", session.id);
        for key in ["", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7", "ssh-ed25519 !!!"] {
            let shown = session.caller.post(&path, json!({"public_key": key})).await.shown();
            let expected = "400 invalid_request: not a public key: expected `ssh-ed25519` and its base64";
            assert!(shown.starts_with(expected), "{shown}");
        }
    });
}
