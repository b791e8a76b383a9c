//! The read tables: row by row as the log makes them.
//!
//! Not among them, because no entry says what is in them: `people` and what else is kept so that it can be erased,
//! `beats` and `node_beats`, `snapshots`, `secrets`, the secrets of brokers, handles of credentials and the failures to end
//! them, what changes changed in short (`diffs`), and what exports remember of their own progress.

use std::cmp::Ordering;

use super::cursor::{Cells, Cursor, cell_text, key_text};
use super::reader::Reader;
use super::{Place, Stop};
use crate::value::{Kind, Value};

/// A table, its key first.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) key: &'static [(&'static str, Kind)],
    rest: &'static [(&'static str, Kind)],
}

use Kind::{Int, Text};

/// Every table that the log makes.
pub(super) const TABLES: [Table; 13] = [
    Table { name: "developers", key: &[("id", Text)], rest: &[("roles", Text), ("disabled", Int), ("erased_at", Int)] },
    Table { name: "teams", key: &[("id", Text)], rest: &[("name", Text)] },
    Table { name: "projects", key: &[("id", Text)], rest: &[("name", Text)] },
    Table {
        name: "sessions",
        key: &[("id", Text)],
        rest: &[
            ("parent", Text),
            ("developer", Text),
            ("project", Text),
            ("team", Text),
            ("profile", Text),
            ("token", Text),
            ("opened_at", Int),
            ("expires_at", Int),
            ("beats", Int),
            ("budget", Int),
            ("agent", Text),
            ("status", Text),
            ("over_at", Int),
            ("over_how", Text),
        ],
    },
    Table {
        name: "calls",
        key: &[("id", Text)],
        rest: &[
            ("session", Text),
            ("developer", Text),
            ("project", Text),
            ("team", Text),
            ("model", Text),
            ("node", Text),
            ("reserved_at", Int),
            ("hold", Int),
            ("client_session", Text),
            ("agent", Text),
            ("user_agent", Text),
            ("request", Text),
            ("reserved_position", Int),
            ("settled_at", Int),
            ("settled_position", Int),
            ("outcome", Text),
            ("cost", Int),
            ("list", Int),
            ("quality", Text),
            ("unpriced", Int),
            ("model_served", Text),
            ("status", Int),
            ("upstream", Text),
            ("upstream_request", Text),
            ("input_tokens", Int),
            ("cache_write_5m_tokens", Int),
            ("cache_write_1h_tokens", Int),
            ("cache_read_tokens", Int),
            ("output_tokens", Int),
            ("web_searches", Int),
        ],
    },
    Table {
        name: "cost_hourly",
        key: &[("hour", Int), ("developer", Text), ("project", Text), ("team", Text), ("model", Text)],
        rest: SUMS,
    },
    Table { name: "session_cost", key: &[("session", Text)], rest: SUMS },
    Table { name: "artifacts", key: &[("value", Text), ("kind", Text), ("session", Text)], rest: &[("position", Int)] },
    Table {
        name: "brokers",
        key: &[("name", Text)],
        rest: &[("kind", Text), ("settings", Text), ("revision", Int), ("is_on", Int)],
    },
    Table {
        name: "credentials",
        key: &[("id", Text)],
        rest: &[
            ("session", Text),
            ("sequence", Int),
            ("project", Text),
            ("broker", Text),
            ("target", Text),
            ("granted_to", Text),
            ("scope", Text),
            ("public_key", Text),
            ("requested_at", Int),
            ("expires_at", Int),
            ("issued_at", Int),
            ("names", Text),
            ("stalled", Text),
            ("over_at", Int),
            ("over_how", Text),
        ],
    },
    Table {
        name: "locks",
        key: &[("ticket", Text)],
        rest: &[
            ("holder", Text),
            ("wants", Text),
            ("priority", Text),
            ("intent", Text),
            ("asked_at", Int),
            ("granted_at", Int),
            ("token", Int),
            ("over_at", Int),
            ("over_how", Text),
        ],
    },
    Table {
        name: "lock_holders",
        key: &[("resource", Text), ("holder", Text)],
        rest: &[("ticket", Text), ("token", Int)],
    },
    Table {
        name: "writes",
        key: &[("position", Int)],
        rest: &[
            ("resource", Text),
            ("session", Text),
            ("at", Int),
            ("before", Text),
            ("after", Text),
            ("intent", Text),
        ],
    },
];

const SUMS: &[(&str, Kind)] = &[
    ("calls", Int),
    ("cost", Int),
    ("list", Int),
    ("held", Int),
    ("estimated", Int),
    ("unpriced", Int),
    ("input_tokens", Int),
    ("cache_write_5m_tokens", Int),
    ("cache_write_1h_tokens", Int),
    ("cache_read_tokens", Int),
    ("output_tokens", Int),
    ("web_searches", Int),
];

// === impl Table ===

impl Table {
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, Kind)> {
        self.key.iter().chain(self.rest).copied()
    }

    pub(super) fn width(&self) -> usize {
        self.key.len() + self.rest.len()
    }

    /// The key's columns, and whether each is a text.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&'static str, bool)> {
        self.key.iter().map(|(name, kind)| (*name, *kind == Kind::Text))
    }

    pub(super) fn columns(&self) -> String {
        self.all().map(|(name, _)| name).collect::<Vec<_>>().join(", ")
    }

    fn row(&self, row: &Cells, column: Option<&'static str>) -> Place {
        Place::Row { table: self.name, key: key_text(&row[..self.key.len()]), column }
    }
}

/// Compares a table with the one that the log makes; returns how many rows it has.
pub(super) async fn compare(table: &'static Table, live: &mut Reader, made: &mut Reader) -> Result<u64, Stop> {
    let mut live = Cursor::open(table, live).await?;
    let mut made = Cursor::open(table, made).await?;
    let mut rows = 0;
    loop {
        let (found, expected) = match (live.next().await?, made.next().await?) {
            (None, None) => return Ok(rows),
            (Some(found), None) => return Err(Stop::found(table.row(&found, None), NOT_MADE)),
            (None, Some(expected)) => return Err(Stop::found(table.row(&expected, None), MISSING)),
            (Some(found), Some(expected)) => (found, expected),
        };
        match compare_keys(table, &found, &expected) {
            Ordering::Less => return Err(Stop::found(table.row(&found, None), NOT_MADE)),
            Ordering::Greater => return Err(Stop::found(table.row(&expected, None), MISSING)),
            Ordering::Equal => {}
        }
        let differs = table.all().zip(found.iter().zip(&expected)).find(|(_, (found, expected))| found != expected);
        if let Some(((column, _), (has, makes))) = differs {
            let what = format!("it is {}, and the log makes it {}", cell_text(has), cell_text(makes));
            return Err(Stop::found(table.row(&found, Some(column)), what));
        }
        rows += 1;
    }
}

const NOT_MADE: &str = "the log makes no such row";
const MISSING: &str = "the row is missing";

fn compare_keys(table: &Table, one: &Cells, other: &Cells) -> Ordering {
    let pairs = one.iter().zip(other).take(table.key.len());
    pairs.map(|pair| compare_cells(pair.0, pair.1)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

fn compare_cells(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Int(one), Value::Int(other)) => one.cmp(other),
        (Value::Text(one), Value::Text(other)) => one.cmp(other),
        (Value::Blob(one), Value::Blob(other)) => one.cmp(other),
        // Columns of one table are of one kind.
        _ => Ordering::Equal,
    }
}
