//! Snapshots: the folded state at some position, a cache that may be thrown away at any time.

use crate::limits::SNAPSHOTS_KEPT;
use crate::value::Value;
use crate::{Store, StoreError};

/// A state and where it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The version of the state's encoding; another one is not read.
    pub format: i64,
    /// The position of the first entry that is not in it.
    pub next: u64,
    /// The encoded state.
    pub state: Vec<u8>,
}

impl Store {
    /// Saves a snapshot and forgets all but the newest two of its format, and those of older formats.
    ///
    /// # Errors
    /// The database failed.
    pub async fn save_snapshot(&self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let insert = "INSERT INTO snapshots (format, next, state) VALUES ($1, $2, $3)
            ON CONFLICT (format, next) DO UPDATE SET state = excluded.state";
        let values = vec![snapshot.format.into(), Value::count(snapshot.next), snapshot.state.clone().into()];
        self.execute(insert, values).await?;
        let forget = "DELETE FROM snapshots WHERE format < $1 OR format = $1 AND next NOT IN
            (SELECT next FROM snapshots WHERE format = $1 ORDER BY next DESC LIMIT $2)";
        self.execute(forget, vec![snapshot.format.into(), SNAPSHOTS_KEPT.into()]).await.map(drop)
    }

    /// The newest snapshot of a format.
    ///
    /// # Errors
    /// The database failed.
    pub async fn latest_snapshot(&self, format: i64) -> Result<Option<Snapshot>, StoreError> {
        let sql = "SELECT format, next, state FROM snapshots WHERE format = $1 ORDER BY next DESC LIMIT 1";
        let rows = self.fetch(sql, vec![format.into()]).await?;
        let read =
            |row: &crate::row::Row| Ok(Snapshot { format: row.int(0)?, next: row.count(1)?, state: row.blob(2)? });
        rows.first().map(read).transpose()
    }
}
