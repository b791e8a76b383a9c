//! What a running writ states and proves, checked by programs that share no code with it: Go's `sumdb` packages from
//! Debian, `pymerkle` and `cryptography` from PyPI. They must also refuse copies with one bit changed.

use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{shown, size, until_cosigned, work};
use crate::support::witness::{Watched, log_key};
use crate::support::{Caller, in_time, run};

/// The program that asks them, made ready by `./test`; none, with a line that says so, elsewhere.
fn verifiers() -> Option<String> {
    let program = std::env::var("WRIT_TEST_VERIFIERS").ok();
    if program.is_none() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI must set WRIT_TEST_VERIFIERS");
        println!("WRIT_TEST_VERIFIERS is not set: no other program checks what writ proves");
    }
    program
}

/// All entries up to a size, from the bundles that auditors read.
async fn entries(auditor: &Caller, size: u64) -> Vec<String> {
    let mut entries = Vec::new();
    for bundle in ledger::bundles(size) {
        let answer = auditor.get(&format!("/tlog/{bundle}")).await;
        let bytes = ledger::decode_bundle(&answer.body, bundle.width()).unwrap();
        entries.extend(bytes.iter().map(|entry| STANDARD.encode(entry)));
    }
    entries
}

/// The proof of an entry, as the verifiers' file spells it; and its offline proof.
async fn inclusion(auditor: &Caller, index: u64) -> (Value, String, String) {
    let answer = auditor.get(&format!("/v1/log/entries/{index}/proof")).await.json();
    let text = answer["proof"].as_str().unwrap().to_owned();
    let proof = ledger::TlogProof::parse(text.as_bytes()).unwrap();
    let leaf = ledger::leaf_hash(answer["entry"].as_str().unwrap().as_bytes());
    let hashes: Vec<_> = proof.hashes.iter().map(|hash| STANDARD.encode(hash.as_bytes())).collect();
    let (size, leaf) = (proof.checkpoint.size(), STANDARD.encode(leaf.as_bytes()));
    let item = json!({"size": size, "index": index, "leaf_hash": leaf, "proof": hashes});
    (item, proof.checkpoint.to_string(), text)
}

#[test]
fn others_verify_what_a_running_log_proves() {
    let Some(program) = verifiers() else { return };
    run(async {
        let watched = Watched::new("", "w1").await;
        let writ = watched.serve("publish_without_quorum = false").await;
        let people = writ.people().await;
        let (mut checkpoints, mut consistency, mut inclusions) = (Map::new(), Vec::new(), Vec::new());
        let mut file = json!({"origin": log_key().name(), "log_vkey": log_key().to_string()});
        file["witness_vkey"] = watched.policy().witnesses()[0].key.to_string().into();
        let mut earlier: Option<u64> = None;
        for round in 0..3 {
            for _ in 0..=round * 4 {
                work(&people.grace).await;
            }
            let now = until_cosigned(&people.ada).await;
            if let Some(from) = earlier {
                let answer = people.ada.get(&format!("/v1/log/checkpoint?since={from}")).await.json();
                consistency.push(json!({"from": from, "to": size(&answer), "proof": answer["consistency"]}));
                checkpoints.insert(size(&answer).to_string(), answer["checkpoint"].clone());
            }
            checkpoints.insert(size(&now).to_string(), now["checkpoint"].clone());
            for index in [0, size(&now) / 2, size(&now) - 1] {
                let (item, checkpoint, text) = inclusion(&people.ada, index).await;
                checkpoints.insert(item["size"].to_string(), checkpoint.into());
                file[format!("tlog_proof_{}_{index}", item["size"])] = text.into();
                inclusions.push(item);
            }
            earlier = Some(size(&now));
        }
        let all = size(&shown(&people.ada).await);
        let mut tiles = Map::new();
        for tile in ledger::tiles(all) {
            let answer = people.ada.get(&format!("/tlog/{tile}")).await;
            tiles.insert(tile.to_string(), STANDARD.encode(&answer.body).into());
        }
        file["checkpoints"] = checkpoints.into();
        file["consistency"] = consistency.into();
        file["inclusion"] = inclusions.into();
        file["entries"] = entries(&people.ada, all).await.into();
        file["tiles"] = tiles.into();
        let path = watched.folder.path().join("log.json");
        std::fs::write(&path, file.to_string()).unwrap();
        let check = tokio::task::spawn_blocking(move || Command::new(program).arg(path).output().unwrap());
        let bound = std::time::Duration::from_secs(300);
        let output = in_time(bound, "the verifiers", check).await.unwrap();
        assert!(output.status.success(), "{}", super::text(&output));
        assert!(String::from_utf8_lossy(&output.stdout).contains("refused by both"), "{}", super::text(&output));
    });
}
