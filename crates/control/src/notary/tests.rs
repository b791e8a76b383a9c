#![allow(clippy::unwrap_used)]
use std::sync::atomic::AtomicI64;

use domain::{Actor, Digest, Event, NodeId, node};
use ledger::{Entry, Frontier};
use store::{DatabaseUrl, NewEntry, Options, TileRow};
use tempfile::TempDir;

use super::*;

const MORNING: i64 = 1_795_351_234_567;

/// A log of its own, and how far it was written.
struct Log {
    store: Store,
    leaves: Vec<Digest>,
}

impl Log {
    async fn new() -> Self {
        let store = Store::open(&Options::new(DatabaseUrl::SqliteMemory)).await.unwrap();
        Self { store, leaves: Vec::new() }
    }

    /// Appends entries that say `version`.
    async fn append(&mut self, count: usize, version: &str) {
        let mut append = self.store.begin_append().await.unwrap();
        let first = self.leaves.len() as u64;
        let entries: Vec<_> = (first..first + count as u64).map(|position| entry(position, version)).collect();
        self.leaves.extend(entries.iter().map(|entry| entry.leaf));
        append.insert(&entries, &[]).await.unwrap();
        append.commit().await.unwrap();
    }

    fn root(&self) -> Digest {
        let mut frontier = Frontier::new();
        self.leaves.iter().for_each(|leaf| frontier.push(*leaf));
        frontier.root()
    }
}

fn entry(position: u64, version: &str) -> NewEntry {
    let at = Time::from_unix_millis(MORNING);
    let node = NodeId::new(at, position.into());
    let event = Event::NodeStarted(node::Started { node, version: version.to_owned() });
    let entry = Entry { time: at, actor: Actor::System, node, request: None, chain: None, event };
    let bytes = ledger::encode(&entry).unwrap();
    NewEntry { position, leaf: ledger::leaf_hash(&bytes), bytes, entry }
}

fn clock() -> Arc<Clock> {
    Arc::new(Clock::Manual(AtomicI64::new(MORNING)))
}

fn wait(clock: &Clock, span: domain::Span) {
    let Clock::Manual(millis) = clock else { return };
    millis.fetch_add(i64::try_from(span.as_millis()).unwrap(), Ordering::Relaxed);
}

fn keys() -> (TempDir, KeysFolder) {
    let folder = tempfile::tempdir().unwrap();
    let keys = KeysFolder::open(&folder.path().join("keys")).unwrap();
    (folder, keys)
}

async fn open(log: &Log, clock: &Arc<Clock>, keys: &KeysFolder) -> Result<Notary, NotaryError> {
    let signer = open_key(&log.store, keys, "test/log").await?;
    Notary::open(log.store.clone(), Arc::clone(clock), keys, signer, true).await
}

#[tokio::test]
async fn it_signs_what_is_there_when_the_log_has_grown() {
    let (mut log, clock, (_folder, keys)) = (Log::new().await, clock(), keys());
    let notary = open(&log, &clock, &keys).await.unwrap();
    assert!(notary.sign().await.unwrap().is_none(), "an empty log has nothing to say");
    for count in [1, 254, 1, 1, 300, 512] {
        log.append(count, "x").await;
        let signed = notary.sign().await.unwrap().unwrap();
        assert_eq!((signed.size(), signed.root()), (log.leaves.len() as u64, log.root()));
        assert_eq!(notary.published().await.unwrap().unwrap(), signed);
        assert!(notary.sign().await.unwrap().is_none(), "nothing new");
    }
    assert_eq!(log.store.tiles_of_level(0).await.unwrap(), 4);
}

#[tokio::test]
async fn an_idle_log_is_signed_now_and_then() {
    let (mut log, clock, (_folder, keys)) = (Log::new().await, clock(), keys());
    log.append(3, "x").await;
    let notary = open(&log, &clock, &keys).await.unwrap();
    let first = notary.sign().await.unwrap().unwrap();
    let published = log.store.checkpoints(1).await.unwrap();
    wait(&clock, HEARTBEAT_EVERY);
    assert_eq!(notary.sign().await.unwrap().unwrap(), first);
    assert!(log.store.checkpoints(1).await.unwrap()[0].at > published[0].at);
    assert!(notary.sign().await.unwrap().is_none());
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    let (mut log, clock, (_folder, keys)) = (Log::new().await, clock(), keys());
    log.append(700, "x").await;
    open(&log, &clock, &keys).await.unwrap().sign().await.unwrap().unwrap();
    log.append(100, "x").await;
    let notary = open(&log, &clock, &keys).await.unwrap();
    let signed = notary.sign().await.unwrap().unwrap();
    assert_eq!((signed.size(), signed.root()), (800, log.root()));
    assert_eq!(signed.origin(), "test/log");
}

/// What is shorter than, or different from, what was signed is not signed again, whatever the database says of itself.
#[tokio::test]
async fn a_log_that_was_cut_or_rewritten_is_not_signed() {
    let (mut log, clock, (_folder, keys)) = (Log::new().await, clock(), keys());
    log.append(5, "x").await;
    open(&log, &clock, &keys).await.unwrap().sign().await.unwrap().unwrap();

    let mut cut = Log::new().await;
    cut.append(4, "x").await;
    let error = open(&cut, &clock, &keys).await.err().unwrap().to_string();
    assert!(error.contains("it has 4 entries, and 5 were signed"), "{error}");

    let mut rewritten = Log::new().await;
    rewritten.append(4, "x").await;
    rewritten.append(9, "y").await;
    let error = open(&rewritten, &clock, &keys).await.err().unwrap().to_string();
    assert!(error.contains("its first 5 entries have the root"), "{error}");

    log.append(1, "x").await;
    assert!(open(&log, &clock, &keys).await.is_ok(), "the true one goes on");
}

/// A process with another key, or none, does not begin a second history.
#[tokio::test]
async fn a_log_has_one_key() {
    let (mut log, clock, (_folder, first)) = (Log::new().await, clock(), keys());
    log.append(1, "x").await;
    let key = open(&log, &clock, &first).await.unwrap().verifier_key().to_string();
    let (_other, second) = keys();
    let error = open(&log, &clock, &second).await.err().unwrap().to_string();
    assert!(error.contains(&key) && error.contains("copy `log.key` there"), "{error}");
    assert!(second.read("log.key").unwrap().is_none(), "none was made");
    open_key(&Log::new().await.store, &second, "test/log").await.unwrap();
    assert!(open(&log, &clock, &second).await.is_err(), "another log's key");
}

/// A crash between two levels leaves the upper one behind.
#[tokio::test]
async fn missing_upper_tiles_are_made_up() {
    let log = Log::new().await;
    let tile = |number: u64| {
        let hashes: Vec<_> = (0..256_u64).map(|n| Digest::of(&(number * 256 + n).to_be_bytes())).collect();
        let mut subtree = Frontier::new();
        hashes.iter().for_each(|hash| subtree.push(*hash));
        TileRow { level: 0, number, root: subtree.root(), hashes: ledger::tile_bytes(&hashes) }
    };
    log.store.put_tiles((0..258).map(tile).collect()).await.unwrap();
    let tree = Tree::restore(&log.store).await.unwrap();
    let mut frontier = Frontier::new();
    (0..258 * 256_u64).for_each(|n| frontier.push(Digest::of(&n.to_be_bytes())));
    assert_eq!((tree.size(), tree.root()), (258 * 256, frontier.root()));
    assert_eq!(log.store.tiles_of_level(1).await.unwrap(), 1);
}
