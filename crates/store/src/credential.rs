//! Rows of credentials: every one that was ever decided, what ends those that are alive, and what went wrong with that.

use domain::credential::{How, Issued, Over, PublicName, Requested, Stalled};
use domain::{CredentialId, DeveloperId, Name, ProjectId, Scope, SessionId, Time};
use serde::de::DeserializeOwned;

use crate::conn::composed;
use crate::row::Row;
use crate::store::limit;
use crate::transaction::Transaction;
use crate::value::Value;
use crate::{Store, StoreError, limits};

/// One credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialRow {
    /// Its id.
    pub id: CredentialId,
    /// For which session.
    pub session: SessionId,
    /// The human that session acts for.
    pub developer: DeveloperId,
    /// The session's permission profile.
    pub profile: Name,
    /// The how manieth of that session's.
    pub sequence: u64,
    /// For which project.
    pub project: ProjectId,
    /// Which broker.
    pub broker: Name,
    /// Which of its targets.
    pub target: Name,
    /// The profile of the grant; none means the grant of all profiles.
    pub granted_to: Option<Name>,
    /// What it is good for.
    pub scope: Scope,
    /// The key that it is for.
    pub public_key: Option<String>,
    /// When it was decided.
    pub requested_at: Time,
    /// When it stops working by itself.
    pub expires_at: Time,
    /// When it was made, if it was.
    pub issued_at: Option<Time>,
    /// The names it has elsewhere.
    pub names: Vec<PublicName>,
    /// What stands in the way of ending it, once that was said in the log.
    pub stalled: Option<String>,
    /// When it was found dead, if it was.
    pub over_at: Option<Time>,
    /// How that came about.
    pub how: Option<How>,
    /// How often ending it failed, with what went wrong last and when it is tried again.
    pub trouble: Option<Trouble>,
}

/// A revocation that failed so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// How often it was tried.
    pub attempts: u64,
    /// When it is tried again.
    pub next_at: Time,
    /// What went wrong last.
    pub error: String,
}

/// What ends a credential, sealed. Written with the entry that issues it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialHandle {
    /// Which credential.
    pub credential: CredentialId,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
}

/// Which credentials to list, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CredentialFilter {
    /// Only of this session.
    pub session: Option<SessionId>,
    /// Only of this broker.
    pub broker: Option<Name>,
    /// Only of this human's sessions.
    pub developer: Option<DeveloperId>,
    /// Only those that are not known to be dead.
    pub alive_only: bool,
    /// Only those that are dead and would not have expired by this time: what a list of revoked certificates names.
    pub over_unexpired_at: Option<Time>,
    /// Only these, where any are named: at most [`CREDENTIALS_NAMED_MAX`](limits::CREDENTIALS_NAMED_MAX).
    pub among: Vec<CredentialId>,
    /// Only those with a smaller id: the next page.
    pub before: Option<CredentialId>,
    /// At most this many.
    pub limit: usize,
}

/// Ends before the conditions.
const SELECT: &str = "SELECT credentials.id, credentials.session, sessions.developer, sessions.profile, sequence,
    credentials.project, broker, target, granted_to, scope, public_key, requested_at, credentials.expires_at, issued_at,
    names, stalled, credentials.over_at, credentials.over_how, attempts, next_at, error
    FROM credentials JOIN sessions ON sessions.id = credentials.session
    LEFT JOIN revocations ON revocations.credential = credentials.id WHERE ";

impl Store {
    /// A credential.
    ///
    /// # Errors
    /// The database failed.
    pub async fn credential(&self, id: CredentialId) -> Result<Option<CredentialRow>, StoreError> {
        let sql = format!("{SELECT} credentials.id = $1");
        let rows = self.fetch(composed(sql), vec![Value::text(id)]).await?;
        rows.first().map(CredentialRow::read).transpose()
    }

    /// Credentials that pass a filter, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn credentials(&self, filter: &CredentialFilter) -> Result<Vec<CredentialRow>, StoreError> {
        let mut values = vec![limit(filter.limit)];
        let mut sql = format!("{SELECT} {}", if filter.alive_only { "credentials.over_at IS NULL" } else { "1 = 1" });
        let mut require = |condition: &str, value: Option<Value>| {
            if let Some(value) = value {
                values.push(value);
                sql.push_str(&format!(" AND {condition} ${}", values.len()));
            }
        };
        require("credentials.session =", filter.session.map(Value::text));
        require("broker =", filter.broker.as_ref().map(Value::text));
        require("sessions.developer =", filter.developer.map(Value::text));
        require("credentials.id <", filter.before.map(Value::text));
        require(
            "credentials.over_at IS NOT NULL AND credentials.expires_at >",
            filter.over_unexpired_at.map(Value::from),
        );
        if !filter.among.is_empty() {
            let named = filter.among.iter().take(limits::CREDENTIALS_NAMED_MAX);
            let first = values.len();
            values.extend(named.map(Value::text));
            let places: Vec<_> = (first + 1..=values.len()).map(|place| format!("${place}")).collect();
            sql.push_str(&format!(" AND credentials.id IN ({})", places.join(", ")));
        }
        sql.push_str(" ORDER BY credentials.id DESC LIMIT $1");
        let rows = self.fetch(composed(sql), values).await?;
        rows.iter().map(CredentialRow::read).collect()
    }

    /// The sealed handle that ends a credential; none when it has none or is dead.
    ///
    /// # Errors
    /// The database failed.
    pub async fn credential_handle(&self, id: CredentialId) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT sealed FROM credential_handles WHERE credential = $1";
        let rows = self.fetch(sql, vec![Value::text(id)]).await?;
        rows.first().map(|row| row.blob(0)).transpose()
    }

    /// Notes that ending a credential failed once more.
    ///
    /// # Errors
    /// The database failed.
    pub async fn note_revocation_trouble(&self, id: CredentialId, trouble: &Trouble) -> Result<(), StoreError> {
        let sql = "INSERT INTO revocations (credential, attempts, next_at, error) VALUES ($1, $2, $3, $4)
            ON CONFLICT (credential) DO UPDATE SET attempts = excluded.attempts, next_at = excluded.next_at,
            error = excluded.error";
        let values =
            vec![Value::text(id), Value::count(trouble.attempts), trouble.next_at.into(), Value::text(&trouble.error)];
        self.execute(sql, values).await.map(drop)
    }

    /// Revocations that failed so far.
    ///
    /// # Errors
    /// The database failed.
    pub async fn revocation_troubles(&self) -> Result<Vec<(CredentialId, Trouble)>, StoreError> {
        let sql = "SELECT credential, attempts, next_at, error FROM revocations ORDER BY credential LIMIT $1";
        let rows = self.fetch(sql, vec![limit(limits::ROWS_MAX)]).await?;
        let read = |row: &Row| {
            let trouble = Trouble { attempts: row.count(1)?, next_at: row.time(2)?, error: row.text(3)? };
            Ok((row.parse(0)?, trouble))
        };
        rows.iter().map(read).collect()
    }
}

