//! Brokers: what makes credentials, for which targets, and the switch that ends everything one of them made.

use askama::Template;
use domain::limits::REASON_CHARS_MAX;

use super::Badge;
use super::frame::{Frame, Place, Shell};

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokersPage {
    /// Who looks.
    pub frame: Frame,
    /// All brokers, by name.
    pub rows: Vec<BrokerRow>,
}

/// One broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerRow {
    /// Its name.
    pub name: String,
    /// Its kind, as the API spells it: `github`.
    pub kind: String,
    /// Whether it may make credentials.
    pub is_on: bool,
    /// Its targets, by name.
    pub targets: Vec<TargetRow>,
    /// Its credentials that are not known to be dead: made by [`super::count`].
    pub alive: String,
    /// Those of them that are to be dead; none when there are none.
    pub due: Option<String>,
    /// What its targets' own logs show of a session, or why nobody knows.
    pub shows: String,
    /// For those who may switch it.
    pub switch: Option<Switch>,
}

/// A target of a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetRow {
    /// Its name.
    pub name: String,
    /// How long its credentials live at most: `1h`.
    pub life_max: String,
    /// Whether they can be ended before they expire.
    pub is_revocable: bool,
}

/// The switch of a broker: off when it is on, and on when it is off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// Where its form posts `reason`.
    pub action: String,
}

#[derive(Template)]
#[template(path = "brokers.html")]
struct Page<'a> {
    shell: Shell<'a>,
    view: &'a BrokersPage,
    reason_chars_max: usize,
}

/// `GET /brokers`.
///
/// # Errors
/// The template could not be written, which means memory ran out.
pub fn brokers_page(view: &BrokersPage) -> Result<String, askama::Error> {
    let shell = Shell::new(Some(&view.frame), Place::Brokers);
    Page { shell, view, reason_chars_max: REASON_CHARS_MAX }.render()
}

// === impl BrokerRow ===

impl BrokerRow {
    fn state(&self) -> Badge {
        use super::Tone::{Bad, Good};
        if self.is_on { Badge::new("on", Good) } else { Badge::new("switched off", Bad) }
    }
}
