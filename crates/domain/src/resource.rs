//! Resources: what two sessions may not change at the same time. Paths in one tree: `env:prod/payments/db`,
//! `path:github.com/acme/api//infra/prod`, `ref:github.com/acme/api/heads/main`.
//!
//! A resource is its segments, never a pattern: whether two overlap is whether one is a prefix of the other. (Matching
//! patterns against each other is unsound: `src/*.py` and `src/a*` overlap and neither matches the other.)

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use unicode_normalization::UnicodeNormalization;

use crate::limits;

/// What separates segments inside: lower than every character that a segment may have, so that the order of the keys is the
/// order of the segments, and what lies below a resource lies in one row behind it.
const SEPARATOR: char = '\u{1}';

/// A node of the tree, and with it everything below: a kind, a colon, and segments between slashes.
///
/// Text is brought into Unicode normal form C, so that both spellings of `é` are one resource. Where a repository does not
/// tell upper from lower case, [`Resource::folded`] does not either.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource(String);

/// Why a text is not a resource.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResourceError {
    /// There is no kind before a colon.
    #[error("a resource starts with its kind, up to 16 of a-z, 0-9 and `-`, and a colon, as in `env:prod/payments`")]
    Kind,
    /// A segment that means another place, or nothing.
    #[error("a resource has no segment that is empty, `.` or `..`")]
    Segment,
    /// A control character.
    #[error("a resource has no control characters")]
    Control,
    /// Too long or too deep.
    #[error(
        "a resource has at most {} bytes and {} segments",
        limits::RESOURCE_BYTES_MAX,
        limits::RESOURCE_SEGMENTS_MAX
    )]
    TooLong,
}

impl Resource {
    /// A file or folder of a repository (`host/owner/name`), by its path from the repository's root; an empty path is the
    /// whole repository.
    ///
    /// # Errors
    /// The path leads out of the repository, or is no resource.
    pub fn in_repository(repository: &str, path: &str) -> Result<Self, ResourceError> {
        if path.is_empty() { format!("path:{repository}") } else { format!("path:{repository}//{path}") }.parse()
    }

    /// A reference of a repository: `refs/heads/main` or, the same, `heads/main`.
    ///
    /// # Errors
    /// It is no resource.
    pub fn repository_ref(repository: &str, reference: &str) -> Result<Self, ResourceError> {
        let short = reference.strip_prefix("refs/").unwrap_or(reference);
        format!("ref:{repository}/{short}").parse()
    }

    /// What stands before the colon.
    pub fn kind(&self) -> &str {
        self.0.split(':').next().unwrap_or_default()
    }

    /// The repository and the path in it, for a `path:` below a repository's root.
    pub fn repository_path(&self) -> Option<(String, String)> {
        let (repository, path) = self.0.strip_prefix("path:")?.split_once("\u{1}\u{1}")?;
        let slashes = |text: &str| text.replace(SEPARATOR, "/");
        Some((slashes(repository), slashes(path)))
    }

    /// Whether the other is this one or below it.
    pub fn contains(&self, other: &Self) -> bool {
        let rest = other.0.strip_prefix(self.0.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(SEPARATOR))
    }

    /// Whether one contains the other.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.contains(other) || other.contains(self)
    }

    /// Whether a gate compares fencing tokens before it lets a change of this through: for the paths and references of
    /// repositories the check at the push does. What has no gate rests for a while after its holder vanished.
    pub fn is_gated(&self) -> bool {
        matches!(self.kind(), "path" | "ref")
    }

    /// The same with upper and lower case alike, for repositories that do not tell them apart.
    #[must_use]
    pub fn folded(&self) -> Self {
        Self(self.0.chars().flat_map(char::to_lowercase).nfc().collect())
    }

    /// Of a map by resource: what contains this one, outermost first, itself and, where asked, what is below it.
    pub(crate) fn around<'a, V>(
        &self,
        all: &'a BTreeMap<Self, V>,
        with_below: bool,
    ) -> impl Iterator<Item = (&'a Self, &'a V)> {
        let above: Vec<_> = self.lineage().filter_map(|key| all.get_key_value(key)).collect();
        let from = self.below();
        let from = (Bound::Included(from.as_str()), Bound::Unbounded);
        let below = with_below.then(|| all.range::<str, _>(from)).into_iter().flatten();
        let top = self.clone();
        above.into_iter().chain(below.take_while(move |(found, _)| top.contains(found)))
    }

    /// The keys of what contains it, itself last.
    fn lineage(&self) -> impl Iterator<Item = &str> {
        let cuts = self.0.char_indices().filter(|(_, found)| *found == SEPARATOR).map(|(at, _)| at);
        cuts.chain([self.0.len()]).filter_map(|at| self.0.get(..at))
    }

    /// What every key of a resource below this one starts with.
    fn below(&self) -> String {
        format!("{}{SEPARATOR}", self.0)
    }
}

/// By key: see [`Resource::lineage`].
impl std::borrow::Borrow<str> for Resource {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl FromStr for Resource {
    type Err = ResourceError;

    fn from_str(text: &str) -> Result<Self, ResourceError> {
        let (kind, rest) = text.split_once(':').ok_or(ResourceError::Kind)?;
        check_kind(kind)?;
        if text.len() > 4 * limits::RESOURCE_BYTES_MAX {
            return Err(ResourceError::TooLong);
        }
        if rest.chars().any(char::is_control) {
            return Err(ResourceError::Control);
        }
        let rest: String = rest.nfc().collect();
        let segments: Vec<&str> = rest.split('/').collect();
        check_segments(kind, &segments)?;
        let key = format!("{kind}:{}", segments.join("\u{1}"));
        if key.len() > limits::RESOURCE_BYTES_MAX || segments.len() > limits::RESOURCE_SEGMENTS_MAX {
            return Err(ResourceError::TooLong);
        }
        Ok(Self(key))
    }
}

fn check_kind(kind: &str) -> Result<(), ResourceError> {
    let fits = (1..=16).contains(&kind.len()) && kind.starts_with(|first: char| first.is_ascii_lowercase());
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if fits && kind.bytes().all(plain) { Ok(()) } else { Err(ResourceError::Kind) }
}

/// One empty segment marks the root of a repository, and only there.
fn check_segments(kind: &str, segments: &[&str]) -> Result<(), ResourceError> {
    let is_root = |at: usize| kind == "path" && at > 0 && at + 1 < segments.len() && !segments[..at].contains(&"");
    let is_fine = |(at, segment): (usize, &&str)| match *segment {
        "" => is_root(at),
        "." | ".." => false,
        _ => true,
    };
    if segments.iter().enumerate().all(is_fine) { Ok(()) } else { Err(ResourceError::Segment) }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|one| fmt::Write::write_char(f, if one == SEPARATOR { '/' } else { one }))
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Resource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Resource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
