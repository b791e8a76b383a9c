#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use domain::Time;

use super::{date, end_of_hour};

#[test]
fn days_have_their_dates() {
    let dates = [
        (0, "1970-01-01"),
        (-1, "1969-12-31"),
        (59, "1970-03-01"),
        (11_016, "2000-02-29"),
        (11_017, "2000-03-01"),
        (19_782, "2024-02-29"),
        (20_779, "2026-11-22"),
        (47_540, "2100-02-28"),
        (47_541, "2100-03-01"),
    ];
    for (days, expected) in dates {
        assert_eq!(date(days), expected);
    }
}

#[test]
fn a_whole_hour_ends_where_it_stands() {
    let at = Time::from_unix_millis;
    assert_eq!(end_of_hour(at(3_600_000)), at(3_600_000));
    assert_eq!(end_of_hour(at(3_600_001)), at(7_200_000));
}
