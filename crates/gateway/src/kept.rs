//! A key that is renewed while calls go on: somebody else gets it (the control plane, from a token endpoint), calls take
//! what is there. To look costs a call one uncontended lock; to renew disturbs none.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::config::{ConfigError, Credential, Key};

/// Who renews a key. The calls' side is the [`Credential`] that came with it.
#[derive(Debug)]
pub struct Keeper {
    shown: watch::Sender<Shown>,
    wanted: Arc<Wanted>,
}

/// What calls see of it.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    shown: watch::Receiver<Shown>,
    wanted: Arc<Wanted>,
}

/// How calls say that they were refused.
#[derive(Debug, Default)]
struct Wanted {
    bell: Notify,
    /// The newest key that the upstream refused.
    refused: AtomicU64,
}

#[derive(Debug, Default)]
struct Shown {
    /// Counts the keys there were.
    generation: u64,
    /// Counts the times that one was asked for in vain.
    failures: u64,
    key: Option<Key>,
}

// === impl Keeper ===

impl Keeper {
    /// A keeper without a key, and the credential that will follow it.
    pub fn new() -> (Self, Credential) {
        let (sender, receiver) = watch::channel(Shown::default());
        let wanted = Arc::<Wanted>::default();
        let credential = Credential::kept(Kept { shown: receiver, wanted: Arc::clone(&wanted) });
        (Self { shown: sender, wanted }, credential)
    }

    /// From now on calls go out with this token of Anthropic's token endpoint, as `authorization: Bearer`.
    ///
    /// # Errors
    /// [`ConfigError::Credential`] if no header can carry it; the old one stays.
    pub fn renew(&self, token: &str) -> Result<(), ConfigError> {
        let key = Key::oauth(token)?;
        self.shown.send_modify(|shown| {
            shown.generation += 1;
            shown.key = Some(key);
        });
        Ok(())
    }

    /// It was asked for in vain: calls that wait for a new one go on without.
    pub fn failed(&self) {
        self.shown.send_modify(|shown| shown.failures += 1);
    }

    /// The key counts no more: calls are refused until there is another.
    pub fn drop_key(&self) {
        self.shown.send_modify(|shown| shown.key = None);
    }

    /// Whether calls have a key.
    pub fn has_key(&self) -> bool {
        self.shown.borrow().key.is_some()
    }

    /// Resolves when the upstream refused the key that calls have: it is wanted anew, whatever its expiry says.
    pub async fn wanted(&self) {
        loop {
            self.wanted.bell.notified().await;
            // The bell may have been rung for one that was replaced meanwhile.
            if self.wanted.refused.load(Ordering::Acquire) == self.shown.borrow().generation {
                return;
            }
        }
    }
}

// === impl Kept ===

impl Kept {
    /// The key, and which one it is.
    pub(crate) fn now(&self) -> Option<(u64, Key)> {
        let shown = self.shown.borrow();
        shown.key.clone().map(|key| (shown.generation, key))
    }

    /// The key after one that the upstream refused. However many calls ask, it is renewed once. None when there is none
    /// `within` that time.
    pub(crate) async fn after(&self, refused: u64, within: Duration) -> Option<Key> {
        let mut shown = self.shown.clone();
        let (generation, failures) = {
            let shown = shown.borrow_and_update();
            (shown.generation, shown.failures)
        };
        if generation == refused {
            self.wanted.refused.fetch_max(refused, Ordering::AcqRel);
            self.wanted.bell.notify_one();
            let is_done = |shown: &Shown| shown.generation > refused || shown.failures > failures;
            let waited = tokio::time::timeout(within, shown.wait_for(is_done)).await;
            waited.ok()?.ok()?;
        }
        self.now().filter(|(generation, _)| *generation > refused).map(|(_, key)| key)
    }
}

#[cfg(test)]
mod tests;
