//! Opening SQLite: write-ahead log, one writer, a few readers, one process.

use std::path::Path;
use std::sync::Arc;

use super::Pool;
use crate::file_lock::{self, FileLock};
use crate::limits::{SQLITE_CACHE_KIB, SQLITE_CHECKPOINT_PAGES};
use crate::sqlite::{Opening, SqliteConn, SqlitePool, Syncs};
use crate::{Options, StoreError, Synchronous};

pub(super) async fn open(path: &Path, options: &Options) -> Result<Pool, StoreError> {
    let lock = FileLock::take(path)?;
    file_lock::create_private(path)?;
    let syncs = match options.synchronous {
        Synchronous::Full => Some(Arc::new(Syncs::of_database(path)?)),
        Synchronous::Normal => None,
    };
    let writing = vec![
        ("journal_mode", "WAL".to_owned()),
        // Of the write-ahead log; the database itself is synced whenever it is folded into it.
        ("synchronous", "NORMAL".to_owned()),
        ("cache_size", format!("-{SQLITE_CACHE_KIB}")),
        // What is deleted is overwritten with zeros: an erased person is in no free page.
        ("secure_delete", "ON".to_owned()),
    ];
    let fold_pages = Some(SQLITE_CHECKPOINT_PAGES);
    let writing = Opening { fold_pages, syncs: syncs.clone(), ..opening(path, writing) };
    let writer = SqlitePool::new(writing, 1);
    // Opened now, so that what cannot be opened is found now, and so that readers find the write-ahead log.
    drop(writer.acquire().await?);
    let reading = Opening { syncs: syncs.clone(), ..opening(path, query_only()) };
    let readers = SqlitePool::new(reading, options.readers.max(1));
    Ok(Pool::Sqlite { writer, readers, syncs, lock: Some(lock) })
}

/// A connection that cannot write, also beside a running server.
pub(super) async fn open_to_read(path: &Path) -> Result<SqliteConn, StoreError> {
    let opening = Opening { read_only: true, ..opening(path, query_only()) };
    SqlitePool::new(opening, 1).acquire().await
}

/// One connection does everything: another one would see another database.
pub(super) async fn open_memory() -> Result<Pool, StoreError> {
    let opening = Opening { path: None, read_only: false, pragmas: Vec::new(), fold_pages: None, syncs: None };
    let writer = SqlitePool::new(opening, 1);
    Ok(Pool::Sqlite { readers: writer.clone(), writer, syncs: None, lock: None })
}

fn opening(path: &Path, pragmas: Vec<(&'static str, String)>) -> Opening {
    Opening { path: Some(path.to_owned()), read_only: false, pragmas, fold_pages: None, syncs: None }
}

fn query_only() -> Vec<(&'static str, String)> {
    vec![("query_only", "ON".to_owned())]
}
