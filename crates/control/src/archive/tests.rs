#![allow(clippy::unwrap_used)]
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicI64;
use std::time::SystemTime;

use domain::{Actor, Event, NodeId, Time, node};
use ledger::{
    Checkpoint, Entry, Signer, Tile, bundles, decode_bundle, leaf_hash, merkle_root, partial_bundle, partial_tiles,
    tiles,
};
use object_store::aws::AmazonS3Builder;
use store::{CheckpointRow, DatabaseUrl, NewEntry, Options};
use tempfile::TempDir;

use super::*;
use crate::keys::KeysFolder;
use crate::notary::open_key;
use crate::seam::Clock;

const MORNING: i64 = 1_795_351_234_567;

/// A log in memory with its notary.
struct Log {
    store: Store,
    notary: Arc<Notary>,
    size: u64,
}

/// A folder with an archive in it, and one with the log's keys.
struct Place {
    folder: TempDir,
    keys: KeysFolder,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeysFolder::open(&folder.path().join("keys")).unwrap();
        Self { folder, keys }
    }

    fn archive(&self) -> std::path::PathBuf {
        self.folder.path().join("archive")
    }

    fn open(&self, log: &Log) -> Archive {
        Archive::open(&ArchiveSettings::Folder(self.archive()), log.store.clone(), Arc::clone(&log.notary)).unwrap()
    }

    /// All files with their bytes and times, but for those of the database's keys.
    fn files(&self) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.archive()];
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(self.archive()).unwrap().to_str().unwrap().to_owned();
                    let changed = path.metadata().unwrap().modified().unwrap();
                    found.insert(name, (std::fs::read(path).unwrap(), changed));
                }
            }
        }
        found
    }
}

impl Log {
    async fn new(place: &Place) -> Self {
        let store = Store::open(&Options::new(DatabaseUrl::SqliteMemory)).await.unwrap();
        let signer = open_key(&store, &place.keys, "test/log").await.unwrap();
        let clock = Arc::new(Clock::Manual(AtomicI64::new(MORNING)));
        let notary = Arc::new(Notary::open(store.clone(), clock, &place.keys, signer, true).await.unwrap());
        Self { store, notary, size: 0 }
    }

    /// Appends entries that say `version`, and publishes a checkpoint.
    async fn grow(&mut self, to: u64, version: &str) {
        self.append(to, version).await;
        self.notary.sign().await.unwrap();
    }

    async fn append(&mut self, to: u64, version: &str) {
        let mut append = self.store.begin_append().await.unwrap();
        let entries: Vec<_> = (self.size..to).map(|position| entry(position, version)).collect();
        append.insert(&entries, &[]).await.unwrap();
        append.commit().await.unwrap();
        self.size = to;
    }
}

fn entry(position: u64, version: &str) -> NewEntry {
    let at = Time::from_unix_millis(MORNING);
    let node = NodeId::new(at, position.into());
    let event = Event::NodeStarted(node::Started { node, version: version.to_owned() });
    let entry = Entry { time: at, actor: Actor::System, node, request: None, chain: None, event };
    let bytes = ledger::encode(&entry).unwrap();
    NewEntry { position, leaf: leaf_hash(&bytes), bytes, entry }
}

/// An auditor with nothing but the folder and the log's key: the size of the log, once its signed root was derived from
/// the entries, and a second time from the hash tiles.
fn verified(archive: &Path, key: &ledger::VerifierKey) -> u64 {
    let checkpoint = SignedCheckpoint::open(&std::fs::read(archive.join("checkpoint")).unwrap(), key).unwrap();
    let size = checkpoint.size();
    let mut leaves = Vec::new();
    for id in bundles(size) {
        let bundle = std::fs::read(archive.join(id.to_string())).unwrap();
        leaves.extend(decode_bundle(&bundle, id.width()).unwrap().into_iter().map(leaf_hash));
    }
    assert_eq!((leaves.len() as u64, merkle_root(&leaves)), (size, checkpoint.root()));
    let mut levels: BTreeMap<u8, Vec<Digest>> = BTreeMap::new();
    for tile in tiles(size) {
        let hashes = tile.hashes(&std::fs::read(archive.join(tile.to_string())).unwrap()).unwrap();
        levels.entry(tile.level()).or_default().extend(hashes);
    }
    let mut expected = leaves;
    for (level, hashes) in levels {
        assert_eq!(hashes, expected, "level {level}");
        expected = hashes.chunks_exact(256).map(merkle_root).collect();
    }
    assert!(expected.is_empty(), "a level is missing");
    size
}

