//! The archive: the sealed log as files somewhere else, in the layout of C2SP tlog-tiles, so that an auditor reads and
//! verifies it with standard tools and without this server.
//!
//! It only ever grows from checkpoint to checkpoint. `checkpoint` is written last, so whoever has read it finds every
//! tile and every entry that it speaks for. How far the archive is, it says itself: nothing is kept here, and several
//! nodes may fill the same one. What it holds is compared with the log before anything is added, so the archive is one
//! more memory that notices when the log was rewritten.

mod fill;
mod target;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use domain::Digest;
use ledger::{ProofPlan, SignedCheckpoint};
use store::Store;
use tokio_util::sync::CancellationToken;

use crate::limits::{ARCHIVE_EVERY, ARCHIVE_STOP_MAX};
use crate::notary::{Notary, NotaryError};
use crate::operations::proof;
use crate::settings::ArchiveSettings;

use target::{Kept, Target};

/// Fills the archive. One per process; several may fill the same archive.
pub struct Archive {
    target: Target,
    store: Store,
    notary: Arc<Notary>,
    health: ArchiveHealth,
}

/// What an archive knows of itself.
#[derive(Debug, Default)]
pub struct ArchiveHealth {
    /// Entries that the archive is known to hold.
    pub size: AtomicU64,
    /// Passes that failed.
    pub failures: AtomicU64,
    /// Why the last pass failed, if it did.
    failure: Mutex<Option<String>>,
}

/// What a pass did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// The archive holds what was published already, or nothing was published.
    Nothing,
    /// The archive grew, or has more cosignatures.
    Wrote {
        /// Entries that it holds now.
        size: u64,
    },
    /// Another node was faster.
    Overtaken,
}

/// Why the archive did not grow. Nothing that it held was changed.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// What was published cannot be read.
    #[error(transparent)]
    Log(#[from] NotaryError),
    /// The store cannot be read now.
    #[error("{0}")]
    Store(#[from] store::StoreError),
    /// The store's entries do not lead to the root that was signed.
    #[error("the log does not lead to the root that was signed: {what}; run `writ audit fsck`")]
    Broken {
        /// What contradicts what.
        what: String,
    },
    /// The archive is of another log, or this log is no longer the one that was archived.
    #[error(
        "the archive holds another history: {what}; keep both as they are, run `writ audit fsck`, and find out which one \
         was changed. A new log needs a new place"
    )]
    Foreign {
        /// What contradicts what.
        what: String,
    },
    /// The place does not take or give files now.
    #[error("the archive cannot be used: {what}; it is tried again")]
    Away {
        /// The place's word.
        what: String,
    },
}

// === impl Archive ===

impl Archive {
    /// An archive at a place. Makes a folder that does not exist; speaks to no network yet.
    ///
    /// # Errors
    /// The place cannot be used: says why.
    pub fn open(place: &ArchiveSettings, store: Store, notary: Arc<Notary>) -> Result<Self, String> {
        Ok(Self { target: Target::open(place)?, store, notary, health: ArchiveHealth::default() })
    }

    /// What it knows of itself.
    pub fn health(&self) -> &ArchiveHealth {
        &self.health
    }

    /// Makes the archive a whole log of the newest published checkpoint.
    ///
    /// # Errors
    /// See [`ArchiveError`]; what was written stays and is found again.
    pub async fn pass(&self) -> Result<Pass, ArchiveError> {
        // In this order: what is in the archive was published before.
        let kept = self.target.checkpoint().await?;
        let archived = kept.as_ref().map(|kept| self.open_kept(kept)).transpose()?;
        let size = archived.as_ref().map_or(0, SignedCheckpoint::size);
        let Some(published) = self.notary.published().await? else {
            return if size == 0 {
                Ok(Pass::Nothing)
            } else {
                Err(foreign(format!("it has {size} entries, the log none")))
            };
        };
        if let Some(archived) = &archived {
            self.compare(archived, &published).await?;
            self.health.size.store(size, Ordering::Relaxed);
            if !is_news(archived, &published) {
                return Ok(Pass::Nothing);
            }
        }
        if published.size() > size {
            fill::fill(&self.store, &self.target, size, published.checkpoint()).await?;
        }
        if !self.target.replace_checkpoint(kept, published.to_string().into_bytes()).await? {
            return Ok(Pass::Overtaken);
        }
        self.health.size.store(published.size(), Ordering::Relaxed);
        fill::tidy(&self.target, size, published.size()).await;
        Ok(Pass::Wrote { size: published.size() })
    }

