//! A check of a whole database: an honest one passes, and the first thing that is wrong with another is named.

use tempfile::TempDir;

use super::lawful::Scribe;
use super::support::{NOW, TestDatabase, Writer, append, open};
use crate::conn::composed;
use crate::fsck::reader::Reader;
use crate::value::Value;
use crate::{FsckOptions, FsckReport, Place, Store, StoreError, fsck};

/// Runs a test on a fresh database of each engine.
async fn on_each_engine(test: impl AsyncFn(&TestDatabase, &Store)) {
    let databases = [Some(TestDatabase::sqlite()), TestDatabase::postgres().await];
    for database in databases.into_iter().flatten() {
        let store = database.open().await;
        println!("engine: {:?}", store.engine());
        test(&database, &store).await;
        store.close().await;
    }
}

/// Checks it while the store is open, as beside a running server.
pub(super) async fn check(database: &TestDatabase, scribe: &Scribe) -> FsckReport {
    let scratch = TempDir::new().unwrap();
    let options = FsckOptions { url: database.url(), log: Some(scribe.key()), scratch: scratch.path().to_owned() };
    fsck(&options, |_| ()).await.unwrap()
}

async fn finding(database: &TestDatabase, scribe: &Scribe) -> String {
    check(database, scribe).await.finding.expect("something is wrong").to_string()
}

#[tokio::test]
async fn an_honest_database_passes() {
    on_each_engine(async |database, store| {
        let scribe = Scribe::work(store, 4, 80).await;
        let report = check(database, &scribe).await;
        assert_eq!(report.finding, None);
        assert_eq!((report.entries, report.tiles, report.checkpoints), (scribe.size(), scribe.size() / 256, 5));
        let tables: Vec<_> = report.tables.iter().map(|(table, _)| *table).collect();
        let expected =
            "developers teams projects sessions calls cost_hourly session_cost artifacts brokers credentials locks \
             lock_holders writes";
        assert_eq!(tables.join(" "), expected);
        assert!(report.tables.iter().all(|(_, rows)| *rows > 0), "{:?}", report.tables);
    })
    .await;
}

#[tokio::test]
async fn an_empty_database_passes() {
    on_each_engine(async |database, _| {
        let report = check(database, &Scribe::new()).await;
        assert_eq!((report.entries, report.finding), (0, None));
    })
    .await;
}

/// Also when nobody else has it open, and then it stays as it is.
#[tokio::test]
async fn checking_changes_nothing() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let scribe = Scribe::work(&store, 1, 5).await;
    store.close().await;
    drop(store);
    let TestDatabase::Sqlite(folder) = &database else { panic!("not SQLite") };
    let before = std::fs::read(folder.path().join("writ.db")).unwrap();
    assert_eq!(check(&database, &scribe).await.finding, None);
    assert_eq!(std::fs::read(folder.path().join("writ.db")).unwrap(), before);
    let store = database.open().await;
    assert_eq!(store.next_position().await.unwrap(), scribe.size());
}

#[tokio::test]
async fn what_cannot_be_checked_is_refused() {
    let database = TestDatabase::sqlite();
    assert!(matches!(Reader::open(&database.url()).await, Err(StoreError::Unavailable { .. })), "there is no file");
    let store = database.open().await;
    store.execute("DELETE FROM migrations WHERE version > 1", Vec::new()).await.unwrap();
    assert!(matches!(Reader::open(&database.url()).await, Err(StoreError::Unavailable { .. })), "an old schema");
    store.execute("INSERT INTO migrations (version) VALUES (9999)", Vec::new()).await.unwrap();
    assert!(matches!(Reader::open(&database.url()).await, Err(StoreError::Newer { found: 9999, .. })));
    assert!(Reader::open(&"sqlite::memory:".parse().unwrap()).await.is_err());
}

