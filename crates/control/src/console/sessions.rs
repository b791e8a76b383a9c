//! The list of sessions, live ones first.

use askama::Template;

use super::frame::{Frame, Place, Shell};
use super::{Badge, Budget, Link, Moment};

/// What the list shows. A page of it is bounded by the handler; [`SessionsPage::older`] leads on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionsPage {
    /// Who looks.
    pub frame: Frame,
    /// What is left out, in words: `project payments`. None when nothing is.
    pub filter: Option<String>,
    /// Only live sessions were asked for.
    pub live_only: bool,
    /// Sessions that are active or suspect, newest first.
    pub live: Vec<SessionRow>,
    /// Sessions that are over, newest first.
    pub over: Vec<SessionRow>,
    /// Address of the next page.
    pub older: Option<String>,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Its id, and its page.
    pub session: Link,
    /// Made by [`Badge::status`].
    pub status: Badge,
    /// The human's sign-in name.
    pub developer: String,
    /// What the work is for; none means unattributed.
    pub project: Option<String>,
    /// It was opened from another session.
    pub is_child: bool,
    /// When it was opened.
    pub started: Moment,
    /// Its calls: made by [`super::count`].
    pub calls: String,
    /// What it spent: `$1.2345`.
    pub cost: String,
    /// Its budget, if it has one.
    pub budget: Option<Budget>,
}

#[derive(Template)]
#[template(path = "sessions.html")]
struct Page<'a> {
    shell: Shell<'a>,
    view: &'a SessionsPage,
}

/// One table of the page.
#[derive(Template)]
#[template(path = "sessions_table.html")]
struct Table<'a> {
    caption: &'static str,
    rows: &'a [SessionRow],
}

/// `GET /sessions`.
///
/// # Errors
/// The template could not be written, which means memory ran out.
pub fn sessions_page(view: &SessionsPage) -> Result<String, askama::Error> {
    Page { shell: Shell::new(Some(&view.frame), Place::Sessions), view }.render()
}

// === impl Page ===

impl Page<'_> {
    fn is_empty(&self) -> bool {
        self.view.live.is_empty() && self.view.over.is_empty()
    }

    fn live(&self) -> Table<'_> {
        Table { caption: "Live sessions", rows: &self.view.live }
    }

    fn over(&self) -> Table<'_> {
        Table { caption: "Sessions that are over", rows: &self.view.over }
    }
}
