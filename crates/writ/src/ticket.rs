//! Tickets for locks, as the API shows them. A mode, a state or a field of a later version is no reason not to understand the
//! rest.

use serde::{Deserialize, Serialize};

use crate::output::{clean, time};

/// A ticket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Ticket {
    /// Its id.
    pub(crate) ticket: String,
    /// Where it stands: `waiting`, `offered`, `held` and others.
    pub(crate) state: String,
    /// Its fencing token, once it is held.
    pub(crate) token: Option<u64>,
    /// What is asked for.
    pub(crate) wants: Vec<Wanted>,
    /// What is held: one of the wants where any would do.
    pub(crate) tokens: Vec<Wanted>,
    /// Who asks.
    pub(crate) holder: Holder,
    /// What for.
    pub(crate) intent: Option<String>,
    /// Since when, as RFC 3339 has it.
    pub(crate) since: String,
    /// How many wait before it.
    pub(crate) position: u64,
    /// Who stands in its way.
    pub(crate) ahead: Vec<Ahead>,
    #[serde(default, rename = "eta.seconds")]
    pub(crate) eta_seconds: Option<u64>,
    #[serde(default)]
    pub(crate) frozen: Option<Frozen>,
}

/// What is frozen of what a ticket waits for, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Frozen {
    pub(crate) detail: String,
}

/// A resource in a mode.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    pub(crate) resource: String,
    pub(crate) mode: String,
}

/// Who holds or waits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Holder {
    /// The session; none is a human's maintenance.
    #[serde(rename = "session.id")]
    pub(crate) session: Option<String>,
    /// The human's name.
    #[serde(rename = "developer.name")]
    pub(crate) developer: Option<String>,
    /// The project's name.
    #[serde(rename = "project.name")]
    pub(crate) project: Option<String>,
}

/// A ticket that stands in the way of another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Ahead {
    pub(crate) ticket: String,
    pub(crate) state: String,
    pub(crate) resource: String,
    pub(crate) mode: String,
    pub(crate) holder: Holder,
    pub(crate) intent: Option<String>,
    pub(crate) since: String,
    /// Whether its launcher has fallen silent.
    pub(crate) suspect: bool,
}

// === impl Ticket ===

impl Ticket {
    /// Whether it is still to wait.
    pub(crate) fn waits(&self) -> bool {
        self.state == "waiting" || self.state == "offered"
    }

    /// What it is about, for a sentence.
    pub(crate) fn about(&self) -> String {
        let one = |want: &Wanted| format!("{} ({})", clean(&want.resource), clean(&want.mode));
        self.wants.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    /// Who stands in its way, a line each.
    pub(crate) fn in_the_way(&self) -> String {
        self.ahead.iter().map(Ahead::line).collect()
    }
}

// === impl Ahead ===

impl Ahead {
    /// One line.
    fn line(&self) -> String {
        let does = if self.state == "waiting" { "waits for" } else { "has" };
        let intent = self.intent.as_deref().map(|intent| format!(", to {}", clean(intent))).unwrap_or_default();
        let silent = if self.suspect { " (its launcher has fallen silent)" } else { "" };
        format!(
            "  {} {does} {} ({}) since {}{intent}{silent}: {}\n",
            self.holder.name(),
            clean(&self.resource),
            clean(&self.mode),
            time(&self.since),
            clean(&self.ticket),
        )
    }
}

// === impl Holder ===

impl Holder {
    /// The human, and the session or that it is for maintenance.
    pub(crate) fn name(&self) -> String {
        match &self.session {
            Some(session) => format!("{} ({})", self.developer(), clean(session)),
            None => format!("{} (for maintenance)", self.developer()),
        }
    }

    fn developer(&self) -> String {
        self.developer.as_deref().map_or_else(|| "somebody".to_owned(), clean)
    }
}
