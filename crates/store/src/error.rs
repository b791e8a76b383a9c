//! What can go wrong, in the kinds a caller acts on. No message holds SQL, a password or a row's content.

use std::path::PathBuf;

use sqlx::postgres::PgDatabaseError;

/// Why the store could not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Not now: connection lost, timed out, locked or disk full. Nothing may be assumed about a commit that answered
    /// this; read the log again, then retry.
    #[error("the database is unavailable: {reason}")]
    Unavailable {
        /// What is in the way.
        reason: String,
    },
    /// What is stored is not what writ writes; retrying does not help.
    #[error("the database is damaged: {what}")]
    Corrupt {
        /// What was found.
        what: String,
    },
    /// The schema is from a newer writ.
    #[error("the database has schema {found}, this writ knows up to {known}: upgrade writ")]
    Newer {
        /// The schema's version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// Another process has the database file open.
    #[error("`{}` is in use by another writ process", path.display())]
    InUse {
        /// The database file.
        path: PathBuf,
    },
    /// Not a database url.
    #[error("not a database url: {0}")]
    InvalidUrl(String),
}

impl StoreError {
    pub(crate) fn unavailable(reason: impl Into<String>) -> Self {
        Self::Unavailable { reason: reason.into() }
    }

    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into() }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        tracing::debug!(%error, "the database answered with an error");
        match &error {
            sqlx::Error::Database(inner) => {
                if let Some(postgres) = inner.try_downcast_ref::<PgDatabaseError>() {
                    return from_sqlstate(postgres.code());
                }
                Self::unavailable("it gave an unknown error")
            }
            sqlx::Error::Io(inner) => Self::unavailable(format!("connection lost ({})", inner.kind())),
            sqlx::Error::Tls(_) => Self::unavailable("no encrypted connection could be made"),
            sqlx::Error::PoolTimedOut => Self::unavailable("no connection within 5 seconds"),
            sqlx::Error::Configuration(_) => Self::InvalidUrl("its settings cannot be used".to_owned()),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::RowNotFound => {
                Self::corrupt("a row has an unexpected shape")
            }
            _ => Self::unavailable("the connection broke"),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        tracing::debug!(%error, "the database answered with an error");
        match &error {
            rusqlite::Error::SqliteFailure(failure, _) => from_sqlite_code(failure.extended_code.unsigned_abs()),
            rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::Utf8Error(..) => {
                Self::corrupt("a row has an unexpected shape")
            }
            // Only what guards an append must find something.
            rusqlite::Error::QueryReturnedNoRows => {
                Self::unavailable("the log does not end where this process left it")
            }
            _ => Self::corrupt(TABLES),
        }
    }
}

/// Result codes of SQLite (sqlite.org/rescode.html): the low byte is the primary code.
fn from_sqlite_code(code: u32) -> StoreError {
    match code & 0xff {
        5 | 6 => StoreError::unavailable("it is locked by another program"),
        8 => StoreError::unavailable("its file cannot be written"),
        10 => StoreError::unavailable(format!("its disk failed (SQLite code {code})")),
        13 => StoreError::unavailable(DISK_FULL),
        14 => StoreError::unavailable("its file cannot be opened"),
        11 | 26 => StoreError::corrupt("SQLite says its file is malformed"),
        19 => StoreError::corrupt(EXISTS),
        1 => StoreError::corrupt(TABLES),
        _ => StoreError::unavailable(format!("SQLite code {code}")),
    }
}

/// Codes of PostgreSQL (its manual, appendix A): the first two characters are the class.
fn from_sqlstate(code: &str) -> StoreError {
    match (code, code.get(..2).unwrap_or_default()) {
        ("53100", _) => StoreError::unavailable(DISK_FULL),
        ("53300", _) => StoreError::unavailable("it has no connection left"),
        ("55P03" | "40001" | "40P01", _) => StoreError::unavailable("waited too long for a lock"),
        ("57014", _) => StoreError::unavailable("a statement took too long"),
        ("25006", _) => StoreError::unavailable("it only takes reads"),
        ("42501", _) | (_, "28") => StoreError::unavailable("it refuses writ's user"),
        ("3D000", _) => StoreError::unavailable("it does not exist"),
        (_, "57" | "08") => StoreError::unavailable("it is shutting down or starting"),
        (_, "23") => StoreError::corrupt(EXISTS),
        (_, "42") => StoreError::corrupt(TABLES),
        (_, "XX") => StoreError::corrupt(format!("PostgreSQL says so (SQLSTATE {code})")),
        _ => StoreError::unavailable(format!("SQLSTATE {code}")),
    }
}

const DISK_FULL: &str = "the disk that holds the database is full";
const EXISTS: &str = "a row that must be new exists already";
const TABLES: &str = "its tables are not those of this writ";

#[cfg(test)]
mod tests;
