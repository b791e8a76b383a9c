//! One connection that reads one moment of a database.

use sqlx::SqlSafeStr;

use crate::conn::Conn;
use crate::limits::CHECK_WAIT_MAX;
use crate::migrate;
use crate::pool::{self, Engine};
use crate::row::Row;
use crate::value::Value;
use crate::{DatabaseUrl, StoreError};

/// A reading transaction, open for as long as this lives.
pub(crate) struct Reader {
    conn: Conn,
}

impl Reader {
    /// Opens a database that has the schema of this writ.
    pub(crate) async fn open(url: &DatabaseUrl) -> Result<Self, StoreError> {
        let mut conn = pool::open_to_read(url).await?;
        // Not handed back to a pool: the transaction ends with the connection.
        conn.discard();
        conn.script(pool::begin_to_read_sql(conn.engine()), CHECK_WAIT_MAX).await?;
        let mut reader = Self { conn };
        let rows = reader.fetch("SELECT COALESCE(MAX(version), 0) FROM migrations", Vec::new()).await?;
        let (found, known) = (rows.first().map_or(Ok(0), |row| row.int(0))?, migrate::VERSION);
        if found > known {
            return Err(StoreError::Newer { found, known });
        }
        if found < known {
            let text = format!("it has schema {found}, this writ checks schema {known} only: start `writ serve` once");
            return Err(StoreError::unavailable(text));
        }
        Ok(reader)
    }

    /// Lets go of the moment and takes the present one.
    #[cfg(test)]
    pub(crate) async fn refresh(&mut self) {
        self.conn.script("ROLLBACK", CHECK_WAIT_MAX).await.unwrap();
        self.conn.script(pool::begin_to_read_sql(self.conn.engine()), CHECK_WAIT_MAX).await.unwrap();
    }

    pub(super) fn engine(&self) -> Engine {
        self.conn.engine()
    }

    pub(super) async fn fetch(&mut self, sql: impl SqlSafeStr, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        self.conn.fetch_within(sql, values, CHECK_WAIT_MAX).await
    }

    pub(super) async fn script(&mut self, sql: impl SqlSafeStr) -> Result<(), StoreError> {
        self.conn.script(sql, CHECK_WAIT_MAX).await
    }
}
