//! A cursor over JSON text: reads the few values the meter needs and skips the rest without building anything.
//!
//! Checks the grammar of everything it passes except raw control characters in strings, which the provider refuses
//! itself. While skipping it notices the few signs that make a prompt larger than its bytes ([`Signs`]).

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr2;

use crate::limits::DEPTH_MAX;
use crate::request::ScanError;

/// A read-only position in a body.
pub(crate) struct Cursor<'a> {
    body: &'a [u8],
    at: usize,
    depth: u32,
    pub(crate) signs: Signs,
}

/// What was noticed on the way.
#[derive(Debug, Default)]
pub(crate) struct Signs {
    /// A string `1h`: a superset of `"ttl":"1h"`.
    pub(crate) one_hour: bool,
    /// A source whose size the body does not show: a URL, a stored file, a compressed document.
    pub(crate) opaque_source: bool,
    /// Image blocks.
    pub(crate) images: u64,
    /// A letter, digit or underscore written as `\u00…`: no encoder does that, so somebody may be hiding a sign.
    pub(crate) plain_escape: bool,
}

/// A string as it stands in the body.
#[derive(Clone, Copy)]
pub(crate) struct Text<'a> {
    quoted: &'a [u8],
    escaped: bool,
}

impl<'a> Text<'a> {
    /// The bytes between the quotes, escapes not undone.
    pub(crate) fn raw(&self) -> &'a [u8] {
        self.quoted.get(1..self.quoted.len().saturating_sub(1)).unwrap_or_default()
    }

    /// The string itself; `None` for escapes that are no character (a lone surrogate).
    pub(crate) fn decode(&self) -> Option<Cow<'a, str>> {
        if self.escaped {
            return serde_json::from_slice::<String>(self.quoted).ok().map(Cow::Owned);
        }
        std::str::from_utf8(self.raw()).ok().map(Cow::Borrowed)
    }
}

type Scan<T> = Result<T, ScanError>;

