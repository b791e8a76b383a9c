//! What was decided and is on its way to the disk. It is told in the order of the log, each when it is there: only then it is
//! part of the view, and only then is anybody answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use store::{Appending, NewEntry};
use tokio::sync::{mpsc, oneshot};

use super::batch::{Reply, silent, tell, unavailable};
use super::{Failure, Health, Receipt};
use crate::limits::{APPEND_MAX, BATCHES_AHEAD_MAX};
use crate::seam::Clock;
use crate::view::View;

/// The way to the task that tells. When it is dropped, the task tells what is left and ends.
pub(super) struct Tail {
    queue: mpsc::Sender<Item>,
    has_failed: Arc<AtomicBool>,
}

/// Some commands that were decided together.
pub(super) struct Batch {
    /// Their entries' commit; none if they have none.
    pub(super) appending: Option<Appending>,
    pub(super) entries: Vec<NewEntry>,
    /// One for each reply.
    pub(super) answers: Vec<Result<Receipt, Failure>>,
    pub(super) replies: Vec<Reply>,
}

enum Item {
    Batch(Batch),
    /// Asks whether all before it came to the disk.
    Drained(oneshot::Sender<bool>),
}

/// The task.
struct Teller {
    view: Arc<View>,
    clock: Arc<Clock>,
    health: Arc<Health>,
    /// What failed: whatever was decided after it was decided on sand.
    failure: Option<Failure>,
    has_failed: Arc<AtomicBool>,
}

impl Tail {
    pub(super) fn start(view: Arc<View>, clock: Arc<Clock>, health: Arc<Health>) -> Self {
        let (queue, items) = mpsc::channel(BATCHES_AHEAD_MAX);
        let has_failed = Arc::new(AtomicBool::new(false));
        let teller = Teller { view, clock, health, failure: None, has_failed: Arc::clone(&has_failed) };
        tokio::spawn(teller.run(items));
        Self { queue, has_failed }
    }

    /// Takes what comes next in the log.
    pub(super) async fn push(&self, batch: Batch) {
        // INVARIANT: the task ends after this value only. Were it otherwise, the replies are dropped, which says so.
        let _ = self.queue.send(Item::Batch(batch)).await;
    }

    /// Whether something of what was taken did not come to the disk: from then on nothing does, until [`Tail::drain`].
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Acquire)
    }

    /// Waits until everything that was taken is told. Whether all of it came to the disk.
    pub(super) async fn drain(&self) -> bool {
        let (reply, drained) = oneshot::channel();
        let _ = self.queue.send(Item::Drained(reply)).await;
        drained.await.unwrap_or_default()
    }
}

impl Teller {
    async fn run(mut self, mut items: mpsc::Receiver<Item>) {
        while let Some(item) = items.recv().await {
            match item {
                Item::Batch(batch) => self.tell(batch).await,
                Item::Drained(reply) => {
                    let failure = self.failure.take();
                    self.has_failed.store(false, Ordering::Release);
                    let _ = reply.send(failure.is_none());
                }
            }
        }
    }

    async fn tell(&mut self, batch: Batch) {
        let Batch { appending, entries, answers, replies } = batch;
        if self.failure.is_none()
            && let Some(appending) = appending
        {
            self.failure = durable(appending).await.err();
            self.note(replies.len(), &entries);
        }
        match &self.failure {
            None => {
                self.view.commit(entries.iter().map(|new| (&new.entry, new.leaf)));
                tell(replies, answers);
            }
            Some(failure) => {
                self.has_failed.store(true, Ordering::Release);
                tell(replies, vec![Err(failure.clone()); answers.len()]);
            }
        }
    }

    fn note(&self, commands: usize, entries: &[NewEntry]) {
        match &self.failure {
            None => self.health.committed(entries.len()),
            Some(failure) => self.health.failed(self.clock.now(), failure, commands),
        }
    }
}

async fn durable(appending: Appending) -> Result<(), Failure> {
    match tokio::time::timeout(APPEND_MAX, appending.durable()).await {
        Ok(done) => done.map_err(unavailable),
        Err(_) => Err(silent()),
    }
}
