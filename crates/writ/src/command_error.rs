//! What a command says when it does not work, and the exit code that goes with it.

use std::error::Error;
use std::fmt::Write as _;
use std::process::ExitCode;

/// How the process ends. The numbers are a contract (`docs/reference/cli.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done.
    Done,
    /// 1: failed.
    Failed,
    /// 2: the command line or a file it names is wrong.
    Usage,
    /// 3: refused by the control plane's rules.
    Refused,
    /// 4: somebody has to approve first.
    NeedsApproval,
    /// 5: the control plane did not answer.
    Unreachable,
    /// 6: what was asked for may mean several things.
    Ambiguous,
    /// 7: nothing is known of what was asked for.
    Unknown,
    /// 125: `writ run` failed before the command started.
    LauncherFailed,
    /// 126: the command of `writ run` was found but cannot be executed.
    NotExecutable,
    /// 127: the command of `writ run` was not found.
    NotFound,
    /// The code of the command that `writ run` started (128 + signal when a signal ended it).
    Child(u8),
}

/// What went wrong, in which of the ways that have their own exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommandError {
    /// Chooses the exit code.
    kind: Exit,
    /// One sentence, lower case, no full stop.
    error: String,
    /// What to do next, one line each.
    hints: Vec<String>,
}

impl Exit {
    /// Every exit code of writ's own with its meaning, for the reference page.
    pub(crate) const TABLE: [(Self, &'static str); 11] = [
        (Self::Done, "done"),
        (Self::Failed, "failed"),
        (Self::Usage, "the command line or a file it names is wrong"),
        (Self::Refused, "refused by the control plane's rules"),
        (Self::NeedsApproval, "somebody has to approve first"),
        (Self::Unreachable, "the control plane did not answer"),
        (Self::Ambiguous, "`writ who` was asked for something that may mean several things"),
        (Self::Unknown, "`writ who` was asked for something of which nothing is known"),
        (Self::LauncherFailed, "`writ run` failed before the command started"),
        (Self::NotExecutable, "`writ run` found the command but cannot execute it"),
        (Self::NotFound, "`writ run` did not find the command"),
    ];

    /// The number the shell sees.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::NeedsApproval => 4,
            Self::Unreachable => 5,
            Self::Ambiguous => 6,
            Self::Unknown => 7,
            Self::LauncherFailed => 125,
            Self::NotExecutable => 126,
            Self::NotFound => 127,
            Self::Child(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl CommandError {
    /// An error with an exit code of the caller's choice.
    pub(crate) fn new(kind: Exit, error: impl Into<String>) -> Self {
        Self { kind, error: error.into(), hints: Vec::new() }
    }

    /// Something did not work.
    pub(crate) fn failed(error: impl Into<String>) -> Self {
        Self::new(Exit::Failed, error)
    }

    /// The command line, or a file it names, is wrong.
    pub(crate) fn usage(error: impl Into<String>) -> Self {
        Self::new(Exit::Usage, error)
    }

    /// Adds the cause and its causes, joined with `: `.
    #[must_use]
    pub(crate) fn because(mut self, cause: &dyn Error) -> Self {
        let mut next = Some(cause);
        while let Some(error) = next {
            let text = error.to_string();
            // Some libraries repeat their cause in their own text.
            if !self.error.ends_with(&text) {
                // Writing to a String cannot fail.
                let _ = write!(self.error, ": {text}");
            }
            next = error.source();
        }
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub(crate) fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Says what was being done: `context: error`.
    #[must_use]
    pub(crate) fn within(mut self, context: &str) -> Self {
        self.error = format!("{context}: {}", self.error);
        self
    }

    /// The same error with another exit code.
    #[must_use]
    pub(crate) fn ending(mut self, kind: Exit) -> Self {
        self.kind = kind;
        self
    }

    /// How the process ends because of it.
    pub(crate) fn exit(&self) -> Exit {
        self.kind
    }

    /// All of it in one line, for where a line is all there is.
    pub(crate) fn sentence(&self) -> String {
        std::iter::once(&self.error).chain(&self.hints).map(String::as_str).collect::<Vec<_>>().join("; ")
    }

    /// Tells the human, on standard error.
    pub(crate) fn report(&self) {
        eprintln!("{self}");
    }
}

impl std::fmt::Display for CommandError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "error: {}", self.error)?;
        self.hints.iter().try_for_each(|hint| write!(f, "\nhint: {hint}"))
    }
}
