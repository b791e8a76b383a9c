//! Server-sent events, split incrementally and bounded: any split of the bytes gives the same events.
//!
//! Line ends may be LF, CRLF or CR; data may stand in several lines; a byte order mark and comments are passed over.
//! Data of an event beyond [`EVENT_BYTES_MAX`] is dropped, and the answer told so.

use memchr::memchr2;

use crate::event::Answer;
use crate::limits::{EVENT_BYTES_MAX, FIELD_LINE_BYTES_MAX};

/// Room kept for the next line after a large one: 1,000 streams must not keep 1,000 large buffers.
const KEPT_BYTES_MAX: usize = 16 << 10;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
/// Names of events are shorter than this; longer ones are unknown anyway.
const NAME_BYTES_MAX: usize = 32;

/// Splits bytes into events.
#[derive(Debug, Default)]
pub(crate) struct Sse {
    /// Begin of a line whose end has not come yet, at most [`EVENT_BYTES_MAX`] of it.
    line: Vec<u8>,
    /// Length of that line, dropped bytes included.
    line_bytes: u64,
    /// Data lines of the current event.
    data: Vec<u8>,
    data_state: DataState,
    name: String,
    is_after_cr: bool,
    is_past_first_line: bool,
}

/// What is done with further data of the current event.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum DataState {
    /// None has come.
    #[default]
    None,
    /// It is kept for the end of the event.
    Kept,
    /// It is not needed: handled at once, or too large.
    Done,
}

impl Sse {
    /// Takes more bytes.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], answer: &mut Answer) {
        if self.is_after_cr && !bytes.is_empty() {
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
            self.is_after_cr = false;
        }
        while let Some(end) = memchr2(b'\n', b'\r', bytes) {
            let (head, rest) = bytes.split_at(end);
            self.end_line(head, answer);
            bytes = rest.get(1..).unwrap_or_default();
            if rest.first() == Some(&b'\r') {
                self.is_after_cr = bytes.is_empty();
                bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
            }
        }
        self.keep(bytes);
    }

    /// Takes the end of the stream: what stands there without its line end counts.
    pub(crate) fn finish(&mut self, answer: &mut Answer) {
        if self.line_bytes > 0 {
            self.end_line(&[], answer);
        }
        self.dispatch(answer, true);
    }

    /// Bytes held in memory.
    #[cfg(test)]
    pub(crate) fn held_bytes(&self) -> usize {
        self.line.len() + self.data.len() + self.name.len()
    }

    fn keep(&mut self, part: &[u8]) {
        self.line_bytes = self.line_bytes.saturating_add(part.len() as u64);
        // Of a long line that is no data nothing will be used.
        let is_useless = self.line.len() > FIELD_LINE_BYTES_MAX && data_of(self.unmarked(&self.line)).is_none();
        let room = if is_useless { 0 } else { EVENT_BYTES_MAX.saturating_sub(self.line.len()) };
        self.line.extend_from_slice(part.get(..room).unwrap_or(part));
    }

    fn end_line(&mut self, tail: &[u8], answer: &mut Answer) {
        if self.line_bytes == 0 {
            self.take_line(tail, tail.len() as u64, answer);
            return;
        }
        self.keep(tail);
        let mut line = std::mem::take(&mut self.line);
        let bytes = std::mem::take(&mut self.line_bytes);
        self.take_line(&line, bytes, answer);
        if line.capacity() <= KEPT_BYTES_MAX {
            line.clear();
            self.line = line;
        }
    }

    /// Without the mark that may open a stream.
    fn unmarked<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        if self.is_past_first_line { line } else { line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line) }
    }

    fn take_line(&mut self, line: &[u8], bytes: u64, answer: &mut Answer) {
        let line = self.unmarked(line);
        self.is_past_first_line = true;
        if line.is_empty() {
            self.dispatch(answer, false);
        } else if let Some(data) = data_of(line) {
            self.take_data(data, bytes, answer);
        } else if bytes <= FIELD_LINE_BYTES_MAX as u64
            && let Some(name) = line.strip_prefix(b"event:")
        {
            let name = name.strip_prefix(b" ").unwrap_or(name);
            let name = name.get(..NAME_BYTES_MAX).unwrap_or(name);
            self.name.clear();
            self.name.push_str(std::str::from_utf8(name).unwrap_or_default());
        }
    }

    fn take_data(&mut self, data: &[u8], line_bytes: u64, answer: &mut Answer) {
        if self.data_state == DataState::Done {
            return;
        }
        let is_too_large = line_bytes.saturating_add(self.data.len() as u64) >= EVENT_BYTES_MAX as u64;
        if is_too_large {
            let begin = if self.data.is_empty() { data } else { &self.data };
            answer.oversized(begin, line_bytes);
            self.drop_data();
        } else if self.data_state == DataState::None && Answer::is_quick(data) {
            answer.quick(data);
            self.data_state = DataState::Done;
        } else {
            if self.data_state == DataState::Kept {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(data);
            self.data_state = DataState::Kept;
        }
    }

    fn drop_data(&mut self) {
        self.data = Vec::new();
        self.data_state = DataState::Done;
    }

    fn dispatch(&mut self, answer: &mut Answer, is_cut: bool) {
        if self.data_state == DataState::Kept {
            answer.event(&self.data, &self.name, is_cut);
        }
        self.data.clear();
        if self.data.capacity() > KEPT_BYTES_MAX {
            self.data = Vec::new();
        }
        self.data_state = DataState::None;
        self.name.clear();
    }
}

/// The value of a `data` line.
fn data_of(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"data")?;
    if rest.is_empty() {
        return Some(rest);
    }
    let value = rest.strip_prefix(b":")?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}
