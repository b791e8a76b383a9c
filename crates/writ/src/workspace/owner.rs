//! Whose a workspace is.

use std::fmt;
use std::str::FromStr;

use domain::SessionId;
use serde::{Deserialize, Serialize};

use super::names::slug;

/// A session, or one of its sub-agents that was to work apart from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owner {
    /// The session.
    pub(crate) session: SessionId,
    /// The sub-agent's working tree, as one component of a reference's name; none is the session itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) part: Option<String>,
}

/// Between session and part: no session's id has it.
const MARK: char = '.';

/// Characters of a session's id that tell one machine's workspaces apart: 40 random bits.
const SHORT_CHARS: usize = 8;

// === impl Owner ===

impl Owner {
    /// A part of the session, by whatever name the client gives it.
    pub(crate) fn with_part(self, name: &str) -> Self {
        Self { part: Some(slug(name)), ..self }
    }

    /// The end of the session's id, and the part: what tells one machine's workspaces apart.
    pub(crate) fn short(&self) -> String {
        let text = self.session.to_string();
        let end = text.get(text.len().saturating_sub(SHORT_CHARS)..).unwrap_or_default().to_owned();
        self.with_rest(end)
    }

    fn with_rest(&self, mut text: String) -> String {
        if let Some(part) = &self.part {
            text.push(MARK);
            text.push_str(part);
        }
        text
    }
}

impl From<SessionId> for Owner {
    fn from(session: SessionId) -> Self {
        Self { session, part: None }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with_rest(self.session.to_string()))
    }
}

impl FromStr for Owner {
    type Err = <SessionId as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(MARK) {
            Some((session, part)) => Ok(Self::from(session.parse::<SessionId>()?).with_part(part)),
            None => Ok(Self::from(text.parse::<SessionId>()?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::Time;

    use super::*;

    #[test]
    fn a_part_is_read_as_it_is_written() {
        let session = SessionId::new(Time::from_unix_millis(1), 7);
        let part = Owner::from(session).with_part("feature/Side door");
        assert_eq!(part.to_string(), format!("{session}.feature-Side-door"));
        assert_eq!(part.to_string().parse::<Owner>().unwrap(), part);
        assert_eq!(part.short(), "00000007.feature-Side-door");
        assert_eq!(session.to_string().parse::<Owner>().unwrap(), Owner::from(session));
        assert!("ses_.x".parse::<Owner>().is_err());
    }

    #[test]
    fn a_record_of_before_parts_is_of_the_session_itself() {
        let session = SessionId::new(Time::from_unix_millis(1), 7);
        let owner: Owner = serde_json::from_value(serde_json::json!({ "session": session, "branch": "x" })).unwrap();
        assert_eq!(owner, Owner::from(session));
        assert_eq!(serde_json::to_value(&owner).unwrap(), serde_json::json!({ "session": session }));
    }
}