    fn open_kept(&self, kept: &Kept) -> Result<SignedCheckpoint, ArchiveError> {
        let opened = SignedCheckpoint::open(&kept.note, self.notary.verifier_key());
        opened.map_err(|error| foreign(format!("its `checkpoint` is not one of this log: {error}")))
    }

    /// What was archived must be the beginning of what was published.
    async fn compare(&self, archived: &SignedCheckpoint, published: &SignedCheckpoint) -> Result<(), ArchiveError> {
        let (size, now) = (archived.size(), published.size());
        if size > now {
            return Err(foreign(format!(
                "it has {size} entries, the log {now}: the log was cut, or restored from before"
            )));
        }
        let root = root_at(&self.store, size).await?;
        if root != archived.root() {
            let kept = archived.root();
            return Err(foreign(format!(
                "its {size} entries have the root {kept}, the log's first {size} have {root}"
            )));
        }
        Ok(())
    }
}

/// Larger, or of the same size with more cosignatures: witnesses may be late.
fn is_news(archived: &SignedCheckpoint, published: &SignedCheckpoint) -> bool {
    let signatures = |checkpoint: &SignedCheckpoint| checkpoint.note().signatures().len();
    published.size() > archived.size() || signatures(published) > signatures(archived)
}

/// The root of the log's first entries as the store has them.
async fn root_at(store: &Store, size: u64) -> Result<Digest, ArchiveError> {
    let failed = |error: ledger::ProofError| broken(error.to_string());
    let tiles = proof::tiles(store, &ProofPlan::root(size).map_err(failed)?).await?;
    ledger::root_from_tiles(size, &tiles).map_err(failed)
}

// === impl ArchiveHealth ===

impl ArchiveHealth {
    /// Why the last pass failed, if it did.
    pub fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes how a pass went; says whether that is news.
    fn note(&self, failure: Option<String>) -> bool {
        self.failures.fetch_add(u64::from(failure.is_some()), Ordering::Relaxed);
        let mut last = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = *last != failure;
        *last = failure;
        is_news
    }
}

/// Fills the archive until `stop`, and once more then, so that a stopped log is archived to its end.
pub(crate) async fn run(archive: Arc<Archive>, stop: CancellationToken) {
    let mut tick = tokio::time::interval(ARCHIVE_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let passed = tokio::select! {
            // What a cut pass wrote is found again by the next one.
            () = stop.cancelled() => break,
            passed = async { tick.tick().await; archive.pass().await } => passed,
        };
        report(&archive, passed);
    }
    match tokio::time::timeout(ARCHIVE_STOP_MAX, archive.pass()).await {
        Ok(passed) => report(&archive, passed),
        Err(_) => tracing::warn!("the archive was not filled to the end: the next start goes on"),
    }
}

/// Says what is news.
fn report(archive: &Archive, passed: Result<Pass, ArchiveError>) {
    match passed {
        Ok(pass) => {
            if archive.health.note(None) {
                tracing::info!("the archive is filled again");
            }
            tracing::debug!(?pass, "the archive was looked after");
        }
        Err(error) => {
            if archive.health.note(Some(error.to_string())) {
                tracing::error!(%error, "the archive did not grow");
            }
        }
    }
}

fn foreign(what: String) -> ArchiveError {
    ArchiveError::Foreign { what }
}

fn broken(what: impl Into<String>) -> ArchiveError {
    ArchiveError::Broken { what: what.into() }
}

#[cfg(test)]
mod tests;
