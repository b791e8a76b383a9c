//! The log, read back: every entry's bytes against its leaf hash, positions without a gap, time never backwards.

use domain::{Digest, Time};
use serde::Serialize;

use crate::error::Error;
use crate::limits::CATCH_UP_ENTRIES_MAX;
use crate::plane::{Asker, ControlPlane};

/// What reading the whole log back came to.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    /// How many entries were read.
    pub entries: u64,
    /// Whether all of them are as they were written.
    pub verified: bool,
    /// Leaf hash of the last one.
    pub head_leaf: Option<Digest>,
    /// The first thing found wrong.
    pub detail: Option<String>,
}

/// Reads the whole log and checks every entry.
///
/// # Errors
/// When the asker may not read the log, or the store is away.
pub async fn verify(plane: &ControlPlane, asker: Asker) -> Result<Verified, Error> {
    plane.view.read(|state| policy::authorize(state, asker.by, policy::ReadLog).map(drop))?;
    let mut found = Verified { entries: 0, verified: true, head_leaf: None, detail: None };
    let mut last = Time::default();
    loop {
        let stored = plane.store.entries(found.entries.checked_sub(1), CATCH_UP_ENTRIES_MAX).await?;
        if stored.is_empty() {
            return Ok(found);
        }
        for entry in stored {
            let wrong = check(&entry, found.entries, &mut last);
            if wrong.is_some() {
                return Ok(Verified { verified: false, detail: wrong, ..found });
            }
            found.entries += 1;
            found.head_leaf = Some(entry.leaf);
        }
        tokio::task::yield_now().await;
    }
}

fn check(stored: &store::StoredEntry, expected: u64, last: &mut Time) -> Option<String> {
    if stored.position != expected {
        return Some(format!("entry {expected} is missing"));
    }
    if ledger::leaf_hash(&stored.bytes) != stored.leaf {
        return Some(format!("entry {expected} does not match its leaf hash"));
    }
    match ledger::decode(&stored.bytes) {
        Err(error) => Some(format!("entry {expected}: {error}")),
        Ok(entry) if entry.time < *last => Some(format!("entry {expected} is older than the one before it")),
        Ok(entry) => {
            *last = entry.time;
            None
        }
    }
}
