//! Moments in data files: `2026-10-07T00:00:00Z` (RFC 3339, UTC, whole seconds).

use domain::Time;

/// Reads a UTC moment; `None` for any other shape or a day that does not exist.
pub(crate) fn parse(text: &str) -> Option<Time> {
    let bytes = text.as_bytes();
    let shape = b"0000-00-00T00:00:00Z";
    let fits = |(&byte, &want): (&u8, &u8)| {
        if want == b'0' { byte.is_ascii_digit() } else { byte == want }
    };
    if bytes.len() != shape.len() || !bytes.iter().zip(shape).all(fits) {
        return None;
    }
    let number =
        |from: usize, to: usize| bytes[from..to].iter().fold(0_i64, |sum, byte| sum * 10 + i64::from(byte - b'0'));
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let (hour, minute, second) = (number(11, 13), number(14, 16), number(17, 19));
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = days_since_epoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    Some(Time::from_unix_millis(seconds * 1000))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01: whole years by the Gregorian leap rule, then whole months.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let leaps_before = |year: i64| (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
    let years = (year - 1970) * 365 + leaps_before(year) - leaps_before(1970);
    years + (1..month).map(|month| days_in(year, month)).sum::<i64>() + day - 1
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn moments_are_read() {
        let millis = |text| parse(text).map(domain::Time::unix_millis);
        assert_eq!(millis("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(millis("2026-10-07T00:00:00Z"), Some(1_791_331_200_000));
        assert_eq!(millis("2024-02-29T23:59:59Z"), Some(1_709_251_199_000));
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in ["2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-10-07", "2026-10-07T00:00:00+01:00", ""] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
