//! Snapshots of state: a disposable cache that shortens a start. Another format is ignored and rebuilt from the log.

use domain::State;
use store::{Snapshot, Store};

use crate::limits::CATCH_UP_ENTRIES_MAX;
use crate::scribe::read_all;
use crate::view::View;

/// Raise it whenever the shape or the meaning of [`State`] changes.
pub(crate) const FORMAT: i64 = 1;

/// Rebuilds state from the newest usable snapshot and the log after it.
///
/// # Errors
/// A text for the operator when the log cannot be read to its end.
pub(crate) async fn rebuild(store: &Store) -> Result<(State, u64), String> {
    let snapshot = store.latest_snapshot(FORMAT).await.map_err(|error| error.to_string())?;
    let (mut state, mut next) = snapshot.and_then(open).unwrap_or_default();
    loop {
        let after = next.checked_sub(1);
        let stored = store.entries(after, CATCH_UP_ENTRIES_MAX).await.map_err(|error| error.to_string())?;
        if stored.is_empty() {
            return Ok((state, next));
        }
        let found = stored.len() as u64;
        for (event, at) in read_all(stored, next)? {
            state.apply(&event, at);
        }
        next += found;
    }
}

/// Saves the committed state.
///
/// # Errors
/// A text for the log of this process; nothing is lost without a snapshot.
pub(crate) async fn save(store: &Store, view: &View) -> Result<(), String> {
    let (state, next) = view.copy();
    let encoded = tokio::task::spawn_blocking(move || serde_json::to_vec(&state)).await;
    let state = encoded.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    store.save_snapshot(&Snapshot { format: FORMAT, next, state }).await.map_err(|error| error.to_string())
}

/// A snapshot that cannot be read is as good as none.
fn open(snapshot: Snapshot) -> Option<(State, u64)> {
    match serde_json::from_slice(&snapshot.state) {
        Ok(state) => Some((state, snapshot.next)),
        Err(error) => {
            tracing::warn!(%error, "the snapshot is unreadable: rebuilding from the whole log");
            None
        }
    }
}
