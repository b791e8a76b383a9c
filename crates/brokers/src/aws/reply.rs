//! Answers of STS and IAM: small XML documents without a schema that anybody keeps to.
//!
//! Read strictly and within bounds. A document type is refused, so no entity but XML's own five can occur and nothing
//! expands; an answer that ends too early is an error, since a cut key would look like a key.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};
use zeroize::Zeroizing;

use super::limits::{REPLY_BYTES_MAX, REPLY_DEPTH_MAX, REPLY_ELEMENTS_MAX};

/// An answer's elements that have no elements in them, by their path, in order. It does not print: some are secret.
pub(super) struct Document(Vec<(String, Zeroizing<String>)>);

/// Why an answer is not understood. Says nothing of what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Strange {
    #[error("it has more than {REPLY_BYTES_MAX} bytes, {REPLY_ELEMENTS_MAX} elements or {REPLY_DEPTH_MAX} levels")]
    TooMuch,
    #[error("it is not XML as STS and IAM write it")]
    Malformed,
    #[error("it ends too early")]
    Cut,
    #[error("it has no `{0}`, or several")]
    NotOne(&'static str),
    #[error("its `{0}` is not what was asked for")]
    Odd(&'static str),
    #[error(
        "it expires at another time than was asked for: the clocks differ by more than 15 minutes, or the target gives another life"
    )]
    Clock,
}

// === impl Document ===

impl Document {
    /// Reads a whole answer.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Strange> {
        if bytes.len() > REPLY_BYTES_MAX {
            return Err(Strange::TooMuch);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Strange::Malformed)?;
        let mut reading = Reading::default();
        let mut reader = Reader::from_str(text.trim());
        while reading.event(reader.read_event().map_err(|_| Strange::Malformed)?)? {}
        Ok(Self(reading.leaves))
    }

    /// The text of the one element at the end of this path: `Credentials/AccessKeyId`.
    pub(super) fn one(&self, path: &'static str) -> Result<&str, Strange> {
        let mut found = self.all(path);
        match (found.next(), found.next()) {
            (Some(text), None) => Ok(text),
            _ => Err(Strange::NotOne(path)),
        }
    }

    /// The texts of all elements at the end of this path.
    pub(super) fn all<'a>(&'a self, path: &'static str) -> impl Iterator<Item = &'a str> {
        let ends =
            move |found: &str| found.strip_suffix(path).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
        self.0.iter().filter(move |(found, _)| ends(found)).map(|(_, text)| text.as_str())
    }
}

/// Where reading is.
#[derive(Default)]
struct Reading {
    /// Open elements: name, text so far, whether an element was in it.
    open: Vec<(String, Zeroizing<String>, bool)>,
    leaves: Vec<(String, Zeroizing<String>)>,
    elements: usize,
}

// === impl Reading ===

impl Reading {
    /// Takes the next event; false when it was the last.
    fn event(&mut self, event: Event<'_>) -> Result<bool, Strange> {
        match event {
            Event::Start(start) => self.start(start.local_name().as_ref())?,
            Event::Empty(start) => {
                self.start(start.local_name().as_ref())?;
                self.end();
            }
            Event::End(_) => self.end(),
            Event::Text(text) => self.text(text.xml10_content().map_err(|_| Strange::Malformed)?)?,
            Event::CData(text) => self.text(text.xml10_content().map_err(|_| Strange::Malformed)?)?,
            Event::GeneralRef(reference) => self.text(character(&reference)?.to_string().into())?,
            Event::Decl(_) if self.elements == 0 => {}
            Event::Comment(_) => {}
            Event::Eof if self.open.is_empty() && self.elements > 0 => return Ok(false),
            Event::Eof => return Err(if self.elements == 0 { Strange::Malformed } else { Strange::Cut }),
            Event::Decl(_) | Event::DocType(_) | Event::PI(_) => return Err(Strange::Malformed),
        }
        Ok(true)
    }

    fn start(&mut self, name: &[u8]) -> Result<(), Strange> {
        if self.open.len() == REPLY_DEPTH_MAX || self.elements == REPLY_ELEMENTS_MAX {
            return Err(Strange::TooMuch);
        }
        if self.open.is_empty() && self.elements > 0 {
            return Err(Strange::Malformed); // a second root
        }
        if let Some((_, _, has_elements)) = self.open.last_mut() {
            *has_elements = true;
        }
        let name = std::str::from_utf8(name).map_err(|_| Strange::Malformed)?;
        self.open.push((name.to_owned(), Zeroizing::default(), false));
        self.elements += 1;
        Ok(())
    }

    /// The reader has seen to it that there is an element to end, of this name.
    fn end(&mut self) {
        let path = self.open.iter().map(|(name, _, _)| name.as_str()).collect::<Vec<_>>().join("/");
        if let Some((_, text, false)) = self.open.pop() {
            self.leaves.push((path, text));
        }
    }

    fn text(&mut self, more: Cow<'_, str>) -> Result<(), Strange> {
        match self.open.last_mut() {
            Some((_, text, _)) => text.push_str(&more),
            None if more.trim().is_empty() => {}
            None => return Err(Strange::Malformed),
        }
        Ok(())
    }
}

/// `&#x2F;`, or one of the five that XML has by itself (XML 1.0, section 4.6).
fn character(reference: &BytesRef<'_>) -> Result<char, Strange> {
    if let Some(char) = reference.resolve_char_ref().map_err(|_| Strange::Malformed)? {
        return Ok(char);
    }
    match reference.as_ref() {
        b"lt" => Ok('<'),
        b"gt" => Ok('>'),
        b"amp" => Ok('&'),
        b"apos" => Ok('\''),
        b"quot" => Ok('"'),
        _ => Err(Strange::Malformed),
    }
}

#[cfg(test)]
mod tests;
