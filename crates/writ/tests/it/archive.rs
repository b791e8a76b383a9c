//! The archive of a real server, read when the server is gone, with nothing but the folder and the log's key.

use std::path::Path;

use ledger::{Frontier, ProofPlan, SignedCheckpoint, TileSet, VerifierKey, Walk, bundles, decode_bundle, tiles};
use serde_json::json;

use crate::support::{Caller, People, Writ, WritOptions, run, until};

/// The size of the archived log, once the root that the log's key signed was derived from its entries and from its tiles.
fn verified(archive: &Path, key: &VerifierKey) -> u64 {
    let read = |name: &str| std::fs::read(archive.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let checkpoint = SignedCheckpoint::open(&read("checkpoint"), key).unwrap();
    let (size, root) = (checkpoint.size(), checkpoint.root());
    let (mut walk, mut leaves) = (Walk::new(), Frontier::new());
    for id in bundles(size) {
        for entry in decode_bundle(&read(&id.to_string()), id.width()).unwrap() {
            leaves.push(walk.step(entry).unwrap().leaf);
        }
    }
    assert_eq!((walk.size(), walk.root(), leaves.root()), (size, root, root));
    let mut hashes = TileSet::new();
    for tile in tiles(size) {
        hashes.insert(tile, &read(&tile.to_string())).unwrap();
    }
    assert!(ProofPlan::root(size).unwrap().tiles().into_iter().all(|tile| hashes.get(tile).is_some()));
    assert_eq!(ledger::root_from_tiles(size, &hashes).unwrap(), root);
    size
}

async fn key(caller: &Caller) -> VerifierKey {
    let key = until("a checkpoint", || async {
        caller.get("/v1/log/checkpoint").await.json()["key"].as_str().map(str::to_owned)
    });
    key.await.parse().unwrap()
}

/// Some sessions, and how many entries the log has after them.
async fn work(people: &People, sessions: usize) -> u64 {
    for _ in 0..sessions {
        let session = people.grace.open(json!({"project": "checkout"})).await;
        let ended = session.caller.post(&format!("/v1/sessions/{}/end", session.id), json!({"exit_code": 0})).await;
        assert_eq!(ended.status, 200, "{}", ended.text());
    }
    people.ada.get("/v1/log/verify").await.json()["entries"].as_u64().unwrap()
}

#[test]
fn a_stopped_log_is_verified_from_its_archive_alone() {
    run(async {
        let options = WritOptions { more: "archive = \"archive\"".to_owned(), ..WritOptions::default() };
        let mut writ = Writ::start_with(options).await;
        let archive = writ.path().join("archive");
        let people = writ.people().await;
        let key = key(&people.ada).await;
        let entries = work(&people, 100).await;
        assert!(entries > 256, "{entries} entries fill no tile");
        assert!(writ.terminate().success());
        let size = verified(&archive, &key);
        assert!(size >= entries, "{size} of {entries} entries are archived");

        writ.restart().await;
        let people = people.ada.at(&writ.url);
        until("the metric of the archive", || async {
            people.get("/metrics").await.text().contains(&format!("\nwrit_archive_size {size}\n")).then_some(())
        })
        .await;
        assert!(people.get("/metrics").await.text().contains("\nwrit_archive_failures_total 0\n"));
        assert!(writ.terminate().success());
        assert!(verified(&archive, &key) > size, "the restart is an entry");
        assert!(!writ.log().contains("the archive did not grow"), "{}", writ.log());
    });
}

/// Another log over the same archive: it serves, says so, and leaves the archive as it is.
#[test]
fn another_log_does_not_touch_the_archive() {
    run(async {
        let folder = crate::support::leaks::folder();
        let more = format!("archive = {:?}", folder.path());
        let first = Writ::start_with(WritOptions { more: more.clone(), ..WritOptions::default() }).await;
        let key = key(&first.people().await.ada).await;
        assert!(first.terminate().success());
        let size = verified(folder.path(), &key);

        let second = Writ::start_with(WritOptions { more, ..WritOptions::default() }).await;
        let people = second.people().await;
        until("the failure", || async { second.log().contains("the archive holds another history").then_some(()) })
            .await;
        work(&people, 1).await;
        assert!(!people.ada.get("/metrics").await.text().contains("\nwrit_archive_failures_total 0\n"));
        assert!(second.terminate().success());
        assert_eq!(verified(folder.path(), &key), size);
    });
}
