//! The control plane's answer, to which this machine adds what it knows: one JSON object, as `--json` prints it.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::{Call, Session, read};
use crate::command_error::CommandError;

/// What came of a question.
#[derive(Debug)]
pub(super) enum Outcome {
    Found(Found),
    Ambiguous(Value),
    Unknown(Value),
}

/// An answer that names somebody.
#[derive(Debug)]
pub(super) struct Found {
    value: Value,
}

/// One way from the thing to its session.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Link {
    pub(super) kind: String,
    pub(super) value: String,
    pub(super) evidence: String,
    pub(super) says: String,
    pub(super) position: Option<u64>,
    pub(super) time: Option<String>,
    pub(super) entry_type: Option<String>,
    pub(super) by: Option<String>,
}

/// The human.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Human {
    pub(super) id: String,
    pub(super) login: String,
    pub(super) display_name: String,
    #[serde(default)]
    pub(super) disabled: bool,
}

/// What is told of who did something.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Told {
    pub(super) links: Vec<Link>,
    pub(super) session: Option<Session>,
    pub(super) human: Human,
    pub(super) opened_in: Option<u64>,
    pub(super) agent: Agent,
    pub(super) policy: Option<String>,
    pub(super) approvals: Vec<String>,
    pub(super) call: Option<Call>,
    #[serde(default)]
    pub(super) credential: Option<CredentialTold>,
    pub(super) neighbours: Neighbours,
    #[serde(default)]
    pub(super) hidden: usize,
    #[serde(default)]
    pub(super) team: Option<String>,
    #[serde(default)]
    pub(super) commit: Option<CommitTold>,
    #[serde(default)]
    pub(super) contradictions: Vec<String>,
    #[serde(default)]
    pub(super) proofs: Vec<ProofTold>,
}

/// A credential of the session.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct CredentialTold {
    pub(super) id: String,
    pub(super) broker: String,
    #[serde(default)]
    pub(super) kind: Option<String>,
    pub(super) target: String,
    pub(super) status: String,
    pub(super) issued_at: Option<String>,
    pub(super) expires_at: String,
    pub(super) over_at: Option<String>,
    pub(super) due: Option<String>,
}

/// What programs say they are.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Agent {
    pub(super) user_agents: Vec<String>,
    pub(super) client_sessions: Vec<String>,
    pub(super) agents: Vec<String>,
}

/// Who else was at work.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Neighbours {
    pub(super) of: String,
    pub(super) before: Vec<Neighbour>,
    pub(super) after: Vec<Neighbour>,
}

/// A session beside.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Neighbour {
    pub(super) session: String,
    pub(super) developer: String,
    pub(super) status: String,
    pub(super) opened_at: String,
    #[serde(default)]
    pub(super) was_active: bool,
}

/// A commit of a repository on this machine.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct CommitTold {
    pub(super) id: String,
    pub(super) subject: String,
    pub(super) author: String,
    pub(super) signature: String,
}

/// What became of checking an entry.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ProofTold {
    pub(super) outcome: String,
    pub(super) text: String,
}

/// One thing that an ambiguous name may mean.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Candidate {
    pub(super) kind: String,
    pub(super) value: String,
    #[serde(default)]
    pub(super) session: Option<String>,
    #[serde(default)]
    pub(super) developer: Option<String>,
    #[serde(default)]
    pub(super) opened_at: Option<String>,
    #[serde(default)]
    pub(super) subject: Option<String>,
}

/// A place that was looked in.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Place {
    pub(super) kinds: Vec<String>,
    pub(super) names: Vec<String>,
    pub(super) place: String,
}

// === impl Outcome ===

impl Outcome {
    /// Reads an answer.
    pub(super) fn read(value: Value) -> Result<Self, CommandError> {
        match value.get("outcome").and_then(Value::as_str) {
            Some("found") => Ok(Self::Found(Found { value })),
            Some("ambiguous") => Ok(Self::Ambiguous(value)),
            Some("unknown") => Ok(Self::Unknown(value)),
            _ => Err(CommandError::failed("the server's answer does not fit this version")),
        }
    }

    /// As it is printed.
    pub(super) fn value(&self) -> &Value {
        match self {
            Self::Found(found) => &found.value,
            Self::Ambiguous(value) | Self::Unknown(value) => value,
        }
    }
}

// === impl Found ===

impl Found {
    /// All of it.
    pub(super) fn told(&self) -> Result<Told, CommandError> {
        let mut told: Told = read(self.value.clone())?;
        // The session's shape elsewhere in this program has no team.
        told.team = self.value.pointer("/session/team/name").and_then(Value::as_str).map(str::to_owned);
        Ok(told)
    }

    /// The session's id.
    pub(super) fn session(&self) -> Option<&str> {
        self.value.pointer("/session/id").and_then(Value::as_str)
    }

    /// The human's id and sign-in name.
    pub(super) fn human(&self) -> [Option<&str>; 2] {
        ["/human/id", "/human/login"].map(|field| self.value.pointer(field).and_then(Value::as_str))
    }

    /// Whether who the human is was erased: names are stand-ins then.
    pub(super) fn is_erased(&self) -> bool {
        self.value.pointer("/human/erased_at").is_some_and(|at| !at.is_null())
    }

    /// Adds a field.
    pub(super) fn insert(&mut self, field: &str, value: Value) {
        if let Some(object) = self.value.as_object_mut() {
            object.insert(field.to_owned(), value);
        }
    }

    /// Puts a link at the front or the end.
    pub(super) fn push_link(&mut self, link: Value, first: bool) {
        if let Some(Value::Array(links)) = self.value.get_mut("links") {
            links.insert(if first { 0 } else { links.len() }, link);
        }
    }

    /// Its links.
    pub(super) fn links(&self) -> Vec<Value> {
        self.value.get("links").and_then(Value::as_array).cloned().unwrap_or_default()
    }

    /// The question as it was asked here: the control plane was asked another one.
    pub(super) fn asked_as(&mut self, thing: &str) {
        self.insert("thing", json!(thing));
    }
}
