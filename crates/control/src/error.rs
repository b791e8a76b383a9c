//! Why an operation failed, for the edge to render.

use brokers::broker::{BrokerError, Fault};
use domain::{Refusal, Span};
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
    /// A broker's target did not do what was asked.
    #[error("broker `{broker}`: {text}")]
    Target {
        /// Which broker.
        broker: String,
        /// What happened.
        text: String,
        /// Whether the same may succeed later.
        may_pass: bool,
        /// When the target asked to be tried again at the earliest.
        retry_after: Option<Span>,
    },
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
    /// A broker did not do what was asked.
    pub fn broker(broker: &domain::Name, error: BrokerError) -> Self {
        match error.fault {
            Fault::Asker => Self::Invalid(error.text),
            Fault::Operator | Fault::Target => Self::Target {
                broker: broker.to_string(),
                text: error.text,
                may_pass: error.may_pass,
                retry_after: error.retry_after,
            },
        }
    }

    /// Only sessions do this.
    pub fn for_sessions(text: &str) -> Self {
        Self::Forbidden {
            text: text.to_owned(),
            next: Some("ask with a session's token, inside `writ run`".to_owned()),
        }
    }

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
