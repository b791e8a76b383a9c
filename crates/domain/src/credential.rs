//! Credentials: decided and recorded before a broker makes them, and counted as alive until they are known to be dead.
//!
//! requested → issued → over; or requested → over, when none was made. A credential becomes *due* for revocation when its
//! session is over, its grant is changed, its broker is switched off, somebody asks, or the process that was to make it is
//! lost. Due is not dead: it stays listed until a broker has ended it, or its time is up.

mod over;
mod request;

use serde::{Deserialize, Serialize};

pub(crate) use over::{ask_revocation, finish, note_stalled, record_mint};
pub(crate) use request::request;

pub use over::{Finish, How, Issued, MintResult, NoteStalled, Over, RecordMint, RevocationAsked, Revoke, Stalled};
pub use request::{Request, Requested};

use crate::{ArtifactKind, CredentialId, Name, NodeId, ProjectId, Scope, SessionId, State, TicketId, Time};

/// What state keeps of a credential that is not known to be dead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// For which session.
    pub session: SessionId,
    /// The how manieth of that session's, from 1.
    pub sequence: u64,
    /// For which project.
    pub project: ProjectId,
    /// Which broker.
    pub broker: Name,
    /// Which of its targets.
    pub target: Name,
    /// The profile of the grant that it was issued under; none means the grant of all profiles.
    pub granted_to: Option<Name>,
    /// What it is good for.
    pub scope: Scope,
    /// The ticket that it rests on, where its grant asks for a lock.
    #[serde(default)]
    pub lock: Option<TicketId>,
    /// When it was decided.
    pub requested_at: Time,
    /// Which process was to have it made.
    pub node: NodeId,
    /// Whether it was made.
    pub is_issued: bool,
    /// When it stops working by itself.
    pub expires_at: Time,
    /// Since when it is to be ended, and why.
    pub due: Option<Due>,
    /// Whether it was said that it cannot be ended.
    pub is_stalled: bool,
}

/// That a credential is to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// Since when.
    pub since: Time,
    /// Why.
    pub cause: Cause,
}

/// Why a credential is to be ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Its session is over.
    SessionOver,
    /// The grant that it was issued under was changed or taken away.
    GrantChanged,
    /// Its broker was switched off.
    BrokerOff,
    /// Somebody asked.
    Asked,
    /// The process that was to have it made is lost: perhaps it was made.
    NodeLost,
    /// The lock that it rests on is over.
    LockOver,
}

/// A name under which a credential is known elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PublicName {
    /// What kind of name.
    pub kind: ArtifactKind,
    /// The name.
    pub value: String,
}

impl Cause {
    /// The cause's name, as spelled everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SessionOver => "session_over",
            Self::GrantChanged => "grant_changed",
            Self::BrokerOff => "broker_off",
            Self::Asked => "asked",
            Self::NodeLost => "node_lost",
            Self::LockOver => "lock_over",
        }
    }
}

/// The name that every credential has: its session and its number there. Tokens carry it as `jti`: Kubernetes writes it into
/// its audit log, and whoever reads any relying party's log finds the session by it.
pub fn token_id(session: SessionId, sequence: u64) -> String {
    format!("{session}.{sequence}")
}

impl State {
    /// The credentials of a session that are not known to be dead.
    pub fn credentials_of(&self, session: SessionId) -> impl Iterator<Item = (CredentialId, &Credential)> {
        let ids = self.session_credentials.get(&session).into_iter().flatten();
        ids.filter_map(|id| Some((*id, self.credentials.get(id)?)))
    }
}
