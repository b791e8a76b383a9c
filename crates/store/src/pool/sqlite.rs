//! Opening SQLite: write-ahead log, one writer, a few readers, one process.

use std::path::Path;

use super::Pool;
use crate::file_lock::{self, FileLock};
use crate::limits::{SQLITE_CACHE_KIB, SQLITE_CHECKPOINT_PAGES};
use crate::sqlite::{Opening, SqliteConn, SqlitePool};
use crate::{Options, StoreError, Synchronous};

pub(super) async fn open(path: &Path, options: &Options) -> Result<Pool, StoreError> {
    let lock = FileLock::take(path)?;
    file_lock::create_private(path)?;
    let synchronous = match options.synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
    };
    let writing = vec![
        ("journal_mode", "WAL".to_owned()),
        ("synchronous", synchronous.to_owned()),
        ("cache_size", format!("-{SQLITE_CACHE_KIB}")),
        // What is deleted is overwritten with zeros: an erased person is in no free page.
        ("secure_delete", "ON".to_owned()),
    ];
    let writing = Opening { fold_pages: Some(SQLITE_CHECKPOINT_PAGES), ..opening(path, writing) };
    let writer = SqlitePool::new(writing, 1);
    // Opened now, so that what cannot be opened is found now, and so that readers find the write-ahead log.
    drop(writer.acquire().await?);
    let readers = SqlitePool::new(opening(path, query_only()), options.readers.max(1));
    Ok(Pool::Sqlite { writer, readers, _lock: Some(lock) })
}

/// A connection that cannot write, also beside a running server.
pub(super) async fn open_to_read(path: &Path) -> Result<SqliteConn, StoreError> {
    let opening = Opening { read_only: true, ..opening(path, query_only()) };
    SqlitePool::new(opening, 1).acquire().await
}

/// One connection does everything: another one would see another database.
pub(super) async fn open_memory() -> Result<Pool, StoreError> {
    let opening = Opening { path: None, read_only: false, pragmas: Vec::new(), fold_pages: None };
    let writer = SqlitePool::new(opening, 1);
    Ok(Pool::Sqlite { readers: writer.clone(), writer, _lock: None })
}

fn opening(path: &Path, pragmas: Vec<(&'static str, String)>) -> Opening {
    Opening { path: Some(path.to_owned()), read_only: false, pragmas, fold_pages: None }
}

fn query_only() -> Vec<(&'static str, String)> {
    vec![("query_only", "ON".to_owned())]
}
