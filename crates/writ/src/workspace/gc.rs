//! Which workspaces go: those that ended long ago, and the oldest when all together are too large. A pure rule.

use domain::{Span, Time};

use super::State;
use crate::limits::{WORKSPACE_AGE_MAX, WORKSPACES_BYTES_MAX};

/// What stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// How long after its end.
    pub(crate) age: Span,
    /// How much all that are over may take together, in bytes.
    pub(crate) bytes: u64,
}

/// What happens to a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Somebody works in it.
    Live,
    /// It is within the bounds.
    Stays,
    /// It is older than the bound.
    TooOld,
    /// All together are too large, and this is among the oldest.
    TooMuch,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { age: WORKSPACE_AGE_MAX, bytes: WORKSPACES_BYTES_MAX }
    }
}

// === impl Verdict ===

impl Verdict {
    /// Whether it is kept and removed.
    pub(crate) fn removes(self) -> bool {
        matches!(self, Self::TooOld | Self::TooMuch)
    }
}

/// Judges workspaces: state, when it was over (or made, if nobody wrote down an end) and bytes of each.
pub(crate) fn judge(all: &[(State, Time, u64)], bounds: Bounds, now: Time) -> Vec<Verdict> {
    let mut verdicts: Vec<Verdict> = all.iter().map(|(state, at, _)| by_age(*state, *at, bounds, now)).collect();
    let mut rest: Vec<usize> = (0..all.len()).filter(|&index| verdicts.get(index) == Some(&Verdict::Stays)).collect();
    let at = |index: &usize| all.get(*index).map_or(Time::default(), |(_, at, _)| *at);
    let bytes = |index: &usize| all.get(*index).map_or(0, |(_, _, bytes)| *bytes);
    rest.sort_by_key(at);
    let mut total: u64 = rest.iter().map(bytes).sum();
    for index in rest {
        if total <= bounds.bytes {
            break;
        }
        total = total.saturating_sub(bytes(&index));
        if let Some(verdict) = verdicts.get_mut(index) {
            *verdict = Verdict::TooMuch;
        }
    }
    verdicts
}

fn by_age(state: State, at: Time, bounds: Bounds, now: Time) -> Verdict {
    let age = now.unix_millis().saturating_sub(at.unix_millis());
    let max = i64::try_from(bounds.age.as_millis()).unwrap_or(i64::MAX);
    match state {
        State::Live => Verdict::Live,
        // A record without a clone is of no use to anybody.
        State::Missing => Verdict::TooOld,
        _ if age >= max => Verdict::TooOld,
        _ => Verdict::Stays,
    }
}

#[cfg(test)]
mod tests;
