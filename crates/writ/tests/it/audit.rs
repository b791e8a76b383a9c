//! An auditor's work from end to end: bundles exported from a real server and verified when it is gone, and a check of
//! the whole log over the network and in the database.

use std::path::PathBuf;
use std::process::Output;

use ledger::VerifierKey;
use ledger::dossier::{Completeness, Head, Reason, Subject, Trust, Verdict, Verifier, Writer};
use serde_json::{Value, json};

use crate::routes::developer;
use crate::support::{Caller, Opened, People, Writ, run, until};

/// A session of grace's with two calls that is over, and closed in the log.
async fn closed_session(people: &People) -> Opened {
    let session = people.grace.open(json!({"project": "checkout"})).await;
    for _ in 0..2 {
        assert_eq!(session.caller.message("hello", true).await.status, 200);
    }
    people.ada.settled(&session.id, 2).await;
    let ended = session.caller.post(&format!("/v1/sessions/{}/end", session.id), json!({"exit_code": 0})).await;
    assert_eq!(ended.status, 200, "{}", ended.text());
    until("the closing entry", || async {
        (!people.ada.entries(&session.id, "session.closed").await.is_empty()).then_some(())
    })
    .await;
    session
}

async fn key(caller: &Caller) -> VerifierKey {
    let key = until("a checkpoint", || async {
        caller.get("/v1/log/checkpoint").await.json()["key"].as_str().map(str::to_owned)
    });
    key.await.parse().unwrap()
}

/// A `writ audit` command of somebody who is signed in.
fn audit(writ: &Writ, caller: &Caller, home: &str, arguments: &[&str]) -> Output {
    let output = writ.command(caller, home).arg("audit").args(arguments).current_dir(writ.path()).output().unwrap();
    crate::support::leaks::complaint(&output.stderr);
    output
}

/// The exit code, standard output and standard error.
fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn verified(file: &[u8], key: &VerifierKey) -> Result<Verdict, ledger::dossier::Flaw> {
    let mut verifier = Verifier::new(Trust::Key(key.clone()));
    verifier.push(file)?;
    verifier.finish()
}

#[test]
fn a_session_is_exported_and_verified_without_the_server() {
    run(async {
        let writ = Writ::start().await;
        let people = writ.people().await;
        let session = closed_session(&people).await;
        let open = people.grace.open(json!({})).await;
        let key = key(&people.grace).await.to_string();
        // By the developer whose session it is.
        for (id, file) in [(&session.id, "closed.writ-audit"), (&open.id, "open.writ-audit")] {
            let output = audit(&writ, &people.grace, "grace", &["export", "--session", id, "-o", file]);
            assert!(output.status.success(), "{output:?}");
        }
        let output = audit(&writ, &people.ada, "ada", &["export", "--since", "1h", "-o", "hour.writ-audit"]);
        assert!(output.status.success(), "{output:?}");
        let foreign = audit(&writ, &people.grace, "grace", &["export", "--since", "1h", "-o", "no.writ-audit"]);
        assert_eq!((foreign.status.code(), writ.path().join("no.writ-audit").exists()), (Some(3), false));
        assert!(writ.terminate().success());

        let nobody = Caller { url: writ.url.clone(), token: None };
        let verify = |arguments: &[&str]| said(&audit(&writ, &nobody, "auditor", &[&["verify"], arguments].concat()));
        let (code, text, _) = verify(&["closed.writ-audit", "--key", &key]);
        assert_eq!(code, 0, "{text}");
        assert!(text.starts_with(&format!("session {}: complete and unaltered\n", session.id)), "{text}");
        let (code, text, error) = verify(&["open.writ-audit", "--key", &key]);
        assert_eq!(code, 1);
        assert!(
            text.contains("unaltered, and open: not closed yet") && error.contains("--allow-open"),
            "{text}{error}"
        );
        assert_eq!(verify(&["open.writ-audit", "--key", &key, "--allow-open"]).0, 0);
        let (code, text, error) = verify(&["hour.writ-audit", "--json"]);
        let found: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((code, &found["completeness"], &found["trust"]), (0, &json!("complete"), &json!("enclosed")));
        assert!(error.contains("warning: no key and no trust policy was given"), "{error}");
        std::fs::write(writ.path().join("trust.policy"), format!("log {key}\nquorum none\n")).unwrap();
        assert_eq!(verify(&["hour.writ-audit", "--trust", "trust.policy"]).0, 0);
        // Another log's key, and another log's policy in the auditor's own home.
        let stranger = "writ.example.com/log+b4f59ab9+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU";
        assert_ne!(verify(&["hour.writ-audit", "--key", stranger]).0, 0);
        alter_and_omit(&writ, &verify, &key);
    });
}

