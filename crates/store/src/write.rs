//! Rows of writes: which session changed which resource, from what to what; and for a while, what changed, in short.

use domain::{Digest, Event, Resource, SessionId, Time};

use crate::bulk::Bulk;
use crate::limits::{DIFFS_KEPT, DIFFS_KEPT_MAX};
use crate::row::Row;
use crate::store::limit;
use crate::transaction::Transaction;
use crate::value::Value;
use crate::{NewEntry, Store, StoreError};

/// One change of one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteRow {
    /// Its place in the log.
    pub position: u64,
    /// What was changed.
    pub resource: Resource,
    /// Who did it.
    pub session: SessionId,
    /// When.
    pub at: Time,
    /// Digest of the content before.
    pub before: Option<Digest>,
    /// Digest of the content after; none if it is gone.
    pub after: Option<Digest>,
    /// What for.
    pub intent: Option<String>,
    /// What changed, in short, as long as that is kept.
    pub diff: Option<String>,
}

/// What changed, in short. Written with the entry of the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// Who changed it.
    pub session: SessionId,
    /// What.
    pub resource: Resource,
    /// Digest of the content after.
    pub after: Option<Digest>,
    /// When.
    pub at: Time,
    /// In short.
    pub text: String,
}

/// What a batch of entries adds.
#[derive(Default)]
pub(crate) struct WriteChanges(Vec<Value>);

static INSERT: Bulk =
    Bulk::new("INSERT INTO writes (position, resource, session, at, before, after, intent) VALUES", 7, "");

impl Store {
    /// The changes of exactly this resource, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn writes_of(&self, resource: &Resource, most: usize) -> Result<Vec<WriteRow>, StoreError> {
        let sql = "SELECT position, writes.resource, writes.session, writes.at, before, writes.after, intent, diff
            FROM writes LEFT JOIN diffs ON diffs.session = writes.session AND diffs.resource = writes.resource
            AND diffs.after = COALESCE(writes.after, '')
            WHERE writes.resource = $1 ORDER BY position DESC LIMIT $2";
        let rows = self.fetch(sql, vec![Value::text(resource), limit(most)]).await?;
        rows.iter().map(WriteRow::read).collect()
    }

    /// Forgets what changed longer ago than [`DIFFS_KEPT`], and all but the newest [`DIFFS_KEPT_MAX`].
    ///
    /// # Errors
    /// The database failed.
    pub async fn prune_diffs(&self, now: Time) -> Result<(), StoreError> {
        self.execute("DELETE FROM diffs WHERE at < $1", vec![Value::from(now - DIFFS_KEPT)]).await?;
        let sql = "DELETE FROM diffs WHERE at < (SELECT at FROM diffs ORDER BY at DESC LIMIT 1 OFFSET $1)";
        self.execute(sql, vec![Value::from(DIFFS_KEPT_MAX)]).await.map(drop)
    }
}

impl WriteRow {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            position: row.count(0)?,
            resource: row.parse(1)?,
            session: row.parse(2)?,
            at: row.time(3)?,
            before: row.parse_or_null(4)?,
            after: row.parse_or_null(5)?,
            intent: row.text_or_null(6)?,
            diff: row.text_or_null(7)?,
        })
    }
}

impl WriteChanges {
    pub(crate) fn note(&mut self, new: &NewEntry) {
        let Event::ResourceWritten(event) = &new.entry.event else { return };
        self.0.extend([
            Value::count(new.position),
            Value::text(&event.change.resource),
            Value::text(event.session),
            new.entry.time.into(),
            Value::text_or_null(event.change.before),
            Value::text_or_null(event.change.after),
            Value::text_or_null(event.intent.as_ref()),
        ]);
    }

    pub(crate) async fn write(self, transaction: &mut Transaction) -> Result<(), StoreError> {
        transaction.insert(&INSERT, self.0).await
    }
}

pub(crate) async fn put_diff(transaction: &mut Transaction, diff: &Diff) -> Result<(), StoreError> {
    let sql = "INSERT INTO diffs (session, resource, after, at, diff) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (session, resource, after) DO UPDATE SET at = excluded.at, diff = excluded.diff";
    let after = diff.after.map(|digest| digest.to_string()).unwrap_or_default();
    let values = vec![
        Value::text(diff.session),
        Value::text(&diff.resource),
        Value::Text(Some(after)),
        diff.at.into(),
        Value::text(&diff.text),
    ];
    transaction.execute(sql, values).await.map(drop)
}
