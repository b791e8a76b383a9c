//! Logging in to a real OpenSSH server that trusts a broker's authority and keeps its list of revoked certificates.

mod inside;
pub(crate) mod stage;

use brokers::ssh::{Krl, LoginCertificate};
use serde_json::json;

use crate::support::{run, until};
use stage::Stage;

#[test]
fn a_certificate_lets_a_session_in_and_the_log_of_sshd_names_it() {
    run(async {
        let stage = Stage::start().await;
        let session = stage.session().await;
        let pass = stage.pass(&session, "own", json!({})).await;
        stage.log_in(&pass, "true").unwrap();
        let log = stage.log();
        let serial = pass.certificate().serial();
        let named = format!("session={} developer=grace project=checkout", session.id);
        assert!(log.contains(&format!("Accepted certificate ID \"{named}\" (serial {serial})")), "{log}");
        assert!(log.contains(&format!("Accepted publickey for {}", stage.user())), "{log}");
        // What the host logs leads back to the session.
        let mut who = stage.writ.command(&stage.people.ada, "home-who");
        let output = who.args(["who", &serial.to_string()]).output().unwrap();
        assert!(String::from_utf8_lossy(&output.stdout).contains(&session.id), "{output:?}");
    });
}

#[test]
fn sshd_refuses_a_wrong_principal_another_address_and_all_but_the_command() {
    run(async {
        let stage = Stage::start().await;
        let session = stage.session().await;
        let refused = async |target: &str, because: &str| {
            let pass = stage.pass(&session, target, json!({})).await;
            let error = stage.log_in(&pass, "true").unwrap_err();
            assert!(error.contains("Permission denied"), "{error}");
            assert!(stage.log().contains(because), "{}", stage.log());
        };
        refused("stranger", "Certificate does not contain an authorized principal").await;
        refused("far", "valid certificate but not from a permitted source address (127.0.0.1)").await;
        let pass = stage.pass(&session, "narrow", json!({})).await;
        assert_eq!(stage.log_in(&pass, "id -un").unwrap(), "only this");
        let scope = json!({ "scope": { "force_command": ["echo or that"] } });
        let pass = stage.pass(&session, "narrow", scope).await;
        assert_eq!(stage.log_in(&pass, "id -un").unwrap(), "or that");
        // Outside what is set and granted there is no certificate at all.
        let ask = |target: &str, scope: serde_json::Value| {
            let key = stage.key(target);
            json!({ "broker": "hosts", "target": target, "public_key": key, "scope": scope })
        };
        let path = format!("/v1/sessions/{}/credentials", session.id);
        for (target, scope) in [
            ("narrow", json!({ "force_command": ["sh"] })),
            ("own", json!({ "principals": ["root"] })),
            ("ungranted", json!({})),
        ] {
            let answer = session.caller.post(&path, ask(target, scope)).await;
            assert!(answer.status.is_client_error(), "{target}: {} {}", answer.status, answer.text());
        }
        let without_key = json!({ "broker": "hosts", "target": "own" });
        let answer = session.caller.post(&path, without_key).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert!(answer.text().contains("send `public_key`"), "{}", answer.text());
    });
}

#[test]
fn an_expired_certificate_is_refused() {
    run(async {
        let stage = Stage::start().await;
        let session = stage.session().await;
        let pass = stage.pass(&session, "own", json!({ "lifetime_seconds": 3 })).await;
        let certificate = pass.certificate();
        assert_eq!(
            certificate.valid_before() - certificate.valid_after(),
            303,
            "five minutes back, three seconds ahead"
        );
        until("sshd to find the certificate expired", async || {
            stage.log_in(&pass, "true").err().filter(|_| stage.log().contains("Certificate invalid: expired"))
        })
        .await;
    });
}

#[test]
fn a_revoked_certificate_is_refused_as_soon_as_the_host_has_the_list() {
    run(async {
        let stage = Stage::start().await;
        let (one, other) = (stage.session().await, stage.session().await);
        let pass = stage.pass(&one, "own", json!({})).await;
        let others = stage.pass(&other, "own", json!({})).await;
        stage.fetch_list().unwrap();
        stage.log_in(&pass, "true").unwrap();
        let id = pass.id();
        let answer = stage.people.ada.post(&format!("/v1/credentials/{id}/revoke"), json!({ "reason": "lost" })).await;
        assert!(answer.status.is_success(), "{}", answer.text());
        until("the list to name the certificate", async || {
            stage.fetch_list().unwrap();
            stage.log_in(&pass, "true").err()
        })
        .await;
        assert!(stage.log().contains("revoked by file"), "{}", stage.log());
        stage.log_in(&others, "true").unwrap();

        // The end of a session revokes what it had.
        let ended = other.caller.post(&format!("/v1/sessions/{}/end", other.id), json!({})).await;
        assert!(ended.status.is_success(), "{}", ended.text());
        until("the list to name the other certificate", async || {
            stage.fetch_list().unwrap();
            stage.log_in(&others, "true").err()
        })
        .await;

        // Another key for the broker revives nothing, and is said at once.
        let before = stage.authority().await;
        stage.configure("another-ca").await;
        assert_ne!(stage.authority().await, before);
        let list = stage.list().await;
        assert!(list.revokes(&pass.certificate()) && list.revokes(&others.certificate()));
    });
}

#[test]
fn the_list_is_public_small_and_never_lost() {
    run(async {
        let stage = Stage::start().await;
        let (anyone, path) = (stage.writ.anonymous(), "/v1/brokers/hosts/krl");
        let answer = anyone.get(path).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "application/octet-stream");
        let list = Krl::from_bytes(&answer.body).unwrap();
        assert_eq!((list.count(), list.head().comment.as_str()), (0, "writ broker hosts"));
        let tag = answer.header("etag").to_owned();
        let again = crate::support::send(
            http::Method::GET,
            &format!("{}{path}", anyone.url),
            &[("if-none-match", &tag)],
            Vec::new(),
        )
        .await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
        for unknown in ["/v1/brokers/nobody/krl", "/v1/brokers/nobody/ca"] {
            assert_eq!(anyone.get(unknown).await.status, 404);
        }
        // A control plane that answers something else, and one that is away, leave the file as it is.
        stage.fetch_list().unwrap();
        let held = stage.held();
        for server in [stage.writ.simulator().url(), crate::support::canned::nobody().await] {
            let error = stage.fetch_list_from(&server).unwrap_err();
            assert_eq!(stage.held(), held, "{error}");
        }
    });
}

#[test]
fn a_broker_without_a_key_gets_one_and_keeps_it() {
    run(async {
        let stage = Stage::start().await;
        let settings = json!({ "targets": { "own": { "principals": ["deploy"] } } });
        let body = json!({ "kind": "ssh", "settings": settings });
        let authority = async || {
            let answer = stage.people.ada.put("/v1/brokers/made", Some(body.clone())).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            stage.writ.anonymous().get("/v1/brokers/made/ca").await.text()
        };
        let first = authority().await;
        assert!(first.starts_with("ssh-ed25519 ") && first.ends_with(" writ-made\n"), "{first}");
        assert_eq!(authority().await, first, "configured again, it keeps its key");
        assert_ne!(stage.authority().await, first);
    });
}

/// What a session was given, in files that stock `ssh` reads.
pub(super) struct Pass {
    answer: serde_json::Value,
    name: String,
}

impl Pass {
    fn id(&self) -> &str {
        self.answer["id"].as_str().unwrap()
    }

    fn certificate(&self) -> LoginCertificate {
        self.answer["secret"]["certificate"].as_str().unwrap().parse().unwrap()
    }
}
