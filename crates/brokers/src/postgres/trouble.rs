//! What can go wrong between the broker and its server, and what the operator is told.

use std::io;

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::limits::{CONNECT_MAX, QUEUE_MAX};
use super::server::{DialError, Server};
use crate::broker::BrokerError;

/// What went wrong. The server's own words are not kept: they may quote anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// There was no connection to be had in time.
    Busy,
    /// No connection came about.
    Dial(DialError),
    /// It was accepted, and then nothing came.
    Silent,
    /// What came is not the protocol.
    Garbage,
    /// The server is older than what is supported.
    Old,
    /// It wants a log-in that is not supported.
    Method,
    /// The connection ended in the middle: what was sent may have been done.
    Lost,
    /// It refused the log-in, with this SQLSTATE.
    LogIn(SqlState),
    /// It refused a statement, with this SQLSTATE: the transaction was rolled back.
    Statement(SqlState),
}

impl From<DialError> for Trouble {
    fn from(error: DialError) -> Self {
        Self::Dial(error)
    }
}

impl Trouble {
    /// While logging in.
    pub(super) fn log_in(error: &Error) -> Self {
        if let Some(code) = error.code() {
            return Self::LogIn(code.clone());
        }
        let inner = std::error::Error::source(error);
        let io = inner.and_then(|inner| inner.downcast_ref::<io::Error>()).map(io::Error::kind);
        match io {
            Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => Self::Garbage,
            Some(_) => Self::Lost,
            None if error.is_closed() => Self::Lost,
            // The client library says in words which method it does not know; what it does not expect it just counts out.
            None if inner.is_some() => Self::Method,
            None => Self::Garbage,
        }
    }

    /// While a statement ran.
    pub(super) fn statement(error: &Error) -> Self {
        error.code().map_or(Self::Lost, |code| Self::Statement(code.clone()))
    }

    /// Whether a statement was refused with this.
    pub(super) fn is(&self, code: &SqlState) -> bool {
        matches!(self, Self::Statement(of) if of == code)
    }

    /// Whether it would meet everybody who connects now, whatever the database.
    pub(super) fn is_of_server(&self) -> bool {
        match self {
            Self::Dial(_) | Self::Silent | Self::Garbage => true,
            Self::LogIn(code) => *code == SqlState::CANNOT_CONNECT_NOW || *code == SqlState::TOO_MANY_CONNECTIONS,
            _ => false,
        }
    }

    /// What the operator and the session are told, where nothing better is known.
    pub(super) fn told(&self, server: &Server, user: &str, database: &str) -> BrokerError {
        let says = |what: &str| server.says(what);
        let seconds = |bound: std::time::Duration| bound.as_secs();
        match self {
            Self::Busy => BrokerError::away(says(&format!(
                "keeps writ's connections busy: none became free within {} s",
                seconds(QUEUE_MAX)
            ))),
            Self::Dial(error) if error.may_pass => BrokerError::away(error.text.clone()),
            Self::Dial(error) => BrokerError::operator(error.text.clone()),
            Self::Silent => {
                let within = seconds(CONNECT_MAX);
                BrokerError::away(says(&format!("accepted the connection but no log-in within {within} s")))
            }
            Self::Garbage => {
                BrokerError::operator(says("does not speak PostgreSQL's protocol: check `host` and `port`"))
            }
            Self::Old => BrokerError::operator(says("is older than PostgreSQL 14, which is not supported")),
            Self::Method => BrokerError::operator(says(&format!(
                "wants a log-in that writ does not know: let `{user}` log in with `scram-sha-256` in pg_hba.conf"
            ))),
            Self::Lost => BrokerError::away(says("closed the connection in the middle")),
            Self::LogIn(code) => refused_log_in(code, server, user, database),
            Self::Statement(code) => refused_statement(code, server),
        }
    }
}

fn refused_log_in(code: &SqlState, server: &Server, user: &str, database: &str) -> BrokerError {
    let says = |what: String| server.says(&what);
    if *code == SqlState::INVALID_PASSWORD || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION {
        return BrokerError::operator(says(format!(
            "refuses the role `{user}`: check `user`, the secret `password`, and pg_hba.conf there"
        )));
    }
    if *code == SqlState::UNDEFINED_DATABASE || *code == SqlState::INVALID_CATALOG_NAME {
        return BrokerError::operator(says(format!("has no database `{database}`")));
    }
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        return BrokerError::operator(says(format!(
            "does not let `{user}` connect to `{database}`: run there GRANT CONNECT ON DATABASE {} TO {}",
            super::role::quoted(database),
            super::role::quoted(user)
        )));
    }
    if *code == SqlState::TOO_MANY_CONNECTIONS {
        return BrokerError::away(says("has no connection left".to_owned()));
    }
    if *code == SqlState::CANNOT_CONNECT_NOW {
        return BrokerError::away(says("is starting or stopping".to_owned()));
    }
    BrokerError::away(says(format!("refuses the log-in of `{user}` (SQLSTATE {})", code.code())))
}

fn refused_statement(code: &SqlState, server: &Server) -> BrokerError {
    if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
        return BrokerError::operator(server.says("is read-only: set `host` to the primary, not to a standby"));
    }
    if *code == SqlState::QUERY_CANCELED || *code == SqlState::LOCK_NOT_AVAILABLE {
        return BrokerError::away(server.says("is too slow, or something there holds a lock on the role"));
    }
    BrokerError::away(server.says(&format!("refused a statement (SQLSTATE {})", code.code())))
}
