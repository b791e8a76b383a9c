//! Connections of one kind to one database, each used by one at a time.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::statement::{Done, Refused, Step};
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
    _place: OwnedSemaphorePermit,
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
        Ok(SqliteConn { thread: Some(thread), ahead: Vec::new(), idle, is_kept: true, _place: place })
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
    /// The connection is gone.
    pub(crate) async fn run_all(&mut self, step: Step) -> Result<Result<Done, Refused>, StoreError> {
        let mut steps = std::mem::take(&mut self.ahead);
        steps.push(step);
        let given = self.thread.as_ref().ok_or_else(broke).and_then(|thread| thread.give(steps));
        let answered = match given {
            Ok(answer) => answer.await.map_err(|_| broke()),
            Err(error) => Err(error),
        };
        self.is_kept &= answered.is_ok();
        answered
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
