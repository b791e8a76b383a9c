//! Inserting many rows: on PostgreSQL with few statements, in chunks of fixed sizes, so that every connection prepares each
//! text once.

use std::sync::{Arc, OnceLock};

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::pool::Engine;
use crate::sqlite::Step;
use crate::value::Value;

/// Rows per statement, largest first: powers of two, so that any rest takes at most eight statements.
const CHUNKS: [usize; 9] = [256, 128, 64, 32, 16, 8, 4, 2, 1];

/// A multi-row `INSERT`: what stands before the values, how many columns a row has, and what stands after.
pub(crate) struct Bulk {
    head: &'static str,
    columns: usize,
    tail: &'static str,
    sqlite: OnceLock<Arc<str>>,
    postgres: [OnceLock<Arc<str>>; CHUNKS.len()],
}

impl Bulk {
    /// `head` ends with `VALUES`; `tail` is an `ON CONFLICT` clause or empty.
    pub(crate) const fn new(head: &'static str, columns: usize, tail: &'static str) -> Self {
        Self { head, columns, tail, sqlite: OnceLock::new(), postgres: [const { OnceLock::new() }; CHUNKS.len()] }
    }

    /// For SQLite, which runs a statement a thousand times without leaving its thread: one row at a time.
    pub(crate) fn step(&self, values: Vec<Value>) -> Step {
        debug_assert_eq!(values.len() % self.columns, 0, "{}", self.head);
        let sql = self.sqlite.get_or_init(|| self.compose(Engine::Sqlite, 1).into()).clone();
        Step::Rows { sql: AssertSqlSafe(sql).into_sql_str(), columns: self.columns, values }
    }

    /// For PostgreSQL, where every statement is a way there and back: few statements with many rows each.
    pub(crate) fn chunks(&self, values: Vec<Value>) -> impl Iterator<Item = (SqlStr, Vec<Value>)> {
        debug_assert_eq!(values.len() % self.columns, 0, "{}", self.head);
        let mut rows = values.len() / self.columns;
        let mut values = values.into_iter();
        std::iter::from_fn(move || {
            let (index, chunk) = CHUNKS.iter().enumerate().find(|(_, chunk)| **chunk <= rows)?;
            rows -= chunk;
            let sql = self.postgres[index].get_or_init(|| self.compose(Engine::Postgres, *chunk).into()).clone();
            Some((AssertSqlSafe(sql).into_sql_str(), values.by_ref().take(chunk * self.columns).collect()))
        })
    }

    fn compose(&self, engine: Engine, rows: usize) -> String {
        let mut text = String::with_capacity(self.head.len() + rows * self.columns * 6 + self.tail.len());
        text.push_str(self.head);
        for row in 0..rows {
            text.push_str(if row == 0 { " (" } else { ", (" });
            for column in 0..self.columns {
                let comma = if column == 0 { "" } else { ", " };
                text.push_str(comma);
                match engine {
                    Engine::Sqlite => text.push('?'),
                    Engine::Postgres => text.push_str(&format!("${}", row * self.columns + column + 1)),
                }
            }
            text.push(')');
        }
        text.push(' ');
        text.push_str(self.tail);
        text
    }
}

#[cfg(test)]
mod tests;
