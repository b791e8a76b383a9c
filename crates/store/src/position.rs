//! Where in the log something is, without reading the log.

use domain::{SessionId, Time};

use crate::value::Value;
use crate::{Store, StoreError};

impl Store {
    /// The position of the first entry of this moment or a later one; the log's length if there is none. Time never
    /// runs backwards inside the log and positions have no gap, so it is found by halving.
    ///
    /// # Errors
    /// The database failed.
    pub async fn position_at(&self, time: Time) -> Result<u64, StoreError> {
        let (mut low, mut high) = (0, self.next_position().await?);
        let mut conn = self.pool.read().await?;
        while low < high {
            let middle = low + (high - low) / 2;
            let sql = "SELECT time FROM entries WHERE position = $1";
            let rows = conn.fetch(sql, vec![Value::count(middle)]).await?;
            let row = rows.first().ok_or_else(|| StoreError::corrupt(format!("entry {middle} is missing")))?;
            if row.time(0)? < time {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    /// The position of the first entry about a session: the one that opened it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn opening_position(&self, session: SessionId) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT position FROM entries WHERE session = $1 AND session IS NOT NULL
            AND type <> 'call.reserved' AND type <> 'call.settled' ORDER BY position LIMIT 1";
        let rows = self.fetch(sql, vec![Value::text(session)]).await?;
        rows.first().map(|row| row.count(0)).transpose()
    }
}
