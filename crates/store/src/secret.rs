//! Small sealed values by name, such as signing keys. What is in them is sealed before it comes here.
//!
//! There are a dozen. Several processes change them by compare and set.

use crate::limits::ROWS_MAX;
use crate::store::limit;
use crate::value::Value;
use crate::{Store, StoreError};

impl Store {
    /// The value of a name.
    ///
    /// # Errors
    /// The database failed.
    pub async fn get_secret(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let rows = self.fetch("SELECT value FROM secrets WHERE name = $1", vec![Value::text(name)]).await?;
        rows.first().map(|row| row.blob(0)).transpose()
    }

    /// Sets the value of a name unless it has one, and returns the one it has: two nodes that race get the same.
    ///
    /// # Errors
    /// The database failed.
    pub async fn put_secret_if_absent(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        let sql = "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
        self.execute(sql, vec![Value::text(name), value.to_vec().into()]).await?;
        self.get_secret(name).await?.ok_or_else(|| StoreError::corrupt("a secret that was put is not there"))
    }

    /// Replaces the value of a name if it still is `old`; false when it is another one, or there is none.
    ///
    /// # Errors
    /// The database failed.
    pub async fn swap_secret(&self, name: &str, old: &[u8], new: &[u8]) -> Result<bool, StoreError> {
        let sql = "UPDATE secrets SET value = $3 WHERE name = $1 AND value = $2";
        let values = vec![Value::text(name), old.to_vec().into(), new.to_vec().into()];
        Ok(self.execute(sql, values).await? > 0)
    }

    /// All names, in order.
    ///
    /// # Errors
    /// The database failed.
    pub async fn secret_names(&self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT name FROM secrets ORDER BY name LIMIT $1";
        let rows = self.fetch(sql, vec![limit(ROWS_MAX)]).await?;
        rows.iter().map(|row| row.text(0)).collect()
    }

    /// Forgets a name and its value.
    ///
    /// # Errors
    /// The database failed.
    pub async fn forget_secret(&self, name: &str) -> Result<(), StoreError> {
        self.execute("DELETE FROM secrets WHERE name = $1", vec![Value::text(name)]).await.map(drop)
    }
}
