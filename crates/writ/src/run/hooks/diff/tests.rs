use domain::Digest;
use domain::write::Lines;
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
    assert_eq!(found.lines, [Lines { at: 1, old: 1, new: 1 }, Lines { at: 4, old: 1, new: 1 }]);
    assert_eq!(found.text, "@ line 2\n-b\n+B\n@ line 5\n-e\n+E\n");
    assert_eq!(difference(b"a\n", b"a\n"), super::Difference::default());
    assert_eq!(difference(b"", b"x\n").hunks, [(of(""), of("x\n"))]);
    let blank = difference(b"x\n\ny\n", b"x\ny\n");
    assert_eq!(blank.hunks, [], "a blank line says nothing");
    assert_eq!(blank.lines, [Lines { at: 1, old: 1, new: 0 }], "but that everything below moved up");
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

#[test]
fn of_too_many_places_none_is_told() {
    let lines = |every: &str| (0..HUNKS_MAX + 1).map(|line| format!("{line}\n{every}\n")).collect::<String>();
    let found = difference(lines("odd").as_bytes(), lines("ODD").as_bytes());
    assert_eq!((found.hunks.len(), found.lines.len()), (HUNKS_MAX, 0), "some of them would be worse than none");
    let fewer =
        |text: String| text.split_once('\n').map(|(_, rest)| rest.split_once('\n').unwrap().1.to_owned()).unwrap();
    let found = difference(fewer(lines("odd")).as_bytes(), fewer(lines("ODD")).as_bytes());
    assert_eq!((found.hunks.len(), found.lines.len()), (HUNKS_MAX, HUNKS_MAX));
}

proptest! {
    /// Going back is seen as going back, where nothing else can be meant: with equal lines about, which of them went may differ.
    #[test]
    fn undoing_a_replacement_gives_the_same_piece_turned_round(
        start in prop::collection::vec("[a-c]{0,2}\n", 0..6),
        old in prop::collection::vec("x[a-c]{0,2}\n", 0..6),
        new in prop::collection::vec("y[a-c]{0,2}\n", 0..6),
        end in prop::collection::vec("[a-c]{0,2}\n", 0..6),
    ) {
        let text = |middle: &[String]| [&start[..], middle, &end[..]].concat().concat();
        let there = difference(text(&old).as_bytes(), text(&new).as_bytes());
        let back = difference(text(&new).as_bytes(), text(&old).as_bytes());
        prop_assert_eq!(there.hunks.len(), usize::from(!(old.is_empty() && new.is_empty())));
        let turned: Vec<_> = back.hunks.iter().map(|(old, new)| (*new, *old)).collect();
        prop_assert_eq!(there.hunks, turned);
    }

    /// What is said to have changed is what has.
    #[test]
    fn what_stands_between_the_pieces_is_the_same(
        before in prop::collection::vec("[a-c]{0,2}\n", 0..12),
        after in prop::collection::vec("[a-c]{0,2}\n", 0..12),
    ) {
        let (before, after) = (before.concat(), after.concat());
        let there = difference(before.as_bytes(), after.as_bytes());
        prop_assert_eq!(there.text.is_empty(), before == after);
        // What stands between the places is the same before and after.
        let (old, new) = (before.lines().collect::<Vec<_>>(), after.lines().collect::<Vec<_>>());
        let (mut from, mut to) = (0, 0);
        for one in there.lines.iter().copied().chain([Lines { at: old.len() as u32, old: 0, new: 0 }]) {
            let count = one.at as usize - from;
            prop_assert_eq!(&old[from..from + count], &new[to..to + count]);
            (from, to) = (from + count + one.old as usize, to + count + one.new as usize);
        }
        prop_assert_eq!((from, to), (old.len(), new.len()));
    }
}
