use super::*;

#[test]
fn counts_have_separators() {
    let shown = [0, 7, 999, 1_000, 12_345, 1_234_567].map(count);
    assert_eq!(shown, ["0", "7", "999", "1,000", "12,345", "1,234,567"]);
}

#[test]
fn moments_are_shown_in_utc() {
    let check = |given: &str, second: &str, minute: &str| {
        let moment = Moment::new(given);
        assert_eq!((moment.shown(), moment.minute().as_str()), (second, minute));
        assert_eq!(moment.rfc3339(), given);
    };
    check("2026-11-22T20:21:26.123Z", "2026-11-22 20:21:26 UTC", "2026-11-22 20:21 UTC");
    check("2026-11-22T20:21:26Z", "2026-11-22 20:21:26 UTC", "2026-11-22 20:21 UTC");
    check("2026-11-22T20:21:26+01:00", "2026-11-22T20:21:26+01:00", "2026-11-22T20:21:26+01:00");
    check("ünlängst, um Zwölf Z", "ünlängst, um Zwölf Z", "ünlängst, um Zwölf Z");
    check("", "", "");
}
