//! Syncs of the write-ahead log, several at a time.
//!
//! SQLite commits into the file and leaves it to this to bring the file to the disk, so that the next commit need not wait for it.
//! A commit counts once a sync that began after it has ended. Until then neither its author is answered nor anybody who may
//! have seen it: what is answered survives a power cut, whatever was asked.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::{fmt, io};

use tokio::sync::watch;

use crate::StoreError;
use crate::limits::SQLITE_SYNCS_AT_ONCE;

/// What is synced: the file of the write-ahead log, or what a test puts in its place.
pub(crate) trait Disk: Send {
    /// Brings to the disk what was written before this was called.
    fn sync(&mut self) -> io::Result<()>;
}

/// The commits of one database and the threads that sync them. Dropped, the threads finish what they are at.
pub(crate) struct Syncs(Arc<Shared>);

struct Shared {
    /// Commits that were begun; they are numbered from 1.
    committing: AtomicU64,
    work: Mutex<Work>,
    wake: Condvar,
    progress: watch::Sender<Progress>,
}

/// What is to be done, by number of commit.
#[derive(Default)]
struct Work {
    /// The newest that is to be synced.
    asked: u64,
    /// The newest for which a sync was begun.
    begun: u64,
    /// Who is told of a commit as soon as it is on the disk. As many as there are jobs on their way.
    waiting: Vec<(u64, Waiter)>,
    is_over: bool,
}

/// Hears whether a commit is on the disk.
pub(super) type Waiter = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// What was done.
#[derive(Debug, Default)]
struct Progress {
    /// Up to this one all are on the disk.
    durable: u64,
    at_work: usize,
    /// A sync failed: what it was to bring to the disk may be lost, and no later sync would say so.
    has_failed: bool,
}

/// The file of the write-ahead log, opened when it is first needed. Each thread opens its own, because the system tells of a
/// failed write once for each opening.
struct LogFile {
    path: PathBuf,
    file: Option<File>,
}

// === impl Syncs ===

impl Syncs {
    /// Starts threads that sync the write-ahead log of a database.
    ///
    /// # Errors
    /// The machine gives no thread.
    pub(crate) fn of_database(path: &Path) -> Result<Self, StoreError> {
        let mut path = path.as_os_str().to_owned();
        path.push("-wal");
        let path = PathBuf::from(path);
        Self::start(|| LogFile { path: path.clone(), file: None })
    }

