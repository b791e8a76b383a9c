//! A word with a tone. The word carries the meaning, the colour only helps.

use askama::Template;

/// A short word that stands out: a status, a quality, an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "badge.html")]
pub struct Badge {
    text: String,
    title: &'static str,
    tone: Tone,
}

/// How a badge should strike the eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Neither good nor bad.
    Plain,
    /// Worth a look.
    Warn,
    /// Cut off or failed.
    Bad,
}

// === impl Tone ===

impl Tone {
    const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Plain => "plain",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

// === impl Badge ===

impl Badge {
    /// Any word in any tone.
    pub fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), title: "", tone }
    }

    /// The status of a session, as the API spells it: `active`, `suspect`, `ended`, `revoked`, `expired`.
    pub fn status(name: &str) -> Self {
        let (tone, title) = match name {
            "active" => (Tone::Good, "live"),
            "suspect" => (Tone::Warn, "its launcher missed its beats: nothing new is granted until it beats again"),
            "revoked" => (Tone::Bad, "cut off by somebody"),
            "expired" => (Tone::Warn, "its time ran out, or its launcher fell silent"),
            _ => (Tone::Plain, ""),
        };
        Self { title, ..Self::new(words(name), tone) }
    }

    /// Where a credential stands, as the API spells it: `requested`, `live`, `revoking`, `revoked`, `expired`, `not_made`.
    pub fn credential(name: &str) -> Self {
        let (tone, title) = match name {
            "live" => (Tone::Good, "made, and not to be ended yet"),
            "requested" => (Tone::Plain, "decided; whether it was made is not known yet"),
            "revoking" => (Tone::Warn, "to be dead, and not known to be"),
            "revoked" => (Tone::Plain, "ended at its target before its time"),
            "expired" => (Tone::Plain, "its time ran out"),
            "not_made" => (Tone::Plain, "its target never made it"),
            _ => (Tone::Plain, ""),
        };
        Self { title, ..Self::new(words(name), tone) }
    }

    /// Where a ticket has come to, as the API spells it: `waiting`, `offered`, `held`, `resting`; or `suspect` when its
    /// session missed its beats.
    pub fn lock(name: &str) -> Self {
        let (tone, title) = match name {
            "held" => (Tone::Good, "it has what it wants"),
            "offered" => (Tone::Plain, "its turn: set aside for it for a minute"),
            "resting" => (Tone::Warn, "its session vanished; a change of its own may still be on its way"),
            "suspect" => (Tone::Warn, "its launcher missed its beats: if it stays silent, others are next"),
            _ => (Tone::Plain, "in the queue"),
        };
        Self { title, ..Self::new(words(name), tone) }
    }

    /// How well a cost is known, as the API spells it: `exact`, `estimated`, `bound`.
    pub fn quality(name: &str) -> Self {
        let (tone, title) = match name {
            "exact" => (Tone::Good, "from the provider's complete usage figures"),
            "estimated" => (Tone::Warn, "from part of the usage figures: the answer was cut short"),
            "bound" => (Tone::Warn, "no usage figures were seen: the reserved upper bound stands in"),
            _ => (Tone::Plain, ""),
        };
        Self { title, ..Self::new(words(name), tone) }
    }

    /// How a call came to its end, as the API spells it: `completed`, `upstream_cut`, …
    pub fn outcome(name: &str) -> Self {
        let tone = match name {
            "completed" | "in_flight" => Tone::Plain,
            "revoked" | "upstream_refused" | "upstream_unreachable" => Tone::Bad,
            _ => Tone::Warn,
        };
        Self::new(words(name), tone)
    }
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}
