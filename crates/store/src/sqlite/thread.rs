//! A connection on a thread of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::fold::Folding;
use super::statement::{Answer, Done, Refused, Step, run};
use super::syncs::Syncs;
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
    /// For the one that writes: pages of the write-ahead log before it is folded into the file.
    pub(crate) fold_pages: Option<u32>,
    /// What brings commits to the disk; none where nobody waits for that.
    pub(crate) syncs: Option<Arc<Syncs>>,
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
    /// Of somebody who does not keep the connection: the place there, let go as soon as the steps are done. A transaction that
    /// they leave open when they fail is undone at once, as the next job may be waiting already.
    place: Option<OwnedSemaphorePermit>,
    reply: oneshot::Sender<Answer>,
}

impl Opening {
    /// Another connection to the same file, for folding.
    fn open_beside(&self) -> rusqlite::Result<Connection> {
        Self { pragmas: Vec::new(), fold_pages: None, ..self.clone() }.open()
    }

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
        if let (Some(_), Some(syncs)) = (self.fold_pages, self.syncs.clone()) {
            // Before anybody can see it.
            conn.commit_hook(Some(move || {
                syncs.begin_commit();
                false
            }))?;
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
                    work(&conn, &waiting, &opening);
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

    /// Gives it some steps. What it has begun it finishes, whether anybody waits or not. With the place of who gives them, the
    /// place is let go as soon as they are done, and they are answered when what they committed is on the disk.
    pub(super) fn give(
        &self,
        steps: Vec<Step>,
        place: Option<OwnedSemaphorePermit>,
    ) -> Result<oneshot::Receiver<Answer>, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.jobs.try_send(Job { steps, place, reply }).map_err(|_| broke())?;
        Ok(answer)
    }

    /// Waits until the connection is closed.
    pub(super) async fn close(self) {
        drop(self.jobs);
        let _ = self.closed.await;
    }
}

fn work(conn: &Connection, jobs: &Receiver<Job>, opening: &Opening) {
    let start = |from| Folding::start(conn, from, || opening.open_beside());
    let mut folding = opening.fold_pages.map(start);
    let syncs = opening.syncs.as_deref().filter(|_| folding.is_some());
    for job in jobs {
        match syncs {
            Some(syncs) => job.run_and_sync(conn, syncs),
            None => job.run(conn),
        }
        if let Some(folding) = &mut folding {
            folding.look(conn);
        }
    }
    if let Some(folding) = folding {
        folding.end();
    }
}

impl Job {
    fn run(self, conn: &Connection) {
        let Self { steps, place, reply } = self;
        // Whoever gave up waiting no longer wants to know.
        let _ = reply.send(Ok(run_for(conn, steps, place)));
    }

    /// The same, and has synced what was committed. Who keeps the connection is told which commit to wait for.
    fn run_and_sync(self, conn: &Connection, syncs: &Syncs) {
        let Self { steps, place, reply } = self;
        if syncs.has_failed()
            && let Err(error) = mend(conn, syncs)
        {
            return drop(reply.send(Ok(Err(Refused { error, at_last: false }))));
        }
        let (before, waits) = (syncs.newest(), place.is_some());
        let done = run_for(conn, steps, place);
        let newest = syncs.newest();
        match done {
            Ok(done) if newest > before && waits => {
                let tell = move |synced: Result<(), StoreError>| drop(reply.send(synced.map(|()| Ok(done))));
                syncs.ask_for(newest, Box::new(tell));
            }
            done => {
                let commit = if newest > before { newest } else { 0 };
                syncs.ask(commit);
                let _ = reply.send(Ok(done.map(|done| Done { commit, ..done })));
            }
        }
    }
}

/// Runs some steps, and lets go of the place of who does not keep the connection.
fn run_for(conn: &Connection, steps: Vec<Step>, place: Option<OwnedSemaphorePermit>) -> Result<Done, Refused> {
    let done = run(conn, steps);
    if done.is_err() && place.is_some() {
        // Where even this fails, whoever begins a transaction next is refused.
        let _ = run(conn, vec![Step::Rollback]);
    }
    done
}

/// After a sync that failed: what the system holds in memory is written anew, into the database itself, and synced there.
fn mend(conn: &Connection, syncs: &Syncs) -> rusqlite::Result<()> {
    let is_busy = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0))?;
    if is_busy {
        return Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY), None));
    }
    syncs.mended();
    Ok(())
}

/// It took no more jobs, or did not answer.
pub(super) fn broke() -> StoreError {
    StoreError::unavailable("the connection broke")
}
