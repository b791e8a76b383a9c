//! Persons: who developers are, sealed, and their password hashes. Outside the log, so that they can be erased; what
//! is sealed was sealed before it comes here, and what opens it is not in the database.

pub(crate) mod plain;

use std::fmt;

use domain::{DeveloperId, Digest};

use crate::row::Row;
use crate::store::limit;
use crate::transaction::Transaction;
use crate::value::Value;
use crate::{Store, StoreError};

/// Who a developer is, as it is kept. `Debug` shows the pseudonym only.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// The pseudonym used everywhere else.
    pub developer: DeveloperId,
    /// Keyed digest of the sign-in name: unique, and says nothing without the key.
    pub login: Digest,
    /// Names and e-mail address, sealed.
    pub sealed: Vec<u8>,
    /// Their password, hashed with its own salt (PHC string).
    pub password_hash: String,
}

const OF_LOGIN: &str = "SELECT developer, login, sealed, password_hash FROM persons WHERE login = $1";

impl Store {
    /// The person whose sign-in name has this keyed digest.
    ///
    /// # Errors
    /// The database failed.
    pub async fn person_by_login(&self, login: &Digest) -> Result<Option<Person>, StoreError> {
        let rows = self.fetch(OF_LOGIN, vec![login.into()]).await?;
        rows.first().map(Person::read).transpose()
    }

    /// The person behind a developer; none once they are erased.
    ///
    /// # Errors
    /// The database failed.
    pub async fn person(&self, developer: DeveloperId) -> Result<Option<Person>, StoreError> {
        let sql = "SELECT developer, login, sealed, password_hash FROM persons WHERE developer = $1";
        let rows = self.fetch(sql, vec![Value::text(developer)]).await?;
        rows.first().map(Person::read).transpose()
    }

    /// Persons whose developer ids come after one, or from the first, in the order of these ids. Ask again after the
    /// last one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn persons(&self, after: Option<DeveloperId>, limit: usize) -> Result<Vec<Person>, StoreError> {
        let sql = "SELECT developer, login, sealed, password_hash FROM persons WHERE developer > $1
            ORDER BY developer LIMIT $2";
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let rows = self.fetch(sql, vec![Value::text(after), self::limit(limit)]).await?;
        rows.iter().map(Person::read).collect()
    }
}

impl Person {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { developer: row.parse(0)?, login: row.parse(1)?, sealed: row.blob(2)?, password_hash: row.text(3)? })
    }

    fn values(&self) -> Vec<Value> {
        let (login, sealed) = ((&self.login).into(), self.sealed.clone().into());
        vec![Value::text(self.developer), login, sealed, Value::text(&self.password_hash)]
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("developer", &self.developer).finish_non_exhaustive()
    }
}

/// Who has this sign-in name, in the open transaction.
pub(crate) async fn login_holder(
    transaction: &mut Transaction,
    login: &Digest,
) -> Result<Option<DeveloperId>, StoreError> {
    let rows = transaction.fetch(OF_LOGIN, vec![login.into()]).await?;
    rows.first().map(|row| row.parse(0)).transpose()
}

pub(crate) async fn put(transaction: &mut Transaction, person: &Person) -> Result<(), StoreError> {
    let sql = "INSERT INTO persons (developer, login, sealed, password_hash) VALUES ($1, $2, $3, $4)
        ON CONFLICT (developer) DO UPDATE SET login = excluded.login, sealed = excluded.sealed,
        password_hash = excluded.password_hash";
    transaction.execute(sql, person.values()).await.map(drop)
}

pub(crate) async fn erase(transaction: &mut Transaction, developer: DeveloperId) -> Result<(), StoreError> {
    transaction.execute("DELETE FROM persons WHERE developer = $1", vec![Value::text(developer)]).await.map(drop)
}
