//! What the control plane says to a push, in words for whoever pushes.

use super::limits::REFUSAL_LINES_MAX;
use crate::client::Problem;
use crate::output::clean;

/// What the control plane decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It may go in; the entry that says so is durable.
    Admitted {
        /// Its position in the log; none where nobody was asked, because it is no session's.
        position: Option<u64>,
    },
    /// It may not.
    Refused(Refused),
}

/// Why a push is refused, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Stable, for programs.
    pub(crate) code: String,
    /// The ref that it is about, where it is about one.
    pub(crate) name: Option<String>,
    /// What stands in the way, in one sentence.
    pub(crate) reason: String,
    /// What another session changed, in short: lines.
    pub(crate) diff: Option<String>,
    /// What to do next.
    pub(crate) next: Option<String>,
}

// === impl Refused ===

impl Refused {
    /// A refusal of the gate's own.
    pub(crate) fn new(code: &str, reason: impl Into<String>, next: impl Into<String>) -> Self {
        Self { code: code.to_owned(), name: None, reason: reason.into(), diff: None, next: Some(next.into()) }
    }

    /// The push could not be looked at: then it does not go in.
    pub(crate) fn unreadable(reason: impl std::fmt::Display) -> Self {
        let next = "nothing was taken; if this push is in order, ask whoever runs the git server";
        Self::new("push_unreadable", reason.to_string(), next)
    }

    /// Nobody says that it may go in.
    pub(crate) fn unanswered(reason: impl std::fmt::Display) -> Self {
        Self::new(
            "push_unanswered",
            format!("writ did not decide about this push: {reason}"),
            "nothing was taken; push again in a moment",
        )
    }

    /// Nothing shows who pushes.
    pub(crate) fn unproven(reason: impl Into<String>, next: impl Into<String>) -> Self {
        Self::new("push_unproven", reason, next)
    }

    /// The lines to be shown, without ends of line.
    pub(crate) fn lines(&self) -> Vec<String> {
        let reason = clean(&self.reason);
        let mut lines = vec![format!("writ: refused ({}): {reason}", clean(&self.code))];
        let diff = self.diff.as_deref().unwrap_or_default();
        lines.extend(diff.lines().take(REFUSAL_LINES_MAX).map(|line| format!("writ:   {}", clean(line))));
        let next = self.next.as_deref().unwrap_or_default();
        lines.extend(next.lines().take(REFUSAL_LINES_MAX).map(|line| format!("writ: next: {}", clean(line))));
        lines
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        let reason = problem.sentence();
        let code = if problem.code.is_empty() { "push_refused".to_owned() } else { problem.code };
        Self { code, name: problem.reference, reason, diff: problem.diff, next: problem.next }
    }
}
