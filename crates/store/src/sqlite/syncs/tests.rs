#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use super::{Disk, Syncs};
use crate::StoreError;
use crate::limits::SQLITE_SYNCS_AT_ONCE;

/// A disk that says when a sync begins, and ends it when it is told how.
struct Gate {
    begun: SyncSender<End>,
}

/// Ends a sync.
pub(in crate::sqlite) type End = SyncSender<io::Result<()>>;

impl Disk for Gate {
    fn sync(&mut self) -> io::Result<()> {
        let (end, ended) = sync_channel(SQLITE_SYNCS_AT_ONCE);
        // A test that is over ends them all.
        let _ = self.begun.send(end);
        ended.recv().unwrap_or(Ok(()))
    }
}

/// Syncs, and what says that one began: whoever hears of it ends it.
pub(in crate::sqlite) fn gated() -> (Arc<Syncs>, Receiver<End>) {
    let (begun, begins) = sync_channel(SQLITE_SYNCS_AT_ONCE);
    let begun = Mutex::new(begun);
    let syncs = Syncs::start(move || Gate { begun: begun.lock().unwrap().clone() }).unwrap();
    (Arc::new(syncs), begins)
}

fn commit(syncs: &Syncs) -> u64 {
    let commit = syncs.begin_commit();
    syncs.ask(commit);
    commit
}

async fn is_durable(syncs: &Syncs, commit: u64) -> bool {
    tokio::time::timeout(std::time::Duration::ZERO, syncs.wait(commit)).await.is_ok()
}

#[tokio::test]
async fn a_commit_counts_when_a_sync_that_began_after_it_has_ended() {
    let (syncs, begins) = gated();
    assert!(is_durable(&syncs, 0).await);
    let first = commit(&syncs);
    let first_sync = begins.recv().unwrap();
    let second = commit(&syncs);
    let second_sync = begins.recv().unwrap();
    assert!(!is_durable(&syncs, first).await);
    first_sync.send(Ok(())).unwrap();
    syncs.wait(first).await.unwrap();
    assert!(!is_durable(&syncs, second).await);
    second_sync.send(Ok(())).unwrap();
    syncs.wait(second).await.unwrap();
}

#[tokio::test]
async fn the_later_sync_brings_what_was_before_it_too() {
    let (syncs, begins) = gated();
    let first = commit(&syncs);
    let first_sync = begins.recv().unwrap();
    let second = commit(&syncs);
    begins.recv().unwrap().send(Ok(())).unwrap();
    syncs.wait(second).await.unwrap();
    assert!(is_durable(&syncs, first).await);
    first_sync.send(Ok(())).unwrap();
}

#[tokio::test]
async fn those_who_come_while_all_are_at_work_are_synced_together() {
    let (syncs, begins) = gated();
    let mut at_work = Vec::new();
    for _ in 0..SQLITE_SYNCS_AT_ONCE {
        syncs.free().await;
        commit(&syncs);
        at_work.push(begins.recv().unwrap());
    }
    let is_free = tokio::time::timeout(std::time::Duration::ZERO, syncs.free()).await;
    is_free.unwrap_err();
    let (one, another) = (commit(&syncs), commit(&syncs));
    begins.try_recv().unwrap_err();
    at_work.pop().unwrap().send(Ok(())).unwrap();
    let both = begins.recv().unwrap();
    assert!(!is_durable(&syncs, one).await);
    both.send(Ok(())).unwrap();
    syncs.wait(another).await.unwrap();
    at_work.into_iter().for_each(|sync| sync.send(Ok(())).unwrap());
    syncs.free().await;
    begins.try_recv().unwrap_err();
}

/// The system tells once that it lost something: a sync that ends well after that proves nothing.
#[tokio::test]
async fn after_a_failure_nothing_counts_until_it_is_mended() {
    let (syncs, begins) = gated();
    let first = commit(&syncs);
    let first_sync = begins.recv().unwrap();
    let second = commit(&syncs);
    let second_sync = begins.recv().unwrap();
    first_sync.send(Err(io::ErrorKind::StorageFull.into())).unwrap();
    let refused = syncs.wait(first).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused}");
    assert!(syncs.has_failed());
    second_sync.send(Ok(())).unwrap();
    syncs.wait(second).await.unwrap_err();
    let third = commit(&syncs);
    syncs.wait(third).await.unwrap_err();
    syncs.free().await;
    syncs.mended();
    syncs.wait(third).await.unwrap();
    let fourth = commit(&syncs);
    let sync = begins.recv().unwrap();
    assert!(!is_durable(&syncs, fourth).await);
    sync.send(Ok(())).unwrap();
    syncs.wait(fourth).await.unwrap();
}

#[tokio::test]
async fn who_waits_is_told_once_and_of_failures_too() {
    let (syncs, begins) = gated();
    let waiting = |commit| {
        let (tell, told) = tokio::sync::oneshot::channel();
        syncs.ask_for(
            commit,
            Box::new(move |synced: Result<(), StoreError>| {
                let _ = tell.send(synced.is_ok());
            }),
        );
        told
    };
    let first = waiting(syncs.begin_commit());
    let first_sync = begins.recv().unwrap();
    let second = waiting(syncs.begin_commit());
    let second_sync = begins.recv().unwrap();
    first_sync.send(Ok(())).unwrap();
    assert!(first.await.unwrap());
    second_sync.send(Err(io::ErrorKind::StorageFull.into())).unwrap();
    assert!(!second.await.unwrap());
    assert!(!waiting(syncs.begin_commit()).await.unwrap(), "nothing is synced any more");
}
