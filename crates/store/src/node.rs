//! Beats of nodes: how the others learn that a process is gone.

use domain::{NodeId, Time};

use crate::limits::ROWS_MAX;
use crate::row::Row;
use crate::store::limit;
use crate::value::Value;
use crate::{Store, StoreError};

impl Store {
    /// Notes that a node was alive at a time, and which version it runs.
    ///
    /// # Errors
    /// The database failed.
    pub async fn node_beat(&self, node: NodeId, at: Time, version: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO node_beats (node, at, version) VALUES ($1, $2, $3)
            ON CONFLICT (node) DO UPDATE SET at = excluded.at, version = excluded.version";
        self.execute(sql, vec![Value::text(node), at.into(), Value::text(version)]).await.map(drop)
    }

    /// Nodes with their last beats, the longest silent first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn node_beats(&self) -> Result<Vec<(NodeId, Time)>, StoreError> {
        let rows =
            self.fetch("SELECT node, at FROM node_beats ORDER BY at, node LIMIT $1", vec![limit(ROWS_MAX)]).await?;
        let read = |row: &Row| Ok((row.parse(0)?, row.time(1)?));
        rows.iter().map(read).collect()
    }

    /// Forgets a node that is gone.
    ///
    /// # Errors
    /// The database failed.
    pub async fn forget_node(&self, node: NodeId) -> Result<(), StoreError> {
        self.execute("DELETE FROM node_beats WHERE node = $1", vec![Value::text(node)]).await.map(drop)
    }
}
