//! The form to sign in.

use askama::Template;

use super::frame::{Place, Shell};

/// What the sign-in form shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignInPage {
    /// The sign-in name typed before, to save typing it again. Never the password.
    pub login: String,
    /// Why the last attempt failed, in one sentence.
    pub failure: Option<String>,
    /// Path to go to afterwards; the handler checks that it is one of ours, both when it shows and when it obeys.
    pub return_to: Option<String>,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct Page<'a> {
    shell: Shell<'a>,
    view: &'a SignInPage,
}

/// `GET /sign-in`; its form posts `login`, `password` and perhaps `return_to` to `/sign-in`.
///
/// # Errors
/// The template could not be written, which means memory ran out.
pub fn sign_in_page(view: &SignInPage) -> Result<String, askama::Error> {
    Page { shell: Shell::new(None, Place::Elsewhere), view }.render()
}
