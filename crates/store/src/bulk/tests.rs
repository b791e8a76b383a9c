#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use super::{Bulk, CHUNKS};
use crate::pool::Engine;

static BULK: Bulk = Bulk::new("INSERT INTO t (a, b) VALUES", 2, "ON CONFLICT DO NOTHING");

#[test]
fn placeholders_run_on_through_the_rows() {
    let postgres = "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING";
    assert_eq!(BULK.compose(Engine::Postgres, 2), postgres);
    assert_eq!(BULK.compose(Engine::Sqlite, 2), "INSERT INTO t (a, b) VALUES (?, ?), (?, ?) ON CONFLICT DO NOTHING");
}

#[test]
fn chunks_make_every_count_and_fit_the_engines() {
    assert_eq!(CHUNKS.last(), Some(&1));
    assert!(CHUNKS.is_sorted_by(|one, two| one > two));
    // SQLite takes 32,766 parameters, PostgreSQL 65,535; the widest row has 31.
    assert!(CHUNKS[0] * 31 <= 32_766);
}
