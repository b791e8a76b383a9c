//! On whose behalf a command is proposed.

use serde::{Deserialize, Serialize};

use crate::{DeveloperId, SessionId};

/// Who proposes a command; recorded in the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// writ itself: reapers, recovery.
    System,
    /// The holder of the one-time bootstrap token.
    Bootstrap,
    /// A signed-in human.
    Developer(DeveloperId),
    /// An agent, through its session's token.
    Session(SessionId),
}
