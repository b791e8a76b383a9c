//! Connections of one kind to one database, each used by one at a time.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::statement::{Answer, Done, Refused, Step};
use super::syncs::Syncs;
use super::thread::{Opening, Thread, broke};
use crate::StoreError;
use crate::limits::CONNECT_WAIT_MAX;

/// Some connections. Clones are the same ones.
#[derive(Clone)]
pub(crate) struct SqlitePool {
    opening: Opening,
    count: u32,
    places: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Thread>>>,
}

/// A connection taken from its pool; it goes back when dropped, unless it was discarded.
pub(crate) struct SqliteConn {
    /// Taken out only when it is dropped.
    thread: Option<Thread>,
    /// Steps that are done before the next one that is waited for.
    ahead: Vec<Step>,
    idle: Arc<Mutex<Vec<Thread>>>,
    is_kept: bool,
    syncs: Option<Arc<Syncs>>,
    /// Whether it only reads: it may see what others have committed and what is not on the disk yet.
    reads: bool,
    /// Given away only with what nobody waits for.
    place: Option<OwnedSemaphorePermit>,
}

/// Steps on their way.
pub(crate) struct Ahead {
    answer: oneshot::Receiver<Answer>,
    /// Of a connection that only reads.
    seen: Option<Arc<Syncs>>,
}

impl Ahead {
    /// Waits until they are done, and what they committed or may have seen is on the disk.
    ///
    /// # Errors
    /// See [`SqliteConn::run_all`].
    pub(crate) async fn durable(self) -> Result<Result<Done, Refused>, StoreError> {
        let answered = self.answer.await.unwrap_or_else(|_| Err(broke()))?;
        if let Some(syncs) = &self.seen {
            syncs.wait(syncs.newest()).await?;
        }
        Ok(answered)
    }
}

impl SqlitePool {
    /// At most so many connections, each opened when it is first needed. Those to a file neither age nor break.
    pub(crate) fn new(opening: Opening, count: u32) -> Self {
        let places = Arc::new(Semaphore::new(count as usize));
        Self { opening, count, places, idle: Arc::default() }
    }

    /// A connection, once one is free.
    ///
    /// # Errors
    /// None was free in time, the pool is closed, or the database cannot be opened.
    pub(crate) async fn acquire(&self) -> Result<SqliteConn, StoreError> {
        let place = tokio::time::timeout(CONNECT_WAIT_MAX, Arc::clone(&self.places).acquire_owned()).await;
        let late = |_| StoreError::unavailable(format!("no connection within {} seconds", CONNECT_WAIT_MAX.as_secs()));
        let place = place.map_err(late)?.map_err(|_| broke())?;
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let thread = match idle {
            Some(thread) => thread,
            None => Thread::start(self.opening.clone()).await?,
        };
        let idle = Arc::clone(&self.idle);
        let (syncs, reads) = (self.opening.syncs.clone(), self.opening.fold_pages.is_none());
        Ok(SqliteConn {
            thread: Some(thread),
            ahead: Vec::new(),
            idle,
            is_kept: true,
            syncs,
            reads,
            place: Some(place),
        })
    }

    /// Closes every connection, waiting for those in use.
    pub(crate) async fn close(&self) {
        // Whoever holds all places is alone. A pool that is closed already has none to give.
        let all = self.places.acquire_many(self.count).await;
        self.places.close();
        drop(all);
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in idle {
            thread.close().await;
        }
    }
}

impl SqliteConn {
    /// Puts a step before the next one that is waited for. Its errors come with that one.
    pub(crate) fn put_ahead(&mut self, step: Step) {
        self.ahead.push(step);
    }

    /// Does what was put ahead, and then a step.
    ///
    /// # Errors
    /// The database refused one of them.
    pub(crate) async fn run(&mut self, step: Step) -> Result<Done, StoreError> {
        self.run_all(step).await?.map_err(|refused| refused.error.into())
    }

    /// The same; the inner error tells whether it was the step itself that was refused.
    ///
    /// # Errors
    /// The connection is gone, or the disk does not take what was committed.
    pub(crate) async fn run_all(&mut self, step: Step) -> Result<Result<Done, Refused>, StoreError> {
        let steps = self.steps(step);
        let given = self.thread.as_ref().ok_or_else(broke).and_then(|thread| thread.give(steps, None));
        let answered = match given {
            Ok(answer) => answer.await.unwrap_or_else(|_| Err(broke())),
            Err(error) => Err(error),
        };
        self.is_kept &= answered.is_ok();
        let answered = answered?;
        // Nobody is told what a power cut could take back.
        if let (Some(syncs), Ok(done)) = (&self.syncs, &answered) {
            syncs.wait(if self.reads { syncs.newest() } else { done.commit }).await?;
        }
        Ok(answered)
    }

    /// Waits until everything that was committed so far is on the disk.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: the disk does not take it.
    pub(crate) async fn settled(&self) -> Result<(), StoreError> {
        match &self.syncs {
            Some(syncs) => syncs.wait(syncs.newest()).await,
            None => Ok(()),
        }
    }

    /// Does what was put ahead, and then a last step, without keeping the connection from others until that is on the disk. If
    /// anything fails, all is undone.
    ///
    /// # Errors
    /// The connection is gone.
    pub(crate) fn run_ahead(mut self, step: Step) -> Result<Ahead, StoreError> {
        let (steps, place) = (self.steps(step), self.place.take());
        let thread = self.thread.take().ok_or_else(broke)?;
        // Whoever gets the place next must find the thread, however soon it is done.
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = thread.give(steps, place)?;
        idle.push(thread);
        Ok(Ahead { answer, seen: self.syncs.clone().filter(|_| self.reads) })
    }

    fn steps(&mut self, last: Step) -> Vec<Step> {
        let mut steps = std::mem::take(&mut self.ahead);
        steps.push(last);
        steps
    }

    /// Undoes the open transaction and what was put ahead.
    ///
    /// # Errors
    /// The database cannot: the connection is not to be used again.
    pub(crate) async fn roll_back(&mut self) -> Result<(), StoreError> {
        self.ahead.clear();
        self.run(Step::Rollback).await.map(drop)
    }

    /// Keeps the connection from being used again; closed, it undoes what is open.
    pub(crate) fn discard(&mut self) {
        self.is_kept = false;
    }
}

impl Drop for SqliteConn {
    fn drop(&mut self) {
        let thread = self.thread.take().filter(|_| self.is_kept);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).extend(thread);
    }
}
