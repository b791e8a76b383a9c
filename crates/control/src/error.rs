//! Why an operation failed, for the edge to render.

use domain::Refusal;
use store::StoreError;

use crate::scribe::Failure;

/// Why an operation failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The law refused it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Policy forbids it to this asker.
    #[error("{text}")]
    Forbidden {
        /// What is forbidden.
        text: String,
        /// What to do next.
        next: Option<String>,
    },
    /// Nobody is signed in, or the token is no good.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// The named thing does not exist, or not for this asker.
    #[error("no {noun} `{key}`")]
    NotFound {
        /// What was looked for.
        noun: &'static str,
        /// By which id or name.
        key: String,
    },
    /// It cannot be done as things stand.
    #[error("{text}")]
    Conflict {
        /// Stable, for programs.
        code: &'static str,
        /// What stands in the way.
        text: String,
        /// What to do next.
        next: String,
    },
    /// The request says something that cannot be.
    #[error("{0}")]
    Invalid(String),
    /// Too many wrong passwords.
    #[error("too many wrong passwords for this sign-in name")]
    Throttled {
        /// When to try again, in seconds.
        seconds: u64,
    },
    /// The store is away, or too much is waiting.
    #[error("{0}")]
    Unavailable(String),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => Self::Refused(refusal),
            Failure::Unavailable(_) | Failure::Busy => Self::Unavailable(failure.to_string()),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl Error {
    /// An error about a request's content.
    pub fn invalid(text: impl std::fmt::Display) -> Self {
        Self::Invalid(text.to_string())
    }

    /// The named thing does not exist.
    pub fn not_found(noun: &'static str, key: impl std::fmt::Display) -> Self {
        Self::NotFound { noun, key: key.to_string() }
    }
}

impl From<policy::Denial> for Error {
    fn from(denial: policy::Denial) -> Self {
        Self::Forbidden { text: denial.text().to_owned(), next: denial.next().map(str::to_owned) }
    }
}
