//! The two benchmark answers: built once, sent as they are.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use memchr::memmem;

use crate::failure::Failure;
use crate::json;
use crate::limits::{BENCH_STREAMS_MAX, EVENTS_MAX};
use crate::marker::Marker;
use crate::message::{Block, Message};
use crate::play::Piece;
use crate::sse;
use crate::usage::{Tokens, Usage};

/// What marks a benchmark request; looked for in the raw body, so that nothing needs to be parsed.
const SIGN: &[u8] = b"SCENARIO:bench_";
/// How much of the body after the sign may belong to the marker.
const MARKER_BYTES: usize = 256;
/// Text that makes the JSON answer about 1.5 kB long.
const TEXT_REPEATS: usize = 22;

/// Prebuilt benchmark answers.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) json: Bytes,
    streams: Mutex<HashMap<u64, Arc<[Piece]>>>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let text = "A fixed answer of a fixed length, for measuring. ".repeat(TEXT_REPEATS);
        let message = message(vec![text]);
        Self { json: Bytes::from(json::text(&message.whole())), streams: Mutex::default() }
    }

    /// The benchmark marker in a raw body, if it has one.
    pub(crate) fn marker(body: &[u8]) -> Option<Result<Marker, Failure>> {
        let at = memmem::find(body, SIGN)?;
        let end = body.len().min(at + MARKER_BYTES);
        Marker::find(&String::from_utf8_lossy(&body[at..end]))
    }

    /// The stream with this many deltas.
    pub(crate) fn stream(&self, marker: &Marker) -> Result<Arc<[Piece]>, Failure> {
        let deltas = marker.args.number_or("events", 60, EVENTS_MAX)?;
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stream) = streams.get(&deltas) {
            return Ok(Arc::clone(stream));
        }
        let parts = (0..deltas).map(|n| format!("a delta of some words, number {n:>6} "));
        let events = sse::events(&message(parts.collect()));
        let stream: Arc<[Piece]> = events.into_iter().map(Piece::Bytes).collect();
        if streams.len() < BENCH_STREAMS_MAX {
            streams.insert(deltas, Arc::clone(&stream));
        }
        Ok(stream)
    }
}

fn message(parts: Vec<String>) -> Message {
    let text = Block::Text(parts);
    Message {
        id: "msg_sim_bench".to_owned(),
        model: "claude-sonnet-5-5".to_owned(),
        stop_reason: "end_turn".to_owned(),
        usage: Usage {
            tokens: Tokens {
                input: 12,
                cache_read: 14_000,
                cache_write_5m: 600,
                cache_write_1h: 0,
                output: text.chars().div_ceil(4) as u64,
            },
            tier: "standard".to_owned(),
            geo: "global".to_owned(),
            ..Usage::default()
        },
        blocks: vec![text],
    }
}
