//! Reading request bodies: each one bounded in size and time, all of them together bounded in memory.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};
use http_body_util::BodyExt;
use tokio::time::timeout;

use crate::config::Config;
use crate::limits;
use crate::rejection::{self, Rejection};

/// Reads request bodies within the configured bounds.
#[derive(Debug)]
pub(crate) struct Intake {
    in_flight: Arc<AtomicUsize>,
    in_flight_max: usize,
    body_max: usize,
    idle_max: std::time::Duration,
    total_max: std::time::Duration,
}

/// A request body in memory. Its share of the bound on all bodies is given back when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Upload {
    /// The whole body.
    pub(crate) bytes: Bytes,
    share: Option<Share>,
}

/// How many bytes of the common bound one body holds.
///
/// A large body holds all that it announces before its first byte is read: else a crowd of them would fill the memory
/// with beginnings of which none can go on. A part of the bound is left to small ones, so that large ones that arrive
/// slowly, or never, do not keep everybody out.
#[derive(Debug)]
pub(crate) struct Share {
    in_flight: Arc<AtomicUsize>,
    max: usize,
    large_max: usize,
    held: usize,
}

impl Intake {
    /// Counts the bytes of all bodies in `in_flight`.
    pub(crate) fn new(config: &Config, in_flight: Arc<AtomicUsize>) -> Self {
        Self {
            in_flight,
            in_flight_max: config.bodies_in_flight_bytes_max,
            body_max: config.body_bytes_max,
            idle_max: config.body_idle_max,
            total_max: config.body_total_max,
        }
    }

    /// Reads a whole body.
    ///
    /// # Errors
    /// The refusal for a body that is too large, too slow, compressed or broken, or when all bodies together are too much.
    pub(crate) async fn read<B>(&self, headers: &HeaderMap, body: B) -> Result<Upload, Rejection>
    where
        B: http_body::Body<Data = Bytes>,
    {
        let mut body = pin!(body);
        let read = match self.check(headers) {
            Err(rejection) => Err(rejection),
            Ok(announced) => {
                let reading = timeout(self.total_max, self.collect(announced, body.as_mut()));
                reading.await.unwrap_or_else(|_| Err(rejection::body_slow(self.idle_max)))
            }
        };
        if read.as_ref().is_err_and(|rejection| rejection.status != StatusCode::REQUEST_TIMEOUT) {
            Self::drain(headers, body).await;
        }
        read
    }

    /// What the head alone tells: how many bytes are announced.
    fn check(&self, headers: &HeaderMap) -> Result<usize, Rejection> {
        if headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
            return Err(rejection::compressed_body());
        }
        match announced_length(headers) {
            Some(length) if length > self.body_max => Err(rejection::body_too_large(self.body_max)),
            length => Ok(length.unwrap_or(0)),
        }
    }

    async fn collect<B>(&self, announced: usize, mut body: Pin<&mut B>) -> Result<Upload, Rejection>
    where
        B: http_body::Body<Data = Bytes>,
    {
        let mut share = self.share();
        if announced > limits::BODY_AHEAD_BYTES_MAX {
            share.cover(announced)?;
        }
        let mut read = 0_usize;
        let mut first = Bytes::new();
        let mut all = BytesMut::new();
        loop {
            let frame = timeout(self.idle_max, body.frame()).await.map_err(|_| rejection::body_slow(self.idle_max))?;
            let Some(frame) = frame else { break };
            let Ok(data) = frame.map_err(|_| rejection::body_broken())?.into_data() else { continue };
            read = read.saturating_add(data.len());
            if read > self.body_max {
                return Err(rejection::body_too_large(self.body_max));
            }
            share.cover(read)?;
            if first.is_empty() && all.is_empty() {
                first = data; // most small bodies are one frame: not copied
                continue;
            }
            if all.is_empty() {
                all.reserve(announced.max(first.len() + data.len()));
                all.extend_from_slice(&std::mem::take(&mut first));
            }
            all.extend_from_slice(&data);
        }
        let bytes = if all.is_empty() { first } else { all.freeze() };
        Ok(Upload { bytes, share: Some(share) })
    }

    fn share(&self) -> Share {
        let max = self.in_flight_max;
        let large_max = (max - max / limits::SMALL_BODIES_PART).max(self.body_max);
        Share { in_flight: Arc::clone(&self.in_flight), max, large_max, held: 0 }
    }

    /// Reads and forgets what a refused client is still sending: a connection closed over unread bytes is reset, and
    /// the client would report that instead of the refusal.
    pub(crate) async fn drain<B>(headers: &HeaderMap, mut body: Pin<&mut B>)
    where
        B: http_body::Body<Data = Bytes>,
    {
        let waits_for_leave = headers.contains_key(http::header::EXPECT);
        if waits_for_leave || announced_length(headers).is_some_and(|length| length > limits::DRAIN_BYTES_MAX) {
            return;
        }
        let reading = async {
            let mut seen = 0_usize;
            while let Some(Ok(frame)) = body.frame().await {
                seen = seen.saturating_add(frame.data_ref().map_or(0, Bytes::len));
                if seen > limits::DRAIN_BYTES_MAX {
                    break;
                }
            }
        };
        // Whether it ended or was cut short, the refusal is answered now.
        let _ = timeout(limits::DRAIN_MAX, reading).await;
    }
}

impl Upload {
    /// The bytes, and the share of the common bound that they hold until it is dropped.
    pub(crate) fn split(self) -> (Bytes, Option<Share>) {
        (self.bytes, self.share)
    }
}

fn announced_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

impl Share {
    /// Holds at least so many bytes in all.
    fn cover(&mut self, bytes: usize) -> Result<(), Rejection> {
        let more = bytes.saturating_sub(self.held);
        if more == 0 {
            return Ok(());
        }
        self.held += more;
        let before = self.in_flight.fetch_add(more, Ordering::Relaxed);
        let max = if self.held > limits::BODY_AHEAD_BYTES_MAX { self.large_max } else { self.max };
        // The bytes just added are given back by `Drop`, like the others.
        if before.saturating_add(more) > max { Err(rejection::bodies_full()) } else { Ok(()) }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.in_flight.fetch_sub(self.held, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
