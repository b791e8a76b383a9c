//! The observer: watches an answer's bytes on their way to the client and says what they used.

use crate::billed::BilledUsage;
use crate::event::Answer;
use crate::limits::JSON_BYTES_MAX;
use crate::sse::Sse;

/// Reads an answer as it passes. Never fails, never waits, and holds at most one event
/// ([`EVENT_BYTES_MAX`](crate::limits::EVENT_BYTES_MAX), a line of it and the same again) or one JSON body
/// ([`JSON_BYTES_MAX`]).
#[derive(Debug)]
pub struct Observer {
    answer: Answer,
    format: Format,
}

#[derive(Debug)]
enum Format {
    Stream(Sse),
    Json(Vec<u8>),
}

/// What an observer saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// The model that served, as the answer says.
    pub model: Option<String>,
    /// Usage as far as it was reported.
    pub usage: Option<BilledUsage>,
    /// The provider's id of the message: the key against counting it twice.
    pub message_id: Option<String>,
    /// Why the model stopped, in the provider's word.
    pub stop_reason: Option<String>,
    /// The answer had begun (`message_start`, or a whole JSON message).
    pub started: bool,
    /// The answer was whole (`message_stop`, or a JSON body that parsed).
    pub complete: bool,
    /// Type of the error that the answer is, or that broke it off.
    pub error: Option<String>,
    /// Characters of text, tool input and thinking that were streamed; an escape counts as its own characters.
    pub visible_chars: u64,
    /// Web search results that passed; errors among them are counted too, so this only helps an estimate.
    pub searches_seen: u64,
    /// Something that may carry usage could not be read: the figures are not to be trusted.
    pub lost: bool,
}

impl Observer {
    /// An observer for an answer with this `Content-Type`; an unknown or missing one is read as what was asked for.
    pub fn for_content_type(content_type: Option<&str>, requested_stream: bool) -> Self {
        let kind = content_type.and_then(|text| text.split(';').next()).map(str::trim).unwrap_or_default();
        let is_stream = if kind.eq_ignore_ascii_case("text/event-stream") {
            true
        } else if kind.eq_ignore_ascii_case("application/json") {
            false
        } else {
            requested_stream
        };
        let format = if is_stream { Format::Stream(Sse::default()) } else { Format::Json(Vec::new()) };
        Self { answer: Answer::default(), format }
    }

    /// Takes the next bytes of the body, in any split.
    pub fn feed(&mut self, bytes: &[u8]) {
        match &mut self.format {
            Format::Stream(sse) => sse.feed(bytes, &mut self.answer),
            Format::Json(_) if self.answer.lost => {}
            Format::Json(body) if body.len() + bytes.len() > JSON_BYTES_MAX => {
                *body = Vec::new();
                self.answer.lost = true;
            }
            Format::Json(body) => body.extend_from_slice(bytes),
        }
    }

    /// Whether the answer has begun, so that the provider will bill something.
    pub fn started(&self) -> bool {
        match &self.format {
            Format::Stream(_) => self.answer.started,
            Format::Json(body) => !body.is_empty() || self.answer.lost,
        }
    }

    /// What was seen, when no more bytes come. `ended` says whether the body came to its proper end:
    /// a JSON body that does not parse was garbled then, else merely cut.
    pub fn finish(mut self, ended: bool) -> Observed {
        match self.format {
            Format::Stream(mut sse) => sse.finish(&mut self.answer),
            Format::Json(_) if self.answer.lost => {}
            Format::Json(body) => self.answer.body(&body, ended),
        }
        Observed {
            model: self.answer.served_model(),
            usage: self.answer.billed(),
            message_id: self.answer.message_id,
            stop_reason: self.answer.stop_reason,
            started: self.answer.started,
            complete: self.answer.complete,
            error: self.answer.error,
            visible_chars: self.answer.visible_chars,
            searches_seen: self.answer.searches_seen,
            lost: self.answer.lost,
        }
    }

    /// Bytes held in memory.
    #[cfg(test)]
    pub(crate) fn held_bytes(&self) -> usize {
        match &self.format {
            Format::Stream(sse) => sse.held_bytes(),
            Format::Json(body) => body.len(),
        }
    }
}

#[cfg(test)]
mod tests;
