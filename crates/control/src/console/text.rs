//! Small texts: moments and counts.

/// A moment, ready to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    rfc3339: String,
    shown: String,
}

/// A count with separators: `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

// === impl Moment ===

impl Moment {
    /// From an RFC 3339 text in UTC, as the API gives it; shown to the second: `2026-11-22 20:21:26 UTC`. A text of
    /// another form is shown as it is.
    pub fn new(rfc3339: impl Into<String>) -> Self {
        let rfc3339 = rfc3339.into();
        let shown = shown(&rfc3339).unwrap_or_else(|| rfc3339.clone());
        Self { rfc3339, shown }
    }

    /// For the attribute `datetime`.
    pub(super) fn rfc3339(&self) -> &str {
        &self.rfc3339
    }

    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// The same without seconds, for lists.
    pub(super) fn minute(&self) -> String {
        match (self.shown.strip_suffix(" UTC"), self.shown.get(..16)) {
            (Some(_), Some(minute)) => format!("{minute} UTC"),
            _ => self.shown.clone(),
        }
    }
}

fn shown(rfc3339: &str) -> Option<String> {
    let (date, time) = rfc3339.strip_suffix('Z')?.split_once('T')?;
    let second = time.get(..8)?;
    (date.len() == 10).then(|| format!("{date} {second} UTC"))
}

#[cfg(test)]
mod tests;
