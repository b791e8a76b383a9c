//! Tickets, as the API shows them, and how they read.

use serde::Deserialize;

use crate::output::{Cell, Table, clean, time};

/// A ticket.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Ticket {
    pub(crate) ticket: String,
    pub(crate) state: String,
    #[serde(default)]
    pub(crate) token: Option<u64>,
    #[serde(default)]
    pub(crate) intent: Option<String>,
    pub(crate) wants: Vec<Wanted>,
    pub(crate) holder: Holder,
    #[serde(default)]
    pub(crate) since: String,
    #[serde(default)]
    pub(crate) position: usize,
    #[serde(default)]
    pub(crate) ahead: Vec<Ahead>,
    #[serde(default, rename = "eta.seconds")]
    pub(crate) eta_seconds: Option<u64>,
    #[serde(default)]
    pub(crate) frozen: Option<Frozen>,
}

/// What is frozen of what a ticket waits for, and why.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Frozen {
    pub(crate) detail: String,
}

/// A resource in a mode.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Wanted {
    pub(crate) resource: String,
    pub(crate) mode: String,
}

/// Who holds or waits.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Holder {
    #[serde(default, rename = "session.id")]
    pub(crate) session: Option<String>,
    #[serde(default, rename = "developer.name")]
    pub(crate) developer: Option<String>,
    #[serde(default, rename = "project.name")]
    pub(crate) project: Option<String>,
}

/// A ticket that stands in the way of another.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Ahead {
    pub(crate) ticket: String,
    pub(crate) state: String,
    pub(crate) resource: String,
    pub(crate) mode: String,
    pub(crate) holder: Holder,
    #[serde(default)]
    pub(crate) intent: Option<String>,
    #[serde(default)]
    pub(crate) since: String,
    #[serde(default)]
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
    pub(crate) fn line(&self) -> String {
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

/// Tickets as a table: a line for each resource.
pub(crate) fn table(tickets: &[Ticket]) -> String {
    let mut table = Table::new(["RESOURCE", "MODE", "STATE", "WHO", "PROJECT", "SINCE", "TOKEN", "TICKET", "FOR"]);
    for one in tickets {
        let state = match one.position {
            0 => one.state.clone(),
            ahead => format!("{} ({ahead} ahead)", one.state),
        };
        for want in &one.wants {
            table.row([
                Cell::text(&want.resource),
                Cell::text(&want.mode),
                Cell::text(&state),
                Cell::text(one.holder.name()),
                Cell::text(one.holder.project.as_deref().unwrap_or_default()),
                Cell::text(time(&one.since)),
                Cell::text(one.token.map(|token| token.to_string()).unwrap_or_default()),
                Cell::text(&one.ticket),
                Cell::text(one.intent.as_deref().unwrap_or_default()),
            ]);
        }
    }
    table.render()
}
