//! The check at `git push`: whether what a session pushes may go in, as things stand in this very append.
//!
//! A session moves its own refs (`refs/heads/s/<session>/…`, `refs/tags/s/<session>/…`, `refs/writ/keep/<session>`), and any
//! other ref only while it holds X on it: `ref:<repository>/heads/main` is the queue of `main`. A path goes in unless
//! somebody else's lock on it or on what contains it says no, or it is frozen; where the rules ask for a lock of its own,
//! the session must hold that, and name its current token. A token that is named and is not current refuses the push,
//! whatever it touches: whoever sends it believes to hold what they do not.
//!
//! Sessions of which one descends from the other are one piece of work: they move each other's refs and count with each
//! other's locks.

mod refs;
mod verdict;

use serde::{Deserialize, Serialize};

pub(crate) use verdict::{check, land};

pub use refs::own_refs;

use crate::lock::{Holder, Mode, Want};
use crate::{Digest, Resource, SessionId, TicketId};

/// Ask whether a push may go in. What it touches was found out by a gate that has the objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Who pushes, as the gate proved it.
    pub session: SessionId,
    /// Who the push says it is.
    pub claimed: Option<SessionId>,
    /// By what the gate knows the session.
    pub proof: Proof,
    /// Which gate asks: its audience; none when the session asks for itself.
    pub gate: Option<String>,
    /// The repository: host, owner and name.
    pub repository: String,
    /// The refs it moves.
    pub updates: Vec<Update>,
    /// What it touches, in order, each once.
    pub touched: Vec<Resource>,
    /// Those of them with everything below: submodules.
    pub whole: Vec<Resource>,
    /// What the rules ask the session to hold for it, in order, each once.
    pub needs: Vec<Want>,
    /// What it touches, as the gate told it.
    pub paths: Paths,
    /// The fencing tokens it comes with.
    pub tokens: Vec<u64>,
    /// How many commits are new.
    pub commits: u64,
    /// Why not by the first commit that lacks what the rules ask of each, if one does: [`Why::Unattributed`] or
    /// [`Why::Unsigned`].
    pub flaw: Option<Why>,
}

/// A ref that is to be moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// Its full name.
    #[serde(rename = "ref")]
    pub name: String,
    /// Where it is; zeros: nowhere.
    pub old: String,
    /// Where it is to be; zeros: nowhere.
    pub new: String,
    /// How it moves.
    pub kind: Kind,
    /// Whether the rules protect it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protected: bool,
}

/// How a ref moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It is new.
    Create,
    /// It goes forward.
    Update,
    /// It goes away.
    Delete,
    /// It goes elsewhere: what it was is not part of what it is.
    Force,
}

/// By what a gate knows the session that pushes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// The session's own bearer.
    Bearer,
    /// A token that was made for the gate.
    Token,
    /// The web server before the gate checked a token.
    WebServer,
    /// A certificate logged it in.
    Certificate,
}

/// What a push touches: too much for an entry, so only how much it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paths {
    /// How many paths.
    pub count: u64,
    /// Digest of the paths in order, each with a zero byte after it.
    pub digest: Digest,
}

/// Entry: a push may go in. Whether the git server took it is not known here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admitted {
    /// What was asked.
    #[serde(flatten)]
    pub push: Push,
    /// The tickets it relies on: for a moment nobody takes them away.
    pub locks: Vec<TicketId>,
}

/// Note that a push that was let in has arrived, or that the git server did not take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Land {
    /// Whose it was.
    pub session: SessionId,
    /// Position of the entry that let it in.
    pub push: u64,
    /// The tickets that it relied on.
    pub locks: Vec<TicketId>,
}

/// Entry: a push that was let in is not on its way any more, so that what its session let go need not rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Landed {
    /// Whose it was.
    pub session: SessionId,
    /// Position of the entry that let it in.
    pub push: u64,
    /// The tickets that it kept until now.
    pub locks: Vec<TicketId>,
}

/// Entry: a push may not go in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// What was asked.
    #[serde(flatten)]
    pub push: Push,
    /// Why not.
    #[serde(flatten)]
    pub why: Why,
}

/// What an entry says of a push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// Who pushes.
    pub session: SessionId,
    /// By what the gate knows.
    pub proof: Proof,
    /// Which gate asked: its audience; none when the session asked for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<String>,
    /// The repository.
    pub repository: String,
    /// The refs it moves.
    pub updates: Vec<Update>,
    /// What it touches.
    pub paths: Paths,
    /// How many commits are new.
    pub commits: u64,
}

/// Why a push may not go in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Why {
    /// It says that it is of another session than the one that it is known to be of.
    SessionForeign {
        /// Whom it names.
        claimed: SessionId,
    },
    /// The ref is not the session's own, and it does not hold it.
    RefForeign {
        /// Which.
        #[serde(rename = "ref")]
        name: String,
    },
    /// The ref moves only through its queue.
    RefProtected {
        /// Which.
        #[serde(rename = "ref")]
        name: String,
    },
    /// The ref goes forward only.
    RefRewritten {
        /// Which.
        #[serde(rename = "ref")]
        name: String,
    },
    /// A human has to look first.
    Frozen {
        /// What is frozen.
        resource: Resource,
    },
    /// Somebody else has it.
    PathLocked {
        /// What is touched.
        resource: Resource,
        /// By which ticket it is held.
        ticket: TicketId,
        /// Who holds.
        holder: Holder,
        /// What that ticket has.
        held: Resource,
        /// In which mode.
        mode: Mode,
    },
    /// The rules ask for a lock that the session does not hold.
    LockMissing {
        /// Of what.
        resource: Resource,
    },
    /// The session holds what it needs, and the push does not name the token of that.
    TokenMissing {
        /// Of what.
        resource: Resource,
        /// The token that it would have to name.
        token: u64,
    },
    /// A token is not, or no longer, one of the session's.
    TokenStale {
        /// Which.
        token: u64,
    },
    /// A commit does not name the session.
    Unattributed {
        /// Which.
        commit: String,
    },
    /// A commit is not signed with a certificate of the session's.
    Unsigned {
        /// Which.
        commit: String,
        /// Why its signature counts for nothing.
        because: String,
    },
}

impl Why {
    /// The stable code that gates and clients may branch on.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SessionForeign { .. } => "push_session_foreign",
            Self::RefForeign { .. } => "push_ref_foreign",
            Self::RefProtected { .. } | Self::RefRewritten { .. } => "push_ref_protected",
            Self::Frozen { .. } => "push_frozen",
            Self::PathLocked { .. } => "push_path_locked",
            Self::LockMissing { .. } => "push_lock_missing",
            Self::TokenMissing { .. } | Self::TokenStale { .. } => "push_token_stale",
            Self::Unattributed { .. } => "push_unattributed",
            Self::Unsigned { .. } => "push_unsigned",
        }
    }

    /// The ref that it is about, if it is about one.
    pub fn reference(&self) -> Option<&str> {
        match self {
            Self::RefForeign { name } | Self::RefProtected { name } | Self::RefRewritten { name } => Some(name),
            _ => None,
        }
    }
}
