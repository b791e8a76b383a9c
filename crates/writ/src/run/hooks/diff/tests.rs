use domain::Digest;
use proptest::prelude::*;

use super::difference;
use crate::limits::{DIFF_CHARS_MAX, HUNKS_MAX};

fn of(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

#[test]
fn pieces_are_the_lines_that_changed() {
    let found = difference(b"a\nb\nc\nd\ne\n", b"a\nB\nc\nd\nE\n");
    assert_eq!(found.hunks, [(of("b\n"), of("B\n")), (of("e\n"), of("E\n"))]);
    assert_eq!(found.text, "@ line 2\n-b\n+B\n@ line 5\n-e\n+E\n");
    assert_eq!(difference(b"a\n", b"a\n"), super::Difference::default());
    assert_eq!(difference(b"", b"x\n").hunks, [(of(""), of("x\n"))]);
    assert_eq!(difference(b"x\n\ny\n", b"x\ny\n").hunks, [], "a blank line says nothing");
    assert_eq!(difference(b"\xff", b"x\n"), super::Difference::default(), "no text");
}

#[test]
fn what_is_told_is_short() {
    let before: String = (0..30_000).map(|line| format!("{line}\n")).collect();
    let after = before.replace('1', "x");
    let found = difference(before.as_bytes(), after.as_bytes());
    assert_eq!(found.hunks.len(), 1, "too much to compare is one piece");
    let lines: String =
        (0..3_000).map(|line| format!("{line}\n{}\n", if line % 2 == 0 { "even" } else { "odd" })).collect();
    let found = difference(lines.as_bytes(), lines.replace("odd", "ODD").as_bytes());
    assert!(found.hunks.len() <= HUNKS_MAX);
    assert!(found.text.chars().count() <= DIFF_CHARS_MAX && found.text.ends_with("…\n"));
}

proptest! {
    /// Going back is seen as going back: each piece is the other's, turned round.
    #[test]
    fn undoing_gives_the_same_pieces_turned_round(
        before in prop::collection::vec("[a-c]{0,2}\n", 0..12),
        after in prop::collection::vec("[a-c]{0,2}\n", 0..12),
    ) {
        let (before, after) = (before.concat(), after.concat());
        let there = difference(before.as_bytes(), after.as_bytes());
        let back = difference(after.as_bytes(), before.as_bytes());
        // Which of several equal lines is said to be the one that went may differ; a plain replacement may not.
        if there.hunks.len() == 1 && back.hunks.len() == 1 {
            prop_assert_eq!(there.hunks[0], (back.hunks[0].1, back.hunks[0].0));
        }
        prop_assert_eq!(there.text.is_empty(), before == after);
    }
}