/// One byte changed, and one entry left out of a session.
fn alter_and_omit(writ: &Writ, verify: &impl Fn(&[&str]) -> (i32, String, String), key: &str) {
    let whole = std::fs::read(writ.path().join("closed.writ-audit")).unwrap();
    let at = whole.windows(4).rposition(|window| window == b"call").unwrap();
    let mut altered = whole.clone();
    altered[at] ^= 1;
    std::fs::write(writ.path().join("altered.writ-audit"), altered).unwrap();
    let (code, text, error) = verify(&["altered.writ-audit", "--key", key]);
    assert_eq!((code, text.as_str()), (1, ""));
    assert!(error.contains("the entry does not have the leaf hash behind it"), "{error}");
    std::fs::write(writ.path().join("cut.writ-audit"), &whole[..whole.len() - 1]).unwrap();
    let (code, text, _) = verify(&["cut.writ-audit", "--key", key, "--json"]);
    let found: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &found["verified"]), (1, &json!(false)));
    assert_eq!(found["detail"], "the file ends too early: an entry is cut off or missing");

    let key: VerifierKey = key.parse().unwrap();
    let records = records(&whole, &verified(&whole, &key).unwrap());
    for left_out in 0..records.len() {
        let file = without(&whole, &key, &records, left_out);
        match verified(&file, &key) {
            // Its last entry is the closing one.
            Ok(verdict) => {
                assert_eq!((left_out, verdict.completeness), (records.len() - 1, Completeness::Open));
            }
            Err(flaw) => {
                let (expected, found) = (left_out as u64, left_out as u64 + 1);
                assert_eq!(flaw.reason, Reason::Gap { expected, found }, "{flaw}");
            }
        }
    }
    std::fs::write(writ.path().join("omitted.writ-audit"), without(&whole, &key, &records, 1)).unwrap();
    let (code, _, error) = verify(&["omitted.writ-audit"]);
    assert_eq!(code, 1);
    assert!(error.contains("entry 1 of the session was left out before it"), "{error}");
}

/// The entries of a session's bundle: position, bytes and proof, read by hand.
fn records(file: &[u8], verdict: &Verdict) -> Vec<(u64, Vec<u8>, Vec<domain::Digest>)> {
    let mut records = Vec::new();
    let lines = file.windows(2).position(|pair| pair == b"\n\n").unwrap() + 2;
    let mut rest = &file[lines + verdict.checkpoint.to_string().len() + 32..];
    while !rest.is_empty() {
        let position = u64::from_be_bytes(rest[..8].try_into().unwrap());
        let length = usize::from(u16::from_be_bytes(rest[8..10].try_into().unwrap()));
        let hashes = ledger::ProofPlan::inclusion(position, verdict.checkpoint.size()).unwrap();
        let (bytes, after) = (&rest[10..10 + length], &rest[10 + length + 32..]);
        let (proof, after) = after.split_at(hashes.len() * 32);
        let proof = proof.chunks(32).map(|hash| domain::Digest::from_bytes(hash.try_into().unwrap())).collect();
        records.push((position, bytes.to_vec(), proof));
        rest = after;
    }
    records
}

/// The bundle that a dishonest exporter makes: form and hashes are right, and one entry is not there.
fn without(whole: &[u8], key: &VerifierKey, records: &[(u64, Vec<u8>, Vec<domain::Digest>)], at: usize) -> Vec<u8> {
    let verdict = verified(whole, key).unwrap();
    let Subject::Session { session, entries } = verdict.subject else { panic!("not a session") };
    let subject = Subject::Session { session, entries: entries - 1 };
    let head = Head { subject, log: key.clone(), policy: None, checkpoint: verdict.checkpoint };
    let mut file = Vec::new();
    let mut writer = Writer::session(&head, &mut file).unwrap();
    for (_, (position, bytes, proof)) in records.iter().enumerate().filter(|(number, _)| *number != at) {
        writer.proved(*position, bytes, proof, &mut file).unwrap();
    }
    writer.finish().unwrap();
    file
}

