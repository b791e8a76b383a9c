//! What a ticket asks for.

use serde::{Deserialize, Serialize};

use super::Mode;
use crate::refusal::at_most;
use crate::{Refusal, Resource, limits};

/// One resource in one mode.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Want {
    /// Which.
    pub resource: Resource,
    /// In which mode.
    pub mode: Mode,
}

/// A set of wants in canonical order, each resource once: asked for together, they cannot wait for each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Wants(Vec<Want>);

impl Want {
    /// A want.
    pub fn new(resource: Resource, mode: Mode) -> Self {
        Self { resource, mode }
    }

    /// Whether two holders can have both at the same time.
    pub fn goes_with(&self, other: &Self) -> bool {
        self.goes_with_mode(&other.resource, other.mode)
    }

    /// The same, of a resource in a mode.
    pub(super) fn goes_with_mode(&self, resource: &Resource, mode: Mode) -> bool {
        if self.resource == *resource {
            self.mode.goes_with(mode)
        } else if self.resource.contains(resource) {
            self.mode.goes_with(mode.intent())
        } else if resource.contains(&self.resource) {
            self.mode.intent().goes_with(mode)
        } else {
            true
        }
    }

    /// Whether who holds this may do with a resource what the mode says.
    pub fn covers(&self, resource: &Resource, mode: Mode) -> bool {
        if self.resource == *resource {
            return self.mode.and(mode) == self.mode;
        }
        let below = match self.mode {
            Mode::X => Mode::X,
            Mode::S | Mode::SIX => Mode::S,
            Mode::N | Mode::IS | Mode::IX => Mode::N,
        };
        self.resource.contains(resource) && below.and(mode) == below
    }

    /// In canonical order, each resource once: in the mode that is as good as all it is wanted in.
    pub fn each_once(mut all: Vec<Self>) -> Vec<Self> {
        all.sort();
        all.dedup_by(|later, kept| {
            let same = later.resource == kept.resource;
            if same {
                kept.mode = kept.mode.and(later.mode);
            }
            same
        });
        all
    }
}

impl Wants {
    /// Puts wants in order; of a resource that is wanted twice, the mode that is as good as both.
    ///
    /// # Errors
    /// None, too many, or too much text for an entry.
    pub fn new(wants: impl IntoIterator<Item = Want>) -> Result<Self, Refusal> {
        let all: Vec<Want> = wants.into_iter().take(limits::LOCK_WANTS_MAX + 1).collect();
        if all.is_empty() {
            return Err(Refusal::TextMalformed { what: "the list of resources" });
        }
        at_most("resources of one lock", all.len(), limits::LOCK_WANTS_MAX)?;
        let bytes: usize = all.iter().map(|want| want.resource.to_string().len()).sum();
        at_most("bytes of resources of one lock", bytes, limits::LOCK_WANTS_BYTES_MAX)?;
        Ok(Self(Want::each_once(all)))
    }

    /// In canonical order.
    pub fn iter(&self) -> std::slice::Iter<'_, Want> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Wants {
    type Item = &'a Want;
    type IntoIter = std::slice::Iter<'a, Want>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
