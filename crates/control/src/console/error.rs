//! The page that says what went wrong.

use askama::Template;

use super::frame::{Frame, Place, Shell};

/// A problem, as the API would tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorPage {
    /// Who looks, if anybody is signed in.
    pub frame: Option<Frame>,
    /// The HTTP status: `404`.
    pub status: u16,
    /// What it is, in two or three words.
    pub title: String,
    /// What happened, in one sentence.
    pub detail: String,
    /// What to do next.
    pub next: Option<String>,
    /// To be quoted to an administrator.
    pub request_id: String,
}

#[derive(Template)]
#[template(path = "error.html")]
struct Page<'a> {
    shell: Shell<'a>,
    view: &'a ErrorPage,
}

/// The body of any refused or failed page.
///
/// # Errors
/// The template could not be written, which means memory ran out.
pub fn error_page(view: &ErrorPage) -> Result<String, askama::Error> {
    Page { shell: Shell::new(view.frame.as_ref(), Place::Elsewhere), view }.render()
}
