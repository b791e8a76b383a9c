//! Turns what the TOML reader says into file, line, field, and the nearest key that exists.

use crate::command_error::CommandError;

/// Changes between a wrong and a known key up to which the known one is suggested.
const DISTANCE_MAX: usize = 3;

/// The error of a command for an error of the TOML reader.
pub(super) fn explain(error: &toml::de::Error, text: &str, file: &str) -> CommandError {
    let place = match error.span() {
        Some(span) => format!("{file}:{}", line_of(text, span.start)),
        None => file.to_owned(),
    };
    let message = error.message().lines().collect::<Vec<_>>().join(", ");
    let Some((wrong, known)) = unknown_field(&message) else {
        return CommandError::usage(format!("{place}: {message}"));
    };
    let unknown = CommandError::usage(format!("{place}: unknown key `{wrong}`"));
    match nearest(wrong, &known) {
        Some(near) => unknown.hinted(format!("did you mean `{near}`?")),
        None => unknown.hinted(format!("known here: {}", known.join(", "))),
    }
}

/// Counted from 1.
fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
}

/// The wrong and the known names in serde's sentence: unknown field `a`, expected one of `b`, `c`.
fn unknown_field(message: &str) -> Option<(&str, Vec<&str>)> {
    let rest = message.strip_prefix("unknown field ")?;
    let mut names = rest.split('`').skip(1).step_by(2);
    let wrong = names.next()?;
    Some((wrong, names.collect()))
}

fn nearest<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    let ranked = known.iter().map(|name| (distance(wrong, name), *name));
    ranked.filter(|&(changes, name)| changes <= DISTANCE_MAX && changes < name.len()).min().map(|(_, name)| name)
}

/// Levenshtein distance; keys are short.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, one) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, &other) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(one != other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}