impl CredentialRow {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let names: Option<Vec<PublicName>> = json_or_null(row, 14)?;
        let trouble = match row.int_or_null(18)? {
            Some(_) => Some(Trouble { attempts: row.count(18)?, next_at: row.time(19)?, error: row.text(20)? }),
            None => None,
        };
        Ok(Self {
            id: row.parse(0)?,
            session: row.parse(1)?,
            developer: row.parse(2)?,
            profile: row.parse(3)?,
            sequence: row.count(4)?,
            project: row.parse(5)?,
            broker: row.parse(6)?,
            target: row.parse(7)?,
            granted_to: row.parse_or_null(8)?,
            scope: json_or_null(row, 9)?.unwrap_or_default(),
            public_key: row.text_or_null(10)?,
            requested_at: row.time(11)?,
            expires_at: row.time(12)?,
            issued_at: row.time_or_null(13)?,
            names: names.unwrap_or_default(),
            stalled: row.text_or_null(15)?,
            over_at: row.time_or_null(16)?,
            how: json_or_null(row, 17)?,
            trouble,
        })
    }
}

fn json_or_null<T: DeserializeOwned>(row: &Row, column: usize) -> Result<Option<T>, StoreError> {
    let strange = |error: serde_json::Error| StoreError::corrupt(format!("a credential's row: {error}"));
    row.text_or_null(column)?.map(|text| serde_json::from_str(&text).map_err(strange)).transpose()
}

pub(crate) async fn requested(transaction: &mut Transaction, event: &Requested, at: Time) -> Result<(), StoreError> {
    let sql = "INSERT INTO credentials (id, session, sequence, project, broker, target, granted_to, scope, public_key,
        requested_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let values = vec![
        Value::text(event.credential),
        Value::text(event.session),
        Value::count(event.sequence),
        Value::text(event.project),
        Value::text(&event.broker),
        Value::text(&event.target),
        Value::text_or_null(event.granted_to.as_ref()),
        Value::json(&event.scope)?,
        Value::text_or_null(event.public_key.as_ref()),
        at.into(),
        event.expires_at.into(),
    ];
    transaction.execute(sql, values).await.map(drop)
}

pub(crate) async fn issued(transaction: &mut Transaction, event: &Issued, at: Time) -> Result<(), StoreError> {
    let sql = "UPDATE credentials SET issued_at = $1, names = $2, expires_at = $3 WHERE id = $4";
    let values = vec![at.into(), Value::json(&event.names)?, event.expires_at.into(), Value::text(event.credential)];
    transaction.execute(sql, values).await.map(drop)
}

pub(crate) async fn stalled(transaction: &mut Transaction, event: &Stalled) -> Result<(), StoreError> {
    let sql = "UPDATE credentials SET stalled = $1 WHERE id = $2";
    let values = vec![Value::text(&event.reason), Value::text(event.credential)];
    transaction.execute(sql, values).await.map(drop)
}

/// What ended it is of no use any more.
pub(crate) async fn over(transaction: &mut Transaction, event: &Over, at: Time) -> Result<(), StoreError> {
    let sql = "UPDATE credentials SET over_at = $1, over_how = $2 WHERE id = $3";
    let values = vec![at.into(), Value::json(&event.how)?, Value::text(event.credential)];
    transaction.execute(sql, values).await?;
    let id = || vec![Value::text(event.credential)];
    transaction.execute("DELETE FROM credential_handles WHERE credential = $1", id()).await?;
    transaction.execute("DELETE FROM revocations WHERE credential = $1", id()).await.map(drop)
}

pub(crate) async fn put_handle(transaction: &mut Transaction, handle: &CredentialHandle) -> Result<(), StoreError> {
    let sql = "INSERT INTO credential_handles (credential, sealed) VALUES ($1, $2)
        ON CONFLICT (credential) DO UPDATE SET sealed = excluded.sealed";
    transaction.execute(sql, vec![Value::text(handle.credential), handle.sealed.clone().into()]).await.map(drop)
}
