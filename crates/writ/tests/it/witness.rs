//! An administrator who rewrites history and signs it again, and who finds out: a witness that runs elsewhere, and every
//! machine that saw the log before. Everything is a real process.

mod away;
mod clock;
mod forged;
mod verifiers;

use std::process::{Command, Output};

use ledger::SignedCheckpoint;
use serde_json::{Value, json};

use crate::support::witness::{Watched, log_key};
use crate::support::{Caller, Writ, run, until};

/// What a server shows of its log.
async fn shown(caller: &Caller) -> Value {
    let answer = caller.get("/v1/log/checkpoint").await;
    if answer.status == 200 { answer.json() } else { Value::Null }
}

fn size(shown: &Value) -> u64 {
    SignedCheckpoint::parse(shown["checkpoint"].as_str().unwrap().as_bytes()).unwrap().size()
}

/// Waits for a state of the log.
async fn until_shown(caller: &Caller, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    until(what, || async { Some(shown(caller).await).filter(|shown| !shown.is_null() && is_so(shown)) }).await
}

/// Waits until everything that was written so far is under a cosigned checkpoint.
async fn until_cosigned(caller: &Caller) -> Value {
    let entries = caller.get("/v1/log/verify").await.json()["entries"].as_u64().unwrap();
    until_shown(caller, "a cosigned checkpoint of all entries", |shown| {
        size(shown) >= entries && shown["witnesses"]["quorum_met"] == true
    })
    .await
}

/// Some entries: a session from its beginning to its end.
async fn work(caller: &Caller) {
    let session = caller.open(json!({})).await;
    let ended = session.caller.post(&format!("/v1/sessions/{}/end", session.id), json!({})).await;
    assert_eq!(ended.status, 200, "{}", ended.text());
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// `writ run -- true` of somebody signed in.
fn launch(writ: &Writ, caller: &Caller, home: &str) -> Command {
    let mut command = writ.command(caller, home);
    command.args(["run", "--", "true"]);
    command
}

#[test]
fn a_cosigned_checkpoint_is_published_and_meets_a_trust_policy() {
    run(async {
        let watched = Watched::new("", "w1").await;
        let writ = watched.serve("publish_without_quorum = false").await;
        let people = writ.people().await;
        let shown = until_cosigned(&people.ada).await;
        assert_eq!(shown["key"], log_key().to_string());
        assert_eq!(shown["witnesses"]["missing"], json!([]));
        let checkpoint = SignedCheckpoint::parse(shown["checkpoint"].as_str().unwrap().as_bytes()).unwrap();
        let cosigned = watched.policy().check(&checkpoint).unwrap();
        assert_eq!(cosigned[0].witness, "w1");
        assert!(people.ada.get("/metrics").await.text().contains("\nwrit_log_quorum_met 1\n"));

        // Commands accept it, and say what they remember.
        let policy = watched.policy_path();
        let verified =
            writ.command(&people.ada, "ada").args(["log", "verify", "--trust"]).arg(&policy).output().unwrap();
        assert!(verified.status.success(), "{}", text(&verified));
        let launched = launch(&writ, &people.ada, "ada").output().unwrap();
        assert!(launched.status.success(), "{}", text(&launched));
        let trust = writ.command(&people.ada, "ada").args(["audit", "trust"]).output().unwrap();
        assert!(text(&trust).contains(&log_key().to_string()) && text(&trust).contains(" entries, root "));

        // A policy of other people is not met by it.
        let strangers = writ.path().join("strangers.policy");
        let key = ledger::Cosigner::from_seed("stranger", &[5; 32]).unwrap().verifier_key().to_string();
        std::fs::write(&strangers, format!("log {}\nwitness s {key}\nquorum s\n", log_key())).unwrap();
        let refused =
            writ.command(&people.ada, "ada").args(["log", "verify", "--trust"]).arg(&strangers).output().unwrap();
        assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
        assert!(text(&refused).contains("quorum is not met"), "{}", text(&refused));
    });
}

#[test]
fn the_witness_says_who_it_is() {
    run(async {
        let watched = Watched::new("", "w1").await;
        let state = watched.folder.path().join("witness");
        let key = Command::new(crate::support::process::WRIT).args(["witness", "key", "--state"]).arg(&state).output();
        let key = String::from_utf8(key.unwrap().stdout).unwrap();
        assert_eq!(watched.witness.line.split(' ').nth(2), Some(key.trim_end()));
        let other = Command::new(crate::support::process::WRIT)
            .args(["witness", "--listen", "127.0.0.1:0", "--log", &log_key().to_string(), "--state"])
            .arg(&state)
            .output()
            .unwrap();
        assert_eq!(other.status.code(), Some(1), "{}", text(&other));
        assert!(text(&other).contains("another witness uses"), "{}", text(&other));
    });
}

#[test]
fn a_policy_that_cannot_hold_is_refused_with_its_line() {
    run(async {
        let watched = Watched::new("", "w1").await;
        let writ = watched.serve("").await;
        assert!(writ.terminate().success());
        let policy = std::fs::read_to_string(watched.policy_path()).unwrap();
        let refused = |policy: &str, expected: &str| {
            std::fs::write(watched.policy_path(), policy).unwrap();
            let output = writ.serve().output().unwrap();
            assert!(!output.status.success() && text(&output).contains(expected), "{}", text(&output));
        };
        let own = format!("log {}", log_key());
        refused(&policy.replacen(&own, "", 1), &format!("it does not name this log: add the line `{own}`"));
        refused(&policy.replace("quorum w1", "quorum w2"), "line 4 of the trust policy: no line above defines `w2`");
        let plain = policy.replace("http://127.0.0.1", "http://w1.example.test");
        refused(&plain, "the address of witness `w1`");
    });
}
