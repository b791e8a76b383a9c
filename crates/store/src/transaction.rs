//! A write transaction: takes the one write lock when it begins, is rolled back when dropped, and after an error
//! does nothing more. (An error may have ended it on SQLite, where a later statement would then commit by itself, and
//! PostgreSQL answers `COMMIT` of a failed transaction with success.)

use std::time::Duration;

use sqlx::SqlSafeStr;

use crate::StoreError;
use crate::bulk::Bulk;
use crate::conn::Conn;
use crate::limits::STATEMENT_WAIT_MAX;
use crate::pool::{self, Pool};
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
        let conn = pool.append().await?;
        let begin = pool::begin_sql(conn.engine());
        let mut transaction = Self { conn: Some(conn), failed: false };
        transaction.script(begin, STATEMENT_WAIT_MAX).await?;
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

    pub(crate) async fn insert(&mut self, bulk: &Bulk, values: Vec<Value>) -> Result<(), StoreError> {
        let done = bulk.insert(self.conn()?, values).await;
        self.note(done)
    }

    pub(crate) async fn script(&mut self, sql: impl SqlSafeStr, wait: Duration) -> Result<(), StoreError> {
        let done = self.conn()?.script(sql, wait).await;
        self.note(done)
    }

    /// Makes it durable, and tells the other nodes if it `appended` entries.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: it may or may not have been committed.
    pub(crate) async fn commit(mut self, appended: bool) -> Result<(), StoreError> {
        let commit = pool::commit_sql(self.conn()?.engine(), appended);
        match self.script(commit, STATEMENT_WAIT_MAX).await {
            Ok(()) => {
                self.conn = None;
                Ok(())
            }
            Err(StoreError::Unavailable { reason }) => {
                Err(StoreError::unavailable(format!("{reason}; whether the commit took effect is unknown")))
            }
            Err(error) => Err(error),
        }
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
        runtime.spawn(async move {
            if conn.script("ROLLBACK", STATEMENT_WAIT_MAX).await.is_err() {
                conn.discard();
            }
        });
    }
}
