//! All SQL of writ: migrations, the append transaction, the read tables and snapshots, on SQLite and PostgreSQL.
//!
//! Knows nothing of decisions, HTTP or prices; no other crate knows sqlx or rusqlite. Every statement is written once and runs on
//! both engines; what must differ (opening, the write lock, notification) is in `pool/`, and the tests run everything twice.

mod append;
mod artifact;
mod beat;
mod broker;
mod bulk;
mod call;
mod checkpoint;
mod conn;
mod cost;
mod credential;
mod developer;
mod doorbell;
mod entry;
mod error;
mod export;
mod file_lock;
mod fsck;
pub mod limits;
mod lock;
mod migrate;
mod node;
mod options;
mod person;
mod pool;
mod position;
mod project;
mod row;
mod search;
mod secret;
mod session;
mod snapshot;
mod sqlite;
mod store;
mod sums;
mod team;
mod tile;
mod totals;
mod transaction;
mod url;
mod value;
mod write;

pub use append::{Append, Appending, Attachment};
pub use artifact::ArtifactRow;
pub use broker::{BrokerRow, BrokerSecrets};
pub use call::{CallFilter, CallPositions, CallRow};
pub use checkpoint::CheckpointRow;
pub use cost::{CostQuery, CostRow, Dimension};
pub use credential::{CredentialFilter, CredentialHandle, CredentialRow, Trouble};
pub use doorbell::Doorbell;
pub use entry::{NewEntry, StoredEntry};
pub use error::StoreError;
pub use export::{DeadRow, ExportRow, Lease};
pub use fsck::{Finding, FsckOptions, FsckReport, Place, fsck};
pub use lock::{HeldBy, LockFilter, LockRow};
pub use options::{Options, Synchronous};
pub use person::Person;
pub use person::plain::PlainPerson;
pub use pool::Engine;
pub use search::{About, EntryPage, EntryQuery, FoundEntry};
pub use session::{SessionFilter, SessionRow, SessionStatus};
pub use snapshot::Snapshot;
pub use store::Store;
pub use tile::TileRow;
pub use totals::Totals;
pub use url::{DatabaseUrl, PostgresUrl};
pub use write::{Diff, WriteRow};

#[cfg(test)]
mod tests;
