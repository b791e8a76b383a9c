//! An answer's body on its way to the client: frames pass as they come, the meter looks at a copy when there is time.
//!
//! No task and no channel per stream: the client's own connection polls the upstream's body through this one.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::authority::Authority;
use crate::body::BodyError;
use crate::burst::Burst;
use crate::gateway::Core;
use crate::meter::{End, Meter};
use crate::upstreams::Busy;

/// The body of an upstream's answer.
pub(crate) struct Stream<A: Authority> {
    /// None once it has ended.
    upstream: Option<Incoming>,
    /// None if the answer costs nothing.
    meter: Option<Box<Meter<A>>>,
    burst: Burst,
    over: Pin<Box<WaitForCancellationFutureOwned>>,
    over_token: CancellationToken,
    silence: Silence,
    core: Arc<Core<A>>,
    _busy: Busy,
}

/// Notices a body without frames. The timer is not re-armed for every frame: it runs through, and if there was a frame
/// meanwhile it runs once more. So silence is noticed after one to two times the bound.
struct Silence {
    timer: Pin<Box<Sleep>>,
    bound: Duration,
    heard: bool,
}

type Polled = Poll<Option<Result<Frame<Bytes>, BodyError>>>;

impl<A: Authority> Stream<A> {
    /// `over` cuts the stream. The meter, if there is one, settles its call when the stream ends in whatever way.
    pub(crate) fn new(
        core: &Arc<Core<A>>,
        upstream: Incoming,
        meter: Option<Meter<A>>,
        over: CancellationToken,
        busy: Busy,
    ) -> Self {
        core.metrics.stream_opened();
        Self {
            upstream: Some(upstream),
            meter: meter.map(Box::new),
            burst: Burst::default(),
            over: Box::pin(over.clone().cancelled_owned()),
            over_token: over,
            silence: Silence::new(core.stream_idle_max),
            core: Arc::clone(core),
            _busy: busy,
        }
    }

    /// What cuts this stream.
    pub(crate) fn over(&self) -> CancellationToken {
        self.over_token.clone()
    }

    /// Lets go of the upstream, which cancels an answer that is still under way, and settles.
    fn close(&mut self, end: End) {
        self.upstream = None;
        self.burst = Burst::default();
        if let Some(meter) = self.meter.take() {
            meter.close(end);
        }
    }

    /// Takes frames from the upstream until there is one to hand over, or a reason to wait.
    fn advance(&mut self, cx: &mut Context<'_>) -> Polled {
        loop {
            if let Some(frame) = self.burst.release() {
                return Poll::Ready(Some(Ok(frame)));
            }
            let Some(upstream) = &mut self.upstream else { return self.end() };
            match Pin::new(upstream).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    self.silence.heard = true;
                    if let (Some(meter), Some(data)) = (&mut self.meter, frame.data_ref()) {
                        meter.note(data);
                    }
                    self.burst.take(frame);
                }
                Poll::Ready(Some(Err(error))) => self.stop(Some(BodyError::UpstreamCut(error))),
                Poll::Ready(None) => self.stop(None),
                Poll::Pending if self.burst.goes_on(cx) => return Poll::Pending,
                Poll::Pending if self.burst.is_empty() => return self.pause(cx),
                Poll::Pending => {}
            }
        }
    }

    /// The upstream's answer has ended: what is held back leaves first.
    fn stop(&mut self, error: Option<BodyError>) {
        self.upstream = None;
        self.burst.stop(error);
    }

    fn end(&mut self) -> Polled {
        match self.burst.error.take() {
            Some(error) => {
                self.close(End::Cut);
                Poll::Ready(Some(Err(error)))
            }
            None => {
                self.close(End::Whole);
                Poll::Ready(None)
            }
        }
    }

    /// The upstream pauses and everything has left: time to parse, and to see whether it pauses for too long.
    fn pause(&mut self, cx: &mut Context<'_>) -> Polled {
        if let Some(meter) = &mut self.meter {
            meter.parse();
        }
        if self.silence.is_too_long(cx) {
            self.close(End::Cut);
            return Poll::Ready(Some(Err(BodyError::UpstreamSilent)));
        }
        Poll::Pending
    }
}

impl<A: Authority> http_body::Body for Stream<A> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        let this = self.get_mut();
        if (this.meter.is_some() || this.upstream.is_some()) && this.over.as_mut().poll(cx).is_ready() {
            this.close(End::Revoked);
            return Poll::Ready(Some(Err(BodyError::SessionOver)));
        }
        this.advance(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.burst.is_over() && self.upstream.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.upstream {
            Some(upstream) if self.burst.is_over() => upstream.size_hint(),
            _ => SizeHint::default(),
        }
    }
}

impl<A: Authority> Drop for Stream<A> {
    fn drop(&mut self) {
        self.core.metrics.stream_closed();
        // A body of known length is dropped after its last byte without being asked for its end.
        let end = if self.is_end_stream() {
            End::Whole
        } else if self.over_token.is_cancelled() {
            End::Revoked
        } else {
            End::Left
        };
        self.close(end);
    }
}

impl Silence {
    fn new(bound: Duration) -> Self {
        Self { timer: Box::pin(tokio::time::sleep(bound)), bound, heard: false }
    }

    fn is_too_long(&mut self, cx: &mut Context<'_>) -> bool {
        while self.timer.as_mut().poll(cx).is_ready() {
            if !std::mem::take(&mut self.heard) {
                return true;
            }
            self.timer.as_mut().reset(Instant::now() + self.bound);
        }
        false
    }
}
