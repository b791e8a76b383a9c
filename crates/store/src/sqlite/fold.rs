//! Folding the write-ahead log into the database. Most of it is done by a connection on a thread of its own, beside those who
//! write; only the rest, what was written meanwhile, by the connection that writes, between two jobs: the log begins anew
//! only where nothing of it is left to fold.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

thread_local! {
    /// Pages of the write-ahead log at the last commit of this thread's connection.
    static PAGES: Cell<u32> = const { Cell::new(0) };
}

/// Decides when to fold. Lives on the thread of the connection that writes.
pub(super) struct Folding {
    /// Pages of the log from which on it is folded.
    from: u32,
    /// The same for now: more where readers kept the last time from emptying the log.
    next: u32,
    helper: Option<Helper>,
}

/// The thread that folds.
struct Helper {
    bell: SyncSender<()>,
    is_asked: bool,
    /// Set when it has folded what it found.
    has_folded: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

// === impl Folding ===

impl Folding {
    /// Begins to count the pages of what a connection writes. `other` opens the connection that folds.
    pub(super) fn start(conn: &Connection, from: u32, other: impl FnOnce() -> rusqlite::Result<Connection>) -> Self {
        // In the place of SQLite's own hook, which folds inside of a commit, with everybody waiting for the answer.
        conn.wal_hook(Some(|_, pages| {
            PAGES.set(u32::try_from(pages).unwrap_or_default());
            Ok(())
        }));
        let helper = other().ok().and_then(Helper::start);
        Self { from, next: from, helper }
    }

    /// After each job.
    pub(super) fn look(&mut self, conn: &Connection) {
        let pages = PAGES.get();
        if pages < self.from {
            self.next = self.from;
        }
        let rest_is_left = self.helper.as_mut().is_some_and(Helper::has_folded);
        let is_long = pages >= self.next;
        if !conn.is_autocommit() || !(rest_is_left || is_long) {
            return;
        }
        let is_asked = !rest_is_left && self.helper.as_mut().is_some_and(Helper::ask);
        if !is_asked {
            self.next = pages + self.from / 4;
            fold(conn);
        }
    }

    /// Waits until the other connection is closed: the last to close tidies up, and that is for the one that writes.
    pub(super) fn end(self) {
        if let Some(helper) = self.helper {
            drop(helper.bell);
            let _ = helper.thread.join();
        }
    }
}

// === impl Helper ===

impl Helper {
    fn start(conn: Connection) -> Option<Self> {
        let (bell, rung) = sync_channel(1);
        let has_folded = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&has_folded);
        let work = move || work(&conn, &rung, &done);
        let thread = std::thread::Builder::new().name("fold".to_owned()).spawn(work).ok()?;
        Some(Self { bell, is_asked: false, has_folded, thread })
    }

    /// Asks it, unless it was asked already. False when it is gone.
    fn ask(&mut self) -> bool {
        self.is_asked = self.is_asked || self.bell.try_send(()).is_ok();
        self.is_asked
    }

    /// Whether it has done what it was asked; once for each time.
    fn has_folded(&mut self) -> bool {
        let has_folded = self.has_folded.swap(false, Ordering::AcqRel);
        self.is_asked &= !has_folded;
        has_folded
    }
}

fn work(conn: &Connection, rung: &Receiver<()>, done: &AtomicBool) {
    for () in rung {
        fold(conn);
        // What was written meanwhile, so that little is left for the connection that writes.
        fold(conn);
        done.store(true, Ordering::Release);
    }
}

/// Folds as much of the write-ahead log as nobody reads any more. What fails is tried again later.
fn fold(conn: &Connection) {
    if let Err(error) = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
        tracing::debug!(%error, "the write-ahead log was not folded into the database");
    }
}
