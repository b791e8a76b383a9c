use domain::{Span, Time};

use super::super::State::{Ended, Left, Live, Missing};
use super::{Bounds, Verdict, judge};

const BOUNDS: Bounds = Bounds { age: Span::from_secs(100), bytes: 1000 };

fn at(seconds: i64) -> Time {
    Time::from_unix_millis(seconds * 1000)
}

#[test]
fn age_counts_from_the_end_and_nobody_is_disturbed() {
    let all = [(Live, at(0), 5000), (Ended, at(900), 1), (Ended, at(901), 1), (Left, at(0), 1), (Missing, at(999), 0)];
    let expected = [Verdict::Live, Verdict::TooOld, Verdict::Stays, Verdict::TooOld, Verdict::TooOld];
    assert_eq!(judge(&all, BOUNDS, at(1000)), expected);
    // A clock that was set back removes nothing.
    assert_eq!(judge(&[(Ended, at(900), 1)], BOUNDS, at(0)), [Verdict::Stays]);
}

#[test]
fn the_oldest_go_until_the_rest_fits() {
    let all = [(Ended, at(950), 600), (Live, at(1), 9000), (Ended, at(930), 300), (Left, at(940), 500)];
    let expected = [Verdict::Stays, Verdict::Live, Verdict::TooMuch, Verdict::TooMuch];
    assert_eq!(judge(&all, BOUNDS, at(1000)), expected);
    assert_eq!(judge(&all, Bounds { bytes: 1400, ..BOUNDS }, at(1000)).iter().filter(|one| one.removes()).count(), 0);
    let none = Bounds { bytes: 0, ..BOUNDS };
    assert_eq!(judge(&all, none, at(1000)).iter().filter(|one| one.removes()).count(), 3);
}
