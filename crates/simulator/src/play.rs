//! A response body that plays a script: pieces of bytes with pauses, cuts and
//! floods between them. No task runs behind it; a peer that leaves drops it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::limits::{CUT_LINGER, FLOOD_CHUNK_BYTES, STALL_MAX};
use crate::seen::{Delivery, Progress};

/// One step of a played body.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Bytes(Bytes),
    /// Nothing more until the gate opens (bounded).
    Gate,
    /// Nothing more until the peer leaves (bounded), then a cut.
    Stall,
    /// This many bytes without a line end.
    Flood(u64),
    /// The connection breaks here.
    Cut,
}

type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The body.
pub(crate) struct Play {
    pieces: Arc<[Piece]>,
    next: usize,
    /// Sent without a length.
    streamed: bool,
    /// Pause before every piece but the first.
    gap: Duration,
    wait: Option<Wait>,
    waited: bool,
    flooded: u64,
    chunk: Bytes,
    gate: Option<watch::Receiver<bool>>,
    progress: Option<Arc<Progress>>,
}

impl Play {
    pub(crate) fn new(pieces: impl Into<Arc<[Piece]>>) -> Self {
        Self {
            pieces: pieces.into(),
            next: 0,
            streamed: false,
            gap: Duration::ZERO,
            wait: None,
            waited: false,
            flooded: 0,
            chunk: Bytes::new(),
            gate: None,
            progress: None,
        }
    }

    /// A body of one piece, sent with its length.
    pub(crate) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::new([Piece::Bytes(bytes.into())])
    }

    pub(crate) fn empty() -> Self {
        Self::new([])
    }

    /// A body sent piece by piece without a length, even when it is only one piece.
    pub(crate) fn stream(pieces: impl Into<Arc<[Piece]>>) -> Self {
        let mut play = Self::new(pieces);
        play.streamed = true;
        play
    }

    pub(crate) fn set_gap(&mut self, gap: Duration) {
        self.gap = gap;
    }

    pub(crate) fn with_gate(mut self, gate: watch::Receiver<bool>) -> Self {
        self.gate = Some(gate);
        self
    }

    pub(crate) fn with_progress(mut self, progress: Option<Arc<Progress>>) -> Self {
        self.progress = progress;
        self
    }

    /// The pause that comes before the current piece, if any.
    fn pause(&self) -> Option<Wait> {
        let gap = if self.next == 0 { Duration::ZERO } else { self.gap };
        match self.pieces.get(self.next)? {
            Piece::Gate => self.gate.clone().map(gate_open),
            Piece::Stall => Some(Box::pin(sleep(STALL_MAX))),
            Piece::Cut => Some(Box::pin(sleep(gap + CUT_LINGER))),
            Piece::Bytes(_) | Piece::Flood(_) if gap.is_zero() => None,
            Piece::Bytes(_) | Piece::Flood(_) => Some(Box::pin(sleep(gap))),
        }
    }

    fn poll_pause(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.waited {
            return Poll::Ready(());
        }
        if self.wait.is_none() {
            self.wait = self.pause();
        }
        if let Some(wait) = &mut self.wait {
            ready!(wait.as_mut().poll(cx));
        }
        self.wait = None;
        self.waited = true;
        Poll::Ready(())
    }

    fn step(&mut self) {
        self.next += 1;
        self.waited = false;
        self.flooded = 0;
    }

    fn flood(&mut self, bytes: u64) -> Option<Bytes> {
        if self.flooded >= bytes {
            self.step();
            return None;
        }
        if self.chunk.is_empty() {
            self.chunk = Bytes::from(vec![b'a'; FLOOD_CHUNK_BYTES]);
        }
        self.flooded += FLOOD_CHUNK_BYTES as u64;
        Some(self.chunk.clone())
    }

    fn sent(&self, bytes: &Bytes) {
        if let Some(progress) = &self.progress {
            progress.sent(bytes.len());
        }
    }

    fn ended(&self, how: Delivery) {
        if let Some(progress) = &self.progress {
            progress.end(how);
        }
    }
}

impl Body for Play {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        loop {
            ready!(this.poll_pause(cx));
            let bytes = match this.pieces.get(this.next) {
                None => {
                    this.ended(Delivery::Finished);
                    return Poll::Ready(None);
                }
                Some(Piece::Gate) => {
                    this.step();
                    continue;
                }
                Some(Piece::Stall | Piece::Cut) => {
                    this.ended(Delivery::Cut);
                    return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
                }
                Some(&Piece::Flood(bytes)) => match this.flood(bytes) {
                    Some(bytes) => bytes,
                    None => continue,
                },
                Some(Piece::Bytes(bytes)) => {
                    let bytes = bytes.clone();
                    this.step();
                    bytes
                }
            };
            this.sent(&bytes);
            if this.is_end_stream() {
                this.ended(Delivery::Finished);
            }
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
    }

    fn is_end_stream(&self) -> bool {
        self.next >= self.pieces.len()
    }

    /// Exact only for a body that is one piece or none; everything else is a stream.
    fn size_hint(&self) -> SizeHint {
        match &self.pieces[self.next..] {
            [] => SizeHint::with_exact(0),
            [Piece::Bytes(only)] if !self.streamed && self.pieces.len() == 1 => SizeHint::with_exact(only.len() as u64),
            _ => SizeHint::default(),
        }
    }
}

impl Drop for Play {
    /// Whoever drops an unfinished body is the peer, or this service being stopped.
    fn drop(&mut self) {
        self.ended(if self.is_end_stream() { Delivery::Finished } else { Delivery::Left });
    }
}

fn gate_open(mut gate: watch::Receiver<bool>) -> Wait {
    Box::pin(async move {
        // Both a closed channel and a timeout mean that nobody will open it: go on.
        let _ = tokio::time::timeout(STALL_MAX, gate.wait_for(|open| *open)).await;
    })
}
