#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

#[test]
fn shows_four_decimals_rounded_half_up() {
    for (nanos, text) in [
        (0, "$0.0000"),
        (1, "$0.0000"),
        (49_999, "$0.0000"),
        (50_000, "$0.0001"),
        (149_999, "$0.0001"),
        (150_000, "$0.0002"),
        (1_234_549_999, "$1.2345"),
        (1_234_550_000, "$1.2346"),
        (999_950_000, "$1.0000"),
        (5_000_000_000, "$5.0000"),
        (-1_234_500_000, "-$1.2345"),
        (-50_000, "-$0.0001"),
        (i64::MAX, "$9223372036.8548"),
        (i64::MIN, "-$9223372036.8548"),
    ] {
        assert_eq!(Usd::from_nanos(nanos).to_string(), text, "{nanos}");
    }
}

#[test]
fn reads_dollars() {
    for (text, nanos) in [
        ("5", 5_000_000_000),
        ("5.00", 5_000_000_000),
        ("$0.25", 250_000_000),
        ("0.000000001", 1),
        ("007.5", 7_500_000_000),
        ("9223372036.854775807", i64::MAX),
    ] {
        assert_eq!(text.parse(), Ok(Usd::from_nanos(nanos)), "{text}");
    }
}

#[test]
fn reads_nothing_else() {
    for text in [
        "",
        "$",
        "-1",
        "+1",
        "1.",
        ".5",
        "1.2.3",
        "1,5",
        "1e3",
        " 1",
        "1 ",
        "$$1",
        "0.0000000001",
        "９",
        "9223372036.854775808",
        "9223372037",
        "99999999999999999999",
    ] {
        assert_eq!(text.parse::<Usd>(), Err(UsdError), "{text}");
    }
    assert_eq!(UsdError.to_string(), "expected dollars such as `5` or `0.25`, with at most 9 decimals");
}

#[test]
fn sums_saturate() {
    let (max, min, one) = (Usd::from_nanos(i64::MAX), Usd::from_nanos(i64::MIN), Usd::from_nanos(1));
    assert_eq!((max.plus(one), min.minus(one)), (max, min));
    assert_eq!([max, one, one].into_iter().sum::<Usd>(), max);
    assert_eq!([one, one].into_iter().sum::<Usd>(), Usd::from_nanos(2));
    assert_eq!(one.minus(one), Usd::ZERO);
}

proptest! {
    #[test]
    fn exact_text_round_trips(nanos in 0..=i64::MAX) {
        let text = format!("{}.{:09}", nanos / NANOS_PER_USD, nanos % NANOS_PER_USD);
        prop_assert_eq!(text.parse(), Ok(Usd::from_nanos(nanos)));
    }

    #[test]
    fn what_is_shown_is_within_half_of_the_last_digit(nanos in 0..i64::MAX / 2) {
        let shown: Usd = Usd::from_nanos(nanos).to_string().parse().unwrap();
        let off = shown.nanos() - nanos;
        prop_assert!((-50_000..=50_000).contains(&off), "{}", off);
    }
}