    /// The same with other disks, one for each thread.
    pub(crate) fn start<D: Disk + 'static>(disk: impl Fn() -> D) -> Result<Self, StoreError> {
        let (progress, _) = watch::channel(Progress::default());
        let (committing, work, wake) = (AtomicU64::new(0), Mutex::default(), Condvar::new());
        let syncs = Self(Arc::new(Shared { committing, work, wake, progress }));
        for _ in 0..SQLITE_SYNCS_AT_ONCE {
            let (shared, disk) = (Arc::clone(&syncs.0), disk());
            let started = std::thread::Builder::new().name("sync".to_owned()).spawn(move || shared.work(disk));
            started.map_err(|error| StoreError::unavailable(format!("no thread for its syncs ({})", error.kind())))?;
        }
        Ok(syncs)
    }

    /// Says that a commit begins: from now on somebody may see it. Returns its number.
    pub(crate) fn begin_commit(&self) -> u64 {
        self.0.committing.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// The newest commit that somebody may have seen.
    pub(crate) fn newest(&self) -> u64 {
        self.0.committing.load(Ordering::Acquire)
    }

    /// Has a commit that is in the file synced, and with it all before it.
    pub(crate) fn ask(&self, commit: u64) {
        let mut work = self.0.lock();
        work.asked = work.asked.max(commit);
        self.0.wake.notify_one();
    }

    /// The same, and tells somebody when it is done, or cannot be.
    pub(super) fn ask_for(&self, commit: u64, waiter: Waiter) {
        let mut work = self.0.lock();
        if self.has_failed() {
            drop(work);
            return waiter(Err(lost()));
        }
        work.asked = work.asked.max(commit);
        work.waiting.push((commit, waiter));
        self.0.wake.notify_one();
    }

    /// Waits until a commit, and all before it, are on the disk. Commit 0 is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: a sync failed; whether it is there is unknown.
    pub(crate) async fn wait(&self, commit: u64) -> Result<(), StoreError> {
        if self.0.progress.borrow().durable >= commit {
            return Ok(());
        }
        let mut progress = self.0.progress.subscribe();
        let seen = progress.wait_for(|progress| progress.durable >= commit || progress.has_failed).await;
        match seen {
            Ok(progress) if progress.durable >= commit => Ok(()),
            _ => Err(lost()),
        }
    }

    /// Waits until another sync could begin at once. After a failure too: then nothing is synced until it is mended.
    pub(crate) async fn free(&self) {
        let mut progress = self.0.progress.subscribe();
        let is_free = |progress: &Progress| progress.at_work < SQLITE_SYNCS_AT_ONCE || progress.has_failed;
        // INVARIANT: the sender lives as long as this value.
        let _ = progress.wait_for(is_free).await;
    }

    /// Whether a sync failed and nothing was done about it.
    pub(crate) fn has_failed(&self) -> bool {
        self.0.progress.borrow().has_failed
    }

    /// Says that everything committed is on the disk by another way, after a failure too.
    pub(crate) fn mended(&self) {
        let newest = self.newest();
        let mut work = self.0.lock();
        (work.asked, work.begun) = (newest, newest);
        self.0.progress.send_modify(|progress| (progress.durable, progress.has_failed) = (newest, false));
    }
}

impl Drop for Syncs {
    fn drop(&mut self) {
        self.0.lock().is_over = true;
        self.0.wake.notify_all();
    }
}

// === impl Shared ===

impl Shared {
    fn work(&self, mut disk: impl Disk) {
        while let Some(commit) = self.next() {
            let synced = disk.sync();
            if let Err(error) = &synced {
                tracing::error!(%error, "the write-ahead log was not synced");
            }
            self.ended(commit, synced.is_ok());
        }
    }

    /// Waits for something to sync: everything up to the commit that is returned. None when it is over.
    fn next(&self) -> Option<u64> {
        let is_idle =
            |work: &mut Work| !work.is_over && (work.asked <= work.begun || self.progress.borrow().has_failed);
        let mut work = self.wake.wait_while(self.lock(), is_idle).unwrap_or_else(PoisonError::into_inner);
        if work.is_over {
            return None;
        }
        work.begun = work.asked;
        self.progress.send_modify(|progress| progress.at_work += 1);
        Some(work.begun)
    }

    /// What a sync covers does not depend on those that began before it and are still at work: it waits for their pages too.
    fn ended(&self, commit: u64, is_done: bool) {
        let mut work = self.lock();
        self.progress.send_modify(|progress| {
            progress.at_work -= 1;
            progress.has_failed |= !is_done;
            if !progress.has_failed {
                progress.durable = progress.durable.max(commit);
            }
        });
        let (durable, has_failed) = {
            let progress = self.progress.borrow();
            (progress.durable, progress.has_failed)
        };
        let told: Vec<_> = work.waiting.extract_if(.., |(commit, _)| has_failed || *commit <= durable).collect();
        drop(work);
        for (commit, waiter) in told {
            waiter(if commit <= durable { Ok(()) } else { Err(lost()) });
        }
    }

    fn lock(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lost() -> StoreError {
    StoreError::unavailable("the disk did not take what was written")
}

impl fmt::Debug for Syncs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Syncs").field(&*self.0.progress.borrow()).finish()
    }
}

impl Disk for LogFile {
    fn sync(&mut self) -> io::Result<()> {
        let file = match self.file.take() {
            Some(file) => file,
            None => File::open(&self.path)?,
        };
        self.file.insert(file).sync_data()
    }
}

#[cfg(test)]
pub(super) mod tests;
