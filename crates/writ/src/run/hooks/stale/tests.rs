use domain::Digest;

use super::{Deed, Known, Verdict, judge};
use crate::run::hooks::foreign::Foreign;

fn digest(text: &str) -> Option<Digest> {
    Some(Digest::of(text.as_bytes()))
}

fn known(text: &str) -> Known {
    Known { digest: digest(text), partial: false, news: None, brought: false }
}

fn foreign(position: u64, after: &str) -> Foreign {
    Foreign {
        position,
        time: "2026-11-26T14:02:00Z".to_owned(),
        session: "ses_2".to_owned(),
        developer: "ana".to_owned(),
        before: digest("one"),
        after: digest(after),
        intent: None,
    }
}

/// The fourteen cases that were measured with the client alone (2.1.330), by what is known when the hook decides. Where the
/// client let another's change be lost or overwrote what was never read, the hook says no.
#[test]
fn the_fourteen_cases() {
    use Deed::{Change, Overwrite};
    let read = known("one");
    let changed = Verdict::Changed(None);
    let cases = [
        (1, "read, changed elsewhere in it, edited", Some(&read), "two", Change, changed.clone()),
        (2, "read, changed in the same lines, edited", Some(&read), "two", Change, changed.clone()),
        (3, "read, changed, written as a whole", Some(&read), "two", Overwrite, changed.clone()),
        (4, "never read, written as a whole", None, "one", Overwrite, Verdict::Unread),
        // The tool compares the part that it replaces: nothing is lost.
        (5, "never read, edited", None, "one", Change, Verdict::Go),
        (6, "read, changed, `sed -i`", Some(&read), "two", Change, changed.clone()),
        (7, "read, changed, `>`", Some(&read), "two", Overwrite, changed.clone()),
        // A change while the hook waits is seen by the look after the wait; one after that by the client itself.
        (8, "changed during the hook, written", Some(&read), "two", Overwrite, changed.clone()),
        (9, "changed during the hook, edited", Some(&read), "two", Change, changed.clone()),
        (10, "edited, changed, edited again", Some(&known("own")), "two", Change, changed.clone()),
        (11, "`cat`, then written", Some(&read), "one", Overwrite, Verdict::Go),
        // Times are not looked at.
        (12, "changed with its time put back, written", Some(&read), "two", Overwrite, changed.clone()),
        (13, "nothing changed, edited", Some(&read), "one", Change, Verdict::Go),
        (14, "changed, edited: the hook's no is what the agent reads", Some(&read), "two", Change, changed),
    ];
    for (number, what, known, disk, deed, expected) in cases {
        assert_eq!(judge(known, digest(disk), deed, None), expected, "case {number}: {what}");
    }
}

#[test]
fn who_changed_it_is_said_if_it_is_known() {
    let (read, theirs) = (known("one"), foreign(7, "two"));
    let by = Verdict::Changed(Some(theirs.clone()));
    assert_eq!(judge(Some(&read), digest("two"), Deed::Change, Some(&theirs)), by);
    let none = Verdict::Changed(None);
    assert_eq!(judge(Some(&read), digest("three"), Deed::Change, Some(&theirs)), none, "what is there is not theirs");
    let told = Known { news: Some(theirs.clone()), ..known("one") };
    assert_eq!(judge(Some(&told), digest("three"), Deed::Change, None), by, "but the last that was heard of");
}

#[test]
fn a_change_in_another_working_tree_stops_until_it_is_read_again() {
    let told = Known { news: Some(foreign(7, "two")), ..known("one") };
    for deed in [Deed::Change, Deed::Overwrite, Deed::Remove] {
        assert_eq!(judge(Some(&told), digest("one"), deed, None), Verdict::Elsewhere(foreign(7, "two")));
    }
    // Read again: `Reads::note` takes the news away. And what was pulled meanwhile is no news.
    let pulled = Known { news: Some(foreign(7, "two")), ..known("two") };
    assert_eq!(judge(Some(&pulled), digest("two"), Deed::Change, None), Verdict::Go);
}

#[test]
fn what_another_has_just_put_there_is_read_first() {
    let theirs = foreign(7, "two");
    let by = Verdict::News(theirs.clone());
    for deed in [Deed::Change, Deed::Overwrite, Deed::Remove] {
        assert_eq!(judge(None, digest("two"), deed, Some(&theirs)), by);
    }
    assert_eq!(judge(None, digest("one"), Deed::Change, Some(&theirs)), Verdict::Go, "it is not here");
}

#[test]
fn a_file_that_is_gone_or_new_is_judged_by_that_too() {
    assert_eq!(judge(None, None, Deed::Overwrite, None), Verdict::Go, "a new file");
    assert_eq!(judge(Some(&known("one")), None, Deed::Overwrite, None), Verdict::Changed(None), "somebody removed it");
    let saw_none = Known { digest: None, ..known("") };
    assert_eq!(judge(Some(&saw_none), None, Deed::Overwrite, None), Verdict::Go);
    assert_eq!(
        judge(Some(&saw_none), digest("one"), Deed::Overwrite, None),
        Verdict::Changed(None),
        "somebody made it"
    );
    assert_eq!(judge(None, digest("one"), Deed::Remove, None), Verdict::Go);
}

#[test]
fn pieces_are_enough_to_edit_and_not_to_overwrite() {
    let pieces = Known { partial: true, ..known("one") };
    assert_eq!(judge(Some(&pieces), digest("one"), Deed::Change, None), Verdict::Go);
    assert_eq!(judge(Some(&pieces), digest("one"), Deed::Overwrite, None), Verdict::Partial);
    assert_eq!(judge(Some(&pieces), digest("two"), Deed::Change, None), Verdict::Changed(None));
}

#[test]
fn what_git_brought_is_read_first() {
    let brought = Known { brought: true, ..known("one") };
    assert_eq!(judge(Some(&brought), digest("two"), Deed::Change, None), Verdict::Brought);
    assert_eq!(judge(Some(&brought), digest("one"), Deed::Change, None), Verdict::Go, "it brought nothing after all");
}
