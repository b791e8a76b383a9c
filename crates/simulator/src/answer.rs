//! From a script to the response it stands for.

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::failure::Failure;
use crate::json;
use crate::limits::{FLOOD_BYTES_MAX, PAUSE_MS_MAX};
use crate::marker::Args;
use crate::message::Message;
use crate::play::{Piece, Play};
use crate::scenarios::{Script, Twist};
use crate::sse;

/// Two bytes that occur in no UTF-8 text, put where the text says `@@`.
const NOT_UTF8: &[u8; 2] = &[0xff, 0xfe];

/// A response before it gets its ids.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) play: Play,
    /// Pause before the headers.
    pub(crate) before: Duration,
    /// The bill, for whoever checks the meter.
    pub(crate) usage: Option<Value>,
}

/// How the request wants to be answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    pub(crate) stream: bool,
    pub(crate) gzip: bool,
}

impl Answer {
    pub(crate) fn new(status: u16, content_type: &'static str, play: Play) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static(content_type));
        Self { status, headers, play, before: Duration::ZERO, usage: None }
    }

    pub(crate) fn json(value: &Value) -> Self {
        Self::new(200, "application/json", Play::whole(json::text(value)))
    }

    pub(crate) fn failed(failure: &Failure, request_id: &str) -> Self {
        let body = json::text(&failure.body(request_id));
        let mut answer = Self::new(failure.status, "application/json", Play::whole(body));
        if let Some(seconds) = failure.retry_after_s {
            answer.headers.insert("retry-after", HeaderValue::from(seconds));
        }
        if let Some(retry) = failure.should_retry {
            let retry = if retry { "true" } else { "false" };
            answer.headers.insert("x-should-retry", HeaderValue::from_static(retry));
        }
        answer
    }

    /// The answer a script asks for; `None` for a reset.
    pub(crate) fn scripted(
        script: Script,
        args: &Args,
        manner: Manner,
        request_id: &str,
    ) -> Result<Option<Self>, Failure> {
        let mut answer = match script {
            Script::Reset => return Ok(None),
            Script::Fail(failure) => Self::failed(&failure, request_id),
            Script::Say(message, twist) => Self::said(&message, &twist, manner, request_id),
        };
        answer.pace(args)?;
        if args.text("ratelimit").is_some() {
            add_rate_limits(&mut answer.headers);
        }
        Ok(Some(answer))
    }

    /// Applies the pauses a marker asks for.
    pub(crate) fn pace(&mut self, args: &Args) -> Result<(), Failure> {
        let named = args.number_or("ttfb_ms", 0, PAUSE_MS_MAX)?;
        self.before = Duration::from_millis(named);
        let gap = args.number_or("delay_ms", 0, PAUSE_MS_MAX)?;
        self.play.set_gap(Duration::from_millis(gap));
        Ok(())
    }

    fn said(message: &Message, twist: &Twist, manner: Manner, request_id: &str) -> Self {
        let gzip = manner.gzip && matches!(twist, Twist::Gzip);
        let mut answer = if manner.stream {
            let pieces = stream_pieces(sse::events(message), twist, gzip, request_id);
            let mut answer = Self::new(200, "text/event-stream; charset=utf-8", Play::stream(pieces));
            answer.headers.insert("cache-control", HeaderValue::from_static("no-cache"));
            answer
        } else {
            Self::whole(message, twist, gzip)
        };
        if gzip {
            answer.headers.insert("content-encoding", HeaderValue::from_static("gzip"));
        }
        answer.usage = Some(message.usage.whole());
        answer
    }

    fn whole(message: &Message, twist: &Twist, gzip: bool) -> Self {
        let mut body = Bytes::from(json::text(&message.whole()));
        if gzip {
            body = zipped(vec![body]).concat().into();
        }
        let length = body.len();
        let (pieces, length) = whole_pieces(body, twist, length);
        let mut answer = Self::new(200, "application/json", Play::new(pieces));
        if let Some(length) = length {
            answer.headers.insert("content-length", HeaderValue::from(length));
        }
        answer
    }
}

