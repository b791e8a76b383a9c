//! Exports: how far each one has read the log, which node delivers for it, and what it gave up on.
//!
//! The cursor is also the lease: whoever holds it until a time delivers, and every step it notes renews it.

use domain::{NodeId, Time};

use crate::row::Row;
use crate::store::limit;
use crate::value::Value;
use crate::{Store, StoreError};

/// Where an export stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportRow {
    /// Its name in the configuration.
    pub name: String,
    /// The first position that it has not passed yet.
    pub next: u64,
    /// The node that delivers for it, until when that is so.
    pub holder: Option<(NodeId, Time)>,
    /// What stands in its way, if something does.
    pub last_error: Option<String>,
    /// When it last passed an entry.
    pub last_at: Option<Time>,
    /// How many entries it gave up on.
    pub dead: u64,
}

/// An entry that an export gave up on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadRow {
    /// The entry's position.
    pub position: u64,
    /// How often it was tried.
    pub attempts: u64,
    /// What came of the last try.
    pub error: String,
    /// When that was.
    pub at: Time,
    /// Whether it is to be tried once more.
    pub due: bool,
}

/// A node's hold on an export, from a moment until another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Who holds it.
    pub node: NodeId,
    /// Now.
    pub now: Time,
    /// Until when, unless it is renewed.
    pub until: Time,
}

