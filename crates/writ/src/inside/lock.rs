//! Asking about locks.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What commands ask of `/v1/locks`; inside a session the launcher asks it in the session's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum LockAsk {
    /// `POST /v1/locks`.
    Acquire {
        /// The request.
        body: Value,
    },
    /// `GET /v1/locks/{ticket}`, waiting for a turn so long.
    Show {
        /// The ticket.
        ticket: String,
        /// Seconds to wait while it waits; at most 45.
        wait_seconds: u64,
    },
    /// `DELETE /v1/locks/{ticket}`.
    Release {
        /// The ticket.
        ticket: String,
        /// Its token, if known.
        token: Option<u64>,
    },
    /// `GET /v1/locks`, `GET /v1/freezes` or `GET /v1/writes`.
    List {
        /// Which list.
        of: LockList,
        /// The query, without its question mark.
        query: String,
    },
}

/// Which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LockList {
    /// Locks and who waits for them.
    Locks,
    /// Frozen resources.
    Freezes,
    /// The last changes of a resource.
    Writes,
}

impl LockList {
    /// The name of the list, in the path and in the answer.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Locks => "locks",
            Self::Freezes => "freezes",
            Self::Writes => "writes",
        }
    }
}