/// One change in each read table, and each is named.
#[tokio::test]
async fn a_changed_row_of_a_read_table_is_named() {
    on_each_engine(async |database, store| {
        let scribe = Scribe::work(store, 4, 3).await;
        for (table, column, change, back) in [
            ("developers", "roles", "roles = 'member admin'", "roles = 'member'"),
            ("teams", "name", "name = 'others'", "name = 'payments'"),
            ("projects", "name", "name = 'others'", "name = 'checkout'"),
            ("sessions", "expires_at", "expires_at = expires_at + 1", "expires_at = expires_at - 1"),
            ("calls", "cost", "cost = cost - 1", "cost = cost + 1"),
            ("cost_hourly", "held", "held = held + 1", "held = held - 1"),
            ("session_cost", "output_tokens", "output_tokens = output_tokens + 1", "output_tokens = output_tokens - 1"),
            ("artifacts", "position", "position = position + 1", "position = position - 1"),
        ] {
            let update = async |change: &str| {
                store.execute(composed(format!("UPDATE {table} SET {change}")), Vec::new()).await.unwrap()
            };
            assert!(update(change).await > 0);
            let found = check(database, &scribe).await.finding.unwrap();
            let Place::Row { table: named, column: Some(at), key } = &found.place else { panic!("{found}") };
            assert_eq!((*named, *at), (table, column), "{found}");
            assert!(!key.is_empty());
            update(back).await;
        }
        assert_eq!(check(database, &scribe).await.finding, None);
        let execute = async |sql: &str| store.execute(composed(sql.to_owned()), Vec::new()).await.unwrap();
        execute("INSERT INTO teams (id, name) VALUES ('team_zzz', 'ghosts')").await;
        assert_eq!(finding(database, &scribe).await, "table teams, row team_zzz: the log makes no such row");
        execute("DELETE FROM teams WHERE id = 'team_zzz'").await;
        execute("DELETE FROM session_cost").await;
        let found = finding(database, &scribe).await;
        assert!(
            found.starts_with("table session_cost, row ses_") && found.ends_with(": the row is missing"),
            "{found}"
        );
    })
    .await;
}

/// What the log does not make is left alone, and everything else is compared: a new table or column must be one of the
/// two on purpose.
#[tokio::test]
async fn every_table_is_compared_or_left_out_on_purpose() {
    const LEFT_OUT: [&str; 17] = [
        "migrations",
        "entries",
        "tiles",
        "checkpoints",
        "snapshots",
        "beats",
        "node_beats",
        "secrets",
        // Kept so that they can be erased.
        "people",
        "persons",
        // Sealed, or of the moment: the log does not say what is in them.
        "broker_secrets",
        "credential_handles",
        "revocations",
        // The progress of what goes out.
        "export_cursors",
        "export_dead",
        "webhook_cursors",
        "webhook_dead",
    ];
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let rows = store.fetch("SELECT name FROM sqlite_master WHERE type = 'table'", Vec::new()).await.unwrap();
    for table in rows.iter().map(|row| row.text(0).unwrap()).filter(|name| !LEFT_OUT.contains(&name.as_str())) {
        let columns = store.fetch(composed(format!("PRAGMA table_info({table})")), Vec::new()).await.unwrap();
        let mut columns: Vec<_> = columns.iter().map(|row| row.text(1).unwrap()).collect();
        columns.sort_unstable();
        let compared = crate::fsck::compared_columns(&table).unwrap_or_else(|| panic!("is `{table}` to be compared?"));
        assert_eq!(compared, columns, "of `{table}`");
    }
}

#[tokio::test]
async fn a_log_that_was_cut_off_is_named() {
    on_each_engine(async |database, store| {
        let scribe = Scribe::work(store, 4, 80).await;
        let (size, cut) = (scribe.size(), scribe.size() - 400);
        let values = || vec![Value::count(cut)];
        store.execute("DELETE FROM entries WHERE position >= $1", values()).await.unwrap();
        let named = |at: u64| format!("checkpoint of size {at}: the log ends after {cut} entries: it was cut off");
        let found = finding(database, &scribe).await;
        assert!(found.ends_with(&format!("the log ends after {cut} entries: it was cut off")), "{found}");
        // With the checkpoints above, and not the tiles.
        store.execute("DELETE FROM checkpoints WHERE size > $1 AND size < 99999", values()).await.unwrap();
        assert_ne!(found, named(size), "the smallest checkpoint that is too large is named");
        assert_eq!(
            finding(database, &scribe).await,
            format!("tile {} of level 0: the log has not so many entries", cut / 256)
        );
        // With both: the read tables remember.
        store.execute("DELETE FROM tiles WHERE number >= $1", vec![Value::count(cut / 256)]).await.unwrap();
        let found = finding(database, &scribe).await;
        assert!(found.starts_with("table sessions") || found.starts_with("table calls"), "{found}");
    })
    .await;
}