fn stream_pieces(events: Vec<Bytes>, twist: &Twist, gzip: bool, request_id: &str) -> Vec<Piece> {
    let mut events = match twist {
        Twist::BadUtf8 => events.into_iter().map(spoil).collect(),
        Twist::Gzip if gzip => zipped(events),
        Twist::CutAfterBytes(bytes) => vec![first(&events.concat(), *bytes)],
        _ => events,
    };
    let mut split = |at: usize| {
        let at = at.min(events.len());
        events.split_off(at)
    };
    let (late, middle) = match twist {
        Twist::CutAfterEvents(at) => {
            split(*at);
            (Vec::new(), vec![Piece::Cut])
        }
        Twist::CutAfterBytes(_) => (Vec::new(), vec![Piece::Cut]),
        Twist::ErrorAfter(at, failure) => {
            split(*at);
            (vec![sse::event("error", &failure.body(request_id))], vec![])
        }
        Twist::StallAfter(at) => (split(*at), vec![Piece::Stall]),
        Twist::GateAfter(at) => (split(*at), vec![Piece::Gate]),
        Twist::FloodAfter(at) => {
            split(*at);
            (Vec::new(), flood(b"event: content_block_delta\ndata: "))
        }
        Twist::None | Twist::BadUtf8 | Twist::Gzip => (Vec::new(), Vec::new()),
    };
    let early = events.into_iter().map(Piece::Bytes);
    early.chain(middle).chain(late.into_iter().map(Piece::Bytes)).collect()
}

/// The pieces of a JSON answer, and the length it announces.
fn whole_pieces(body: Bytes, twist: &Twist, length: usize) -> (Vec<Piece>, Option<usize>) {
    let mut head = body.clone();
    let tail = head.split_off(length / 2);
    let pieces = match twist {
        Twist::CutAfterBytes(bytes) => vec![Piece::Bytes(first(&body, *bytes)), Piece::Cut],
        Twist::StallAfter(_) => vec![Piece::Bytes(head), Piece::Stall],
        Twist::GateAfter(_) => vec![Piece::Bytes(head), Piece::Gate, Piece::Bytes(tail)],
        Twist::FloodAfter(_) => return (flood(b"{\"id\":\""), None),
        Twist::BadUtf8 => vec![Piece::Bytes(spoil(body))],
        // What happens between events cannot happen to an answer that has none.
        Twist::CutAfterEvents(_) | Twist::ErrorAfter(..) | Twist::None | Twist::Gzip => {
            vec![Piece::Bytes(body)]
        }
    };
    (pieces, Some(length))
}

fn flood(opening: &'static [u8]) -> Vec<Piece> {
    vec![Piece::Bytes(Bytes::from_static(opening)), Piece::Flood(FLOOD_BYTES_MAX), Piece::Cut]
}

fn first(bytes: &[u8], count: usize) -> Bytes {
    Bytes::copy_from_slice(&bytes[..count.min(bytes.len())])
}

/// The same bytes with every `@@` turned into something that is not text.
fn spoil(bytes: Bytes) -> Bytes {
    let mut spoiled = bytes.to_vec();
    let places: Vec<usize> = memchr::memmem::find_iter(&bytes, b"@@").collect();
    for at in places {
        spoiled[at..at + 2].copy_from_slice(NOT_UTF8);
    }
    spoiled.into()
}

/// One gzip stream over all parts, flushed after each, so that every part arrives when it is sent.
fn zipped(parts: Vec<Bytes>) -> Vec<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let mut out = Vec::with_capacity(parts.len() + 1);
    for part in parts {
        // INVARIANT: writing to a Vec cannot fail, so there is nothing to report.
        let _ = encoder.write_all(&part).and_then(|()| encoder.flush());
        out.push(Bytes::from(std::mem::take(encoder.get_mut())));
    }
    out.push(encoder.finish().unwrap_or_default().into());
    out
}

/// Headers the real service sends about its own limits; a gateway that has limits of its own must not pass them on.
fn add_rate_limits(headers: &mut HeaderMap) {
    for (name, value) in [
        ("anthropic-ratelimit-requests-limit", "4000"),
        ("anthropic-ratelimit-requests-remaining", "3999"),
        ("anthropic-ratelimit-unified-status", "allowed"),
        ("anthropic-ratelimit-unified-overage-utilization", "0.42"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}
