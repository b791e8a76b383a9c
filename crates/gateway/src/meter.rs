//! The meter of one answer: it sees every byte after the client got it, and settles the call when no more come.

use bytes::Bytes;
use domain::call::Outcome;
use metering::Observed;

use crate::authority::Authority;
use crate::call::OpenCall;
use crate::limits::{METER_PENDING_BYTES_MAX, METER_PENDING_FRAMES_MAX};
use crate::tap::Tap;

/// How an answer came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The upstream finished it.
    Whole,
    /// The upstream broke off or fell silent.
    Cut,
    /// The client went away.
    Left,
    /// writ cut it because the session is over.
    Revoked,
}

/// Watches one answer.
pub(crate) struct Meter<A: Authority> {
    call: OpenCall<A>,
    tap: Tap,
    /// Bytes that were passed on and not yet parsed.
    pending: Vec<Bytes>,
    pending_bytes: usize,
}

impl<A: Authority> Meter<A> {
    pub(crate) fn new(call: OpenCall<A>, tap: Tap) -> Self {
        Self { call, tap, pending: Vec::new(), pending_bytes: 0 }
    }

    /// Notes bytes that are being passed on. They are parsed later, but never more than a bound of them.
    pub(crate) fn note(&mut self, data: &Bytes) {
        self.pending_bytes += data.len();
        self.pending.push(data.clone());
        if self.pending_bytes > METER_PENDING_BYTES_MAX || self.pending.len() >= METER_PENDING_FRAMES_MAX {
            self.parse();
        }
    }

    /// Parses what was noted: called when the upstream pauses, so that nobody waits for it.
    pub(crate) fn parse(&mut self) {
        for data in self.pending.drain(..) {
            self.tap.feed(&data);
        }
        self.pending_bytes = 0;
    }

    /// Settles the call.
    pub(crate) fn close(mut self, end: End) {
        self.parse();
        let observed = self.tap.finish(end == End::Whole);
        let outcome = outcome(end, &observed);
        self.call.settle(outcome, observed);
    }
}

/// A whole answer is one, even if the client hung up before the connection's last byte: it was all delivered.
fn outcome(end: End, observed: &Observed) -> Outcome {
    match end {
        End::Revoked => Outcome::Revoked,
        End::Left => Outcome::ClientLeft,
        End::Cut => Outcome::UpstreamCut,
        End::Whole if observed.error.is_some() => Outcome::UpstreamCut,
        // Nothing seen: a coding that writ does not read, delivered whole.
        End::Whole if observed.complete || !observed.started => Outcome::Completed,
        End::Whole => Outcome::UpstreamCut,
    }
}
