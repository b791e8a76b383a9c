//! Rows of locks: every ticket that waited or held, and who ever held a resource.

mod changes;

use domain::lock::{Holder, How, Priority, Wants};
use domain::{ProjectId, Resource, SessionId, TicketId, Time};
use serde::de::DeserializeOwned;

pub(crate) use changes::LockChanges;

use crate::conn::composed;
use crate::row::Row;
use crate::store::limit;
use crate::value::Value;
use crate::{Store, StoreError};

/// One ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockRow {
    /// Its id.
    pub ticket: TicketId,
    /// Who asked.
    pub holder: Holder,
    /// The project of the session that asked.
    pub project: Option<ProjectId>,
    /// For what.
    pub wants: Wants,
    /// How urgently.
    pub priority: Priority,
    /// What for.
    pub intent: Option<String>,
    /// When.
    pub asked_at: Time,
    /// When it was granted, if it was.
    pub granted_at: Option<Time>,
    /// The fencing token it had, if it was granted.
    pub token: Option<u64>,
    /// When it was over by itself or with its session, if it is.
    pub over_at: Option<Time>,
    /// How; none if it is over with its session, or not at all.
    pub how: Option<How>,
}

/// Which tickets to list, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockFilter {
    /// Only of this session.
    pub session: Option<SessionId>,
    /// Only of sessions of this project.
    pub project: Option<ProjectId>,
    /// Only those that are over.
    pub over_only: bool,
    /// Only those with a smaller id: the next page.
    pub before: Option<TicketId>,
    /// At most this many.
    pub limit: usize,
}

/// Who held a resource, and the newest ticket and token they had for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBy {
    /// Who.
    pub holder: Holder,
    /// Their newest ticket for it.
    pub ticket: TicketId,
    /// Its token.
    pub token: u64,
}

/// Ends before the conditions.
const SELECT: &str =
    "SELECT ticket, holder, sessions.project, wants, priority, intent, asked_at, granted_at, locks.token,
    COALESCE(locks.over_at, sessions.over_at), locks.over_how
    FROM locks LEFT JOIN sessions ON sessions.id = locks.holder WHERE ";

impl Store {
    /// A ticket, over or not.
    ///
    /// # Errors
    /// The database failed.
    pub async fn lock(&self, ticket: TicketId) -> Result<Option<LockRow>, StoreError> {
        let rows = self.fetch(composed(format!("{SELECT} ticket = $1")), vec![Value::text(ticket)]).await?;
        rows.first().map(LockRow::read).transpose()
    }

    /// Tickets that pass a filter, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn locks(&self, filter: &LockFilter) -> Result<Vec<LockRow>, StoreError> {
        let over = "COALESCE(locks.over_at, sessions.over_at) IS NOT NULL";
        let mut values = vec![limit(filter.limit)];
        let mut sql = format!("{SELECT} {}", if filter.over_only { over } else { "1 = 1" });
        let mut require = |condition: &str, value: Option<Value>| {
            if let Some(value) = value {
                values.push(value);
                sql.push_str(&format!(" AND {condition} ${}", values.len()));
            }
        };
        require("holder =", filter.session.map(Value::text));
        require("sessions.project =", filter.project.map(Value::text));
        require("ticket <", filter.before.map(Value::text));
        sql.push_str(" ORDER BY ticket DESC LIMIT $1");
        let rows = self.fetch(composed(sql), values).await?;
        rows.iter().map(LockRow::read).collect()
    }

    /// Who held exactly this resource, the last one first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn holders_of(&self, resource: &Resource, most: usize) -> Result<Vec<HeldBy>, StoreError> {
        let sql = "SELECT holder, ticket, token FROM lock_holders WHERE resource = $1 ORDER BY token DESC LIMIT $2";
        let rows = self.fetch(sql, vec![Value::text(resource), limit(most)]).await?;
        let read = |row: &Row| Ok(HeldBy { holder: word(row, 0)?, ticket: row.parse(1)?, token: row.count(2)? });
        rows.iter().map(read).collect()
    }
}

impl LockRow {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            ticket: row.parse(0)?,
            holder: word(row, 1)?,
            project: row.parse_or_null(2)?,
            wants: json(&row.text(3)?)?,
            priority: word(row, 4)?,
            intent: row.text_or_null(5)?,
            asked_at: row.time(6)?,
            granted_at: row.time_or_null(7)?,
            token: row.int_or_null(8)?.map(|_| row.count(8)).transpose()?,
            over_at: row.time_or_null(9)?,
            how: row.text_or_null(10)?.map(|text| json(&text)).transpose()?,
        })
    }
}

fn word<T: DeserializeOwned>(row: &Row, column: usize) -> Result<T, StoreError> {
    row.word_or_null(column)?.ok_or_else(|| StoreError::corrupt("a lock's row lacks a word"))
}

fn json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::corrupt(format!("a lock's row: {error}")))
}
