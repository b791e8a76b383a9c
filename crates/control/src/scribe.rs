//! The scribe: the single writer of this process. It groups all waiting commands into one transaction, decides them in
//! order against everything that any node has committed, and answers only after the commit. Where nobody else writes the log, it
//! decides the next ones while the last are on their way to the disk.

mod batch;
mod tail;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use domain::{Actor, Command, Event, NodeId, Refusal, RequestId, Time};
use store::{Attachment, Store};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::limits::{CATCH_UPS_WAITING_MAX, COMMANDS_WAITING_MAX};
use crate::seam::Clock;
use crate::view::View;

use batch::Writer;
pub(crate) use batch::read_all;

/// The way to the log. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Scribe {
    queue: mpsc::Sender<Waiting>,
    health: Arc<Health>,
    /// So that those who only read on never take the places of those who write.
    catching_up: Arc<Semaphore>,
}

/// What the scribe knows of the store.
#[derive(Debug, Default)]
pub struct Health {
    /// Whether the store took no write when it was last tried, or could not even be read.
    pub store_is_away: AtomicBool,
    /// When that was last so, in Unix milliseconds; 0 for never.
    away_at: AtomicI64,
    /// Transactions committed.
    pub commits: AtomicU64,
    /// Entries written by this node.
    pub entries: AtomicU64,
    /// Transactions that failed.
    pub failures: AtomicU64,
}

/// A command on its way to the log.
#[derive(Debug)]
pub struct Proposal {
    /// What is wanted.
    pub command: Command,
    /// On whose behalf.
    pub by: Actor,
    /// The HTTP request that asks for it.
    pub request: Option<RequestId>,
    /// Rows to write in the same transaction, if the command is carried out.
    pub attachments: Vec<Attachment>,
}

/// What a carried-out command wrote; durable when you hold it.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The events, in order; empty when it was already so.
    pub events: Vec<Event>,
    /// Their time.
    pub at: Time,
    /// Position of the first of them.
    pub position: u64,
}

/// Why a command was not carried out.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// The law refused it; nothing was written.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store is away, full or slow. Whether it was written is unknown until the store is back.
    #[error("the log cannot be written: {0}")]
    Unavailable(String),
    /// Too many commands wait; nothing was written.
    #[error("{COMMANDS_WAITING_MAX} commands are waiting already")]
    Busy,
}

#[derive(Debug)]
struct Waiting {
    /// None asks only for what other nodes wrote.
    proposal: Option<Proposal>,
    reply: batch::Reply,
}

impl Health {
    /// The store took a write.
    pub(crate) fn store_is_there(&self) {
        self.store_is_away.store(false, Ordering::Relaxed);
    }

    /// The store failed at `now`.
    pub(crate) fn store_failed(&self, now: Time) {
        self.away_at.fetch_max(now.unix_millis(), Ordering::Relaxed);
        self.store_is_away.store(true, Ordering::Relaxed);
    }

    /// So many entries were committed together.
    fn committed(&self, entries: usize) {
        self.store_is_there();
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.entries.fetch_add(entries as u64, Ordering::Relaxed);
    }

    /// So many commands were not, at `now`.
    fn failed(&self, now: Time, failure: &Failure, commands: usize) {
        self.store_failed(now);
        self.failures.fetch_add(1, Ordering::Relaxed);
        tracing::error!(error = %failure, commands, "the log was not written");
    }

    /// When the store last failed, as far as this node knows: until then nobody's beats could be written.
    pub(crate) fn away_at(&self) -> Time {
        Time::from_unix_millis(self.away_at.load(Ordering::Relaxed))
    }
}

impl From<Command> for Proposal {
    fn from(command: Command) -> Self {
        Self { command, by: Actor::System, request: None, attachments: Vec::new() }
    }
}

impl Scribe {
    /// Starts the scribe's task. It ends when the last handle is dropped and the queue is empty.
    pub fn start(store: Store, view: Arc<View>, clock: Arc<Clock>, node: NodeId) -> Self {
        let (queue, waiting) = mpsc::channel(COMMANDS_WAITING_MAX);
        let health = Arc::new(Health::default());
        let writer = Writer::new(store, view, clock, node, Arc::clone(&health));
        tokio::spawn(batch::run(writer, waiting));
        Self { queue, health, catching_up: Arc::new(Semaphore::new(CATCH_UPS_WAITING_MAX)) }
    }

    /// Proposes a command and waits until it is durable or refused.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn propose(&self, proposal: impl Into<Proposal>) -> Result<Receipt, Failure> {
        self.submit(proposal.into())?.await.unwrap_or_else(|_| Err(Failure::Unavailable("writ is stopping".to_owned())))
    }

    /// Puts a command into the queue at once; the answer comes later.
    ///
    /// # Errors
    /// [`Failure::Busy`] when the queue is full.
    pub fn submit(&self, proposal: Proposal) -> Result<oneshot::Receiver<Result<Receipt, Failure>>, Failure> {
        self.enqueue(Some(proposal))
    }

    /// Asks the scribe to read what other nodes wrote, without writing anything.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn catch_up(&self) -> Result<(), Failure> {
        // INVARIANT: the semaphore is never closed; a permit only keeps the queue free for those who write.
        let _place = self.catching_up.acquire().await;
        let answer = self.enqueue(None)?.await;
        answer.unwrap_or_else(|_| Err(Failure::Unavailable("writ is stopping".to_owned()))).map(drop)
    }

    /// What the scribe knows of the store.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Whether the store took no write when it was last tried. It is tried every second then.
    pub fn store_is_away(&self) -> bool {
        self.health.store_is_away.load(Ordering::Relaxed)
    }

    fn enqueue(&self, proposal: Option<Proposal>) -> Result<oneshot::Receiver<Result<Receipt, Failure>>, Failure> {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Waiting { proposal, reply }).map_err(|_| Failure::Busy)?;
        Ok(answer)
    }
}

#[cfg(test)]
mod tests;
