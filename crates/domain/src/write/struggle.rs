//! Whether agents undo each other's work: one puts back what another has just changed, or sessions rewrite each other's
//! lines in turns.
//!
//! Two sessions that work on different lines of one text are no struggle, however often they alternate: a turn is a change
//! of lines that another session wrote. Which lines those are is followed from change to change, for each says where it
//! changed the text; where one does not, it may have changed all of it.

use super::{Change, Hunk, Lines, Recent};
use crate::freeze::Cause;
use crate::lock::Holder;
use crate::{Digest, SessionId, State, Time, limits};

/// Why a change is part of a struggle, if it is.
pub(super) fn of(state: &State, session: SessionId, change: &Change, now: Time) -> Option<Cause> {
    let recent = state.writes.get(&change.resource)?;
    let lately: Vec<&Recent> = recent.iter().filter(|one| now.since(one.at) <= limits::STRUGGLE_WINDOW).collect();
    let is_foreign = |one: &&&Recent| !are_kin(state, one.session, session);
    if let Some(undone) = lately.iter().rev().filter(is_foreign).find(|one| undoes(change, one)) {
        return Some(Cause::Reverted { session, of: undone.session });
    }
    let mut text = Text::default();
    for one in lately {
        text.change(state, one.session, one.before, one.after, &one.lines);
    }
    let is_turn = text.change(state, session, change.before, change.after, &change.lines);
    let sessions = text.turns;
    (is_turn && sessions.len() >= limits::STRUGGLE_TURNS).then_some(Cause::PingPong { sessions })
}

/// Whether a change puts back what an earlier one took away.
fn undoes(change: &Change, earlier: &Recent) -> bool {
    let whole = change.before == earlier.after && change.after == earlier.before && change.before != change.after;
    let known = change.before.is_some() || change.after.is_some();
    let piece = |mine: &Hunk| {
        earlier.hunks.iter().any(|theirs| mine.old == theirs.new && mine.new == theirs.old && mine.old != mine.new)
    };
    (whole && known) || change.hunks.iter().any(piece)
}

fn are_kin(state: &State, one: SessionId, other: SessionId) -> bool {
    state.are_kin(Holder::Session(one), Holder::Session(other))
}

/// One text as it is changed: who wrote which lines of it lately, and whose turns there were.
#[derive(Default)]
struct Text {
    /// Of the content; none if nothing is known yet.
    content: Option<Option<Digest>>,
    pieces: Vec<Piece>,
    turns: Vec<SessionId>,
}

/// Lines that a session wrote: from one, up to another and without it. The same twice: it took lines away there.
#[derive(Clone, Copy)]
struct Piece {
    writer: SessionId,
    from: u64,
    to: u64,
}

impl Text {
    /// Whether a change is a turn: it changes lines that another session wrote, which is no kin of the writer.
    fn change(
        &mut self,
        state: &State,
        writer: SessionId,
        before: Option<Digest>,
        after: Option<Digest>,
        lines: &[Lines],
    ) -> bool {
        if self.content.is_some_and(|content| before.is_some() && before != content) {
            // It starts from another text: another branch, which git will merge. Only who changes the same text struggles.
            *self = Self::default();
        }
        self.content = Some(after);
        let everywhere = [Lines { at: 0, old: u32::MAX, new: u32::MAX }];
        let lines = if lines.is_empty() { &everywhere } else { lines };
        let is_theirs = |piece: &&Piece| !are_kin(state, piece.writer, writer) && piece.is_met(lines);
        let theirs = self.pieces.iter().rev().find(is_theirs).map(|piece| piece.writer);
        if let Some(other) = theirs {
            if self.turns.is_empty() {
                self.turns.push(other);
            }
            if self.turns.last().is_some_and(|last| !are_kin(state, *last, writer)) {
                self.turns.push(writer);
            }
        }
        self.rewrite(writer, lines);
        theirs.is_some()
    }

    /// What is left of every piece, where it is now, and the new ones.
    fn rewrite(&mut self, writer: SessionId, lines: &[Lines]) {
        let mut left = Vec::new();
        for piece in &self.pieces {
            piece.without(lines, &mut left);
        }
        let mut moved = 0_i64;
        for one in lines {
            let from = u64::from(one.at).saturating_add_signed(moved);
            left.push(Piece { writer, from, to: from.saturating_add(one.new.into()) });
            moved += one.growth();
        }
        self.pieces = left;
    }
}

impl Piece {
    fn is_met(&self, lines: &[Lines]) -> bool {
        lines.iter().any(|one| {
            let (from, to) = one.before();
            // Where one took lines away and another adds some, they meet; next to each other they do not.
            if from == to && self.from == self.to { from == self.from } else { from < self.to && self.from < to }
        })
    }

    /// Adds what a change leaves of it, where that stands in the text after.
    fn without(&self, lines: &[Lines], left: &mut Vec<Self>) {
        let (mut from, mut moved, mut is_cut) = (self.from, 0_i64, false);
        for one in lines {
            let (start, end) = one.before();
            if end > from {
                if start >= self.to {
                    break;
                }
                if from < start {
                    left.push(self.part(from, start, moved));
                }
                (from, is_cut) = (end, true);
            }
            moved += one.growth();
        }
        if from < self.to || !is_cut {
            left.push(self.part(from, self.to, moved));
        }
    }

    fn part(&self, from: u64, to: u64, moved: i64) -> Self {
        Self { from: from.saturating_add_signed(moved), to: to.saturating_add_signed(moved), ..*self }
    }
}

impl Lines {
    /// In the text before: from a line, up to another and without it.
    fn before(&self) -> (u64, u64) {
        (self.at.into(), u64::from(self.at) + u64::from(self.old))
    }

    /// How many lines more there are after.
    fn growth(&self) -> i64 {
        i64::from(self.new) - i64::from(self.old)
    }
}

#[cfg(test)]
mod tests;
