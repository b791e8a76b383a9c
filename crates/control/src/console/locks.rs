//! Locks: first of all what is frozen and needs a human, then who waits, who holds, and who is working where.

use askama::Template;
use domain::limits::REASON_CHARS_MAX;

use super::frame::{Frame, Place, Shell};
use super::{Badge, Link, Moment};

/// What the page shows. All lists are bounded by the handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocksPage {
    /// Who looks.
    pub frame: Frame,
    /// Only what overlaps this resource; empty for all.
    pub resource: String,
    /// Only of sessions of this project; empty for all.
    pub project: String,
    /// What no agent may change until a human has looked.
    pub frozen: Vec<FrozenCard>,
    /// Who waits, the first in the queue first.
    pub waiting: Vec<LockRow>,
    /// Who holds what others may run into.
    pub held: Vec<LockRow>,
    /// Ports and names that workspaces have for themselves.
    pub leased: Vec<LockRow>,
    /// Who is working where, by repository.
    pub places: Vec<WorkPlace>,
    /// Whether there is more than is shown.
    pub more: bool,
}

/// A frozen resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrozenCard {
    /// Which.
    pub resource: String,
    /// Since when.
    pub since: Moment,
    /// What led to it, in a sentence.
    pub detail: String,
    /// The project whose people may thaw it.
    pub project: Option<String>,
    /// Sessions that led to it.
    pub sessions: Vec<Holder>,
    /// Whether who looks may thaw it.
    pub may_thaw: bool,
}

/// Who holds, waits or works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The human, by sign-in name.
    pub developer: String,
    /// The session, and its page; none for a human who holds by hand.
    pub session: Option<Link>,
    /// The project.
    pub project: Option<String>,
}

/// A ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockRow {
    /// Its id.
    pub ticket: String,
    /// What it is for, as `X env:prod`.
    pub wants: Vec<String>,
    /// Made by [`Badge::lock`].
    pub state: Badge,
    /// Who asked.
    pub holder: Holder,
    /// What for.
    pub intent: Option<String>,
    /// Since when.
    pub since: Moment,
    /// The fencing token, when it is held.
    pub token: Option<String>,
    /// Who stands in the way, when it waits: the first of them, in a sentence.
    pub ahead: Option<String>,
    /// Address that takes it away, for those who may.
    pub break_action: Option<String>,
}

/// A repository, and who works where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkPlace {
    /// Its name.
    pub repository: String,
    /// Who works where, by path.
    pub rows: Vec<WorkRow>,
}

/// Somebody's work on one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkRow {
    /// The path; empty for the whole repository.
    pub path: String,
    /// What the mode means: `reads`, `changes`, `alone`.
    pub does: &'static str,
    /// Who.
    pub holder: Holder,
    /// What for.
    pub intent: Option<String>,
    /// Since when.
    pub since: Moment,
}

#[derive(Template)]
#[template(path = "locks.html")]
struct Page<'a> {
    shell: Shell<'a>,
    view: &'a LocksPage,
    reason_chars_max: usize,
}

/// `GET /locks`.
///
/// # Errors
/// The template could not be written, which means memory ran out.
pub fn locks_page(view: &LocksPage) -> Result<String, askama::Error> {
    let shell = Shell::new(Some(&view.frame), Place::Locks);
    Page { shell, view, reason_chars_max: REASON_CHARS_MAX }.render()
}
