//! What the service remembers of the requests it got.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use hyper::http::request::Parts;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::limits::{SEEN_BODIES_BYTES_MAX, SEEN_BODY_BYTES_MAX, SEEN_REQUESTS_MAX};

/// One request the service got, and how its answer went. A clone shows the answer's progress too.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The answer's `request-id`.
    pub request_id: String,
    /// `POST`, `GET`, …
    pub method: String,
    /// The path without its query.
    pub path: String,
    /// What stands after `?`, if anything.
    pub query: Option<String>,
    /// The protocol spoken: `HTTP/1.1` or `HTTP/2.0`.
    pub protocol: String,
    /// Header names (lower case) and values, in the order received; bytes that are not UTF-8 are replaced.
    pub headers: Vec<(String, String)>,
    /// Bytes of the request body.
    pub body_len: usize,
    /// SHA-256 of the request body.
    pub body_sha256: [u8; 32],
    /// The request body, when it was at most 1 MiB and the last 64 MiB of bodies still hold it.
    pub body: Option<Bytes>,
    progress: Arc<Progress>,
}

/// How far an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Not over yet.
    Open,
    /// Handed to the connection to its end.
    Finished,
    /// The peer left (or the service was stopped) before the end.
    Left,
    /// Broken off by the script.
    Cut,
}

impl Seen {
    /// The first value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The remembered body as JSON; `None` when it is not remembered or not JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(self.body.as_ref()?).ok()
    }

    /// The status answered; `None` when the connection was reset instead, or before the answer began.
    pub fn status(&self) -> Option<u16> {
        match self.progress.status.load(Ordering::Acquire) {
            0 => None,
            status => Some(status),
        }
    }

    /// How the answer went so far.
    pub fn delivery(&self) -> Delivery {
        self.progress.delivery()
    }

    /// Pieces (for a stream: events) of the answer handed to the connection so far.
    pub fn pieces_sent(&self) -> u32 {
        self.progress.pieces.load(Ordering::Acquire)
    }

    /// Bytes of the answer's body handed to the connection so far.
    pub fn bytes_sent(&self) -> u64 {
        self.progress.bytes.load(Ordering::Acquire)
    }

    /// The complete `usage` object of the scripted message, whether or not it was delivered; `None` for errors.
    pub fn usage(&self) -> Option<&Value> {
        self.progress.usage.get()
    }
}

/// Counters an answer shares with its record.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    status: AtomicU16,
    delivery: AtomicU8,
    pieces: AtomicU32,
    bytes: AtomicU64,
    usage: OnceLock<Value>,
}

impl Progress {
    pub(crate) fn begin(&self, status: u16, usage: Option<Value>) {
        if let Some(usage) = usage {
            let _ = self.usage.set(usage);
        }
        self.status.store(status, Ordering::Release);
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.pieces.fetch_add(1, Ordering::AcqRel);
        self.bytes.fetch_add(bytes as u64, Ordering::AcqRel);
    }

    /// The first word about the end counts.
    pub(crate) fn end(&self, how: Delivery) {
        let _ = self.delivery.compare_exchange(0, how as u8, Ordering::AcqRel, Ordering::Acquire);
    }

    fn delivery(&self) -> Delivery {
        match self.delivery.load(Ordering::Acquire) {
            0 => Delivery::Open,
            1 => Delivery::Finished,
            2 => Delivery::Left,
            _ => Delivery::Cut,
        }
    }
}

/// The bounded memory of requests.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    seen: VecDeque<Seen>,
    body_bytes: usize,
}

impl Memory {
    /// Remembers a request, forgetting the oldest where a bound says so.
    pub(crate) fn add(&self, request_id: &str, head: &Parts, body: &Bytes) -> Arc<Progress> {
        let seen = record(request_id, head, body);
        let progress = Arc::clone(&seen.progress);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(seen);
        progress
    }

    pub(crate) fn all(&self) -> Vec<Seen> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.seen.iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Kept::default();
    }
}

impl Kept {
    fn push(&mut self, seen: Seen) {
        self.body_bytes += bytes_of(&seen);
        self.seen.push_back(seen);
        if self.seen.len() > SEEN_REQUESTS_MAX
            && let Some(oldest) = self.seen.pop_front()
        {
            self.body_bytes -= bytes_of(&oldest);
        }
        for seen in &mut self.seen {
            if self.body_bytes <= SEEN_BODIES_BYTES_MAX {
                break;
            }
            self.body_bytes -= bytes_of(seen);
            seen.body = None;
        }
    }
}

fn bytes_of(seen: &Seen) -> usize {
    seen.body.as_ref().map_or(0, Bytes::len)
}

fn record(request_id: &str, head: &Parts, body: &Bytes) -> Seen {
    Seen {
        request_id: request_id.to_owned(),
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        protocol: format!("{:?}", head.version),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), value)
            })
            .collect(),
        body_len: body.len(),
        body_sha256: Sha256::digest(body).into(),
        body: (body.len() <= SEEN_BODY_BYTES_MAX).then(|| body.clone()),
        progress: Arc::default(),
    }
}

#[cfg(test)]
mod tests;
