//! Opening: what persists, who is kept out, which schema is refused.

use std::process::Command;
use std::str::FromStr;

use super::support::{NOW, TestDatabase, Writer, open};
use crate::pool::Pool;
use crate::value::Value;
use crate::{DatabaseUrl, Engine, Options, Store, StoreError, Synchronous};

const CHILD_URL: &str = "WRIT_TEST_CHILD_URL";

#[tokio::test]
async fn what_was_committed_is_there_after_reopening() {
    for database in [Some(TestDatabase::sqlite()), TestDatabase::postgres().await].into_iter().flatten() {
        let store = database.open().await;
        store.ping().await.unwrap();
        Writer::default().append(&store, NOW, [open(1, 1)]).await;
        store.close().await;
        drop(store);
        let store = database.open().await;
        assert_eq!(store.totals().await.unwrap().entries, 1);
        store.close().await;
    }
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    for database in [Some(TestDatabase::sqlite()), TestDatabase::postgres().await].into_iter().flatten() {
        let store = database.open().await;
        store.execute("INSERT INTO migrations (version) VALUES ($1)", vec![Value::from(99)]).await.unwrap();
        store.close().await;
        drop(store);
        let refused = Store::open(&Options::new(database.url())).await.err();
        assert_eq!(refused, Some(StoreError::Newer { found: 99, known: crate::migrate::VERSION }));
    }
}

#[tokio::test]
async fn a_second_process_is_kept_out_of_a_sqlite_database() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let refused = Store::open(&Options::new(database.url())).await.err().unwrap();
    assert!(matches!(refused, StoreError::InUse { .. }), "{refused}");

    let child = Command::new(std::env::current_exe().unwrap())
        .args(["tests::opening::child_is_kept_out", "--exact", "--ignored"])
        .env(CHILD_URL, database.url().to_string())
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    assert!(String::from_utf8_lossy(&child.stdout).contains("1 passed"));

    store.close().await;
    drop(store);
    database.open().await.ping().await.unwrap();
}

/// The other process of the test above.
#[tokio::test]
#[ignore = "started by another test"]
async fn child_is_kept_out() {
    let Ok(url) = std::env::var(CHILD_URL) else { return };
    let refused = Store::open(&Options::new(url.parse().unwrap())).await.err().unwrap();
    assert!(matches!(refused, StoreError::InUse { .. }), "{refused}");
    assert!(refused.to_string().contains("in use by another writ process"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_sqlite_database_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    Writer::default().append(&store, NOW, [open(1, 1)]).await;
    let TestDatabase::Sqlite(folder) = &database else { unreachable!() };
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.file_name());
    }
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let database = TestDatabase::sqlite();
    let TestDatabase::Sqlite(folder) = &database else { unreachable!() };
    let url = DatabaseUrl::Sqlite(folder.path().join("missing").join("writ.db"));
    let refused = Store::open(&Options::new(url)).await.err().unwrap();
    assert!(matches!(refused, StoreError::Unavailable { .. }));
    assert!(refused.to_string().contains("missing/writ.db` cannot be opened"), "{refused}");
}

#[tokio::test]
async fn sqlite_syncs_every_commit_unless_told_otherwise() {
    for (synchronous, is_synced) in [(Synchronous::Full, true), (Synchronous::Normal, false)] {
        let database = TestDatabase::sqlite();
        let options = Options { synchronous, ..Options::new(database.url()) };
        let store = Store::open(&options).await.unwrap();
        let Pool::Sqlite { syncs, .. } = &*store.pool else { unreachable!() };
        assert_eq!(syncs.is_some(), is_synced);
        let mut writer = store.pool.write().await.unwrap();
        // Of the log by SQLite itself; what brings commits to the disk is tested with it.
        let rows = writer.fetch("PRAGMA synchronous", Vec::new()).await.unwrap();
        assert_eq!(rows[0].int(0).unwrap(), 1);
        let rows = writer.fetch("PRAGMA journal_mode", Vec::new()).await.unwrap();
        assert_eq!(rows[0].text(0).unwrap(), "wal");
    }
}

#[tokio::test]
async fn a_database_in_memory_works() {
    let url = DatabaseUrl::from_str("sqlite::memory:").unwrap();
    let store = Store::open(&Options::new(url)).await.unwrap();
    assert_eq!(store.engine(), Engine::Sqlite);
    Writer::default().append(&store, NOW, [open(1, 1)]).await;
    assert_eq!(store.entries(None, 10).await.unwrap().len(), 1);
    store.doorbell().wait().await;
}