impl<'a> Cursor<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Self {
        Self { body, at: 0, depth: 0, signs: Signs::default() }
    }

    /// The next byte that is not a blank, not consumed; `None` at the end.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        while let Some(&byte) = self.body.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// How far the cursor is.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    fn malformed<T>(&self, expected: &'static str) -> Scan<T> {
        Err(ScanError::Malformed { at: self.at, expected })
    }

    fn take(&mut self, byte: u8, expected: &'static str) -> Scan<()> {
        if self.peek() != Some(byte) {
            return self.malformed(expected);
        }
        self.at += 1;
        Ok(())
    }

    fn takes(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn enter(&mut self) -> Scan<()> {
        self.depth += 1;
        if self.depth > DEPTH_MAX { Err(ScanError::TooDeep) } else { Ok(()) }
    }

    /// Reads an object; `member` is given each key and must consume its value.
    pub(crate) fn object(&mut self, mut member: impl FnMut(&mut Self, Text<'a>) -> Scan<()>) -> Scan<()> {
        self.take(b'{', "an object")?;
        self.enter()?;
        if !self.takes(b'}') {
            loop {
                let key = self.key()?;
                member(self, key)?;
                if self.takes(b'}') {
                    break;
                }
                self.take(b',', "`,` or `}`")?;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads an array; `item` must consume each value.
    pub(crate) fn array(&mut self, mut item: impl FnMut(&mut Self) -> Scan<()>) -> Scan<()> {
        self.take(b'[', "an array")?;
        self.enter()?;
        if !self.takes(b']') {
            loop {
                item(self)?;
                if self.takes(b']') {
                    break;
                }
                self.take(b',', "`,` or `]`")?;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn key(&mut self) -> Scan<Text<'a>> {
        let key = self.string()?;
        self.take(b':', "`:`")?;
        Ok(key)
    }

    /// Reads a string.
    pub(crate) fn string(&mut self) -> Scan<Text<'a>> {
        if self.peek() != Some(b'"') {
            return self.malformed("a string");
        }
        let start = self.at;
        self.at += 1;
        let mut escaped = false;
        loop {
            let rest = self.body.get(self.at..).unwrap_or_default();
            let Some(found) = memchr2(b'"', b'\\', rest) else {
                return self.malformed("the end of a string");
            };
            self.at += found;
            if rest[found] == b'"' {
                self.at += 1;
                return Ok(Text { quoted: &self.body[start..self.at], escaped });
            }
            escaped = true;
            self.escape()?;
        }
    }

    fn escape(&mut self) -> Scan<()> {
        match self.body.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => {
                let digits = self.body.get(self.at + 2..self.at + 6).unwrap_or_default();
                if digits.len() < 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return self.malformed("four hexadecimal digits");
                }
                let hex = |digit: u8| char::from(digit).to_digit(16).unwrap_or(0) as u8;
                let low = hex(digits[2]) << 4 | hex(digits[3]);
                let plain = digits.starts_with(b"00") && (low.is_ascii_alphanumeric() || low == b'_');
                self.signs.plain_escape |= plain;
                self.at += 6;
            }
            _ => return self.malformed("an escape"),
        }
        Ok(())
    }

    /// Reads a number or a literal and gives where it stands.
    pub(crate) fn scalar(&mut self) -> Scan<Range<usize>> {
        let first = self.peek();
        let start = self.at;
        let rest = self.body.get(start..).unwrap_or_default();
        let literal = match first {
            Some(b't') => "true",
            Some(b'f') => "false",
            Some(b'n') => "null",
            Some(b'-' | b'0'..=b'9') => return self.number(start),
            _ => return self.malformed("a value"),
        };
        if !rest.starts_with(literal.as_bytes()) {
            return self.malformed("a value");
        }
        self.at += literal.len();
        Ok(start..self.at)
    }

    fn number(&mut self, start: usize) -> Scan<Range<usize>> {
        self.at += usize::from(self.body.get(self.at) == Some(&b'-'));
        if self.body.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.body.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.body.get(self.at) {
            self.at += 1;
            self.at += usize::from(matches!(self.body.get(self.at), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(start..self.at)
    }

    fn digits(&mut self) -> Scan<()> {
        let rest = self.body.get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return self.malformed("a digit");
        }
        self.at += count;
        Ok(())
    }

    /// A whole number that is not negative, and where it stands; `None` (value skipped) for anything else.
    pub(crate) fn whole_number(&mut self) -> Scan<Option<(u64, Range<usize>)>> {
        if !matches!(self.peek(), Some(b'-' | b'0'..=b'9')) {
            self.skip()?;
            return Ok(None);
        }
        let span = self.scalar()?;
        let digits = std::str::from_utf8(&self.body[span.clone()]).ok();
        Ok(digits.and_then(|digits| digits.parse().ok()).map(|number| (number, span)))
    }

    /// A string's text; `None` (value skipped) for any other value.
    pub(crate) fn text(&mut self) -> Scan<Option<Cow<'a, str>>> {
        if self.peek() == Some(b'"') {
            let text = self.string()?;
            self.note(text, false);
            return Ok(text.decode());
        }
        self.skip()?;
        Ok(None)
    }

    /// Skips one value of any kind, checking its grammar. Iterative: depth is one bit per level.
    pub(crate) fn skip(&mut self) -> Scan<()> {
        let mut open = Levels { objects: 0, count: 0 };
        let room = DEPTH_MAX - self.depth;
        let mut key_is_type = false;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let text = self.string()?;
                    self.note(text, key_is_type);
                }
                Some(opening @ (b'{' | b'[')) => {
                    self.at += 1;
                    open.check(room)?;
                    let is_object = opening == b'{';
                    if !self.takes(if is_object { b'}' } else { b']' }) {
                        open.push(is_object);
                        key_is_type = is_object && self.key()?.raw() == b"type";
                        continue;
                    }
                }
                _ => {
                    self.scalar()?;
                }
            }
            loop {
                let Some(is_object) = open.innermost() else {
                    return Ok(());
                };
                if self.takes(b',') {
                    key_is_type = is_object && self.key()?.raw() == b"type";
                    break;
                }
                self.take(if is_object { b'}' } else { b']' }, "`,` or the end of an object or array")?;
                open.pop();
            }
        }
    }

    fn note(&mut self, text: Text<'a>, key_is_type: bool) {
        match text.raw() {
            b"1h" => self.signs.one_hour = true,
            b"application/pdf" => self.signs.opaque_source = true,
            b"url" | b"file" if key_is_type => self.signs.opaque_source = true,
            b"image" if key_is_type => self.signs.images += 1,
            _ => {}
        }
    }
}

/// Which of the open containers are objects: one bit per level, innermost lowest.
struct Levels {
    objects: u128,
    count: u32,
}

impl Levels {
    fn check(&self, room: u32) -> Scan<()> {
        if self.count < room { Ok(()) } else { Err(ScanError::TooDeep) }
    }

    fn push(&mut self, is_object: bool) {
        self.objects = self.objects << 1 | u128::from(is_object);
        self.count += 1;
    }

    fn pop(&mut self) {
        self.objects >>= 1;
        self.count = self.count.saturating_sub(1);
    }

    fn innermost(&self) -> Option<bool> {
        (self.count > 0).then_some(self.objects & 1 == 1)
    }
}
