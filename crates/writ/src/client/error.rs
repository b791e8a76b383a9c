//! What can go wrong with a request, and how it becomes the error of a command.

use std::error::Error;

use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::command_error::{CommandError, Exit};
use crate::output::clean;

/// Why a request has no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// Nobody answered in time.
    #[error("{0}")]
    Unreachable(String),
    /// The control plane said no.
    #[error("{}", .0.sentence())]
    Refused(Box<Problem>),
    /// What came back is not what this version understands.
    #[error("{0}")]
    Strange(String),
}

/// The control plane's error (RFC 9457, `application/problem+json`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    /// HTTP status.
    pub(crate) status: u16,
    /// Stable name of the error.
    pub(crate) code: String,
    /// What it is, in general.
    pub(crate) title: String,
    /// What happened.
    pub(crate) detail: Option<String>,
    /// What to do next.
    pub(crate) next: Option<String>,
    /// Names the request in the server's log.
    pub(crate) request_id: Option<String>,
    /// The ref of a push that it is about.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<String>,
    /// What another session changed, in short: lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) diff: Option<String>,
}

impl Problem {
    /// An error answer without an explanation, for instance from a proxy in between.
    pub(crate) fn unexplained(status: StatusCode) -> Self {
        Self { title: format!("the server answered {status}"), ..Self::default() }
    }

    /// What happened, in one sentence.
    pub(crate) fn sentence(&self) -> String {
        clean(self.detail.as_deref().unwrap_or(&self.title))
    }

    /// Whether this says that the bearer's session is over for good (or was never known here).
    pub(crate) fn ends_session(&self) -> bool {
        self.status == 409 || self.status == 410 || self.status == 401
    }

    fn exit(&self) -> Exit {
        match self.status {
            _ if self.code == "needs_approval" => Exit::NeedsApproval,
            402 | 403 | 409 | 423 => Exit::Refused,
            502..=504 => Exit::Unreachable,
            _ => Exit::Failed,
        }
    }
}

impl ClientError {
    /// Whether the control plane has nothing there: another version, or a thing that does not exist.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused(problem) if problem.status == 404)
    }

    /// Whether the control plane answered that it cannot just now.
    pub(crate) fn is_closed_for_the_moment(&self) -> bool {
        matches!(self, Self::Refused(problem) if problem.status == 503)
    }

    /// Whether a retry may help: nobody answered, or the control plane is closed for the moment.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused(problem) => problem.status >= 500 || problem.status == 429,
            Self::Strange(_) => false,
        }
    }
}

impl From<ClientError> for CommandError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Unreachable(text) => Self::new(Exit::Unreachable, text)
                .hinted("is the control plane running, and is the address right? see `writ whoami`"),
            ClientError::Strange(text) => Self::failed(text),
            ClientError::Refused(problem) => {
                let mut error = Self::new(problem.exit(), problem.sentence());
                if let Some(next) = &problem.next {
                    error = error.hinted(clean(next));
                } else if problem.status == 401 {
                    error = error.hinted("sign in with `writ login`");
                }
                match &problem.request_id {
                    Some(id) if problem.status >= 500 => error.hinted(format!("in the server's log: {}", clean(id))),
                    _ => error,
                }
            }
        }
    }
}

/// `: cause: its cause`, without repeating what a library already said.
pub(super) fn causes(error: &dyn Error) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        next = cause.source();
    }
    text
}
