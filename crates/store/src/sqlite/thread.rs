//! A connection on a thread of its own.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::oneshot;

use super::statement::{Done, Refused, Step, run};
use crate::StoreError;
use crate::limits::{LOCK_WAIT_MAX, SQLITE_JOBS_WAITING_MAX, STATEMENTS_CACHED_MAX};

/// How to open a connection.
#[derive(Debug, Clone)]
pub(crate) struct Opening {
    /// The file; none for a database in memory.
    pub(crate) path: Option<PathBuf>,
    /// Whether the file itself is opened for reading only.
    pub(crate) read_only: bool,
    /// What it is set to, in order: names and values.
    pub(crate) pragmas: Vec<(&'static str, String)>,
    /// For the one that writes: pages of the write-ahead log before it is folded into the file. SQLite would do it inside of a
    /// commit that is durable already, with everybody waiting for the answer; here it is done after that.
    pub(crate) fold_pages: Option<u32>,
}

thread_local! {
    /// Pages of the write-ahead log at the last commit of this thread's connection.
    static PAGES: Cell<u32> = const { Cell::new(0) };
}

/// A connection that takes one job after the other. Dropped, it finishes those that it was given and closes.
#[derive(Debug)]
pub(super) struct Thread {
    jobs: SyncSender<Job>,
    /// Answers when the connection is closed.
    closed: oneshot::Receiver<()>,
}

/// Steps that are done in one go, and who waits for what comes of them.
struct Job {
    steps: Vec<Step>,
    reply: oneshot::Sender<Result<Done, Refused>>,
}

impl Opening {
    fn open(&self) -> rusqlite::Result<Connection> {
        let access = if self.read_only {
            OpenFlags::SQLITE_OPEN_READ_ONLY
        } else {
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
        };
        // One thread has it, so SQLite need not lock it.
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = match &self.path {
            Some(path) => Connection::open_with_flags(path, flags)?,
            None => Connection::open_in_memory_with_flags(flags)?,
        };
        conn.busy_timeout(LOCK_WAIT_MAX)?;
        conn.set_prepared_statement_cache_capacity(STATEMENTS_CACHED_MAX);
        for (name, value) in &self.pragmas {
            conn.pragma_update(None, name, value)?;
        }
        if self.fold_pages.is_some() {
            // In the place of SQLite's own hook, which folds.
            conn.wal_hook(Some(|_, pages| {
                PAGES.set(u32::try_from(pages).unwrap_or_default());
                Ok(())
            }));
        }
        Ok(conn)
    }
}

impl Thread {
    /// Starts it and waits until the connection is open.
    ///
    /// # Errors
    /// The database cannot be opened, or the machine gives no thread.
    pub(super) async fn start(opening: Opening) -> Result<Self, StoreError> {
        let (jobs, waiting) = sync_channel(SQLITE_JOBS_WAITING_MAX);
        let (opened, is_open) = oneshot::channel();
        let (closing, closed) = oneshot::channel();
        let work = move || {
            match opening.open() {
                Ok(conn) => {
                    let _ = opened.send(Ok(()));
                    work(&conn, &waiting, opening.fold_pages);
                }
                Err(error) => drop(opened.send(Err(error))),
            }
            let _ = closing.send(());
        };
        let started = std::thread::Builder::new().name("sqlite".to_owned()).spawn(work);
        started.map_err(|error| StoreError::unavailable(format!("no thread for its connection ({})", error.kind())))?;
        is_open.await.map_err(|_| broke())??;
        Ok(Self { jobs, closed })
    }

    /// Gives it some steps. What it has begun it finishes, whether anybody waits or not.
    pub(super) fn give(&self, steps: Vec<Step>) -> Result<oneshot::Receiver<Result<Done, Refused>>, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.try_send(Job { steps, reply }).map_err(|_| broke())?;
        Ok(answer)
    }

    /// Waits until the connection is closed.
    pub(super) async fn close(self) {
        drop(self.jobs);
        let _ = self.closed.await;
    }
}

fn work(conn: &Connection, jobs: &Receiver<Job>, fold_pages: Option<u32>) {
    for Job { steps, reply } in jobs {
        // Whoever gave up waiting no longer wants to know.
        let _ = reply.send(run(conn, steps));
        if fold_pages.is_some_and(|most| PAGES.get() >= most) && conn.is_autocommit() {
            fold(conn);
        }
    }
}

/// Folds as much of the write-ahead log as nobody reads any more. What fails is tried again after the next commit.
fn fold(conn: &Connection) {
    PAGES.set(0);
    if let Err(error) = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
        tracing::debug!(%error, "the write-ahead log was not folded into the database");
    }
}

/// It took no more jobs, or did not answer.
pub(super) fn broke() -> StoreError {
    StoreError::unavailable("the connection broke")
}
