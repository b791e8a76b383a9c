//! Counters of the data plane. They are read by the metrics page; nothing decides by them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use domain::call::Outcome;

use crate::limits::REJECTION_KINDS_MAX;

const OUTCOMES: [Outcome; 7] = [
    Outcome::Completed,
    Outcome::UpstreamRefused,
    Outcome::UpstreamUnreachable,
    Outcome::UpstreamCut,
    Outcome::ClientLeft,
    Outcome::Revoked,
    Outcome::Abandoned,
];

/// Counters of one gateway.
#[derive(Debug, Default)]
pub struct Metrics {
    settled: [AtomicU64; OUTCOMES.len()],
    streams_opened: AtomicU64,
    streams_closed: AtomicU64,
    failovers: AtomicU64,
    rejections: Mutex<BTreeMap<&'static str, u64>>,
    body_bytes_in_flight: Arc<AtomicUsize>,
}

/// The counters at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Calls settled since the start, by outcome.
    pub settled: Vec<(Outcome, u64)>,
    /// Answers on their way to clients now.
    pub open_streams: u64,
    /// Upstreams passed over since the start.
    pub failovers: u64,
    /// Refusals since the start, by error type.
    pub rejections: Vec<(&'static str, u64)>,
    /// Bytes of request bodies held now.
    pub body_bytes_in_flight: u64,
}

impl Metrics {
    /// The counters now. They are read one after the other, so their sums may be off by what happens meanwhile.
    pub fn snapshot(&self) -> Snapshot {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let rejections = self.rejections.lock().unwrap_or_else(PoisonError::into_inner);
        let closed = count(&self.streams_closed);
        Snapshot {
            settled: OUTCOMES.into_iter().zip(self.settled.iter().map(count)).collect(),
            open_streams: count(&self.streams_opened).saturating_sub(closed),
            failovers: count(&self.failovers),
            rejections: rejections.iter().map(|(&kind, &times)| (kind, times)).collect(),
            body_bytes_in_flight: self.body_bytes_in_flight.load(Ordering::Relaxed) as u64,
        }
    }

    pub(crate) fn settled(&self, outcome: Outcome) {
        if let Some(index) = OUTCOMES.iter().position(|&known| known == outcome) {
            self.settled[index].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn stream_opened(&self) {
        self.streams_opened.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn stream_closed(&self) {
        self.streams_closed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn failed_over(&self) {
        self.failovers.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn rejected(&self, kind: &'static str) {
        let mut rejections = self.rejections.lock().unwrap_or_else(PoisonError::into_inner);
        if rejections.len() < REJECTION_KINDS_MAX || rejections.contains_key(kind) {
            *rejections.entry(kind).or_default() += 1;
        }
    }

    /// Where the intake counts the bytes it holds.
    pub(crate) fn body_bytes(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.body_bytes_in_flight)
    }
}