#[tokio::test]
async fn entries_in_another_order_and_gaps_are_named() {
    on_each_engine(async |database, store| {
        let scribe = Scribe::work(store, 2, 3).await;
        let execute = async |sql: &str| store.execute(composed(sql.to_owned()), Vec::new()).await.unwrap();
        let put = async |at: u64, from: &crate::StoredEntry| {
            let values = vec![Value::count(at), from.bytes.clone().into(), (&from.leaf).into()];
            store.execute("UPDATE entries SET bytes = $2, leaf = $3 WHERE position = $1", values).await.unwrap();
        };
        let pair = store.entries(Some(10), 2).await.unwrap();
        put(11, &pair[1]).await;
        put(12, &pair[0]).await;
        let found = finding(database, &scribe).await;
        assert!(found.starts_with("entry 11: "), "{found}");
        put(11, &pair[0]).await;
        put(12, &pair[1]).await;
        assert_eq!(check(database, &scribe).await.finding, None);
        execute("UPDATE entries SET position = -1 WHERE position = 7").await;
        assert_eq!(finding(database, &scribe).await, "entry 0: it is missing");
        execute("DELETE FROM entries WHERE position = -1").await;
        assert_eq!(finding(database, &scribe).await, "entry 7: it is missing");
    })
    .await;
}

/// Everything that follows from a rewritten entry made to fit: only the signature is left to contradict it.
#[tokio::test]
async fn a_checkpoint_of_another_history_or_key_is_named() {
    on_each_engine(async |database, store| {
        let scribe = Scribe::work(store, 2, 3).await;
        let notes = store.checkpoints(9).await.unwrap();
        let forged = ledger::Checkpoint::new(scribe.key().name(), notes[0].size, domain::Digest::of(b"another"));
        let thief = ledger::Signer::from_seed(scribe.key().name(), &[4; 32]).unwrap();
        let put = async |note: String| {
            store.put_checkpoint(&crate::CheckpointRow { note, ..notes[0].clone() }).await.unwrap();
        };
        put(forged.sign(&thief).unwrap().to_string()).await;
        let found = finding(database, &scribe).await;
        assert!(found.ends_with("the note is not signed by a known key"), "{found}");
        // Nobody knows the key: then the root tells.
        let scratch = TempDir::new().unwrap();
        let options = FsckOptions { url: database.url(), log: None, scratch: scratch.path().to_owned() };
        let found = fsck(&options, |_| ()).await.unwrap().finding.unwrap().to_string();
        assert!(found.ends_with("the root it states is not the one of the entries"), "{found}");
        put(notes[1].note.clone()).await;
        let found = finding(database, &scribe).await;
        assert!(found.ends_with(&format!("its note is of size {}", notes[1].size)), "{found}");
    })
    .await;
}

/// The largest entry there is, and one that is none.
#[tokio::test]
async fn an_entry_of_65_535_bytes_is_checked_and_one_of_65_536_is_named() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let started = |length: usize| {
        let version = "x".repeat(length);
        domain::Event::NodeStarted(domain::node::Started { node: super::support::node(), version })
    };
    let frame = Writer::default().entry(NOW, started(0)).bytes.len();
    let largest = Writer::default().entries(NOW, [started(65_535 - frame)]);
    assert_eq!(largest[0].bytes.len(), 65_535);
    append(&store, &largest, &[]).await;
    assert_eq!(check(&database, &Scribe::new()).await.finding, None);
    let bytes = [largest[0].bytes.as_slice(), b" "].concat();
    let leaf = ledger::leaf_hash(&bytes);
    let values = vec![bytes.into(), Value::from(&leaf)];
    store.execute("UPDATE entries SET bytes = $1, leaf = $2", values).await.unwrap();
    let found = finding(&database, &Scribe::new()).await;
    assert_eq!(found, "entry 0: 65536 bytes are more than the 65535 an entry may have");
}

/// An unlawful log cannot have made the read tables.
#[tokio::test]
async fn entries_that_cannot_follow_each_other_are_named() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let scribe = Scribe::work(&store, 1, 1).await;
    let mut writer = Writer::at(scribe.size());
    // Opened again, outside any chain.
    let entries = writer.entries(NOW + domain::Span::from_secs(999), [open(0, 0)]);
    let values = crate::entry::columns(&entries[0]).unwrap().to_vec();
    let sql = "INSERT INTO entries (position, time, type, session, developer, actor, bytes, leaf)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    store.execute(sql, values).await.unwrap();
    let found = finding(&database, &scribe).await;
    assert!(found.starts_with(&format!("entry {}: it is outside the chain of its session", scribe.size())), "{found}");
}
