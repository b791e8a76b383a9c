//! A write transaction: takes the one write lock when it begins, is rolled back when dropped, and after an error
//! does nothing more. (An error may have ended it on SQLite, where a later statement would then commit by itself, and
//! PostgreSQL answers `COMMIT` of a failed transaction with success.)

use std::time::Duration;

use sqlx::SqlSafeStr;

use crate::StoreError;
use crate::bulk::Bulk;
use crate::conn::{Committing, Conn};
use crate::pool::Pool;
use crate::row::Row;
use crate::value::Value;

/// An open write transaction.
pub(crate) struct Transaction {
    /// Taken out only when it is over.
    conn: Option<Conn>,
    failed: bool,
}

impl Transaction {
    /// Begins and waits for the write lock. Cancelled or failed midway, it is rolled back like any other.
    pub(crate) async fn begin(pool: &Pool) -> Result<Self, StoreError> {
        let mut transaction = Self { conn: Some(pool.append().await?), failed: false };
        let begun = transaction.conn()?.begin().await;
        transaction.note(begun)?;
        Ok(transaction)
    }

    pub(crate) async fn execute(&mut self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<u64, StoreError> {
        let done = self.conn()?.execute(sql, values).await;
        self.note(done)
    }

    pub(crate) async fn fetch(&mut self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let rows = self.conn()?.fetch(sql, values).await;
        self.note(rows)
    }

    /// Inserts rows. SQLite is told with whatever is done next, and its errors come there.
    pub(crate) async fn insert(&mut self, bulk: &Bulk, values: Vec<Value>) -> Result<(), StoreError> {
        let done = self.conn()?.insert_ahead(bulk, values).await;
        self.note(done)
    }

    pub(crate) async fn script(&mut self, sql: impl SqlSafeStr, wait: Duration) -> Result<(), StoreError> {
        let done = self.conn()?.script(sql, wait).await;
        self.note(done)
    }

    /// Makes it durable, and tells the other nodes if it `appended` entries.
    ///
    /// # Errors
    /// What was inserted was refused, and nothing was committed; or [`StoreError::Unavailable`]: it may or may not have been.
    pub(crate) async fn commit(mut self, appended: bool) -> Result<(), StoreError> {
        let committed = self.conn()?.commit(appended).await;
        self.note(committed)?;
        self.conn = None;
        Ok(())
    }

    /// Commits without waiting for it, where the engine can.
    ///
    /// # Errors
    /// See [`Transaction::commit`].
    pub(crate) async fn commit_ahead(mut self, appended: bool) -> Result<Committing, StoreError> {
        self.conn()?;
        let conn = self.conn.take().ok_or_else(|| StoreError::unavailable("the transaction is over"))?;
        conn.commit_ahead(appended).await
    }

    pub(crate) fn conn(&mut self) -> Result<&mut Conn, StoreError> {
        match &mut self.conn {
            Some(conn) if !self.failed => Ok(conn),
            _ => Err(StoreError::unavailable("an earlier step of this transaction failed")),
        }
    }

    fn note<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        self.failed |= result.is_err();
        result
    }
}

impl Drop for Transaction {
    /// Rolls back in the background; a connection that cannot is closed, which rolls back too.
    fn drop(&mut self) {
        let Some(mut conn) = self.conn.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return conn.discard() };
        runtime.spawn(async move { conn.roll_back().await });
    }
}
