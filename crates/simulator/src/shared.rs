//! What all connections of one service share.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::config::{Config, Faults};
use crate::failure::{Failure, kind_of};
use crate::federation::Federated;
use crate::ids::Ids;
use crate::limits::{COUNTED_MARKERS_MAX, PAUSE_MS_MAX};
use crate::marker::Marker;
use crate::scenarios::Bench;
use crate::seen::Memory;
use crate::stage::Stage;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) ids: Ids,
    pub(crate) memory: Memory,
    pub(crate) record: bool,
    pub(crate) expect_key: Option<String>,
    /// Requests read so far, remembered or not.
    pub(crate) arrived: watch::Sender<u64>,
    pub(crate) gate: watch::Sender<bool>,
    pub(crate) bench: Bench,
    pub(crate) stage: Stage,
    federated: Mutex<Federated>,
    default_script: Mutex<Option<Arc<Marker>>>,
    faults: Mutex<Faults>,
    counts: Mutex<HashMap<String, u64>>,
}

impl Shared {
    pub(crate) fn new(config: Config) -> io::Result<Self> {
        let shared = Self {
            ids: Ids::new(),
            memory: Memory::default(),
            record: config.record,
            expect_key: config.expect_key,
            arrived: watch::Sender::new(0),
            gate: watch::Sender::new(false),
            bench: Bench::new(),
            stage: Stage::default(),
            federated: Mutex::default(),
            default_script: Mutex::default(),
            faults: Mutex::new(config.faults),
            counts: Mutex::default(),
        };
        shared.set_default_script(config.default_script.as_deref())?;
        Ok(shared)
    }

    pub(crate) fn set_default_script(&self, script: Option<&str>) -> io::Result<()> {
        let marker = script
            .map(Marker::parse)
            .transpose()
            .map_err(|failure| io::Error::new(io::ErrorKind::InvalidInput, failure.message))?;
        *lock(&self.default_script) = marker.map(Arc::new);
        Ok(())
    }

    pub(crate) fn default_script(&self) -> Option<Arc<Marker>> {
        lock(&self.default_script).clone()
    }

    /// The token endpoint.
    pub(crate) fn federated(&self) -> std::sync::MutexGuard<'_, Federated> {
        lock(&self.federated)
    }

    pub(crate) fn set_faults(&self, faults: Faults) {
        *lock(&self.faults) = faults;
    }

    /// The pause and the failure that are due before the next model call is answered.
    pub(crate) fn fault(&self) -> (Duration, Option<Failure>) {
        let mut faults = lock(&self.faults);
        let pause = Duration::from_millis(faults.headers_delay_ms.min(PAUSE_MS_MAX));
        if faults.fail_first == 0 {
            return (pause, None);
        }
        faults.fail_first -= 1;
        let status = match faults.fail_status {
            400..=599 => faults.fail_status,
            _ => 529,
        };
        let failure = Failure {
            retry_after_s: faults.retry_after_s.map(u64::from),
            ..Failure::of(status, format!("scripted fault ({})", kind_of(status)))
        };
        (pause, Some(failure))
    }

    /// Counts one more request with this marker; answers how many there were, this one included.
    pub(crate) fn count(&self, marker: &str) -> Result<u64, Failure> {
        let mut counts = lock(&self.counts);
        if counts.len() >= COUNTED_MARKERS_MAX && !counts.contains_key(marker) {
            return Err(Failure::invalid(format!("more than {COUNTED_MARKERS_MAX} different markers are counted")));
        }
        let count = counts.entry(marker.to_owned()).or_default();
        *count += 1;
        Ok(*count)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
