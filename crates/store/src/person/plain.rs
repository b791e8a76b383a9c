//! What the first version of writ kept in the clear, on its way into sealed rows.

use domain::DeveloperId;

use super::Person;
use crate::conn::Conn;
use crate::limits::{LOG_EMPTYING_WAIT, LOG_EMPTYINGS_MAX, MIGRATION_RUN_MAX};
use crate::row::Row;
use crate::store::limit;
use crate::transaction::Transaction;
use crate::value::Value;
use crate::{Store, StoreError, pool};

/// A person as the first version kept them. Does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainPerson {
    /// The pseudonym used everywhere else.
    pub developer: DeveloperId,
    /// What to call them.
    pub display_name: String,
    /// What they type to sign in.
    pub login_name: String,
    /// Their password, hashed with its own salt (PHC string).
    pub password_hash: String,
}

impl Store {
    /// Persons that are still in the clear.
    ///
    /// # Errors
    /// The database failed.
    pub async fn plain_people(&self, limit: usize) -> Result<Vec<PlainPerson>, StoreError> {
        let sql = "SELECT developer, display_name, login_name, password_hash FROM people ORDER BY developer LIMIT $1";
        let rows = self.fetch(sql, vec![self::limit(limit)]).await?;
        rows.iter().map(PlainPerson::read).collect()
    }

    /// Puts sealed persons in the place of those in the clear, in one transaction. Whoever is no longer in the clear
    /// was moved by another process, and is left alone.
    ///
    /// # Errors
    /// The database failed; nothing was moved then.
    pub async fn seal_plain_people(&self, sealed: &[Person]) -> Result<(), StoreError> {
        let insert = "INSERT INTO persons (developer, login, sealed, password_hash)
            SELECT developer, $2, $3, $4 FROM people WHERE developer = $1";
        let mut transaction = Transaction::begin(&self.pool).await?;
        for person in sealed {
            transaction.execute(insert, person.values()).await?;
            let delete = "DELETE FROM people WHERE developer = $1";
            transaction.execute(delete, vec![Value::text(person.developer)]).await?;
        }
        transaction.commit(false).await
    }

    /// Rewrites what held persons in the clear, so that nothing of them stays in free pages or in the write-ahead
    /// log. Takes as long as copying the database, on SQLite.
    ///
    /// # Errors
    /// The database failed.
    pub async fn scrub(&self) -> Result<(), StoreError> {
        let mut conn = self.pool.write().await?;
        for &sql in pool::scrub_sql(self.engine()) {
            conn.script(sql, MIGRATION_RUN_MAX).await?;
        }
        empty_log(&mut conn).await
    }

    /// Folds SQLite's write-ahead log into the database and empties it, so that rows that were deleted are in neither.
    /// PostgreSQL keeps its own.
    ///
    /// # Errors
    /// The database failed.
    pub async fn checkpoint(&self) -> Result<(), StoreError> {
        empty_log(&mut self.pool.write().await?).await
    }
}

/// Whoever reads, or folds the log just now, is waited for.
async fn empty_log(conn: &mut Conn) -> Result<(), StoreError> {
    let Some(sql) = pool::checkpoint_sql(conn.engine()) else { return Ok(()) };
    for _ in 0..LOG_EMPTYINGS_MAX {
        let found = conn.fetch_within(sql, Vec::new(), MIGRATION_RUN_MAX).await?;
        if found.first().map_or(Ok(0), |row| row.int(0))? == 0 {
            return Ok(());
        }
        tokio::time::sleep(LOG_EMPTYING_WAIT).await;
    }
    Err(StoreError::unavailable("the write-ahead log is read all the time and could not be emptied"))
}

impl PlainPerson {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            developer: row.parse(0)?,
            display_name: row.text(1)?,
            login_name: row.text(2)?,
            password_hash: row.text(3)?,
        })
    }
}
