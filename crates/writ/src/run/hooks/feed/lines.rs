//! Server-sent events, as far as the control plane uses them (WHATWG HTML, 9.2.6): `event`, `data`, `id`, comments.

use crate::limits::EVENT_BYTES_MAX;

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::run) struct Event {
    /// Its name.
    pub(in crate::run) name: String,
    /// Its data, lines joined.
    pub(in crate::run) data: String,
    /// Where to go on after it.
    pub(in crate::run) id: Option<String>,
}

/// A stream as it comes. An event that is too long is left out.
#[derive(Debug, Default)]
pub(super) struct Lines {
    line: Vec<u8>,
    event: Event,
    is_too_long: bool,
}

impl Lines {
    /// The events that these bytes complete.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        for byte in bytes {
            match byte {
                b'\n' => events.extend(self.line_end()),
                b'\r' => {}
                _ if self.line.len() + self.event.data.len() >= EVENT_BYTES_MAX => self.is_too_long = true,
                other => self.line.push(*other),
            }
        }
        events
    }

    fn line_end(&mut self) -> Option<Event> {
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            let is_whole = !std::mem::take(&mut self.is_too_long);
            return Some(event).filter(|event| is_whole && !event.data.is_empty());
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.name),
            "id" => self.event.id = Some(value.to_owned()),
            "data" => {
                if !self.event.data.is_empty() {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            // A comment, or a field that is not used.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests;
