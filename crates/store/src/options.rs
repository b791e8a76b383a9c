//! How to open the store.

use crate::DatabaseUrl;
use crate::limits::SQLITE_READERS_DEFAULT;

/// When a commit on SQLite counts as done. PostgreSQL follows its own configuration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// Every commit is synced to disk: survives a power cut.
    #[default]
    Full,
    /// Synced now and then: survives the death of the process; a power cut may lose the newest commits.
    Normal,
}

/// How to open the store.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the database is.
    pub url: DatabaseUrl,
    /// When a commit on SQLite counts as done.
    pub synchronous: Synchronous,
    /// Reading connections on SQLite; at least one is opened.
    pub readers: u32,
}

impl Options {
    /// The defaults for a database: every commit synced, four readers.
    pub fn new(url: DatabaseUrl) -> Self {
        Self { url, synchronous: Synchronous::default(), readers: SQLITE_READERS_DEFAULT }
    }
}
