//! Snapshots of state: a disposable cache that shortens a start. Another format is ignored and rebuilt from the log.

use domain::State;
use ledger::Chains;
use serde::{Deserialize, Serialize};
use store::{Snapshot, Store};

use crate::limits::CATCH_UP_ENTRIES_MAX;
use crate::scribe::read_all;
use crate::view::{Folded, View};

/// Raise it whenever the shape or the meaning of [`State`] or [`Chains`] changes.
pub(crate) const FORMAT: i64 = 6;

/// What a snapshot holds.
#[derive(Serialize, Deserialize)]
struct Saved {
    state: State,
    chains: Chains,
}

/// Rebuilds state from the newest usable snapshot and the log after it.
///
/// # Errors
/// A text for the operator when the log cannot be read to its end.
pub(crate) async fn rebuild(store: &Store) -> Result<Folded, String> {
    let snapshot = store.latest_snapshot(FORMAT).await.map_err(|error| error.to_string())?;
    let mut folded = snapshot.and_then(open).unwrap_or_default();
    loop {
        let after = folded.next.checked_sub(1);
        let stored = store.entries(after, CATCH_UP_ENTRIES_MAX).await.map_err(|error| error.to_string())?;
        if stored.is_empty() {
            return Ok(folded);
        }
        for (entry, leaf) in read_all(stored, folded.next)? {
            folded.fold(&entry, leaf);
        }
    }
}

/// Saves the committed state.
///
/// # Errors
/// A text for the log of this process; nothing is lost without a snapshot.
pub(crate) async fn save(store: &Store, view: &View) -> Result<(), String> {
    let Folded { state, chains, next } = view.copy();
    let encoded = tokio::task::spawn_blocking(move || serde_json::to_vec(&Saved { state, chains })).await;
    let state = encoded.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    store.save_snapshot(&Snapshot { format: FORMAT, next, state }).await.map_err(|error| error.to_string())
}

/// A snapshot that cannot be read is as good as none.
fn open(snapshot: Snapshot) -> Option<Folded> {
    match serde_json::from_slice::<Saved>(&snapshot.state) {
        Ok(Saved { state, chains }) => Some(Folded { state, chains, next: snapshot.next }),
        Err(error) => {
            tracing::warn!(%error, "the snapshot is unreadable: rebuilding from the whole log");
            None
        }
    }
}
