//! Small sealed values by name, such as signing keys. What is in them is sealed before it comes here.

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

    /// Forgets a name and its value.
    ///
    /// # Errors
    /// The database failed.
    pub async fn forget_secret(&self, name: &str) -> Result<(), StoreError> {
        self.execute("DELETE FROM secrets WHERE name = $1", vec![Value::text(name)]).await.map(drop)
    }
}
