//! What stands around every page: title, navigation, who is signed in.

use super::asset;

/// Who looks at the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The name shown, as the company knows it.
    pub name: String,
    /// Their roles, as text: `member, auditor`.
    pub roles: String,
    /// Whether the page of brokers is theirs to see.
    pub sees_brokers: bool,
    /// How many resources are frozen: each needs a human.
    pub frozen: usize,
}

/// Something with an address of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What is shown.
    pub text: String,
    /// Where it leads, within the console.
    pub href: String,
}

/// The part of the console a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Sessions,
    Credentials,
    Locks,
    Brokers,
    Cost,
    Elsewhere,
}

/// What the base template needs.
#[derive(Debug)]
pub(super) struct Shell<'a> {
    css: String,
    icon: String,
    frame: Option<&'a Frame>,
    place: Place,
}

// === impl Link ===

impl Link {
    /// A link of this text to this address.
    pub fn new(text: impl Into<String>, href: impl Into<String>) -> Self {
        Self { text: text.into(), href: href.into() }
    }
}

// === impl Shell ===

impl<'a> Shell<'a> {
    pub(super) fn new(frame: Option<&'a Frame>, place: Place) -> Self {
        Self { css: asset::css_path(), icon: asset::icon_path(), frame, place }
    }

    pub(super) fn css(&self) -> &str {
        &self.css
    }

    pub(super) fn icon(&self) -> &str {
        &self.icon
    }

    pub(super) fn frame(&self) -> Option<&'a Frame> {
        self.frame
    }

    /// Value for `aria-current` of the navigation entry of this path.
    pub(super) fn is_at(&self, path: &str) -> bool {
        match self.place {
            Place::Sessions => path == "/sessions",
            Place::Credentials => path == "/credentials",
            Place::Locks => path == "/locks",
            Place::Brokers => path == "/brokers",
            Place::Cost => path == "/cost",
            Place::Elsewhere => false,
        }
    }
}
