//! Entries: the log as it lies in the database.

use domain::{Actor, DeveloperId, Digest, Event, SessionId};
use ledger::Entry;
use serde::Deserialize;

use crate::bulk::Bulk;
use crate::limits::ENTRIES_PER_READ_MAX;
use crate::row::Row;
use crate::transaction::Transaction;
use crate::value::Value;
use crate::{Store, StoreError};

/// An entry about to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// Its place in the log, counted from 0.
    pub position: u64,
    /// Its canonical bytes: what is stored, and what the leaf hash covers.
    pub bytes: Vec<u8>,
    /// Its leaf hash.
    pub leaf: Digest,
    /// The same as the bytes, for the read tables.
    pub entry: Entry,
}

/// An entry as it was appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// Its place in the log, counted from 0.
    pub position: u64,
    /// Its canonical bytes.
    pub bytes: Vec<u8>,
    /// Its leaf hash.
    pub leaf: Digest,
}

/// Finds a row when the log ends before a position.
pub(crate) const ENDS_AT: &str = "SELECT 1 WHERE (SELECT COALESCE(MAX(position) + 1, 0) FROM entries) = $1";

pub(crate) const ENTRIES_FROM: &str =
    "SELECT position, bytes, leaf FROM entries WHERE position >= $1 ORDER BY position LIMIT $2";

pub(crate) const ENTRIES_AFTER: &str =
    "SELECT position, bytes, leaf FROM entries WHERE position > $1 ORDER BY position LIMIT $2";

/// The positions of a session's entries, in no order: its calls' by way of the calls, the others' by an index that leaves
/// those out.
macro_rules! positions_of_session {
    () => {
        "SELECT position FROM entries WHERE session = $1 AND session IS NOT NULL
            AND type <> 'call.reserved' AND type <> 'call.settled'
        UNION ALL SELECT reserved_position FROM calls WHERE session = $1
        UNION ALL SELECT settled_position FROM calls WHERE session = $1 AND settled_at IS NOT NULL"
    };
}

const ENTRIES_OF_SESSION: &str = concat!(
    "SELECT position, bytes, leaf FROM entries WHERE position IN (",
    positions_of_session!(),
    ") ORDER BY position DESC LIMIT $2"
);

const SESSION_IN_ORDER: &str = concat!(
    "SELECT position, bytes, leaf FROM entries WHERE position IN (",
    positions_of_session!(),
    ") AND position > $2 AND position < $3 ORDER BY position LIMIT $4"
);

const SESSION_COUNT: &str =
    concat!("SELECT COUNT(*) FROM (", positions_of_session!(), ") AS positions WHERE position < $2");

static INSERT: Bulk =
    Bulk::new("INSERT INTO entries (position, time, type, session, developer, actor, bytes, leaf) VALUES", 8, "");

impl Store {
    /// Entries above a position, or from the first, in order. At most `limit`, and never more than
    /// [`crate::limits::ENTRIES_PER_READ_MAX`]: ask again after the last one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn entries(&self, after: Option<u64>, limit: usize) -> Result<Vec<StoredEntry>, StoreError> {
        let rows = self.fetch(ENTRIES_AFTER, self::after(after, limit).to_vec()).await?;
        rows.iter().map(StoredEntry::read).collect()
    }

    /// The newest entries about a session, at most `limit`, in the order of the log.
    ///
    /// # Errors
    /// The database failed.
    pub async fn entries_of_session(&self, session: SessionId, limit: usize) -> Result<Vec<StoredEntry>, StoreError> {
        let rows = self.fetch(ENTRIES_OF_SESSION, vec![Value::text(session), count(limit)]).await?;
        rows.iter().rev().map(StoredEntry::read).collect()
    }

    /// Entries about a session, in order, above a position (or from the first) and below another. At most `limit`, and
    /// never more than [`crate::limits::ENTRIES_PER_READ_MAX`]: ask again after the last one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn session_entries(
        &self,
        session: SessionId,
        after: Option<u64>,
        below: u64,
        limit: usize,
    ) -> Result<Vec<StoredEntry>, StoreError> {
        let [after, limit] = self::after(after, limit);
        let values = vec![Value::text(session), after, Value::count(below), limit];
        let rows = self.fetch(SESSION_IN_ORDER, values).await?;
        rows.iter().map(StoredEntry::read).collect()
    }

    /// How many entries below a position are about a session.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count_session_entries(&self, session: SessionId, below: u64) -> Result<u64, StoreError> {
        let rows = self.fetch(SESSION_COUNT, vec![Value::text(session), Value::count(below)]).await?;
        rows.first().map_or(Ok(0), |row| row.count(0))
    }

    /// The entry at a position, if the log reaches that far.
    ///
    /// # Errors
    /// The database failed.
    pub async fn entry(&self, position: u64) -> Result<Option<StoredEntry>, StoreError> {
        let sql = "SELECT position, bytes, leaf FROM entries WHERE position = $1";
        let rows = self.fetch(sql, vec![Value::count(position)]).await?;
        rows.first().map(StoredEntry::read).transpose()
    }
}

