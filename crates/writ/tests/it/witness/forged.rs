//! Histories that were rewritten, cut off, or are one of two.

use serde_json::json;

use super::{launch, size, text, until_cosigned, until_shown, work};
use crate::support::witness::Watched;
use crate::support::{Caller, Writ, forge, run, until};

const REASON: &str = "the words as they were written";

/// A server whose log is cosigned and was seen by the machine `grace`, and then stopped.
async fn seen(watched: &Watched) -> (Writ, Caller, u64) {
    let writ = watched.serve("").await;
    let people = writ.people().await;
    let session = people.grace.open(json!({})).await;
    let revoked = people.ada.post(&format!("/v1/sessions/{}/revoke", session.id), json!({"reason": REASON})).await;
    assert_eq!(revoked.status, 200, "{}", revoked.text());
    work(&people.ada).await;
    until_cosigned(&people.ada).await;
    let launched = launch(&writ, &people.ada, "machine").output().unwrap();
    assert!(launched.status.success(), "{}", text(&launched));
    // Its last look remembered everything up to the session's end, or the next one will.
    let size = size(&until_cosigned(&people.ada).await);
    let verified = writ.command(&people.ada, "machine").args(["log", "verify"]).output().unwrap();
    assert!(verified.status.success(), "{}", text(&verified));
    assert!(writ.terminate().success());
    (writ, people.ada, size)
}

/// The machine that saw the log before refuses to work, shows why, and keeps it; no session was opened.
async fn assert_machine_refuses(writ: &Writ, ada: &Caller, what: &str) {
    let sessions = async || ada.get("/v1/sessions?limit=1000").await.json()["sessions"].as_array().unwrap().len();
    let before = sessions().await;
    let launched = launch(writ, ada, "machine").output().unwrap();
    let said = text(&launched);
    assert_eq!(launched.status.code(), Some(125), "{said}");
    assert!(said.contains(what), "expected `{what}`: {said}");
    assert_eq!(said.matches("writ.example.test/log\n").count(), 2, "both checkpoints: {said}");
    assert_eq!(sessions().await, before, "refused before a session was opened");
    let evidence = std::fs::read_dir(writ.path().join("machine/evidence")).unwrap();
    let evidence: Vec<_> = evidence.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    assert_eq!(evidence.len(), 1);
    assert_eq!(evidence[0].matches("— writ.example.test/log ").count(), 2, "{}", evidence[0]);
    let verified = writ.command(ada, "machine").args(["log", "verify"]).output().unwrap();
    assert_eq!(verified.status.code(), Some(1), "{}", text(&verified));
    // Somebody new sees nothing wrong: that is what the memory and the witness are for.
    let newcomer = writ.command(ada, "newcomer").args(["log", "verify"]).output().unwrap();
    assert!(newcomer.status.success(), "{}", text(&newcomer));
    assert!(text(&newcomer).contains("HOLDS ANOTHER HISTORY"), "{}", text(&newcomer));
}

/// The witness cosigns nothing of it, and the server says so.
async fn assert_witness_refuses(watched: &Watched, ada: &Caller, size: u64) {
    let shown = until_shown(ada, "the witness's alarm", |shown| !shown["witnesses"]["alarm"].is_null()).await;
    let alarm = &shown["witnesses"]["alarm"];
    assert_eq!(alarm["witness"], "w1", "{shown}");
    let seen = ledger::SignedCheckpoint::open(alarm["seen"].as_str().unwrap().as_bytes(), &super::log_key()).unwrap();
    assert!(seen.size() >= size, "what the witness cosigned is shown: {shown}");
    assert!(ledger::SignedCheckpoint::open(alarm["signed"].as_str().unwrap().as_bytes(), &super::log_key()).is_ok());
    assert_eq!(shown["witnesses"]["quorum_met"], false);
    let checkpoint = ledger::SignedCheckpoint::parse(shown["checkpoint"].as_str().unwrap().as_bytes()).unwrap();
    assert!(watched.policy().check(&checkpoint).is_err(), "nobody who asks for the witness accepts it");
    assert!(ada.get("/metrics").await.text().contains("\nwrit_log_witness_alarm 1\n"));
}