impl Store {
    /// Takes or renews the lease of an export, which begins at `first` if it is new; its position if that worked.
    /// `alone` says that no other process can hold it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn export_take(
        &self,
        name: &str,
        first: u64,
        lease: Lease,
        alone: bool,
    ) -> Result<Option<u64>, StoreError> {
        let insert = "INSERT INTO export_cursors (name, next, held_until) VALUES ($1, $2, 0)
            ON CONFLICT (name) DO NOTHING";
        self.execute(insert, vec![Value::text(name), Value::count(first)]).await?;
        let take = "UPDATE export_cursors SET holder = $2, held_until = $3
            WHERE name = $1 AND (holder IS NULL OR holder = $2 OR held_until <= $4 OR 1 = $5)";
        let values =
            vec![Value::text(name), Value::text(lease.node), lease.until.into(), lease.now.into(), alone.into()];
        if self.execute(take, values).await? == 0 {
            return Ok(None);
        }
        let rows = self.fetch("SELECT next FROM export_cursors WHERE name = $1", vec![Value::text(name)]).await?;
        rows.first().map(|row| row.count(0)).transpose()
    }

    /// Notes that everything before `next` was delivered or given up, and renews the lease; false if it is lost.
    ///
    /// # Errors
    /// The database failed.
    pub async fn export_advance(&self, name: &str, next: u64, lease: Lease) -> Result<bool, StoreError> {
        let sql = "UPDATE export_cursors SET next = $3, held_until = $4, last_error = NULL,
            last_at = CASE WHEN next = $3 THEN last_at ELSE $5 END
            WHERE name = $1 AND holder = $2";
        let values =
            vec![Value::text(name), Value::text(lease.node), Value::count(next), lease.until.into(), lease.now.into()];
        Ok(self.execute(sql, values).await? > 0)
    }

    /// Notes what stands in the way of an export, and renews the lease; false if it is lost.
    ///
    /// # Errors
    /// The database failed.
    pub async fn export_stuck(&self, name: &str, error: &str, lease: Lease) -> Result<bool, StoreError> {
        let sql = "UPDATE export_cursors SET last_error = $3, held_until = $4 WHERE name = $1 AND holder = $2";
        let values = vec![Value::text(name), Value::text(lease.node), Value::text(error), lease.until.into()];
        Ok(self.execute(sql, values).await? > 0)
    }

    /// Lets go of the lease, so that another node goes on at once.
    ///
    /// # Errors
    /// The database failed.
    pub async fn export_release(&self, name: &str, node: NodeId) -> Result<(), StoreError> {
        let sql = "UPDATE export_cursors SET holder = NULL, held_until = 0 WHERE name = $1 AND holder = $2";
        self.execute(sql, vec![Value::text(name), Value::text(node)]).await.map(drop)
    }

    /// All exports that ever began, by name.
    ///
    /// # Errors
    /// The database failed.
    pub async fn exports(&self) -> Result<Vec<ExportRow>, StoreError> {
        let sql = "SELECT name, next, holder, held_until, last_error, last_at,
            (SELECT COUNT(*) FROM export_dead WHERE export_dead.name = export_cursors.name)
            FROM export_cursors ORDER BY name LIMIT $1";
        let rows = self.fetch(sql, vec![limit(crate::limits::ROWS_MAX)]).await?;
        rows.iter().map(ExportRow::read).collect()
    }

    /// How many entries an export gave up on.
    ///
    /// # Errors
    /// The database failed.
    pub async fn export_dead_count(&self, name: &str) -> Result<u64, StoreError> {
        let sql = "SELECT COUNT(*) FROM export_dead WHERE name = $1";
        let rows = self.fetch(sql, vec![Value::text(name)]).await?;
        rows.first().map_or(Ok(0), |row| row.count(0))
    }

    /// Gives an entry up, or notes that one more round of tries did not help.
    ///
    /// # Errors
    /// The database failed.
    pub async fn export_bury(
        &self,
        name: &str,
        position: u64,
        attempts: u64,
        error: &str,
        at: Time,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO export_dead (name, position, attempts, error, at, due) VALUES ($1, $2, $3, $4, $5, 0)
            ON CONFLICT (name, position) DO UPDATE SET attempts = export_dead.attempts + excluded.attempts,
            error = excluded.error, at = excluded.at, due = 0";
        let values =
            vec![Value::text(name), Value::count(position), Value::count(attempts), Value::text(error), at.into()];
        self.execute(sql, values).await.map(drop)
    }

    /// Entries that an export gave up on, from a position on.
    ///
    /// # Errors
    /// The database failed.
    pub async fn export_dead(&self, name: &str, from: u64, limit: usize) -> Result<Vec<DeadRow>, StoreError> {
        let sql = "SELECT position, attempts, error, at, due FROM export_dead
            WHERE name = $1 AND position >= $2 ORDER BY position LIMIT $3";
        let rows = self.fetch(sql, vec![Value::text(name), Value::count(from), self::limit(limit)]).await?;
        rows.iter().map(DeadRow::read).collect()
    }

    /// Marks one entry that an export gave up on, or all of them, to be tried once more; how many were marked.
    ///
    /// # Errors
    /// The database failed.
    pub async fn export_retry(&self, name: &str, position: Option<u64>) -> Result<u64, StoreError> {
        let all = "UPDATE export_dead SET due = 1 WHERE name = $1";
        match position {
            None => self.execute(all, vec![Value::text(name)]).await,
            Some(position) => {
                let one = "UPDATE export_dead SET due = 1 WHERE name = $1 AND position = $2";
                self.execute(one, vec![Value::text(name), Value::count(position)]).await
            }
        }
    }

    /// Positions that an export is to try once more, the first ones first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn export_due(&self, name: &str, limit: usize) -> Result<Vec<u64>, StoreError> {
        let sql = "SELECT position FROM export_dead WHERE name = $1 AND due = 1 ORDER BY position LIMIT $2";
        let rows = self.fetch(sql, vec![Value::text(name), self::limit(limit)]).await?;
        rows.iter().map(|row| row.count(0)).collect()
    }

    /// Forgets an entry that an export gave up on: it was delivered after all.
    ///
    /// # Errors
    /// The database failed.
    pub async fn export_revived(&self, name: &str, position: u64) -> Result<(), StoreError> {
        let sql = "DELETE FROM export_dead WHERE name = $1 AND position = $2";
        self.execute(sql, vec![Value::text(name), Value::count(position)]).await.map(drop)
    }
}

impl ExportRow {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let holder: Option<NodeId> = row.parse_or_null(2)?;
        let until = row.time(3)?;
        Ok(Self {
            name: row.text(0)?,
            next: row.count(1)?,
            holder: holder.map(|node| (node, until)),
            last_error: row.text_or_null(4)?,
            last_at: row.time_or_null(5)?,
            dead: row.count(6)?,
        })
    }
}

impl DeadRow {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            position: row.count(0)?,
            attempts: row.count(1)?,
            error: row.text(2)?,
            at: row.time(3)?,
            due: row.bool(4)?,
        })
    }
}
