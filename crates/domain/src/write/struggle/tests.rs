use super::*;
use crate::tests::house::*;
use crate::tests::run::Run;
use crate::write::Record;
use crate::{Command, Event};

const FILE: &str = "path:github.com/acme/api//pool.toml";

/// A text that sessions change one after the other.
struct Desk {
    run: Run,
    text: Vec<String>,
}

impl Desk {
    /// Ten lines; three sessions of one human, and a child of the first.
    fn new() -> Self {
        let mut run = Run::furnished();
        for n in 0..3 {
            run.ok(bob(), &opening(open(n)));
        }
        run.ok(agent(0), &opening(child(3, 0)));
        Self { run, text: (0..10).map(|n| format!("line {n}")).collect() }
    }

    fn digest(&self) -> Digest {
        Digest::of(self.text.join("\n").as_bytes())
    }

    /// Puts other lines in the place of some; why the text is frozen by that, if it is.
    fn change(&mut self, n: u128, at: usize, old: usize, new: &[&str]) -> Option<Cause> {
        let before = self.digest();
        let new: Vec<String> = new.iter().map(|line| (*line).to_owned()).collect();
        let lines = Lines { at: at as u32, old: old as u32, new: new.len() as u32 };
        let gone: Vec<String> = self.text.splice(at..at + old, new.clone()).collect();
        let digest = |lines: &[String]| Digest::of(lines.join("\n").as_bytes());
        let hunk = Hunk { old: digest(&gone), new: digest(&new) };
        let after = self.digest();
        self.tell(n, Change { hunks: vec![hunk], lines: vec![lines], ..whole(before, after) })
    }

    fn tell(&mut self, n: u128, change: Change) -> Option<Cause> {
        let record = Record { session: ses(n), changes: vec![change], intent: None, intended: false };
        let events = self.run.ok(agent(n), &Command::RecordWrite(Box::new(record)));
        events.into_iter().find_map(|event| match event {
            Event::ResourceFrozen(frozen) => Some(frozen.cause),
            _ => None,
        })
    }
}

fn whole(before: Digest, after: Digest) -> Change {
    let resource = resource(FILE);
    Change { resource, before: Some(before), after: Some(after), hunks: Vec::new(), lines: Vec::new() }
}

fn in_turns(of: &[u128]) -> Option<Cause> {
    Some(Cause::PingPong { sessions: of.iter().map(|n| ses(*n)).collect() })
}

#[test]
fn sessions_that_rewrite_each_other_s_lines_struggle() {
    let mut desk = Desk::new();
    assert_eq!(desk.change(0, 2, 1, &["a"]), None);
    assert_eq!(desk.change(1, 2, 1, &["b"]), None);
    assert_eq!(desk.change(0, 2, 1, &["c"]), in_turns(&[0, 1, 0]));
}

#[test]
fn sessions_at_different_lines_do_not_however_often_they_alternate() {
    let mut desk = Desk::new();
    for (n, round) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
        assert_eq!(desk.change(0, 2 + n, 1, &[round]), None);
        assert_eq!(desk.change(1, 3 + n, 1, &[round]), None, "next to it is not on it");
        assert_eq!(desk.change(2, 0, 0, &[round]), None, "and all moves down");
    }
}

/// What each wrote is found again after lines came and went above it.
#[test]
fn lines_are_followed_where_they_move() {
    let mut desk = Desk::new();
    assert_eq!(desk.change(0, 5, 2, &["a", "a", "a"]), None);
    assert_eq!(desk.change(1, 0, 0, &["above", "above"]), None);
    assert_eq!(desk.change(2, 3, 1, &[]), None);
    // At five and two and less one: the first of them is not touched, the second is.
    assert_eq!(desk.change(1, 5, 1, &["other"]), None);
    assert_eq!(desk.change(1, 7, 1, &["b"]), None, "one turn: session 1 after session 0");
    assert_eq!(desk.change(2, 6, 1, &["c"]), in_turns(&[0, 1, 2]));
}

