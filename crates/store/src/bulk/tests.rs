#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use super::{Bulk, CHUNKS};
use crate::pool::Engine;
use crate::value::Value;

static BULK: Bulk = Bulk::new("INSERT INTO t (a, b) VALUES", 2, "ON CONFLICT DO NOTHING");

#[test]
fn placeholders_run_on_through_the_rows() {
    let postgres = "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING";
    assert_eq!(BULK.compose(Engine::Postgres, 2), postgres);
    assert_eq!(BULK.compose(Engine::Sqlite, 1), "INSERT INTO t (a, b) VALUES (?, ?) ON CONFLICT DO NOTHING");
}

#[test]
fn chunks_make_every_count_and_fit_the_engine() {
    assert_eq!(CHUNKS.last(), Some(&1));
    assert!(CHUNKS.is_sorted_by(|one, two| one > two));
    // PostgreSQL takes 65,535 parameters; the widest row has 31.
    assert!(CHUNKS[0] * 31 <= 65_535);
    for rows in [0, 1, 7, 256, 300] {
        let values = vec![Value::from(1); rows * 2];
        assert_eq!(BULK.chunks(values).map(|(_, values)| values.len()).sum::<usize>(), rows * 2);
    }
}
