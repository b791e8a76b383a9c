//! The marker in a prompt that picks a script: `SCENARIO:name` or
//! `SCENARIO:name(key=value,key="quoted, value")`.

use crate::failure::Failure;
use crate::limits::MARKER_CHARS_MAX;

const SIGN: &str = "SCENARIO:";

/// Every argument any script understands; another key is an error, so that a typing mistake cannot pass for a default.
const KEYS: &[&str] = &[
    "actor",
    "bytes",
    "cache_read",
    "cache_write_1h",
    "cache_write_5m",
    "command",
    "content",
    "delay_ms",
    "events",
    "geo",
    "input",
    "kb",
    "kind",
    "message",
    "model",
    "model2",
    "n",
    "output",
    "path",
    "prompt",
    "ratelimit",
    "retry_after",
    "should_retry",
    "speed",
    "start_input",
    "status",
    "stop_reason",
    "then",
    "thinking_tokens",
    "tier",
    "times",
    "ttfb_ms",
    "type",
    "web_search",
];

/// A parsed marker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) name: String,
    pub(crate) args: Args,
    /// The marker as written: the key under which `overloaded` counts.
    pub(crate) written: String,
}

/// Arguments of a marker, in the order written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Args(Vec<(String, String)>);

impl Marker {
    /// The first marker in `text`; `None` without one.
    pub(crate) fn find(text: &str) -> Option<Result<Self, Failure>> {
        text.match_indices(SIGN)
            .map(|(at, _)| &text[at + SIGN.len()..])
            .find(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))
            .map(Self::parse)
    }

    /// Parses what stands after `SCENARIO:`; what follows the marker is ignored.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let end =
            text.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let (args, used) = match rest.strip_prefix('(') {
            Some(inside) => parse_args(inside)?,
            None => (Args::default(), 0),
        };
        Ok(Self { name: name.to_owned(), args, written: text[..end + used].to_owned() })
    }
}

impl Args {
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        debug_assert!(KEYS.contains(&key), "`{key}` is missing in KEYS");
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    pub(crate) fn text_or<'a>(&'a self, key: &str, default: &'a str) -> &'a str {
        self.text(key).unwrap_or(default)
    }

    /// A number within `0..=max`; `None` when absent.
    pub(crate) fn number(&self, key: &str, max: u64) -> Result<Option<u64>, Failure> {
        let Some(text) = self.text(key) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(number) if number <= max => Ok(Some(number)),
            _ => Err(Failure::invalid(format!(
                "scenario argument `{key}` is `{text}`, it must be a whole number up to {max}"
            ))),
        }
    }

    pub(crate) fn number_or(&self, key: &str, default: u64, max: u64) -> Result<u64, Failure> {
        Ok(self.number(key, max)?.unwrap_or(default))
    }
}

/// Parses `key=value,…)`; answers the arguments and how many bytes they took, both brackets included.
fn parse_args(inside: &str) -> Result<(Args, usize), Failure> {
    let mut args = Vec::new();
    let mut at = 0;
    loop {
        let rest = &inside[at..];
        let open = rest.trim_start();
        at += rest.len() - open.len();
        if open.starts_with(')') {
            return Ok((Args(args), at + 2));
        }
        if at > MARKER_CHARS_MAX {
            return Err(Failure::invalid("scenario marker is too long"));
        }
        let (key, tail) =
            open.split_once('=').ok_or_else(|| Failure::invalid("scenario arguments have no closing bracket"))?;
        let (value, used) = parse_value(tail)?;
        at += key.len() + 1 + used;
        let key = key.trim();
        if !KEYS.contains(&key) {
            return Err(Failure::invalid(format!("unknown scenario argument `{key}`")));
        }
        args.push((key.to_owned(), value));
        let rest = inside[at..].trim_start();
        at = inside.len() - rest.len() + usize::from(rest.starts_with(','));
    }
}

/// Parses one value, plain or in quotes; answers it and how many bytes it took.
fn parse_value(text: &str) -> Result<(String, usize), Failure> {
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        let end =
            text.find([',', ')']).ok_or_else(|| Failure::invalid("scenario arguments have no closing bracket"))?;
        return Ok((text[..end].trim().to_owned(), end));
    };
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Ok((value, at + 1)),
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, escaped)) => value.push(escaped),
                None => break,
            },
            c => value.push(c),
        }
    }
    Err(Failure::invalid("scenario argument has no closing quote"))
}

#[cfg(test)]
mod tests;
