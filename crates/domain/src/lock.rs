//! Locks: a lease on named resources, in modes, with a fencing token; may be waited for in a queue.
//!
//! A **ticket** asks for a set of resources, all or nothing: waiting → offered → held → over. Its lease is its session's:
//! when that is over, however it came, so are its tickets, and whoever is next is offered what they held. The **token** is
//! the position of the entry `lock.granted` in the log: it grows with every grant of anything and is never given twice. A
//! gate lets a change through if the token it comes with is the one of the ticket that holds the resource now; who holds
//! it does not matter, or a late write of the same session would slip in under a later lease of its own.

mod acquire;
mod cycle;
mod mode;
mod next;
mod over;
mod table;
mod want;

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(crate) use acquire::{acquire, rank_at};
pub(crate) use next::{complete, first_again, withdrawn_by};
pub(crate) use over::{break_ticket, lapse, release, rested, rests_for_pushes, rests_until, take_out_of_queues};

pub use acquire::{Acquire, Choice, Granted, Offered, Patience, Queued};
pub use cycle::Step;
pub use mode::{Mode, ModeError};
pub use over::{Break, How, Lapse, Over, Release, Resting};
pub use table::{Ahead, Locks, Row};
pub use want::{Want, Wants};

use crate::{Actor, DeveloperId, SessionId, Time};

/// Who holds or waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// A session: its lease is the session's.
    Session(SessionId),
    /// A human: for maintenance. No session and no reaper ends it.
    Developer(DeveloperId),
}

/// How urgent a ticket is. One step counts as much as [`crate::limits::LOCK_AGING_STEP`] of waiting, so that nobody waits
/// for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Can wait.
    Low,
    /// As it comes.
    #[default]
    Normal,
    /// Somebody is waiting for it.
    High,
    /// An emergency: for humans only.
    Urgent,
}

/// What state keeps of a ticket that is not over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Who asked.
    pub holder: Holder,
    /// For what.
    pub wants: Wants,
    /// How urgently.
    pub priority: Priority,
    /// What for, in the holder's words.
    pub intent: Option<String>,
    /// When it was asked.
    pub asked_at: Time,
    /// Where it has come to.
    pub phase: Phase,
    /// Its place among those who wait: lower comes first.
    pub rank: Rank,
    /// Until when a change that a gate let through may still be on its way: nobody else gets the resources before.
    pub pinned_until: Option<Time>,
    /// The newest of these changes.
    pub pinned_by: Option<Pin>,
}

/// A change that a gate let through, and that may still be on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// Position of the entry that let it through.
    pub push: u64,
    /// Until when changes from before it may be on their way, too.
    pub before: Option<Time>,
}

/// The order of waiting: by time, with [`Priority`] taken off; then by position in the log.
pub type Rank = (i64, u64);

/// Where a ticket has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// In the queue.
    Waiting,
    /// Its turn: set aside for it until then.
    Offered {
        /// Until when.
        until: Time,
    },
    /// Held.
    Held {
        /// The fencing token: the position of the grant in the log.
        token: u64,
        /// Since when.
        since: Time,
    },
    /// Its session vanished, or let go while a change that a gate let through was on its way: what it held rests until
    /// then.
    Resting {
        /// Until when.
        until: Time,
    },
}

impl Holder {
    /// Who holds when this actor asks: writ itself holds nothing.
    pub fn of(actor: Actor) -> Option<Self> {
        match actor {
            Actor::Session(session) => Some(Self::Session(session)),
            Actor::Developer(developer) => Some(Self::Developer(developer)),
            Actor::System | Actor::Bootstrap => None,
        }
    }

    /// The session, if it is one.
    pub fn session(self) -> Option<SessionId> {
        match self {
            Self::Session(session) => Some(session),
            Self::Developer(_) => None,
        }
    }
}

impl Priority {
    /// The name, as spelled everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }

    /// Steps above the lowest.
    const fn steps(self) -> i64 {
        match self {
            Self::Low => 0,
            Self::Normal => 1,
            Self::High => 2,
            Self::Urgent => 3,
        }
    }
}

impl Ticket {
    /// Since when it is held; before that, since when it was asked.
    pub fn since(&self) -> Time {
        match self.phase {
            Phase::Held { since, .. } => since,
            Phase::Waiting | Phase::Offered { .. } | Phase::Resting { .. } => self.asked_at,
        }
    }

    /// Until when a change that a gate let through may be on its way, if one may be.
    pub fn pinned_at(&self, now: Time) -> Option<Time> {
        self.pinned_until.filter(|until| *until > now)
    }

    /// Whether every change of what it is for comes by a gate: what is on its way there is known.
    pub fn is_gated(&self) -> bool {
        self.wants.iter().all(|want| !want.mode.changes() || want.resource.is_gated())
    }
}

impl Phase {
    /// Whether others are kept out by it.
    pub const fn blocks(self) -> bool {
        !matches!(self, Self::Waiting)
    }

    /// The token, when held.
    pub const fn token(self) -> Option<u64> {
        match self {
            Self::Held { token, .. } => Some(token),
            _ => None,
        }
    }

    /// The name, as spelled everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Offered { .. } => "offered",
            Self::Held { .. } => "held",
            Self::Resting { .. } => "resting",
        }
    }
}

/// As its id: the prefix says which it is.
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(session) => session.fmt(f),
            Self::Developer(developer) => developer.fmt(f),
        }
    }
}

impl Serialize for Holder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Holder {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let session = text.parse().map(Self::Session);
        session.or_else(|_| text.parse().map(Self::Developer)).map_err(serde::de::Error::custom)
    }
}
