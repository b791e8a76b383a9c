//! The fourteen cases, as data.

/// What the file that two write to has in it.
pub(super) const BEFORE: &str =
    "# Limits of the payments service.\nmax_connections = 20\nidle_seconds = 60\nretries = 3\n";

/// What somebody else makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Foreign {
    /// A line that the agent has nothing to do with.
    Elsewhere,
    /// The line that the agent is about to change.
    SameLine,
    /// Elsewhere, and the file's time is put back to what it was.
    SameTime,
}

impl Foreign {
    /// The line before and after.
    pub(super) fn lines(self) -> (&'static str, &'static str) {
        match self {
            Self::Elsewhere | Self::SameTime => ("retries = 3", "retries = 9"),
            Self::SameLine => ("max_connections = 20", "max_connections = 50"),
        }
    }
}

/// What happens, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The agent reads it with its tool.
    Read,
    /// The agent reads it in its shell.
    Cat,
    /// Somebody else changes it.
    Foreign(Foreign),
    /// The agent is about to use its next tool, is held in a hook, and somebody else changes the file meanwhile.
    ForeignMeanwhile,
    /// The agent changes a line of it with its tool.
    Edit,
    /// The agent changes another line of it.
    EditAgain,
    /// The agent writes it whole, as it believes it to be.
    Write,
    /// The agent changes its line in the shell.
    Sed,
    /// The agent writes it whole in the shell.
    Redirect,
}

/// What a developer's own hook answers before the tool runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hook {
    None,
    /// Allows it, and adds a sentence.
    Allows,
    Denies,
}

/// What hooks say.
pub(super) const HOOK_SAYS: &str = "the tide is out until noon";

#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    pub(super) number: u8,
    pub(super) steps: &'static [Step],
    pub(super) hook: Hook,
}

const fn case(number: u8, steps: &'static [Step]) -> Case {
    Case { number, steps, hook: Hook::None }
}

use Foreign::{Elsewhere, SameLine, SameTime};
use Step::{Cat, Edit, EditAgain, ForeignMeanwhile, Read, Redirect, Sed, Write};

/// In the order of the table in `docs/testing.md`.
pub(super) const CASES: &[Case] = &[
    case(1, &[Read, Step::Foreign(Elsewhere), Edit]),
    case(2, &[Read, Step::Foreign(SameLine), Edit]),
    case(3, &[Read, Step::Foreign(Elsewhere), Write]),
    case(4, &[Step::Foreign(Elsewhere), Write]),
    case(5, &[Step::Foreign(Elsewhere), Edit]),
    case(6, &[Read, Step::Foreign(Elsewhere), Sed]),
    case(7, &[Read, Step::Foreign(Elsewhere), Redirect]),
    case(8, &[Read, ForeignMeanwhile, Write]),
    case(9, &[Read, ForeignMeanwhile, Edit]),
    case(10, &[Read, Edit, Step::Foreign(Elsewhere), EditAgain]),
    case(11, &[Cat, Write]),
    case(12, &[Read, Step::Foreign(SameTime), Write]),
    Case { number: 13, steps: &[Read, Edit], hook: Hook::Allows },
    Case { number: 14, steps: &[Read, Edit], hook: Hook::Denies },
];

/// How a case ended, as the file shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// What the agent was about is there, and so is what somebody else did (if anybody did).
    Applied,
    /// What the agent was about is not there, and all that was before is.
    Refused,
    /// What somebody else did is gone.
    Lost,
}
