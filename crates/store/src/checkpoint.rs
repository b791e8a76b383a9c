//! Checkpoints: signed statements of the whole log's root, as they were published.

use domain::Time;

use crate::limits::CHECKPOINTS_KEPT;
use crate::row::Row;
use crate::store::limit;
use crate::value::Value;
use crate::{Store, StoreError};

/// A published checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointRow {
    /// How many entries it covers.
    pub size: u64,
    /// When it was published last; one of an idle log is published again with fresh cosignatures.
    pub at: Time,
    /// The signed note.
    pub note: String,
}

impl Store {
    /// Publishes a checkpoint, in the place of one of the same size, and forgets old ones.
    ///
    /// # Errors
    /// The database failed.
    pub async fn put_checkpoint(&self, checkpoint: &CheckpointRow) -> Result<(), StoreError> {
        let insert = "INSERT INTO checkpoints (size, at, note) VALUES ($1, $2, $3)
            ON CONFLICT (size) DO UPDATE SET at = excluded.at, note = excluded.note";
        let values = vec![Value::count(checkpoint.size), checkpoint.at.into(), Value::text(&checkpoint.note)];
        self.execute(insert, values).await?;
        let forget = "DELETE FROM checkpoints WHERE size < (SELECT MIN(size) FROM
            (SELECT size FROM checkpoints ORDER BY size DESC LIMIT $1) AS kept)";
        self.execute(forget, vec![CHECKPOINTS_KEPT.into()]).await.map(drop)
    }

    /// Published checkpoints, the largest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn checkpoints(&self, limit: usize) -> Result<Vec<CheckpointRow>, StoreError> {
        let sql = "SELECT size, at, note FROM checkpoints ORDER BY size DESC LIMIT $1";
        let rows = self.fetch(sql, vec![self::limit(limit)]).await?;
        let read = |row: &Row| Ok(CheckpointRow { size: row.count(0)?, at: row.time(1)?, note: row.text(2)? });
        rows.iter().map(read).collect()
    }
}
