//! The index of artifacts: which session left a trace of this name, and which entry says so.

use std::collections::BTreeMap;

use domain::artifact::named_by;
use domain::{ArtifactKind, SessionId};

use crate::bulk::Bulk;
use crate::row::Row;
use crate::store::limit;
use crate::transaction::Transaction;
use crate::value::Value;
use crate::{NewEntry, Store, StoreError};

/// One trace of one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactRow {
    /// What kind of name it is.
    pub kind: ArtifactKind,
    /// The name.
    pub value: String,
    /// Whose trace it is.
    pub session: SessionId,
    /// The first entry that says so.
    pub position: u64,
}

/// What a batch of entries adds to the index, each trace once.
#[derive(Default)]
pub(crate) struct ArtifactChanges(BTreeMap<(String, ArtifactKind, SessionId), u64>);

/// Said again, a trace keeps the entry that said it first.
static INSERT: Bulk = Bulk::new(
    "INSERT INTO artifacts (value, kind, session, position) VALUES",
    4,
    "ON CONFLICT (value, kind, session) DO NOTHING",
);

/// Ends before the conditions.
const SELECT: &str = "SELECT kind, value, session, position FROM artifacts WHERE ";

impl Store {
    /// Traces of exactly this name, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn artifacts(&self, value: &str, limit: usize) -> Result<Vec<ArtifactRow>, StoreError> {
        let values = vec![Value::text(value), self::limit(limit)];
        self.fetch_artifacts("value = $1 ORDER BY position LIMIT $2", values).await
    }

    /// Traces whose name starts with these lower-case hexadecimal digits: commits by a short id.
    ///
    /// # Errors
    /// The database failed.
    pub async fn artifacts_by_digits(&self, digits: &str, limit: usize) -> Result<Vec<ArtifactRow>, StoreError> {
        // `g` sorts after every digit, in each collation.
        let end = format!("{digits}g");
        let values = vec![Value::text(digits), Value::text(end), self::limit(limit)];
        self.fetch_artifacts("value >= $1 AND value < $2 ORDER BY value LIMIT $3", values).await
    }

    /// Traces of a session but those of its model calls, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn artifacts_of_session(&self, id: SessionId, limit: usize) -> Result<Vec<ArtifactRow>, StoreError> {
        let values = vec![Value::text(id), self::limit(limit)];
        let conditions = "session = $1 AND kind <> 'upstream_request' ORDER BY position LIMIT $2";
        self.fetch_artifacts(conditions, values).await
    }

    async fn fetch_artifacts(&self, conditions: &str, values: Vec<Value>) -> Result<Vec<ArtifactRow>, StoreError> {
        let rows = self.fetch(crate::conn::composed(format!("{SELECT}{conditions}")), values).await?;
        rows.iter().map(ArtifactRow::read).collect()
    }
}

impl ArtifactRow {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { kind: row.parse(0)?, value: row.text(1)?, session: row.parse(2)?, position: row.count(3)? })
    }
}

impl ArtifactChanges {
    pub(crate) fn note(&mut self, new: &NewEntry) {
        let Some(session) = new.entry.event.session() else { return };
        for (kind, value) in named_by(&new.entry.event, new.entry.request) {
            self.0.entry((value.into_owned(), kind, session)).or_insert(new.position);
        }
    }

    pub(crate) async fn write(self, transaction: &mut Transaction) -> Result<(), StoreError> {
        let mut values = Vec::with_capacity(self.0.len() * 4);
        for ((value, kind, session), position) in self.0 {
            values.extend([Value::Text(Some(value)), Value::text(kind), Value::text(session), Value::count(position)]);
        }
        transaction.insert(&INSERT, values).await
    }
}