#[tokio::test]
async fn it_is_a_whole_log_of_every_published_size() {
    for sizes in [vec![1], vec![255, 256, 257], vec![256], vec![600], vec![1, 2, 255, 511, 512, 513, 600], vec![66_000]]
    {
        let place = Place::new();
        let mut log = Log::new(&place).await;
        let archive = place.open(&log);
        assert_eq!(archive.pass().await.unwrap(), Pass::Nothing);
        assert!(place.files().is_empty(), "an empty log has no files");
        for size in sizes {
            log.grow(size, "x").await;
            assert_eq!(archive.pass().await.unwrap(), Pass::Wrote { size });
            assert_eq!(verified(&place.archive(), log.notary.verifier_key()), size);
            assert_eq!(archive.health().size.load(Ordering::Relaxed), size);
        }
    }
}

#[tokio::test]
async fn a_second_pass_writes_nothing_and_a_restart_goes_on() {
    let place = Place::new();
    let mut log = Log::new(&place).await;
    log.grow(300, "x").await;
    place.open(&log).pass().await.unwrap();
    let before = place.files();
    assert_eq!(place.open(&log).pass().await.unwrap(), Pass::Nothing);
    assert_eq!(place.files(), before);
    log.grow(301, "x").await;
    assert_eq!(place.open(&log).pass().await.unwrap(), Pass::Wrote { size: 301 });
    let after = place.files();
    let changed: Vec<_> =
        after.iter().filter(|(name, file)| before.get(*name) != Some(file)).map(|(name, _)| name).collect();
    assert_eq!(changed, ["checkpoint", "tile/0/001.p/45", "tile/entries/001.p/45"]);
}

/// What is there after a crash, at whatever file, is what the next pass would write.
#[tokio::test]
async fn a_pass_that_was_cut_is_made_up() {
    let place = Place::new();
    let mut log = Log::new(&place).await;
    log.grow(600, "x").await;
    place.open(&log).pass().await.unwrap();
    let whole: Vec<_> = place.files().into_keys().collect();
    for (at, lost) in whole.iter().enumerate() {
        std::fs::remove_file(place.archive().join("checkpoint")).unwrap();
        if lost != "checkpoint" {
            std::fs::remove_file(place.archive().join(lost)).unwrap();
        }
        assert_eq!(place.open(&log).pass().await.unwrap(), Pass::Wrote { size: 600 }, "{at} {lost}");
        assert_eq!(verified(&place.archive(), log.notary.verifier_key()), 600);
    }
}

/// Readers of an earlier checkpoint find its partial files until the full ones are there.
#[tokio::test]
async fn partial_files_stay_until_theirs_is_full() {
    let place = Place::new();
    let mut log = Log::new(&place).await;
    let archive = place.open(&log);
    for size in [10, 20] {
        log.grow(size, "x").await;
        archive.pass().await.unwrap();
    }
    let names = |place: &Place| place.files().into_keys().collect::<Vec<_>>();
    let partial = ["tile/0/000.p/10", "tile/0/000.p/20", "tile/entries/000.p/10", "tile/entries/000.p/20"];
    assert_eq!(names(&place)[1..], partial);
    log.grow(256, "x").await;
    archive.pass().await.unwrap();
    assert_eq!(names(&place), ["checkpoint", "tile/0/000", "tile/1/000.p/1", "tile/entries/000"]);
    assert!(!place.archive().join("tile/0/000.p").exists());
}

