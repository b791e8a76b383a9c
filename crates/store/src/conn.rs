//! One connection of either engine.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Postgres, SqlSafeStr, SqlStr};

use crate::StoreError;
use crate::bulk::Bulk;
use crate::limits::STATEMENT_WAIT_MAX;
use crate::pool::{self, Engine};
use crate::row::Row;
use crate::sqlite::{Ahead, Done, Refused, SqliteConn, Step};
use crate::value::{Value, for_postgres};

/// A connection taken from the pool; it goes back when dropped, unless it failed.
pub(crate) enum Conn {
    Sqlite(SqliteConn),
    Postgres(PoolConnection<Postgres>),
}

/// A commit that is on its way.
pub(crate) enum Committing {
    Sqlite(Ahead),
    /// It is done.
    Done,
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
        match self {
            Self::Sqlite(conn) => Ok(conn.run(Step::Statement { sql, values }).await?.changed),
            Self::Postgres(conn) => {
                let query = sqlx::query_with::<Postgres, _>(sql, for_postgres(values)?);
                let done = bounded(STATEMENT_WAIT_MAX, query.execute(&mut **conn)).await;
                done.map(|done| done.rows_affected()).map_err(|error| failed(conn, error))
            }
        }
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
        match self {
            Self::Sqlite(conn) => {
                let done = conn.run(Step::Statement { sql, values }).await?;
                Ok(done.rows.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(conn) => {
                let query = sqlx::query_with::<Postgres, _>(sql, for_postgres(values)?);
                let rows = bounded(wait, query.fetch_all(&mut **conn)).await.map_err(|error| failed(conn, error))?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// Runs one statement and lets go of the connection as soon as it is done; returns how many rows it changed.
    pub(crate) async fn execute_only(mut self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(conn) => run_only(conn, sql.into_sql_str(), values).await.map(|done| done.changed),
            Self::Postgres(_) => self.execute(sql, values).await,
        }
    }

    /// Runs one query likewise; returns all its rows, so the text must carry a limit.
    pub(crate) async fn fetch_only(mut self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(conn) => {
                let done = run_only(conn, sql.into_sql_str(), values).await?;
                Ok(done.rows.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(_) => self.fetch(sql, values).await,
        }
    }

    /// Runs statements without arguments, separated by semicolons, within `wait`.
    pub(crate) async fn script(&mut self, sql: impl SqlSafeStr, wait: Duration) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(conn) => conn.run(Step::Script(sql.into_sql_str())).await.map(drop),
            Self::Postgres(conn) => {
                let done = bounded(wait, sqlx::raw_sql(sql).execute(&mut **conn)).await;
                done.map(drop).map_err(|error| failed(conn, error))
            }
        }
    }

    /// Inserts rows given one after the other, in an open transaction. A statement must not meet the same key twice: aggregate
    /// before. SQLite is told together with what is waited for next, and its errors come there.
    pub(crate) async fn insert_ahead(&mut self, bulk: &Bulk, values: Vec<Value>) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(conn) => {
                if !values.is_empty() {
                    conn.put_ahead(bulk.step(values));
                }
            }
            Self::Postgres(_) => {
                for (sql, values) in bulk.chunks(values) {
                    self.execute(sql, values).await?;
                }
            }
        }
        Ok(())
    }

    /// Begins a transaction and takes the write lock. On SQLite whoever has the writing connection has that lock, against all
    /// but strangers to writ; it is told together with the first statement.
    pub(crate) async fn begin(&mut self) -> Result<(), StoreError> {
        let sql = pool::begin_sql(self.engine());
        match self {
            Self::Sqlite(conn) => conn.put_ahead(Step::Script(sql)),
            Self::Postgres(_) => self.script(sql, STATEMENT_WAIT_MAX).await?,
        }
        Ok(())
    }