impl StoredEntry {
    pub(crate) fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self { position: row.count(0)?, bytes: row.blob(1)?, leaf: row.parse(2)? })
    }
}

/// The arguments of [`ENTRIES_AFTER`].
pub(crate) fn after(after: Option<u64>, limit: usize) -> [Value; 2] {
    let after = after.map_or(Value::from(-1), Value::count);
    [after, count(limit)]
}

pub(crate) async fn next_position(transaction: &mut Transaction) -> Result<u64, StoreError> {
    let rows = transaction.fetch("SELECT COALESCE(MAX(position) + 1, 0) FROM entries", Vec::new()).await?;
    rows.first().map_or(Ok(0), |row| row.count(0))
}

pub(crate) async fn insert(transaction: &mut Transaction, entries: &[NewEntry]) -> Result<(), StoreError> {
    let mut values = Vec::with_capacity(entries.len() * COLUMNS.len());
    for new in entries {
        values.extend(columns(new)?);
    }
    transaction.insert(&INSERT, values).await
}

/// The columns of an entry, in the order of the statement above.
pub(crate) const COLUMNS: [&str; 8] = ["position", "time", "type", "session", "developer", "actor", "bytes", "leaf"];

/// What stands in the columns of an entry: nothing that its bytes do not say.
pub(crate) fn columns(new: &NewEntry) -> Result<[Value; COLUMNS.len()], StoreError> {
    Ok([
        Value::count(new.position),
        new.entry.time.into(),
        Value::Text(Some(kind(&new.bytes)?)),
        Value::text_or_null(new.entry.event.session()),
        Value::text_or_null(developer(&new.entry.event)),
        Value::Text(Some(actor(&new.entry.actor))),
        new.bytes.clone().into(),
        (&new.leaf).into(),
    ])
}

fn count(limit: usize) -> Value {
    Value::count(limit.min(ENTRIES_PER_READ_MAX) as u64)
}

/// The entry's `type`, read from its bytes: the names are spelled in one place, and that is not here.
fn kind(bytes: &[u8]) -> Result<String, StoreError> {
    #[derive(Deserialize)]
    struct Kind {
        r#type: String,
    }
    let kind: Result<Kind, _> = serde_json::from_slice(bytes);
    kind.map(|kind| kind.r#type).map_err(|_| StoreError::corrupt("an entry's bytes are not an entry"))
}

fn actor(actor: &Actor) -> String {
    match actor {
        Actor::System => "system".to_owned(),
        Actor::Bootstrap => "bootstrap".to_owned(),
        Actor::Developer(id) => id.to_string(),
        Actor::Session(id) => id.to_string(),
    }
}

/// The human an entry is about, where it names one.
fn developer(event: &Event) -> Option<DeveloperId> {
    match event {
        Event::DeveloperRegistered(event) => Some(event.developer),
        Event::DeveloperRolesSet(event) => Some(event.developer),
        Event::DeveloperDisabled(event) => Some(event.developer),
        Event::DeveloperErased(event) => Some(event.developer),
        Event::TeamMemberAdded(event) => Some(event.developer),
        Event::TeamMemberRemoved(event) => Some(event.developer),
        Event::SignInStarted(event) => Some(event.developer),
        Event::SessionOpened(event) => Some(event.developer),
        Event::CallReserved(event) => Some(event.dimensions.developer),
        Event::CallSettled(event) => Some(event.dimensions.developer),
        _ => None,
    }
}
