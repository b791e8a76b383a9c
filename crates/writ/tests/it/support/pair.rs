//! Two processes on one PostgreSQL.

use super::postgres::{self, Database};
use super::{People, Writ, WritOptions};

/// Two processes on one database of their own.
pub(crate) struct Pair {
    pub(crate) a: Writ,
    pub(crate) b: Writ,
    pub(crate) people: People,
    pub(crate) database: Database,
    /// They share it.
    _keys: tempfile::TempDir,
}

impl Pair {
    /// Both start at the same moment on an empty database. None without a server.
    pub(crate) async fn start(label: &str) -> Option<Self> {
        let database = Database::create(&postgres::server()?, label);
        let keys = tempfile::tempdir().unwrap();
        let more = format!("keys_dir = {:?}\n", keys.path());
        let options = || WritOptions { database: Some(database.url()), more: more.clone(), ..WritOptions::default() };
        let (a, b) = tokio::join!(Writ::start_with(options()), Writ::start_with(options()));
        let people = a.people().await;
        Some(Self { a, b, people, database, _keys: keys })
    }
}
