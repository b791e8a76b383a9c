//! Moments as AWS writes them.

use domain::Time;
use jiff::Timestamp;

/// `20150830T123600Z` (ISO 8601, basic): SigV4's `x-amz-date`. None for a time that no calendar has.
pub(super) fn basic(time: Time) -> Option<String> {
    let stamp = Timestamp::from_second(time.unix_seconds()).ok()?;
    Some(stamp.strftime("%Y%m%dT%H%M%SZ").to_string())
}

/// Reads RFC 3339: an answer's `Expiration`.
pub(super) fn read(text: &str) -> Option<Time> {
    let stamp: Timestamp = text.parse().ok()?;
    Some(Time::from_unix_millis(stamp.as_millisecond()))
}
