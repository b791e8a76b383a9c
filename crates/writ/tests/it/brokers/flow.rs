//! The flow that all brokers share: granted, asked for, recorded, made, and dead with whatever it rested on.

use std::process::Stdio;

use serde_json::{Value, json};

use super::vault::{MARK, Vault, ask, becomes, made_of, session, shown, try_ask};
use crate::support::leaks::complaint;
use crate::support::process::WRIT;
use crate::support::{People, Writ, files, run, until};

async fn house() -> (Writ, People, Vault) {
    let writ = Writ::start().await;
    let people = writ.people().await;
    let vault = Vault::open(&writ, &people).await;
    (writ, people, vault)
}

/// Entries of a session, as `type` or `type how`.
async fn entries(people: &People, session: &str) -> Vec<String> {
    let answer = people.ada.get(&format!("/v1/sessions/{session}/entries?limit=100")).await;
    let entries = answer.json()["entries"].as_array().unwrap().clone();
    let name = |entry: &Value| match entry["entry"]["body"]["how"].as_str() {
        Some(how) => format!("{} {how}", entry["entry"]["type"].as_str().unwrap()),
        None => entry["entry"]["type"].as_str().unwrap().to_owned(),
    };
    entries.iter().map(name).collect()
}

#[test]
fn a_credential_is_recorded_before_it_leaves_and_dead_with_its_session() {
    run(async {
        let (writ, people, vault) = house().await;
        assert!(vault.live().is_empty(), "trying the broker left nothing");
        let session = session(&people.grace).await;
        let made = ask(&session).await;
        let id = made["id"].as_str().unwrap();
        assert_eq!(made["secret"]["token"], format!("{MARK}-{}", made_of(id)));
        assert_eq!(made["scope"], json!({"rooms": ["a", "b"]}), "what was not mentioned is wanted whole");
        assert_eq!(vault.live(), [(id.to_owned(), session.id.clone())]);
        assert_eq!(
            entries(&people, &session.id).await,
            ["session.opened", "credential.requested", "credential.issued"],
        );
        for name in [id, &format!("vault-{id}"), &format!("{}.1", session.id)] {
            let who = people.ada.get(&format!("/v1/who?thing={name}")).await;
            assert_eq!(who.status, 200, "{name}: {}", who.text());
            let told = who.json();
            assert_eq!(told["session"]["id"], session.id, "{name}");
            let credential = &told["credential"];
            let is = ["id", "broker", "kind", "target", "status", "session"].map(|field| credential[field].clone());
            assert_eq!(is, [id, "vault", "exec", "safe", "live", &session.id].map(Value::from), "{name}");
            assert!(credential["issued_at"].is_string() && credential["expires_at"].is_string());
            assert!(credential["over_at"].is_null(), "{name}");
        }
        session.caller.post(&format!("/v1/sessions/{}/end", session.id), json!({"exit_code": 0})).await;
        vault.emptied().await;
        let dead = becomes(&people.ada, id, "revoked").await;
        assert!(dead["over_at"].is_string() && dead["secret"].is_null());
        let output = writ.command(&people.ada, "home-who").args(["who", id]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let line = text.lines().find(|line| line.starts_with("credential ")).unwrap_or_else(|| panic!("{text}"));
        assert!(
            line.contains(&format!("{id}, vault/safe (exec), revoked, issued ")) && line.contains(", over "),
            "{line}"
        );
        let of_session = people.ada.get(&format!("/v1/who?thing={}", session.id)).await.json();
        assert!(of_session["credential"].is_null(), "a session is no credential");
        assert_eq!(
            entries(&people, &session.id).await[3..],
            ["session.over ended", "credential.over revoked", "session.closed"],
            "closed when nothing of it is alive"
        );
    });
}

#[test]
fn whatever_takes_its_ground_away_ends_it() {
    run(async {
        let (_writ, people, vault) = house().await;
        let ada = &people.ada;
        let because = || json!({"reason": "a test"});
        let wider = json!({"scope": {"rooms": ["*"]}, "max_lifetime_seconds": 1800});
        for what in ["revoked", "grant changed", "grant removed", "broker off", "session revoked", "leaver"] {
            let session = session(&people.grace).await;
            let id = ask(&session).await["id"].as_str().unwrap().to_owned();
            assert_eq!(vault.live().len(), 1, "before: {what}");
            let answer = match what {
                "revoked" => session.caller.post(&format!("/v1/credentials/{id}/revoke"), because()).await,
                "grant changed" => ada.put("/v1/projects/checkout/grants/vault/safe", Some(wider.clone())).await,
                "grant removed" => ada.delete("/v1/projects/checkout/grants/vault/safe").await,
                "broker off" => ada.post("/v1/brokers/vault/disable", because()).await,
                "session revoked" => ada.post(&format!("/v1/sessions/{}/revoke", session.id), because()).await,
                _ => ada.post("/v1/developers/grace/disable", because()).await,
            };
            assert!(answer.status.is_success(), "{what}: {}", answer.text());
            vault.emptied().await;
            becomes(ada, &id, "revoked").await;
            match what {
                "grant removed" => vault.grant(&people, wider.clone()).await,
                "broker off" => {
                    let refused = try_ask(&session, json!({"broker": "vault", "target": "safe"})).await;
                    assert_eq!((refused.status.as_u16(), refused.json()["code"].as_str()), (409, Some("broker_off")));
                    assert!(ada.post("/v1/brokers/vault/enable", because()).await.status.is_success());
                }
                _ => {}
            }
        }
    });
}

#[test]
fn a_refusal_says_what_would_be_allowed() {
    run(async {
        let (_writ, people, vault) = house().await;
        let session = session(&people.grace).await;
        let mut said = Vec::new();
        for body in [
            json!({"broker": "vault", "target": "other"}),
            json!({"broker": "vault", "target": "safe", "scope": {"rooms": ["a", "c"]}}),
            json!({"broker": "vault", "target": "safe", "scope": {"floors": ["1"]}}),
            json!({"broker": "vault", "target": "safe", "lifetime_seconds": 3600}),
        ] {
            let answer = try_ask(&session, body).await;
            let problem = answer.json();
            said.push(format!("{} {}: {}", answer.status.as_u16(), problem["code"], problem["detail"]));
        }
        insta::assert_snapshot!(said.join("\n"), @r#"
        403 "not_granted": "this session is not granted `vault/other`; it is granted vault/safe"
        403 "outside_grant": "`c` is outside the grant of `vault/safe`: rooms allows a, b"
        403 "outside_grant": "`1` is outside the grant of `vault/safe`: floors allows nothing"
        400 "life_out_of_bounds": "a credential of `vault/safe` lives between 1m and 30m here, not 1h"
        "#);
        let narrow = json!({"broker": "vault", "target": "safe", "scope": {"rooms": ["b"]}, "lifetime_seconds": 120});
        let made = try_ask(&session, narrow).await.json();
        assert_eq!(made["scope"], json!({"rooms": ["b"]}));
        assert_eq!(vault.live().len(), 1);
        let stranger = super::vault::session(&people.ada).await;
        let theirs = json!({"broker": "vault", "target": "safe"});
        let refused = stranger.caller.post(&format!("/v1/sessions/{}/credentials", session.id), theirs).await;
        assert_eq!(refused.status, 403, "another session's token");
        let seen = stranger.caller.get(&format!("/v1/credentials/{}", made["id"].as_str().unwrap())).await;
        assert_eq!(seen.status, 404, "and it sees none of it");
    });
}

#[test]
fn a_target_that_is_away_is_asked_until_it_answers() {
    run(async {
        let (mut writ, people, vault) = house().await;
        let session = session(&people.grace).await;
        let id = ask(&session).await["id"].as_str().unwrap().to_owned();
        vault.tell("away-revoke", "yes");
        session.caller.post(&format!("/v1/sessions/{}/end", session.id), json!({})).await;
        let waiting = until("a try that fails", || async {
            let list = people.ada.get("/v1/credentials?unrevoked=true").await.json();
            let first = list["credentials"][0].clone();
            first["trouble"]["attempts"].is_number().then_some(first)
        })
        .await;
        assert_eq!((waiting["id"].as_str(), waiting["due"].as_str()), (Some(&*id), Some("session_over")));
        assert!(waiting["expires_at"].is_string(), "until when it lives");
        writ.kill();
        writ.restart().await;
        let ada = people.ada.at(&writ.url);
        assert_eq!(shown(&ada, &id).await["status"], "revoking", "the queue survives");
        assert_eq!(vault.live().len(), 1);
        vault.tell("away-revoke", "");
        becomes(&ada, &id, "revoked").await;
        assert!(vault.live().is_empty());
    });
}

#[test]
fn what_may_not_be_revoked_is_found_when_the_broker_is_configured() {
    run(async {
        let writ = Writ::start().await;
        let people = writ.people().await;
        let vault = Vault::make(&writ.path().join("vault"));
        vault.tell("forbid-revoke", "yes");
        let refused = people.ada.put("/v1/brokers/vault", Some(vault.settings())).await;
        assert_eq!(refused.status, 400, "{}", refused.text());
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with("target `safe`: a credential was made and could not be ended again"), "{detail}");
        assert_eq!(people.ada.get("/v1/brokers").await.json()["brokers"], json!([]), "nothing is changed");
    });
}

#[test]
fn a_revocation_that_is_forbidden_is_an_alarm() {
    run(async {
        let (writ, people, vault) = house().await;
        let session = session(&people.grace).await;
        let id = ask(&session).await["id"].as_str().unwrap().to_owned();
        vault.tell("forbid-revoke", "yes");
        people.ada.post("/v1/brokers/vault/disable", json!({"reason": "leak"})).await;
        until("the alarm", || async {
            let shown = shown(&people.ada, &id).await;
            (shown["stalled"] == true).then_some(())
        })
        .await;
        let alarm = people.ada.entries(&session.id, "credential.stalled").await;
        assert_eq!(alarm.len(), 1);
        assert!(alarm[0]["entry"]["body"]["lives_until"].is_number());
        assert!(writ.log().contains("cannot be revoked"), "and in the process's own log");
        let busy = people.ada.delete("/v1/brokers/vault").await;
        assert_eq!((busy.status.as_u16(), busy.json()["code"].as_str()), (409, Some("broker_in_use")));
    });
}

#[test]
fn no_secret_is_in_a_log_an_entry_a_file_or_an_error() {
    run(async {
        let (writ, people, vault) = house().await;
        let sessions = [session(&people.grace).await, session(&people.grace).await];
        for session in &sessions {
            ask(session).await;
        }
        vault.tell("forbid-mint", "yes");
        let failed = try_ask(&sessions[0], json!({"broker": "vault", "target": "safe"})).await;
        assert!(!failed.text().contains(MARK), "{}", failed.text());
        vault.tell("forbid-mint", "");
        vault.tell("away-revoke", "yes");
        sessions[0].caller.post(&format!("/v1/sessions/{}/end", sessions[0].id), json!({})).await;
        until("a try that fails", || async {
            let list = people.ada.get("/v1/credentials?unrevoked=true").await;
            assert!(!list.text().contains(MARK), "{}", list.text());
            list.json()["credentials"][0]["trouble"]["attempts"].is_number().then_some(())
        })
        .await;
        for path in ["/v1/brokers/vault", "/v1/credentials", "/v1/log/events?format=ocsf"] {
            let answer = people.ada.get(path).await;
            assert!(!answer.text().contains(MARK), "{path}");
        }
        let environment = std::fs::read(format!("/proc/{}/environ", writ.pid())).unwrap();
        let arguments = std::fs::read(format!("/proc/{}/cmdline", writ.pid())).unwrap();
        assert!(files::held(&environment, &[MARK]).is_empty() && files::held(&arguments, &[MARK]).is_empty());
        assert!(!writ.log().contains(MARK), "{}", writ.log());
        writ.terminate();
        assert_eq!(files::holding(&writ.path().join("data"), &[MARK]), Vec::<String>::new());
    });
}

#[test]
fn a_launcher_forgets_what_was_revoked_and_gets_another() {
    run(async {
        let (writ, people, vault) = house().await;
        let get = format!("{WRIT} credential get vault/safe --format token");
        let script = format!(
            "first=$({get}) || exit 3; touch ready; for i in $(seq 300); do now=$({get}) || exit 4; \
             [ \"$now\" = \"$first\" ] || exit 7; sleep 0.1; done"
        );
        let mut launcher = writ.command(&people.grace, "home");
        launcher.args(["run", "--project", "checkout", "--no-git", "--", "sh", "-c", &script]).current_dir(writ.path());
        let launcher = launcher.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let ready = writ.path().join("ready");
        until("the session to have a credential", || async { ready.exists().then_some(()) }).await;
        let listed = people.ada.get("/v1/credentials?live=true").await.json();
        let id = listed["credentials"][0]["id"].as_str().unwrap();
        let revoked = people.ada.post(&format!("/v1/credentials/{id}/revoke"), json!({"reason": "a test"})).await;
        assert_eq!(revoked.status, 202, "{}", revoked.text());
        let ended = tokio::task::spawn_blocking(move || launcher.wait_with_output().unwrap()).await.unwrap();
        complaint(&ended.stderr);
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(7), "it is given what is dead: {said}");
        vault.emptied().await;
        assert_eq!(people.ada.get("/v1/credentials").await.json()["credentials"].as_array().unwrap().len(), 2);
    });
}
