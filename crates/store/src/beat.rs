//! Beats of sessions: one row each, overwritten; only their lapse becomes an entry.

use domain::{SessionId, Time};

use crate::row::Row;
use crate::store::limit;
use crate::value::Value;
use crate::{Store, StoreError};

impl Store {
    /// Notes that a live session's launcher was heard at a time. A time before the last one changes nothing, and so
    /// does a beat of a session that is over or unknown.
    ///
    /// # Errors
    /// The database failed.
    pub async fn beat(&self, session: SessionId, at: Time) -> Result<(), StoreError> {
        let sql = "INSERT INTO beats (session, at)
            SELECT id, CAST($2 AS BIGINT) FROM sessions WHERE id = $1 AND over_at IS NULL
            ON CONFLICT (session) DO UPDATE SET at = excluded.at WHERE excluded.at > beats.at";
        self.execute(sql, vec![Value::text(session), at.into()]).await.map(drop)
    }

    /// Sessions with their last beats, the longest silent first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn last_beats(&self, limit: usize) -> Result<Vec<(SessionId, Time)>, StoreError> {
        let sql = "SELECT session, at FROM beats ORDER BY at, session LIMIT $1";
        let rows = self.fetch(sql, vec![self::limit(limit)]).await?;
        let read = |row: &Row| Ok((row.parse(0)?, row.time(1)?));
        rows.iter().map(read).collect()
    }

    /// Forgets a session's beats; the entry that ends a session does so itself.
    ///
    /// # Errors
    /// The database failed.
    pub async fn forget_beat(&self, session: SessionId) -> Result<(), StoreError> {
        self.execute("DELETE FROM beats WHERE session = $1", vec![Value::text(session)]).await.map(drop)
    }
}
