use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes ids that are unique across services and restarts: a mark of this
/// instance, then a counter.
#[derive(Debug)]
pub(crate) struct Ids {
    instance: u32,
    next: AtomicU64,
}

impl Ids {
    pub(crate) fn new() -> Self {
        // The hasher's random key is the only chance the standard library offers; nothing here is a secret.
        let random = RandomState::new().build_hasher().finish();
        Self { instance: (random >> 32) as u32, next: AtomicU64::new(1) }
    }

    /// The unique part of a request's ids (`req_sim_…`, `msg_sim_…`, `toolu_sim_…`).
    pub(crate) fn next(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("{:08x}{number:08x}", self.instance)
    }
}
