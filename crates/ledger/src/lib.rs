//! Entries as bytes: their canonical encoding, their version, and their leaf hash. Pure; knows no storage and no network.
//!
//! An entry is one RFC 8785 canonical JSON object (the subset writ needs: ASCII keys, integers within ±(2⁵³ − 1)):
//! `{"actor":…,"body":{…},"chain":{"seq":0},"node":"node_…","request":"req_…","time":1790000000000,
//! "type":"session.opened","v":2}`.
//! Its bytes, not its meaning, are what the leaf hash covers; nobody ever re-serialises a stored entry to check it.

mod chain;
mod entry;

pub use chain::{Chains, Link};
pub use entry::{DecodeError, EncodeError, Entry, VERSION, decode, encode, leaf_hash};

#[cfg(test)]
extern crate self as ledger; // so that the samples in `entry/tests/samples.rs` read the same in this crate and in `control`
