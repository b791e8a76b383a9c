//! One connection of either engine.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Postgres, SqlSafeStr, SqlStr, Sqlite};

use crate::StoreError;
use crate::limits::STATEMENT_WAIT_MAX;
use crate::pool::Engine;
use crate::row::Row;
use crate::value::{Value, for_postgres, for_sqlite};

/// A connection taken from the pool; it goes back when dropped, unless it failed.
pub(crate) enum Conn {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

/// Marks a text that was put together here. The one place where sqlx is told so: no value is ever part of a text.
pub(crate) fn composed(text: String) -> SqlStr {
    AssertSqlSafe(text).into_sql_str()
}

impl Conn {
    pub(crate) fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs one statement with `$1`… placeholders; returns how many rows it changed.
    pub(crate) async fn execute(&mut self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<u64, StoreError> {
        let sql = sql.into_sql_str();
        let done = match self {
            Self::Sqlite(conn) => {
                let query = sqlx::query_with::<Sqlite, _>(sql, for_sqlite(values)?);
                query.execute(&mut **conn).await.map(|done| done.rows_affected())
            }
            Self::Postgres(conn) => {
                let query = sqlx::query_with::<Postgres, _>(sql, for_postgres(values)?);
                let running = query.execute(&mut **conn);
                bounded(STATEMENT_WAIT_MAX, running).await.map(|done| done.rows_affected())
            }
        };
        done.map_err(|error| self.failed(error))
    }

    /// Runs one query with `$1`… placeholders; returns all its rows, so the text must carry a limit.
    pub(crate) async fn fetch(&mut self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        self.fetch_within(sql, values, STATEMENT_WAIT_MAX).await
    }

    /// The same, waiting longer or shorter than for other statements.
    pub(crate) async fn fetch_within(
        &mut self,
        sql: impl SqlSafeStr,
        values: Vec<Value>,
        wait: Duration,
    ) -> Result<Vec<Row>, StoreError> {
        let sql = sql.into_sql_str();
        let rows = match self {
            Self::Sqlite(conn) => {
                let query = sqlx::query_with::<Sqlite, _>(sql, for_sqlite(values)?);
                query.fetch_all(&mut **conn).await.map(|rows| rows.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(conn) => {
                let query = sqlx::query_with::<Postgres, _>(sql, for_postgres(values)?);
                let running = query.fetch_all(&mut **conn);
                let rows = bounded(wait, running).await;
                rows.map(|rows| rows.into_iter().map(Row::Postgres).collect())
            }
        };
        rows.map_err(|error| self.failed(error))
    }

    /// Runs statements without arguments, separated by semicolons, within `wait`.
    pub(crate) async fn script(&mut self, sql: impl SqlSafeStr, wait: Duration) -> Result<(), StoreError> {
        let script = sqlx::raw_sql(sql);
        let done = match self {
            Self::Sqlite(conn) => script.execute(&mut **conn).await.map(|_| ()),
            Self::Postgres(conn) => bounded(wait, script.execute(&mut **conn)).await.map(|_| ()),
        };
        done.map_err(|error| self.failed(error))
    }

    /// Keeps the connection from being used again.
    pub(crate) fn discard(&mut self) {
        match self {
            Self::Sqlite(conn) => conn.close_on_drop(),
            Self::Postgres(conn) => conn.close_on_drop(),
        }
    }

    /// An error that the database did not state itself leaves the connection in an unknown place.
    fn failed(&mut self, error: sqlx::Error) -> StoreError {
        if !matches!(error, sqlx::Error::Database(_)) {
            self.discard();
        }
        error.into()
    }
}

/// Waits for a remote answer at most this long. SQLite is not bounded so: what its thread has begun, it finishes.
async fn bounded<T>(wait: Duration, answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let silent = || sqlx::Error::Io(std::io::ErrorKind::TimedOut.into());
    tokio::time::timeout(wait, answer).await.unwrap_or_else(|_| Err(silent()))
}
