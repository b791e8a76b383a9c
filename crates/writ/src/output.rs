//! What people read: tables, CSV, money and times. The result goes to standard output, the story to standard error.

mod csv;
mod table;

use std::io::{ErrorKind, IsTerminal, Write};

use domain::{Span, Time, Usd};
use jiff::tz::TimeZone;

pub(crate) use csv::csv_line;
pub(crate) use table::{Cell, Table};

use crate::command_error::CommandError;

/// Writes to standard output. A reader that left (`| head`) is no error.
pub(crate) fn print(text: &str) -> Result<(), CommandError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(CommandError::failed("cannot write the output").because(&error))
        }
        _ => Ok(()),
    }
}

/// Prints JSON values, one per line.
pub(crate) fn print_json_lines<'a>(
    values: impl IntoIterator<Item = &'a serde_json::Value>,
) -> Result<(), CommandError> {
    let lines: String = values.into_iter().map(|value| format!("{value}\n")).collect();
    print(&lines)
}

/// Money for people.
pub(crate) fn money(nanos: i64) -> String {
    Usd::from_nanos(nanos).to_string()
}

/// A time from the API: local and short on a terminal, as it came (RFC 3339, UTC) anywhere else.
pub(crate) fn time(text: &str) -> String {
    if std::io::stdout().is_terminal() { local_time(text, &TimeZone::system()) } else { clean(text) }
}

fn local_time(text: &str, zone: &TimeZone) -> String {
    let Ok(timestamp) = text.parse::<jiff::Timestamp>() else { return clean(text) };
    timestamp.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// A time of ours, as the API writes them.
pub(crate) fn moment(at: Time) -> String {
    format!("{:.0}", jiff::Timestamp::from_millisecond(at.unix_millis()).unwrap_or_default())
}

/// The time between two times from the API.
pub(crate) fn span_between(from: &str, until: &str) -> Option<Span> {
    let from: jiff::Timestamp = from.parse().ok()?;
    let until: jiff::Timestamp = until.parse().ok()?;
    u64::try_from(until.as_millisecond() - from.as_millisecond()).ok().map(Span::from_millis)
}

/// Text of a stranger, without the control characters that could redraw a terminal.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect()
}

/// One word of a shell's command line (POSIX, 2.2.2).
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