#[tokio::test]
async fn late_cosignatures_are_taken_along() {
    let place = Place::new();
    let mut log = Log::new(&place).await;
    log.grow(3, "x").await;
    let archive = place.open(&log);
    archive.pass().await.unwrap();
    let mut published = log.notary.published().await.unwrap().unwrap();
    let witness = ledger::Cosigner::from_seed("witness", &[7; 32]).unwrap();
    published.push(witness.cosign(published.note().text(), 1_795_351_234).unwrap()).unwrap();
    log.notary.publish(&published).await.unwrap();
    assert_eq!(archive.pass().await.unwrap(), Pass::Wrote { size: 3 });
    assert_eq!(std::fs::read_to_string(place.archive().join("checkpoint")).unwrap(), published.to_string());
    assert_eq!(archive.pass().await.unwrap(), Pass::Nothing);
}

/// Asserts that a pass is refused with these words, and changes nothing.
async fn refused(place: &Place, log: &Log, words: &str) {
    let before = place.files();
    let error = place.open(log).pass().await.unwrap_err();
    assert!(error.to_string().contains(words), "{error}");
    assert_eq!(place.files(), before);
}

#[tokio::test]
async fn a_rewritten_log_is_not_written_over_the_archived_one() {
    let place = Place::new();
    let mut log = Log::new(&place).await;
    log.grow(5, "x").await;
    place.open(&log).pass().await.unwrap();
    let head = place.folder.path().join("keys/log.head");
    let mut rewritten = [Log::new(&place).await, Log::new(&place).await, Log::new(&place).await];
    let sizes_and_words = [(4, "the log was cut, or restored from before"), (5, "have the root"), (9, "have the root")];
    for (rewritten, (size, words)) in rewritten.iter_mut().zip(sizes_and_words) {
        // The owner of the key forgets what was signed, too.
        std::fs::remove_file(&head).unwrap();
        rewritten.grow(size, "y").await;
        refused(&place, rewritten, words).await;
    }
}

#[tokio::test]
async fn a_foreign_archive_is_not_touched() {
    let place = Place::new();
    let mut log = Log::new(&place).await;
    log.grow(5, "x").await;
    std::fs::create_dir(place.archive()).unwrap();
    let foreign = Signer::from_seed("other/log", &[9; 32]).unwrap();
    let foreign = Checkpoint::new("other/log", 1, Digest::of(b"x")).sign(&foreign).unwrap();
    let impostor = Signer::from_seed("test/log", &[9; 32]).unwrap();
    let impostor = Checkpoint::new("test/log", 1, Digest::of(b"x")).sign(&impostor).unwrap();
    let long = "x".repeat(ledger::limits::NOTE_BYTES_MAX + 1);
    for (checkpoint, words) in [
        (foreign.to_string(), "of the log `other/log`, not of `test/log`"),
        (impostor.to_string(), "not one of this log"),
        ("somebody's notes".to_owned(), "not one of this log"),
        (long, "and is none"),
    ] {
        std::fs::write(place.archive().join("checkpoint"), checkpoint).unwrap();
        refused(&place, &log, words).await;
    }
}

#[tokio::test]
async fn a_file_that_was_changed_is_not_replaced() {
    let place = Place::new();
    let mut log = Log::new(&place).await;
    log.grow(600, "x").await;
    place.open(&log).pass().await.unwrap();
    for name in ["tile/0/001", "tile/entries/000", "tile/1/000.p/2", "tile/entries/002.p/88"] {
        std::fs::remove_file(place.archive().join("checkpoint")).unwrap();
        let right = std::fs::read(place.archive().join(name)).unwrap();
        for wrong in [[&right[..], b"!"].concat(), [b"!", &right[1..]].concat()] {
            std::fs::write(place.archive().join(name), wrong).unwrap();
            let before = place.files();
            let error = place.open(&log).pass().await.unwrap_err().to_string();
            assert!(error.contains(&format!("its `{name}` has other bytes than the log's")), "{error}");
            assert_eq!(place.files(), before, "and no checkpoint is written");
        }
        std::fs::write(place.archive().join(name), right).unwrap();
        place.open(&log).pass().await.unwrap();
    }
}