    /// Commits; after entries were appended, also tells the other nodes, if the engine can.
    ///
    /// # Errors
    /// What was put ahead was refused, and nothing was committed; or [`StoreError::Unavailable`]: whether it was is unknown.
    pub(crate) async fn commit(&mut self, appended: bool) -> Result<(), StoreError> {
        let sql = pool::commit_sql(self.engine(), appended);
        match self {
            Self::Sqlite(conn) => committed(conn.run_all(Step::Script(sql)).await),
            Self::Postgres(_) => self.script(sql, STATEMENT_WAIT_MAX).await.map_err(unknown),
        }
    }

    /// Commits without waiting for it, where the engine can; if it fails, all is undone and the connection can be used again.
    ///
    /// # Errors
    /// See [`Conn::commit`].
    pub(crate) async fn commit_ahead(mut self, appended: bool) -> Result<Committing, StoreError> {
        let sql = pool::commit_sql(self.engine(), appended);
        match self {
            Self::Sqlite(conn) => conn.run_ahead(Step::Script(sql)).map(Committing::Sqlite),
            Self::Postgres(_) => self.commit(appended).await.map(|()| Committing::Done),
        }
    }

    /// Puts a query ahead of everything else that must find a row. False where the engine does not know of that.
    pub(crate) fn guard(&mut self, sql: impl SqlSafeStr, values: Vec<Value>) -> bool {
        match self {
            Self::Sqlite(conn) => {
                conn.put_ahead(Step::Guard { sql: sql.into_sql_str(), values });
                true
            }
            Self::Postgres(_) => false,
        }
    }

    /// Waits until everything that was committed so far is durable.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub(crate) async fn settled(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(conn) => conn.settled().await,
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Undoes the open transaction; a connection that cannot is not used again, which undoes it too.
    pub(crate) async fn roll_back(&mut self) {
        let done = match self {
            Self::Sqlite(conn) => conn.roll_back().await,
            Self::Postgres(_) => self.script("ROLLBACK", STATEMENT_WAIT_MAX).await,
        };
        if done.is_err() {
            self.discard();
        }
    }

    /// Keeps the connection from being used again.
    pub(crate) fn discard(&mut self) {
        match self {
            Self::Sqlite(conn) => conn.discard(),
            Self::Postgres(conn) => conn.close_on_drop(),
        }
    }
}

impl Committing {
    /// Waits until it is durable.
    ///
    /// # Errors
    /// See [`Conn::commit`].
    pub(crate) async fn durable(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(ahead) => committed(ahead.durable().await),
            Self::Done => Ok(()),
        }
    }
}

async fn run_only(conn: SqliteConn, sql: SqlStr, values: Vec<Value>) -> Result<Done, StoreError> {
    let answered = conn.run_ahead(Step::Statement { sql, values })?.durable().await?;
    answered.map_err(|refused| refused.error.into())
}

/// What SQLite answered to a list of steps that ends with a commit.
fn committed(answered: Result<Result<Done, Refused>, StoreError>) -> Result<(), StoreError> {
    match answered {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(refused)) if !refused.at_last => Err(refused.error.into()),
        Ok(Err(refused)) => Err(unknown(refused.error.into())),
        Err(error) => Err(unknown(error)),
    }
}

/// Of a commit that failed.
fn unknown(error: StoreError) -> StoreError {
    match error {
        StoreError::Unavailable { reason } => {
            StoreError::unavailable(format!("{reason}; whether the commit took effect is unknown"))
        }
        error => error,
    }
}

/// An error that the database did not state itself leaves the connection in an unknown place.
fn failed(conn: &mut PoolConnection<Postgres>, error: sqlx::Error) -> StoreError {
    if !matches!(error, sqlx::Error::Database(_)) {
        conn.close_on_drop();
    }
    error.into()
}

/// Waits for a remote answer at most this long. SQLite is not bounded so: what its thread has begun, it finishes.
async fn bounded<T>(wait: Duration, answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let silent = || sqlx::Error::Io(std::io::ErrorKind::TimedOut.into());
    tokio::time::timeout(wait, answer).await.unwrap_or_else(|_| Err(silent()))
}
