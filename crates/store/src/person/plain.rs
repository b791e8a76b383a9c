//! What the first version of writ kept in the clear, on its way into sealed rows.

use domain::DeveloperId;

use super::Person;
use crate::limits::MIGRATION_RUN_MAX;
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
        Ok(())
    }

    /// Folds SQLite's write-ahead log into the database and empties it, so that rows that were deleted are in neither.
    /// PostgreSQL keeps its own.
    ///
    /// # Errors
    /// The database failed.
    pub async fn checkpoint(&self) -> Result<(), StoreError> {
        match pool::checkpoint_sql(self.engine()) {
            Some(sql) => self.pool.write().await?.script(sql, MIGRATION_RUN_MAX).await,
            None => Ok(()),
        }
    }
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
