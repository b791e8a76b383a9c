//! The conformance suite: every method of the store, on SQLite and on PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

mod artifacts;
mod costs;
mod exports;
mod failures;
mod fsck;
mod lawful;
mod locks;
mod log;
mod opening;
mod persons;
mod postgres;
mod rows;
mod search;
mod sessions;
mod sums;
mod support;
mod tampering;
mod tiles;
