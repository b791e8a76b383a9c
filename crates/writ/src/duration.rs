//! Lengths of time as people type them: `45s`, `90m`, `8h`, `1h30m`, `7d`.

use domain::Span;

/// Reads a length of time: whole numbers with the units s, m, h, d, largest first.
///
/// # Errors
/// A sentence that says what is expected.
pub(crate) fn parse_span(text: &str) -> Result<Span, String> {
    seconds(text)
        .map(Span::from_secs)
        .ok_or_else(|| "expected a length of time such as `90m`, `8h` or `1h30m`".to_owned())
}

fn seconds(text: &str) -> Option<u64> {
    let mut total = 0_u64;
    let mut last_unit = u64::MAX;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        let unit = match rest.as_bytes().get(digits)? {
            b's' => 1,
            b'm' => 60,
            b'h' => 3600,
            b'd' => 86_400,
            _ => return None,
        };
        if unit >= last_unit {
            return None;
        }
        last_unit = unit;
        total = total.checked_add(number.checked_mul(unit)?)?;
        rest = rest.get(digits + 1..)?;
    }
    (total > 0).then_some(total)
}

#[cfg(test)]
mod tests;
