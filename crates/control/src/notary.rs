//! The notary: states the log's root, signed, at least every second while the log grows.
//!
//! It follows the log, keeps the full tiles of its tree, and signs a checkpoint of what every node can read. Its key is
//! not the database's: it lies in the folder of keys, and beside it the head, the last checkpoint that was signed. What does
//! not continue the head is never signed, so somebody who may write the database, and only that, cannot have a rewritten
//! log signed.

mod head;
mod key;
mod tree;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use domain::Time;
use ledger::{Checkpoint, SignedCheckpoint, Signer, VerifierKey};
use store::{CheckpointRow, Store};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::keys::KeysFolder;
use crate::limits::{CHECKPOINT_EVERY, HEARTBEAT_EVERY};
use crate::seam::Clock;

use head::Head;
pub(crate) use key::open_key;
use tree::Tree;

/// Signs checkpoints. One per process; on one database any of them may sign, and all sign the same.
pub struct Notary {
    signer: Signer,
    head: Head,
    store: Store,
    clock: Arc<Clock>,
    tree: tokio::sync::Mutex<Tree>,
    /// The newest checkpoint that this process signed, for who asks witnesses about it.
    signed: watch::Sender<Option<SignedCheckpoint>>,
    /// Whether a checkpoint is published as soon as it is signed, or left to who collects cosignatures.
    publishes_alone: bool,
    health: NotaryHealth,
}

/// What the notary knows of itself.
#[derive(Debug, Default)]
pub struct NotaryHealth {
    /// Size of the newest checkpoint that was signed here.
    pub signed_size: AtomicU64,
    /// Checkpoints signed here.
    pub signed: AtomicU64,
    /// Why the last attempt failed, if it did.
    failure: Mutex<Option<String>>,
}

/// Why nothing is signed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotaryError {
    /// The store cannot be read or written now.
    #[error("{0}")]
    Store(#[from] store::StoreError),
    /// The log is not the one that was signed: it was changed, cut or restored from before.
    #[error(
        "the log does not continue what was signed before: {what}; keep a copy of the database and the keys, run `writ \
         audit fsck`, and restore a backup that reaches further"
    )]
    Broken {
        /// What contradicts what.
        what: String,
    },
    /// The key or the head cannot be used.
    #[error("`keys_dir`: {0}")]
    Keys(String),
}

// === impl Notary ===

impl Notary {
    /// A notary for this log: makes up its tiles where they are missing, and compares the log with what was signed.
    ///
    /// # Errors
    /// The log is not the one that was signed, or cannot be read.
    pub(crate) async fn open(
        store: Store,
        clock: Arc<Clock>,
        keys: &KeysFolder,
        signer: Signer,
        publishes_alone: bool,
    ) -> Result<Self, NotaryError> {
        let head = Head::open(keys.clone());
        let tree = Tree::restore(&store).await?;
        let (signed, _) = watch::channel(None);
        let (tree, health) = (tokio::sync::Mutex::new(tree), NotaryHealth::default());
        let notary = Self { signer, head, store, clock, tree, signed, publishes_alone, health };
        notary.compare_with_the_past().await?;
        Ok(notary)
    }

    /// The key that auditors verify checkpoints with. Its name is the log's origin.
    pub fn verifier_key(&self) -> &VerifierKey {
        self.signer.verifier_key()
    }

    /// The newest checkpoint that was published, by whichever node.
    ///
    /// # Errors
    /// The store cannot be read, or holds what is no checkpoint of this log.
    pub async fn published(&self) -> Result<Option<SignedCheckpoint>, NotaryError> {
        let row = self.store.checkpoints(1).await?.pop();
        row.map(|row| self.open_note(&row.note, "the published checkpoint")).transpose()
    }

    /// Hears of every checkpoint that this process signs.
    pub fn watch(&self) -> watch::Receiver<Option<SignedCheckpoint>> {
        self.signed.subscribe()
    }

    /// What the notary knows of itself.
    pub fn health(&self) -> &NotaryHealth {
        &self.health
    }

