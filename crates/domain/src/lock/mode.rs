//! The modes of locks and which go together: the matrix of multi-granularity locking (Gray, Lorie, Putzolu and Traiger,
//! "Granularity of locks in a shared data base", 1975), and one that goes with everything.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// In which way a resource is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Mode {
    /// Notify: says what somebody is about, and keeps nobody out.
    N,
    /// Intent to read something below.
    IS,
    /// Intent to change something below; for a file: to change it together with others, as git merges it.
    IX,
    /// Shared: everybody reads, nobody changes.
    S,
    /// Shared, with intent to change something below.
    SIX,
    /// Exclusive.
    X,
}

/// Why a text is not a mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a mode is one of N, IS, IX, S, SIX and X")]
pub struct ModeError;

impl Mode {
    /// Every mode.
    pub const ALL: [Self; 6] = [Self::N, Self::IS, Self::IX, Self::S, Self::SIX, Self::X];

    /// Whether two holders can have these of one resource at the same time.
    pub const fn goes_with(self, other: Self) -> bool {
        match (self, other) {
            (Self::N, _) | (_, Self::N) => true,
            (Self::X, _) | (_, Self::X) => false,
            (Self::IS, _) | (_, Self::IS) => true,
            (Self::IX, Self::IX) | (Self::S, Self::S) => true,
            (Self::IX | Self::S | Self::SIX, _) => false,
        }
    }

    /// What holding this of a resource means for everything that contains the resource.
    pub const fn intent(self) -> Self {
        match self {
            Self::N => Self::N,
            Self::IS | Self::S => Self::IS,
            Self::IX | Self::SIX | Self::X => Self::IX,
        }
    }

    /// The weakest mode that is as good as both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::N, mode) | (mode, Self::N) => mode,
            (Self::X, _) | (_, Self::X) => Self::X,
            (Self::IS, mode) | (mode, Self::IS) => mode,
            (Self::IX, Self::IX) => Self::IX,
            (Self::S, Self::S) => Self::S,
            (Self::IX | Self::S | Self::SIX, _) => Self::SIX,
        }
    }

    /// Whether its holder may change the resource or something below.
    pub const fn changes(self) -> bool {
        matches!(self, Self::IX | Self::SIX | Self::X)
    }

    /// Whether it passes those who wait: it stands in the way of next to nobody.
    pub(crate) const fn passes(self) -> bool {
        matches!(self, Self::N | Self::IS)
    }

    /// Whether something below the resource can stand in its way.
    pub(crate) const fn looks_below(self) -> bool {
        matches!(self, Self::S | Self::SIX | Self::X)
    }

    /// The name, as spelled everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::N => "N",
            Self::IS => "IS",
            Self::IX => "IX",
            Self::S => "S",
            Self::SIX => "SIX",
            Self::X => "X",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Mode {
    type Err = ModeError;

    fn from_str(text: &str) -> Result<Self, ModeError> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or(ModeError)
    }
}

#[cfg(test)]
mod tests;
