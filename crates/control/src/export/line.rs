//! One entry on its way out.

use domain::{DeveloperId, Digest, Event, ProjectId, SessionId, TeamId};
use ledger::{DecodeError, Entry};
use serde_json::Value;
use store::StoredEntry;

/// One entry of the log with its place, as every shape is made from it.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its place in the log, counted from 0.
    pub position: u64,
    /// Its leaf hash (RFC 6962): what ties a copy to the log.
    pub leaf: Digest,
    /// What it says.
    pub entry: Entry,
    /// The same as JSON, as it was written.
    pub json: Value,
    /// Its canonical bytes as text.
    pub text: String,
    /// Whose session it is about, if it is about one.
    pub owner: Option<Owner>,
}

/// Whose a session is, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The human.
    pub developer: DeveloperId,
    /// What the work is for; none means unattributed.
    pub project: Option<ProjectId>,
    /// The team through which the developer works on the project.
    pub team: Option<TeamId>,
}

impl Line {
    /// From an entry as it was appended. `owner` is what others know of its session; what the entry says itself wins.
    ///
    /// # Errors
    /// When the bytes are no entry, or one of a newer writ.
    pub fn new(stored: StoredEntry, owner: Option<Owner>) -> Result<Self, DecodeError> {
        let entry = ledger::decode(&stored.bytes)?;
        let malformed = |error: &dyn std::fmt::Display| DecodeError::Malformed(error.to_string());
        let json = serde_json::from_slice(&stored.bytes).map_err(|error| malformed(&error))?;
        let text = String::from_utf8(stored.bytes).map_err(|error| malformed(&error))?;
        let owner = Owner::said_by(&entry.event).or(owner);
        Ok(Self { position: stored.position, leaf: stored.leaf, entry, json, text, owner })
    }

    /// The entry's `type`.
    pub fn kind(&self) -> &str {
        self.json.get("type").and_then(Value::as_str).unwrap_or_default()
    }

    /// The session it is about.
    pub fn session(&self) -> Option<SessionId> {
        self.entry.event.session()
    }

    /// Its name in the world: the log's origin and the position.
    pub fn id(&self, origin: &str) -> String {
        format!("{origin}/{}", self.position)
    }
}

impl Owner {
    /// What an event says itself of whose session it is about.
    pub fn said_by(event: &Event) -> Option<Self> {
        let of_call = |dimensions: &domain::call::Dimensions| Self {
            developer: dimensions.developer,
            project: dimensions.project,
            team: dimensions.team,
        };
        match event {
            Event::SessionOpened(opened) => {
                Some(Self { developer: opened.developer, project: opened.project, team: opened.team })
            }
            Event::CallReserved(call) => Some(of_call(&call.dimensions)),
            Event::CallSettled(call) => Some(of_call(&call.dimensions)),
            _ => None,
        }
    }
}
