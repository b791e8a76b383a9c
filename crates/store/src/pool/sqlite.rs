//! Opening SQLite: write-ahead log, one writer, a few readers, one process.

use std::path::Path;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Sqlite, SqlitePool};

use super::Pool;
use crate::file_lock::{self, FileLock};
use crate::limits::{
    CONNECT_WAIT_MAX, LOCK_WAIT_MAX, SQLITE_CACHE_KIB, SQLITE_CHECKPOINT_PAGES, STATEMENTS_CACHED_MAX,
};
use crate::{Options, StoreError, Synchronous};

pub(super) async fn open(path: &Path, options: &Options) -> Result<Pool, StoreError> {
    let lock = FileLock::take(path)?;
    file_lock::create_private(path)?;
    let synchronous = match options.synchronous {
        Synchronous::Full => SqliteSynchronous::Full,
        Synchronous::Normal => SqliteSynchronous::Normal,
    };
    let file = base().filename(path).create_if_missing(true);
    let writing = file
        .clone()
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .pragma("wal_autocheckpoint", SQLITE_CHECKPOINT_PAGES.to_string())
        .pragma("cache_size", format!("-{SQLITE_CACHE_KIB}"))
        // What is deleted is overwritten with zeros: an erased person is in no free page.
        .pragma("secure_delete", "ON");
    let writer = pool(1).connect_with(writing).await?;
    let readers = pool(options.readers.max(1)).connect_lazy_with(file.pragma("query_only", "1"));
    Ok(Pool::Sqlite { writer, readers, _lock: Some(lock) })
}

/// A connection that cannot write, also beside a running server.
pub(super) async fn open_to_read(path: &Path) -> Result<PoolConnection<Sqlite>, StoreError> {
    let file = base().filename(path).read_only(true).pragma("query_only", "1");
    Ok(pool(1).connect_with(file).await?.acquire().await?)
}

/// One connection does everything: another one would see another database.
pub(super) async fn open_memory() -> Result<Pool, StoreError> {
    let writer: SqlitePool = pool(1).connect_with(base().in_memory(true).filename(":memory:")).await?;
    Ok(Pool::Sqlite { readers: writer.clone(), writer, _lock: None })
}

fn base() -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .busy_timeout(LOCK_WAIT_MAX)
        .foreign_keys(false)
        .statement_cache_capacity(STATEMENTS_CACHED_MAX)
        .disable_statement_logging()
}

/// Connections to a file neither age nor break, so they are kept and not tested.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(CONNECT_WAIT_MAX)
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>)
        .test_before_acquire(false)
}
