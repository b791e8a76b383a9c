//! Where the database is: `sqlite:/path/writ.db`, `sqlite::memory:` or `postgres://…`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use crate::StoreError;

/// Where the database is. `Debug` and `Display` hide the password.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// A SQLite file: `sqlite:/path/writ.db`.
    Sqlite(PathBuf),
    /// A SQLite database that dies with the process: `sqlite::memory:`. For tests.
    SqliteMemory,
    /// A PostgreSQL database: `postgres://user:password@host:port/database`.
    Postgres(PostgresUrl),
}

/// How to reach a PostgreSQL database; holds the password and does not print it.
#[derive(Clone)]
pub struct PostgresUrl {
    options: Box<PgConnectOptions>,
}

impl PostgresUrl {
    pub(crate) fn options(&self) -> PgConnectOptions {
        (*self.options).clone()
    }
}

impl FromStr for DatabaseUrl {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let unreadable = |_| StoreError::InvalidUrl("the postgres url cannot be read".to_owned());
            let options = Box::new(text.parse().map_err(unreadable)?);
            return Ok(Self::Postgres(PostgresUrl { options }));
        }
        let path = text.strip_prefix("sqlite:").ok_or_else(unknown)?;
        let path = path.strip_prefix("//").unwrap_or(path);
        match path {
            ":memory:" => Ok(Self::SqliteMemory),
            "" => Err(unknown()),
            path if path.contains('?') => {
                Err(StoreError::InvalidUrl("a sqlite url takes no parameters after `?`".to_owned()))
            }
            path => Ok(Self::Sqlite(PathBuf::from(path))),
        }
    }
}

/// The text itself is not repeated: it may hold a password.
fn unknown() -> StoreError {
    let forms = "expected `sqlite:/path/writ.db`, `sqlite::memory:` or `postgres://user@host/database`";
    StoreError::InvalidUrl(forms.to_owned())
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::SqliteMemory => f.write_str("sqlite::memory:"),
            Self::Postgres(url) => fmt::Display::fmt(url, f),
        }
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (user, host, port) = (self.options.get_username(), self.options.get_host(), self.options.get_port());
        let database = self.options.get_database().unwrap_or(user);
        write!(f, "postgres://{user}@{host}:{port}/{database}")
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
