//! Failures of the database: told apart, and nothing half done.

use super::support::{NOW, TestDatabase, Writer, append, open};
use crate::StoreError;

/// A page limit makes SQLite say what a full disk makes it say.
#[tokio::test]
async fn a_full_disk_is_said_and_loses_nothing() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let mut writer = Writer::default();
    writer.append(&store, NOW, [open(1, 1)]).await;
    let mut conn = store.pool.write().await.unwrap();
    conn.fetch("PRAGMA max_page_count = 1", Vec::new()).await.unwrap();
    drop(conn);

    let many = writer.entries(NOW, (2..1000).map(|number| open(number, 1)));
    let mut append = store.begin_append().await.unwrap();
    let full = append.insert(&many, &[]).await.unwrap_err();
    assert_eq!(full.to_string(), "the database is unavailable: the disk that holds the database is full");
    assert!(matches!(append.commit().await, Err(StoreError::Unavailable { .. })));
    assert_eq!(store.totals().await.unwrap().entries, 1);

    // Room again: the connection that failed has been replaced or freed, and the same entries fit.
    let mut conn = store.pool.write().await.unwrap();
    conn.fetch("PRAGMA max_page_count = 1000000", Vec::new()).await.unwrap();
    drop(conn);
    self::append(&store, &many, &[]).await;
    assert_eq!(store.totals().await.unwrap().sessions, 999);
}

/// Damage is not taken for a passing weakness.
#[tokio::test]
async fn a_file_that_is_no_database_is_damaged() {
    let database = TestDatabase::sqlite();
    let TestDatabase::Sqlite(folder) = &database else { unreachable!() };
    std::fs::write(folder.path().join("writ.db"), vec![b'x'; 8192]).unwrap();
    let refused = crate::Store::open(&crate::Options::new(database.url())).await.err().unwrap();
    assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused}");
}
