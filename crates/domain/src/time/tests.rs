use super::*;

#[test]
fn seconds_and_hours_round_down_also_before_1970() {
    let seconds = |millis| Time::from_unix_millis(millis).unix_seconds();
    assert_eq!([seconds(1999), seconds(2000), seconds(-1), seconds(-1000)], [1, 2, -1, -1]);
    let hour = |millis| Time::from_unix_millis(millis).hour().unix_millis();
    assert_eq!([hour(3_599_999), hour(3_600_000), hour(7_199_999), hour(-1)], [0, 3_600_000, 3_600_000, -3_600_000]);
}

#[test]
fn since_is_never_negative() {
    let (early, late) = (Time::from_unix_millis(1_000), Time::from_unix_millis(3_500));
    assert_eq!(late.since(early), Span::from_millis(2_500));
    assert_eq!(early.since(late), Span::from_millis(0));
    let ends = (Time::from_unix_millis(i64::MAX), Time::from_unix_millis(i64::MIN));
    assert_eq!(ends.0.since(ends.1), Span::from_millis(i64::MAX.unsigned_abs()));
}

#[test]
fn sums_saturate() {
    let now = Time::from_unix_millis(5_000);
    assert_eq!(now + Span::from_secs(2), Time::from_unix_millis(7_000));
    assert_eq!(now - Span::from_secs(2), Time::from_unix_millis(3_000));
    assert_eq!(now + Span::from_millis(u64::MAX), Time::from_unix_millis(i64::MAX));
    assert_eq!(now - Span::from_millis(u64::MAX), Time::from_unix_millis(i64::MIN));
    assert_eq!(Span::from_secs(u64::MAX), Span::from_millis(u64::MAX));
    assert_eq!(Span::from_millis(1_999).as_secs(), 1);
    assert_eq!(Span::from_secs(3).as_millis(), 3_000);
}

#[test]
fn spans_show_their_two_largest_units() {
    for (millis, text) in [
        (0, "0ms"),
        (250, "250ms"),
        (999, "999ms"),
        (1_000, "1s"),
        (1_500, "1s"),
        (45_000, "45s"),
        (60_000, "1m"),
        (61_000, "1m1s"),
        (119_999, "1m59s"),
        (5_400_000, "1h30m"),
        (28_800_000, "8h"),
        (3_601_000, "1h"),
        (86_400_000, "1d"),
        (90_000_000, "1d1h"),
        (604_800_000, "7d"),
    ] {
        assert_eq!(Span::from_millis(millis).to_string(), text, "{millis}");
    }
}