    /// Publishes a checkpoint, with whatever cosignatures it has.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn publish(&self, checkpoint: &SignedCheckpoint) -> Result<(), NotaryError> {
        let (size, at) = (checkpoint.size(), self.clock.now());
        Ok(self.store.put_checkpoint(&CheckpointRow { size, at, note: checkpoint.to_string() }).await?)
    }

    /// Signs the log as it stands, if it has grown since the newest checkpoint or that is old. Returns what it signed.
    ///
    /// # Errors
    /// See [`NotaryError`]; nothing was signed then.
    pub async fn sign(&self) -> Result<Option<SignedCheckpoint>, NotaryError> {
        let mut tree = self.tree.lock().await;
        tree.grow(&self.store).await?;
        let newest = self.store.checkpoints(1).await?.pop();
        let is_due = newest.is_none_or(|row| row.size < tree.size() || self.is_old(row.at));
        if !is_due || tree.size() == 0 {
            return Ok(None);
        }
        let checkpoint = Checkpoint::new(self.verifier_key().name(), tree.size(), tree.root());
        drop(tree);
        let checkpoint = checkpoint.sign(&self.signer).map_err(|error| NotaryError::Keys(error.to_string()))?;
        self.continue_head(&checkpoint).await?;
        if self.publishes_alone {
            self.publish(&checkpoint).await?;
        }
        self.health.signed_size.store(checkpoint.size(), Ordering::Relaxed);
        self.health.signed.fetch_add(1, Ordering::Relaxed);
        self.signed.send_replace(Some(checkpoint.clone()));
        Ok(Some(checkpoint))
    }

    /// An idle log's checkpoint is published again now and then: silence is visible, and witnesses give it a fresh time.
    fn is_old(&self, at: Time) -> bool {
        self.clock.now().since(at) >= HEARTBEAT_EVERY
    }

    /// The head moves before anything leaves: what was signed once is never contradicted, not even after a crash here.
    async fn continue_head(&self, checkpoint: &SignedCheckpoint) -> Result<(), NotaryError> {
        let last = self.head.read(self.verifier_key())?;
        if last.as_ref().is_some_and(|last| last.size() > checkpoint.size()) {
            // Another process that shares the folder is ahead.
            return Ok(());
        }
        if let Some(last) = last.filter(|last| last.size() == checkpoint.size() && last.root() != checkpoint.root()) {
            return Err(broken(format!("entry {} and those before it have another root than signed", last.size() - 1)));
        }
        self.head.write(checkpoint)
    }

    /// The log must continue the head and the newest published checkpoint.
    async fn compare_with_the_past(&self) -> Result<(), NotaryError> {
        let published = self.store.checkpoints(1).await?.pop();
        let published = published.map(|row| self.open_note(&row.note, "the published checkpoint")).transpose()?;
        let head = self.head.read(self.verifier_key())?;
        let size = self.store.next_position().await?;
        for past in [published, head].into_iter().flatten() {
            if past.size() > size {
                let text = format!("it has {size} entries, and {} were signed", past.size());
                return Err(broken(text));
            }
            let root = tree::root_at(&self.store, past.size()).await?;
            if root != past.root() {
                let text =
                    format!("its first {} entries have the root {root}, signed was {}", past.size(), past.root());
                return Err(broken(text));
            }
        }
        Ok(())
    }

    fn open_note(&self, note: &str, what: &str) -> Result<SignedCheckpoint, NotaryError> {
        SignedCheckpoint::open(note.as_bytes(), self.verifier_key()).map_err(|error| broken(format!("{what}: {error}")))
    }
}

// === impl NotaryHealth ===

impl NotaryHealth {
    /// Why the last attempt to sign failed, if it did.
    pub fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes how an attempt went; says whether that is news.
    fn note(&self, failure: Option<String>) -> bool {
        let mut last = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = *last != failure;
        *last = failure;
        is_news
    }
}

/// Signs until `stop`, and once more then, so that a stopped log has a checkpoint of all of it.
pub(crate) async fn run(notary: Arc<Notary>, stop: CancellationToken) {
    let mut tick = tokio::time::interval(CHECKPOINT_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut stopping = false;
    while !stopping {
        tokio::select! {
            () = stop.cancelled() => stopping = true,
            _ = tick.tick() => {}
        }
        let failure = notary.sign().await.err().map(|error| error.to_string());
        if notary.health.note(failure.clone())
            && let Some(error) = failure
        {
            tracing::error!(error, "no checkpoint was signed");
        }
    }
}

fn broken(what: String) -> NotaryError {
    NotaryError::Broken { what }
}

#[cfg(test)]
mod tests;
