//! Totals over everything, by each of the ways they are kept: equal, or something is broken.

use domain::Usd;

use crate::{Store, StoreError};

/// Counts and sums of the whole store, read in one statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Entries in the log.
    pub entries: u64,
    /// Sessions that ever were.
    pub sessions: u64,
    /// Calls that ever were.
    pub calls: u64,
    /// What open calls hold.
    pub reserved_open: Usd,
    /// Costs, summed over calls.
    pub cost_sum_calls: Usd,
    /// Costs, summed over the hourly sums.
    pub cost_sum_rollup: Usd,
    /// Costs, summed over the sums of sessions.
    pub cost_sum_sessions: Usd,
}

impl Store {
    /// Counts and sums over everything: reads whole tables, so for checks and not for pages.
    ///
    /// # Errors
    /// The database failed.
    pub async fn totals(&self) -> Result<Totals, StoreError> {
        let sql = "SELECT (SELECT COUNT(*) FROM entries), (SELECT COUNT(*) FROM sessions),
            (SELECT COUNT(*) FROM calls),
            (SELECT CAST(COALESCE(SUM(hold), 0) AS BIGINT) FROM calls WHERE settled_at IS NULL),
            (SELECT CAST(COALESCE(SUM(cost), 0) AS BIGINT) FROM calls),
            (SELECT CAST(COALESCE(SUM(cost), 0) AS BIGINT) FROM cost_hourly),
            (SELECT CAST(COALESCE(SUM(cost), 0) AS BIGINT) FROM session_cost)";
        let rows = self.fetch(sql, Vec::new()).await?;
        let row = rows.first().ok_or_else(|| StoreError::corrupt("there are no totals"))?;
        Ok(Totals {
            entries: row.count(0)?,
            sessions: row.count(1)?,
            calls: row.count(2)?,
            reserved_open: row.usd(3)?,
            cost_sum_calls: row.usd(4)?,
            cost_sum_rollup: row.usd(5)?,
            cost_sum_sessions: row.usd(6)?,
        })
    }
}