/// A database that no longer leads to the signed root puts nothing into the archive.
#[tokio::test]
async fn a_log_that_is_not_what_was_signed_is_not_archived() {
    let place = Place::new();
    let mut log = Log::new(&place).await;
    log.grow(5, "x").await;
    place.open(&log).pass().await.unwrap();
    log.append(8, "y").await;
    let signer = open_key(&log.store, &place.keys, "test/log").await.unwrap();
    for (size, words) in [(8, "signed was"), (9, "it ends at entry 8, and 9 were signed")] {
        let note = Checkpoint::new("test/log", size, Digest::of(b"another")).sign(&signer).unwrap().to_string();
        log.store.put_checkpoint(&CheckpointRow { size, at: Time::from_unix_millis(MORNING), note }).await.unwrap();
        refused(&place, &log, words).await;
    }
}

#[tokio::test]
async fn a_failure_is_news_once_and_counted_each_time() {
    let health = ArchiveHealth::default();
    assert!(!health.note(None));
    assert!(health.note(Some("away".to_owned())));
    assert!(!health.note(Some("away".to_owned())));
    assert_eq!((health.failure().as_deref(), health.failures.load(Ordering::Relaxed)), (Some("away"), 2));
    assert!(health.note(None), "that it is over is news too");
}

/// A stop archives what was published up to then.
#[tokio::test]
async fn a_stop_fills_it_to_the_end() {
    let place = Place::new();
    let mut log = Log::new(&place).await;
    let archive = Arc::new(place.open(&log));
    log.grow(7, "x").await;
    let stop = CancellationToken::new();
    stop.cancel();
    run(archive, stop).await;
    assert_eq!(verified(&place.archive(), log.notary.verifier_key()), 7);
}

#[test]
fn places_have_one_spelling() {
    let s3 = |bucket: &str, prefix: Option<&str>| ArchiveSettings::S3 {
        bucket: bucket.to_owned(),
        prefix: prefix.map(str::to_owned),
    };
    for (text, expected) in [
        ("s3://audit", s3("audit", None)),
        ("s3://audit/", s3("audit", None)),
        ("s3://audit.log-1/a/b_c/", s3("audit.log-1", Some("a/b_c"))),
        ("/var/archive", ArchiveSettings::Folder("/var/archive".into())),
    ] {
        assert_eq!(text.parse::<ArchiveSettings>().unwrap(), expected);
    }
    for text in [
        "",
        "s3://",
        "s3:///x",
        "s3://a//b",
        "s3://a/../b",
        "s3://user:secret@a",
        "gs://a",
        "https://a/b",
        "s3://a/b?c",
    ] {
        assert!(text.parse::<ArchiveSettings>().is_err(), "{text}");
    }
}

#[test]
fn plain_http_is_for_loopback_only() {
    let at = |endpoint: &str| {
        let variables =
            AmazonS3Builder::new().with_region("eu-central-1").with_endpoint(endpoint).with_allow_http(true);
        target::s3(variables, "audit", None).map(drop)
    };
    for endpoint in ["https://s3.example.com", "http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"] {
        assert_eq!(at(endpoint), Ok(()), "{endpoint}");
    }
    for endpoint in ["http://s3.example.com", "http://10.0.0.1:9000", "s3.example.com", "ftp://127.0.0.1"] {
        assert!(at(endpoint).unwrap_err().contains("AWS_ENDPOINT"), "{endpoint}");
    }
}

/// The paths of the specification, which an object store must keep as they are.
#[test]
fn paths_are_kept_as_they_are() {
    let far = Tile::new(1, 1_234_067, 5).unwrap().to_string();
    assert_eq!(far, "tile/1/x001/x234/067.p/5");
    let names = partial_tiles(70_000).map(|tile| tile.to_string());
    for name in names.chain(partial_bundle(70_000).map(|id| id.to_string())).chain([far]) {
        assert_eq!(object_store::path::Path::from(name.as_str()).as_ref(), name);
    }
}
