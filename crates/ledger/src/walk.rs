//! A whole log, walked from its first entry: what must hold of each entry whoever keeps it.

use domain::{Digest, Time};

use crate::chain::{Chains, Link};
use crate::edge::{HashTile, RightEdge};
use crate::entry::{DecodeError, Entry, decode_versioned, leaf_hash};

/// Where a walk stands. Bounded by the sessions that are open there and 64 kB of hashes.
#[derive(Debug, Clone, Default)]
pub struct Walk {
    time: Time,
    chains: Chains,
    edge: RightEdge,
}

/// One entry that was walked over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What its bytes say.
    pub entry: Entry,
    /// What its bytes hash to.
    pub leaf: Digest,
    /// The tiles that it filled, lowest level first: mostly none.
    pub filled: Vec<HashTile>,
}

/// What is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WalkError {
    /// It is none.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Time ran backwards.
    #[error("its time {} is before {} of the entry above it", found.unix_millis(), above.unix_millis())]
    Time {
        /// Its time.
        found: Time,
        /// The time of the entry above it.
        above: Time,
    },
    /// It has another place in the chain of its session than the entries above leave it.
    #[error("it is {} of its session, where {} belongs", place(found), place(expected))]
    Chain {
        /// The place it says it has.
        found: Option<Link>,
        /// The place that it should have.
        expected: Option<Link>,
    },
}

fn place(link: &Option<Link>) -> String {
    match link {
        None => "outside the chain".to_owned(),
        Some(Link { seq, prev: None }) => format!("entry {seq} after nothing"),
        Some(Link { seq, prev: Some(prev) }) => format!("entry {seq} after {prev}"),
    }
}

// === impl Walk ===

impl Walk {
    /// Before the first entry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Walks over the next entry. After an error the walk is over: what comes below has nothing to stand on.
    ///
    /// # Errors
    /// The bytes are no entry, or not one that can stand here.
    pub fn step(&mut self, bytes: &[u8]) -> Result<Step, WalkError> {
        let leaf = leaf_hash(bytes);
        let (version, entry) = decode_versioned(bytes)?;
        if entry.time < self.time {
            return Err(WalkError::Time { found: entry.time, above: self.time });
        }
        // Version 1 knew no chains; sessions that it opened have none for as long as they live.
        let expected = if version == 1 { None } else { self.chains.place(&entry.event) };
        if entry.chain != expected {
            return Err(WalkError::Chain { found: entry.chain, expected });
        }
        self.time = entry.time;
        self.chains.follow(&entry, leaf);
        Ok(Step { filled: self.edge.push(leaf), entry, leaf })
    }

    /// How many entries are behind it.
    pub fn size(&self) -> u64 {
        self.edge.size()
    }

    /// The root of the tree over them.
    pub fn root(&self) -> Digest {
        self.edge.root()
    }
}

#[cfg(test)]
mod tests;