#[test]
fn a_rewritten_log_is_caught_by_the_witness_and_by_a_machine_that_saw_it() {
    run(async {
        let watched = Watched::new("", "w1").await;
        let (mut writ, ada, size) = seen(&watched).await;
        forge::rewrite(&writ, |_, entry| Some(entry.replace(REASON, "THE words as they were written"))).await;
        watched.forget_head();
        writ.restart().await;
        // The log itself is whole again: every entry matches its hash.
        assert_eq!(ada.get("/v1/log/verify").await.json()["verified"], true);
        assert_witness_refuses(&watched, &ada, size).await;
        let evidence = until("the witness's evidence", || async {
            Some(watched.witness.evidence()).filter(|evidence| !evidence.is_empty())
        })
        .await;
        assert_eq!(evidence[0].matches("— writ.example.test/log ").count(), 2, "{}", evidence[0]);
        assert!(watched.witness.log().contains("ERROR"), "and it is loud: {}", watched.witness.log());
        assert_machine_refuses(&writ, &ada, "a history that is not the one it showed before").await;
        assert!(writ.log().contains("A WITNESS HOLDS ANOTHER HISTORY OF THIS LOG"), "{}", writ.log());
    });
}

#[test]
fn a_log_that_was_cut_off_is_caught_by_both() {
    run(async {
        let watched = Watched::new("", "w1").await;
        let (mut writ, ada, size) = seen(&watched).await;
        // The last entries are gone; a start writes one of its own.
        forge::rewrite(&writ, |position, entry| (position + 4 < size).then_some(entry)).await;
        watched.forget_head();
        writ.restart().await;
        assert_witness_refuses(&watched, &ada, size).await;
        assert_machine_refuses(&writ, &ada, "rolled back").await;
    });
}

#[test]
fn without_forging_the_head_too_a_rewritten_log_is_not_served_at_all() {
    run(async {
        let watched = Watched::new("", "w1").await;
        let (writ, _, _) = seen(&watched).await;
        forge::rewrite(&writ, |_, entry| Some(entry.replace(REASON, "THE words as they were written"))).await;
        let started = writ.serve().output().unwrap();
        assert!(!started.status.success());
        assert!(text(&started).contains("does not continue what was signed before"), "{}", text(&started));
    });
}

#[test]
fn of_two_servers_with_one_key_a_machine_that_saw_one_refuses_the_other() {
    run(async {
        let watched = Watched::new("", "w1").await;
        let (mut one, ada, _) = seen(&watched).await;
        // A copy of the database and the key goes its own way, beside the one it was copied from, while the witness sleeps.
        watched.witness.kill();
        let mut two = watched.serve_double().await;
        assert!(two.terminate().success());
        for name in ["writ.db", "writ.db-wal", "writ.db-shm"] {
            let (from, to) = (one.path().join("data").join(name), two.path().join("data").join(name));
            let _ = std::fs::remove_file(&to);
            let _ = std::fs::copy(from, to);
        }
        watched.forget_head_of_double();
        one.restart().await;
        two.restart().await;
        let (at_one, at_two) = (ada.at(&one.url), ada.at(&two.url));
        work(&at_one).await;
        let entries = at_one.get("/v1/log/verify").await.json()["entries"].as_u64().unwrap();
        until_shown(&at_one, "a checkpoint of the one", |shown| size(shown) >= entries).await;
        // A machine that works with the one notices nothing.
        let verified = one.command(&at_one, "machine").args(["log", "verify"]).output().unwrap();
        assert!(verified.status.success(), "{}", text(&verified));
        work(&at_two).await;
        work(&at_two).await;
        until_shown(&at_two, "a checkpoint of the other", |shown| size(shown) > entries).await;
        // It is asked to work with the other: a longer log under another address, in order in itself.
        std::fs::rename(one.path().join("machine"), two.path().join("machine")).unwrap();
        let launched = launch(&two, &at_two, "machine").output().unwrap();
        let said = text(&launched);
        assert_eq!(launched.status.code(), Some(125), "{said}");
        assert!(said.contains("a history that is not the one it showed before"), "{said}");

        // When the witness is back it cosigns for one of them only.
        watched.witness.restart();
        let is_met = async |at: &Caller| super::shown(at).await["witnesses"]["quorum_met"] == true;
        let is_alarmed = async |at: &Caller| !super::shown(at).await["witnesses"]["alarm"].is_null();
        let told = until("the witness to tell them apart", || async {
            let met = (is_met(&at_one).await, is_met(&at_two).await);
            let alarmed = (is_alarmed(&at_one).await, is_alarmed(&at_two).await);
            [((true, false), (false, true)), ((false, true), (true, false))].contains(&(met, alarmed)).then_some(met)
        })
        .await;
        assert_ne!(told.0, told.1);
    });
}