#[test]
fn where_one_took_lines_away_another_adds_some() {
    let mut desk = Desk::new();
    assert_eq!(desk.change(0, 4, 2, &[]), None);
    assert_eq!(desk.change(1, 4, 0, &["b"]), None);
    assert_eq!(desk.change(0, 4, 1, &[]), Some(Cause::Reverted { session: ses(0), of: ses(1) }));
    let mut desk = Desk::new();
    assert_eq!(desk.change(0, 4, 2, &[]), None);
    assert_eq!(desk.change(1, 4, 0, &["b"]), None);
    assert_eq!(desk.change(0, 4, 1, &["a"]), in_turns(&[0, 1, 0]));
}

#[test]
fn where_nobody_says_which_lines_it_may_be_all() {
    let mut desk = Desk::new();
    let text = |n| digest("text", n);
    assert_eq!(desk.tell(0, whole(text(0), text(1))), None);
    assert_eq!(desk.tell(1, whole(text(1), text(2))), None);
    assert_eq!(desk.tell(0, whole(text(2), text(3))), in_turns(&[0, 1, 0]));
}

#[test]
fn kin_and_other_branches_are_no_turns() {
    let mut desk = Desk::new();
    for (n, new) in [(0, "a"), (3, "b"), (0, "c"), (3, "d")] {
        assert_eq!(desk.change(n, 2, 1, &[new]), None, "a session and its child");
    }
    let mut desk = Desk::new();
    let text = |n| digest("text", n);
    for n in 0..4 {
        assert_eq!(desk.tell(n % 3, whole(text(100 + n), text(n))), None, "each from a text of its own");
    }
}

#[test]
fn a_human_who_looked_ends_it() {
    let mut desk = Desk::new();
    for (n, new) in [(0, "a"), (1, "b"), (0, "c")] {
        desk.change(n, 2, 1, &[new]);
    }
    let thaw = crate::freeze::Thaw { resource: resource(FILE), reason: "seen".to_owned() };
    desk.run.ok(ada(), &Command::ThawResource(Box::new(thaw)));
    assert_eq!(desk.change(0, 2, 1, &["d"]), None);
    assert_eq!(desk.change(1, 2, 1, &["e"]), None);
    assert_eq!(desk.change(0, 2, 1, &["f"]), in_turns(&[0, 1, 0]));
}

/// Against a text of which every line carries who wrote it: what is followed is what is there.
#[test]
fn pieces_are_where_a_text_with_names_says() {
    let mut chance = 7_u64;
    let mut some = |most: usize| {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (chance >> 33) as usize % (most + 1)
    };
    let state = Desk::new().run.state;
    for _ in 0..500 {
        let (mut text, mut named) = (Text::default(), vec![None; 12]);
        for _ in 0..8 {
            let writer = some(2) as u128;
            let mut lines = Vec::new();
            let (mut at, mut after) = (0, Vec::new());
            while at < named.len() && lines.len() < 3 {
                let start = (at + some(3)).min(named.len());
                let (old, new) = (some(2).min(named.len() - start), some(2));
                after.extend_from_slice(&named[at..start]);
                after.extend(std::iter::repeat_n(Some(ses(writer)), new));
                lines.push(Lines { at: start as u32, old: old as u32, new: new as u32 });
                // Two places are one when nothing stands between them.
                at = start + old;
                let between = 1.min(named.len() - at);
                after.extend_from_slice(&named[at..at + between]);
                at += between;
            }
            after.extend_from_slice(&named[at..]);
            named = after;
            text.change(&state, ses(writer), None, None, &lines);
            let mut told = vec![None; named.len()];
            for piece in text.pieces.iter().filter(|piece| piece.from < piece.to) {
                told[piece.from as usize..piece.to as usize].fill(Some(piece.writer));
            }
            assert_eq!(told, named);
        }
    }
}
