#![allow(clippy::unwrap_used)]

use domain::Time;

use super::is_due;

#[test]
fn a_certificate_is_renewed_a_quarter_of_an_hour_before_its_end() {
    let at = |seconds: i64| Time::from_unix_millis(seconds * 1000);
    assert!(!is_due(at(10_000 - 901), 10_000));
    assert!(is_due(at(10_000 - 900), 10_000));
    assert!(is_due(at(20_000), 10_000), "a laptop that slept is late, not lost");
    assert!(!is_due(at(-1), 10_000));
}
