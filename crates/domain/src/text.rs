//! Texts that strangers or other programs chose: bounded before they may enter an entry.

use crate::{Refusal, limits};

/// Refuses a text of more than `max` characters.
pub(crate) fn check(what: &'static str, text: &str, max: usize) -> Result<(), Refusal> {
    if text.chars().count() > max { Err(Refusal::TextTooLong { what, max }) } else { Ok(()) }
}

/// Refuses a text of more than `max` characters, if there is one.
pub(crate) fn check_some(what: &'static str, text: Option<&String>, max: usize) -> Result<(), Refusal> {
    text.map_or(Ok(()), |text| check(what, text, max))
}

/// Refuses a reason that is too long for an entry.
pub(crate) fn check_reason(reason: &str) -> Result<(), Refusal> {
    check("the reason", reason, limits::REASON_CHARS_MAX)
}

/// Refuses a text of more than `max` characters, an empty one, and one with control characters.
pub(crate) fn check_line(what: &'static str, text: &str, max: usize) -> Result<(), Refusal> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(Refusal::TextMalformed { what });
    }
    check(what, text, max)
}

/// Refuses a text of several lines of more than `max` bytes, and one with control characters other than tabs and ends of
/// lines: those take two bytes in an entry at most.
pub(crate) fn check_page(what: &'static str, text: &str, max: usize) -> Result<(), Refusal> {
    if text.chars().any(|one| one.is_control() && !matches!(one, '\n' | '\r' | '\t')) {
        return Err(Refusal::TextMalformed { what });
    }
    if text.len() > max { Err(Refusal::TextTooLong { what, max }) } else { Ok(()) }
}