#[test]
fn the_api_exports_what_one_may_see() {
    run(async {
        let writ = Writ::start().await;
        let people = writ.people().await;
        let session = closed_session(&people).await;
        let key = key(&people.grace).await;
        let lin = developer(&writ, &people, "lin", &["auditor"]).await;
        let eve = developer(&writ, &people, "eve", &["member"]).await;
        let of_session = format!("/v1/audit/bundle?session={}", session.id);
        for caller in [&people.grace, &people.ada, &lin] {
            let answer = caller.get(&of_session).await;
            let verdict = verified(&answer.body, &key).unwrap();
            assert_eq!(verdict.completeness, Completeness::Complete);
            let name = format!("attachment; filename=\"{}.writ-audit\"", session.id);
            assert_eq!(answer.header("content-disposition"), name);
        }
        let all = lin.get("/v1/audit/bundle?from=0").await;
        let Subject::Range { from: 0, to } = verified(&all.body, &key).unwrap().subject else { panic!("not all") };
        let some = lin.get(&format!("/v1/audit/bundle?from=2&to={}", to - 1)).await;
        assert_eq!(verified(&some.body, &key).unwrap().subject, Subject::Range { from: 2, to: to - 1 });
        let later = lin.get("/v1/audit/bundle?since=1d&until=1m").await;
        assert_eq!(later.status, 404, "{}", later.text());
        for (caller, path, status) in [
            (&eve, of_session.as_str(), 403),
            (&eve, "/v1/audit/bundle?from=0", 403),
            (&session.caller, of_session.as_str(), 401),
            (&lin, "/v1/audit/bundle?session=ses_00000000000000000000000000", 404),
            (&lin, "/v1/audit/bundle?session=x", 400),
            (&lin, "/v1/audit/bundle", 400),
            (&lin, "/v1/audit/bundle?from=0&since=1d", 400),
            (&lin, "/v1/audit/bundle?since=never", 400),
            (&lin, "/v1/audit/bundle?from=99999", 404),
        ] {
            let answer = caller.get(path).await;
            assert_eq!(answer.status, status, "{path}: {}", answer.text());
        }
    });
}

#[test]
fn the_log_is_checked_over_the_network_and_in_the_database() {
    run(async {
        let writ = Writ::start().await;
        let people = writ.people().await;
        closed_session(&people).await;
        let key = key(&people.ada).await.to_string();
        let fsck =
            |caller: &Caller, arguments: &[&str]| said(&audit(&writ, caller, "home", &[&["fsck"], arguments].concat()));
        let (code, text, error) = fsck(&people.ada, &["--key", &key]);
        assert_eq!(code, 0, "{error}");
        assert!(text.contains("lead to the signed root"), "{text}");
        let (code, text, _) = fsck(&people.ada, &["--json"]);
        assert_eq!((code, serde_json::from_str::<Value>(&text).unwrap()["verified"] == json!(true)), (0, true));
        assert_eq!(fsck(&people.grace, &[]).0, 3, "entries are for auditors");
        // On the server's machine, while it runs.
        let (code, text, error) = fsck(&people.ada, &["--config", "writ.toml"]);
        assert_eq!(code, 0, "{error}");
        assert!(text.contains("calls: 2 rows, as the log makes them\n"), "{text}");
        assert!(writ.terminate().success());
        let (code, text, _) = fsck(&people.ada, &["--config", "writ.toml", "--json"]);
        let found: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((code, &found["verified"], &found["signatures"]), (0, &json!(true), &json!(true)));
        let database = format!("sqlite:{}", database(&writ).display());
        let (code, _, error) = fsck(&people.ada, &["--database", &database]);
        assert!(code == 0 && error.contains("no signature was checked"), "{error}");
        tamper(&writ, "\"type\":\"node.started\"", "\"type\":\"node.startee\"");
        let (code, text, error) = fsck(&people.ada, &["--config", "writ.toml", "--json"]);
        let found: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((code, &found["verified"]), (1, &json!(false)));
        assert!(error.contains("entry 0: its bytes do not have the leaf hash beside them"), "{error}");
    });
}

fn database(writ: &Writ) -> PathBuf {
    writ.path().join("data/writ.db")
}

/// Puts other bytes in the place of some, wherever they are in the database's file.
fn tamper(writ: &Writ, from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let mut bytes = std::fs::read(database(writ)).unwrap();
    let found: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(from.as_bytes())).collect();
    assert!(!found.is_empty(), "{from} is not in the database");
    for at in found {
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    std::fs::write(database(writ), bytes).unwrap();
}

/// A server that shows other entries than were signed is found out by whoever derives the root anew.
#[test]
fn what_the_server_shows_is_not_believed() {
    run(async {
        let mut writ = Writ::start().await;
        let people = writ.people().await;
        let key = key(&people.ada).await.to_string();
        assert!(writ.terminate().success());
        // Sound in itself, and the column with the leaf hash stays: the server has no reason to stop.
        tamper(&writ, "\"name\":\"payments\"", "\"name\":\"paymentz\"");
        writ.restart().await;
        let ada = people.ada.at(&writ.url);
        let (code, text, error) = said(&audit(&writ, &ada, "ada", &["fsck", "--key", &key]));
        assert_eq!((code, text.as_str()), (1, ""), "{error}");
        assert!(error.contains("the log is not what was signed"), "{error}");
    });
}
