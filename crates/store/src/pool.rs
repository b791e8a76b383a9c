//! The two-variant pool: all that differs between the engines is in this file's two children and in what it exports.

mod postgres;
mod sqlite;

use std::sync::Arc;

use sqlx::postgres::PgConnectOptions;
use sqlx::{PgPool, SqlSafeStr, SqlStr};

pub(crate) use postgres::{CHANNEL, listener_pool};

use crate::conn::{Conn, composed};
use crate::file_lock::FileLock;
use crate::sqlite::{SqlitePool, Syncs};
use crate::{DatabaseUrl, Options, StoreError};

/// Which database is behind the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file, one process.
    Sqlite,
    /// A server, many processes.
    Postgres,
}

/// Connections to one database.
pub(crate) enum Pool {
    Sqlite {
        /// The one connection that writes.
        writer: SqlitePool,
        /// Connections that only read; the writer itself for a database in memory.
        readers: SqlitePool,
        /// What brings commits to the disk; none where nobody waits for that.
        syncs: Option<Arc<Syncs>>,
        /// Keeps other processes out for as long as the pool lives; none for a database in memory.
        lock: Option<FileLock>,
    },
    Postgres {
        /// Connections that append.
        writer: PgPool,
        /// Connections for everything else.
        pool: PgPool,
        /// For the connection that listens, which is not one of the pool.
        options: Box<PgConnectOptions>,
    },
}

impl Pool {
    /// Connects. On SQLite, locks the file against other processes first.
    pub(crate) async fn open(options: &Options) -> Result<Self, StoreError> {
        match &options.url {
            DatabaseUrl::Sqlite(path) => sqlite::open(path, options).await,
            DatabaseUrl::SqliteMemory => sqlite::open_memory().await,
            DatabaseUrl::Postgres(url) => postgres::open(url).await,
        }
    }

    pub(crate) fn engine(&self) -> Engine {
        match self {
            Self::Sqlite { .. } => Engine::Sqlite,
            Self::Postgres { .. } => Engine::Postgres,
        }
    }

    /// A connection for reading.
    pub(crate) async fn read(&self) -> Result<Conn, StoreError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Conn::Sqlite(readers.acquire().await?),
            Self::Postgres { pool, .. } => Conn::Postgres(pool.acquire().await?),
        })
    }

    /// A connection for an append.
    pub(crate) async fn append(&self) -> Result<Conn, StoreError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Conn::Sqlite(writer.acquire().await?),
            Self::Postgres { writer, .. } => Conn::Postgres(writer.acquire().await?),
        })
    }

    /// A connection for writing beside the log.
    pub(crate) async fn write(&self) -> Result<Conn, StoreError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Conn::Sqlite(writer.acquire().await?),
            Self::Postgres { pool, .. } => Conn::Postgres(pool.acquire().await?),
        })
    }

    /// Closes every connection, waiting for those in use.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers, .. } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres { writer, pool, .. } => {
                pool.close().await;
                writer.close().await;
            }
        }
    }
}

/// One connection that only reads, beside whatever process has the database: no lock is taken, nothing is migrated.
pub(crate) async fn open_to_read(url: &DatabaseUrl) -> Result<Conn, StoreError> {
    match url {
        DatabaseUrl::Sqlite(path) => Ok(Conn::Sqlite(sqlite::open_to_read(path).await?)),
        DatabaseUrl::SqliteMemory => Err(StoreError::InvalidUrl("a database in memory has one reader".to_owned())),
        DatabaseUrl::Postgres(url) => Ok(Conn::Postgres(postgres::open_to_read(url).await?)),
    }
}

/// Begins a transaction that sees one moment of the database and writes nothing.
pub(crate) fn begin_to_read_sql(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "BEGIN",
        Engine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    }
}

/// Begins a transaction and takes the write lock.
pub(crate) fn begin_sql(engine: Engine) -> SqlStr {
    match engine {
        Engine::Sqlite => "BEGIN IMMEDIATE".into_sql_str(),
        Engine::Postgres => composed(postgres::begin_sql()),
    }
}

/// Commits; after entries were appended, also tells the other nodes, if the engine can.
pub(crate) fn commit_sql(engine: Engine, appended: bool) -> SqlStr {
    match engine {
        Engine::Postgres if appended => composed(format!("NOTIFY {CHANNEL}; COMMIT")),
        _ => "COMMIT".into_sql_str(),
    }
}

/// The type of `entries.position`. On SQLite only this spelling makes it the row's own number; any other costs a
/// second index.
pub(crate) const fn position_type(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "INTEGER PRIMARY KEY",
        Engine::Postgres => "BIGINT PRIMARY KEY",
    }
}

/// Rewrites what held personal data in the clear: the whole file, or the tables it lay in.
pub(crate) const fn scrub_sql(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::Sqlite => &["VACUUM"],
        Engine::Postgres => &["VACUUM FULL people", "VACUUM FULL secrets"],
    }
}

/// Folds the write-ahead log into the database and empties it, where that is ours to do. Finds whether somebody was in the way.
pub(crate) const fn checkpoint_sql(engine: Engine) -> Option<&'static str> {
    match engine {
        Engine::Sqlite => Some("PRAGMA wal_checkpoint(TRUNCATE)"),
        Engine::Postgres => None,
    }
}

/// What makes the primary key the table itself, where the engine has that.
pub(crate) const fn without_rowid(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "WITHOUT ROWID",
        Engine::Postgres => "",
    }
}

/// The expression that says where some bytes begin inside a column of bytes, from 1; 0 when they are not there.
pub(crate) fn index_of(engine: Engine, column: &str, bytes: &str) -> String {
    match engine {
        Engine::Sqlite => format!("INSTR({column}, {bytes})"),
        Engine::Postgres => format!("POSITION({bytes} IN {column})"),
    }
}

/// Lets the transaction that migrates run longer than others.
pub(crate) fn migration_sql(engine: Engine) -> Option<SqlStr> {
    match engine {
        Engine::Sqlite => None,
        Engine::Postgres => Some(composed(postgres::migration_sql())),
    }
}
