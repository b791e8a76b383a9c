//! Rows of brokers: their settings as the log says, and their secrets, which it does not say.

use domain::broker::{Configured, Removed, Switched};
use domain::{BrokerKind, Name};

use crate::row::Row;
use crate::store::limit;
use crate::transaction::Transaction;
use crate::value::Value;
use crate::{Store, StoreError, limits};

/// One broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerRow {
    /// Its name.
    pub name: Name,
    /// What kind of target it serves.
    pub kind: BrokerKind,
    /// Its settings, a JSON object without secrets.
    pub settings: String,
    /// How often it was configured.
    pub revision: u64,
    /// Whether it may mint.
    pub is_on: bool,
}

/// Secrets of a broker, sealed. Written with the entry that configures it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerSecrets {
    /// Whose.
    pub broker: Name,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
}

impl Store {
    /// All brokers, by name.
    ///
    /// # Errors
    /// The database failed.
    pub async fn brokers(&self) -> Result<Vec<BrokerRow>, StoreError> {
        let sql = "SELECT name, kind, settings, revision, is_on FROM brokers ORDER BY name LIMIT $1";
        let rows = self.fetch(sql, vec![limit(limits::ROWS_MAX)]).await?;
        rows.iter().map(BrokerRow::read).collect()
    }

    /// A broker.
    ///
    /// # Errors
    /// The database failed.
    pub async fn broker(&self, name: &Name) -> Result<Option<BrokerRow>, StoreError> {
        let sql = "SELECT name, kind, settings, revision, is_on FROM brokers WHERE name = $1";
        let rows = self.fetch(sql, vec![Value::text(name)]).await?;
        rows.first().map(BrokerRow::read).transpose()
    }

    /// The sealed secrets of a broker; none when it was configured without any.
    ///
    /// # Errors
    /// The database failed.
    pub async fn broker_secrets(&self, name: &Name) -> Result<Option<Vec<u8>>, StoreError> {
        let rows = self.fetch("SELECT sealed FROM broker_secrets WHERE broker = $1", vec![Value::text(name)]).await?;
        rows.first().map(|row| row.blob(0)).transpose()
    }
}

impl BrokerRow {
    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            name: row.parse(0)?,
            kind: row.parse(1)?,
            settings: row.text(2)?,
            revision: row.count(3)?,
            is_on: row.bool(4)?,
        })
    }
}

pub(crate) async fn configured(transaction: &mut Transaction, event: &Configured) -> Result<(), StoreError> {
    let sql = "INSERT INTO brokers (name, kind, settings, revision, is_on) VALUES ($1, $2, $3, $4, 1)
        ON CONFLICT (name) DO UPDATE SET settings = excluded.settings, revision = excluded.revision";
    let values = vec![
        Value::text(&event.broker),
        Value::text(event.kind),
        Value::text(&event.settings),
        Value::count(event.revision),
    ];
    transaction.execute(sql, values).await.map(drop)
}

pub(crate) async fn switched(transaction: &mut Transaction, event: &Switched) -> Result<(), StoreError> {
    let sql = "UPDATE brokers SET is_on = $1 WHERE name = $2";
    transaction.execute(sql, vec![event.is_on.into(), Value::text(&event.broker)]).await.map(drop)
}

pub(crate) async fn removed(transaction: &mut Transaction, event: &Removed) -> Result<(), StoreError> {
    let name = || vec![Value::text(&event.broker)];
    transaction.execute("DELETE FROM broker_secrets WHERE broker = $1", name()).await?;
    transaction.execute("DELETE FROM brokers WHERE name = $1", name()).await.map(drop)
}

pub(crate) async fn put_secrets(transaction: &mut Transaction, secrets: &BrokerSecrets) -> Result<(), StoreError> {
    let sql = "INSERT INTO broker_secrets (broker, sealed) VALUES ($1, $2)
        ON CONFLICT (broker) DO UPDATE SET sealed = excluded.sealed";
    transaction.execute(sql, vec![Value::text(&secrets.broker), secrets.sealed.clone().into()]).await.map(drop)
}
