//! The store itself: opening it and asking whether it is there. What it does is in the file of each noun.

use std::sync::Arc;
use std::time::Duration;

use sqlx::SqlSafeStr;

use crate::limits::{APPEND_WAIT_MAX, PING_WAIT_MAX, ROWS_MAX};
use crate::migrate::{MIGRATIONS, migrate};
use crate::pool::{Engine, Pool};
use crate::row::Row;
use crate::transaction::Transaction;
use crate::value::Value;
use crate::{Append, Options, StoreError};

/// One database, shared by all parts of the process. Clones are the same store.
#[derive(Clone)]
pub struct Store {
    pub(crate) pool: Arc<Pool>,
}

impl Store {
    /// Connects, keeps other processes out (SQLite), and brings the schema up to date.
    ///
    /// # Errors
    /// The database cannot be reached, is in use, or is newer than this writ.
    pub async fn open(options: &Options) -> Result<Self, StoreError> {
        let pool = Pool::open(options).await?;
        migrate(&pool, MIGRATIONS).await?;
        Ok(Self { pool: Arc::new(pool) })
    }

    /// Which database this is.
    pub fn engine(&self) -> Engine {
        self.pool.engine()
    }

    /// Asks the database for a sign of life, for at most two seconds.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        within(PING_WAIT_MAX, self.fetch("SELECT 1", Vec::new())).await.map(drop)
    }

    /// Begins an append: from here to its commit nobody else writes the log. Waits for at most five seconds.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn begin_append(&self) -> Result<Append<'_>, StoreError> {
        within(APPEND_WAIT_MAX, Transaction::begin(&self.pool)).await.map(Append::new)
    }

    /// Whether nobody else can write this log, so that one append may be begun before the one before it is durable.
    pub fn is_ours_alone(&self) -> bool {
        matches!(&*self.pool, Pool::Sqlite { lock: Some(_), .. })
    }

    /// Waits until a commit that is made now would be on its way to the disk at once: one that comes earlier only waits for others
    /// to come to it.
    pub async fn disk_is_free(&self) {
        if let Pool::Sqlite { syncs: Some(syncs), .. } = &*self.pool {
            syncs.free().await;
        }
    }

    /// Closes all connections, after those in use are done. On SQLite this folds the write-ahead log into the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Runs a query on a reading connection.
    pub(crate) async fn fetch(&self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        self.pool.read().await?.fetch_only(sql, values).await
    }

    /// Runs a statement in a transaction of its own.
    pub(crate) async fn execute(&self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<u64, StoreError> {
        self.pool.write().await?.execute_only(sql, values).await
    }
}

/// A limit as asked, held to what one read may return.
pub(crate) fn limit(asked: usize) -> Value {
    Value::count(asked.min(ROWS_MAX) as u64)
}

async fn within<T>(wait: Duration, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let late = |_| Err(StoreError::unavailable(format!("no answer within {} seconds", wait.as_secs())));
    tokio::time::timeout(wait, work).await.unwrap_or_else(late)
}
