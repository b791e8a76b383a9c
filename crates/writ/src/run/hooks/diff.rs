//! What changed in a text: pieces by digest, for the control plane, and a few lines, for people and agents.

use domain::Digest;
use domain::write::Lines;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::limits::{DIFF_CHARS_MAX, DIFF_LINES_MAX, HUNKS_MAX};

/// The difference between two texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::run) struct Difference {
    /// Digests of the lines that went and of those that came in their place.
    pub(in crate::run) hunks: Vec<(Digest, Digest)>,
    /// Every place where it changed, in order; none if they are more than [`HUNKS_MAX`].
    pub(in crate::run) lines: Vec<Lines>,
    /// The lines, with `-` and `+`, [`DIFF_CHARS_MAX`] at most.
    pub(in crate::run) text: String,
}

/// Compares two contents. What is no text has no pieces; what has too many lines to compare is one.
pub(in crate::run) fn difference(before: &[u8], after: &[u8]) -> Difference {
    let (Ok(before), Ok(after)) = (std::str::from_utf8(before), std::str::from_utf8(after)) else {
        return Difference::default();
    };
    let (before, after) = (lines(before), lines(after));
    let (start, before, after) = trimmed(&before, &after);
    let mut difference = Difference::default();
    if before.is_empty() && after.is_empty() {
        return difference;
    }
    if before.len().saturating_mul(after.len()) > DIFF_LINES_MAX * DIFF_LINES_MAX {
        difference.add(start, before, after);
        return difference;
    }
    // Counted here: where nothing goes, an operation does not say reliably what stands above it.
    let mut above = start;
    for op in capture_diff_slices(Algorithm::Myers, before, after) {
        let old = before.get(op.old_range()).unwrap_or_default();
        if !matches!(op, DiffOp::Equal { .. }) {
            difference.add(above, old, after.get(op.new_range()).unwrap_or_default());
        }
        above += old.len();
    }
    if difference.lines.len() > HUNKS_MAX {
        difference.lines.clear();
    }
    difference
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Without the lines that are equal at both ends; and how many there were at the start.
fn trimmed<'a, 'b, 'c>(before: &'a [&'c str], after: &'b [&'c str]) -> (usize, &'a [&'c str], &'b [&'c str]) {
    let start = before.iter().zip(after).take_while(|(one, other)| one == other).count();
    let (before, after) = (before.get(start..).unwrap_or_default(), after.get(start..).unwrap_or_default());
    let end = before.iter().rev().zip(after.iter().rev()).take_while(|(one, other)| one == other).count();
    (start, &before[..before.len() - end], &after[..after.len() - end])
}

impl Difference {
    fn add(&mut self, line: usize, old: &[&str], new: &[&str]) {
        let (removed, added) = (old.concat(), new.concat());
        // Blank lines come and go without meaning anything to anybody.
        let is_blank = removed.trim().is_empty() && added.trim().is_empty();
        if !is_blank && self.hunks.len() < HUNKS_MAX {
            self.hunks.push((Digest::of(removed.as_bytes()), Digest::of(added.as_bytes())));
        }
        let count = |lines: &[&str]| u32::try_from(lines.len()).unwrap_or(u32::MAX);
        let at = u32::try_from(line).unwrap_or(u32::MAX);
        if self.lines.len() <= HUNKS_MAX {
            self.lines.push(Lines { at, old: count(old), new: count(new) });
        }
        self.push(&format!("@ line {}\n", line + 1));
        old.iter().for_each(|line| self.push(&format!("-{}\n", line.trim_end_matches('\n'))));
        new.iter().for_each(|line| self.push(&format!("+{}\n", line.trim_end_matches('\n'))));
    }

    fn push(&mut self, line: &str) {
        const MORE: &str = "…\n";
        if self.text.ends_with(MORE) {
            return;
        }
        let length = self.text.chars().count();
        if length + line.chars().count() + MORE.chars().count() <= DIFF_CHARS_MAX {
            self.text.push_str(line);
        } else {
            self.text.push_str(MORE);
        }
    }
}

#[cfg(test)]
mod tests;
