//! People: the names and password hashes of developers, kept outside the log so that they can be erased.

use std::fmt;

use domain::{DeveloperId, Digest};

use crate::row::Row;
use crate::store::limit;
use crate::transaction::Transaction;
use crate::value::Value;
use crate::{Store, StoreError};

/// Who a developer is. `Debug` hides the password hash.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
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
    /// The person whose sign-in name has this keyed digest.
    ///
    /// # Errors
    /// The database failed.
    pub async fn person_by_login(&self, login: &Digest) -> Result<Option<Person>, StoreError> {
        let sql = "SELECT developer, display_name, login_name, password_hash FROM people
            JOIN developers ON developers.id = people.developer WHERE developers.login = $1";
        let rows = self.fetch(sql, vec![login.into()]).await?;
        rows.first().map(Person::read).transpose()
    }

    /// The person behind a developer.
    ///
    /// # Errors
    /// The database failed.
    pub async fn person(&self, developer: DeveloperId) -> Result<Option<Person>, StoreError> {
        let sql = "SELECT developer, display_name, login_name, password_hash FROM people WHERE developer = $1";
        let rows = self.fetch(sql, vec![Value::text(developer)]).await?;
        rows.first().map(Person::read).transpose()
    }

    /// People by the age of their developer ids, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn people(&self, limit: usize) -> Result<Vec<Person>, StoreError> {
        let sql = "SELECT developer, display_name, login_name, password_hash FROM people ORDER BY developer LIMIT $1";
        let rows = self.fetch(sql, vec![self::limit(limit)]).await?;
        rows.iter().map(Person::read).collect()
    }
}

impl Person {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            developer: row.parse(0)?,
            display_name: row.text(1)?,
            login_name: row.text(2)?,
            password_hash: row.text(3)?,
        })
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person")
            .field("developer", &self.developer)
            .field("display_name", &self.display_name)
            .field("login_name", &self.login_name)
            .finish_non_exhaustive()
    }
}

pub(crate) async fn put(transaction: &mut Transaction, person: &Person) -> Result<(), StoreError> {
    let sql = "INSERT INTO people (developer, display_name, login_name, password_hash) VALUES ($1, $2, $3, $4)
        ON CONFLICT (developer) DO UPDATE SET display_name = excluded.display_name,
        login_name = excluded.login_name, password_hash = excluded.password_hash";
    let texts = [&person.display_name, &person.login_name, &person.password_hash];
    let mut values = vec![Value::text(person.developer)];
    values.extend(texts.map(Value::text));
    transaction.execute(sql, values).await.map(drop)
}
