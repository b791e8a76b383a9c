//! Inserting many rows with few statements: chunks of fixed sizes, so that every connection prepares each text once.

use std::sync::{Arc, OnceLock};

use sqlx::AssertSqlSafe;

use crate::StoreError;
use crate::conn::Conn;
use crate::pool::Engine;
use crate::value::Value;

/// Rows per statement, largest first: powers of two, so that any rest takes at most eight statements.
const CHUNKS: [usize; 9] = [256, 128, 64, 32, 16, 8, 4, 2, 1];

/// A multi-row `INSERT`: what stands before the values, how many columns a row has, and what stands after.
pub(crate) struct Bulk {
    head: &'static str,
    columns: usize,
    tail: &'static str,
    sqlite: [OnceLock<Arc<str>>; CHUNKS.len()],
    postgres: [OnceLock<Arc<str>>; CHUNKS.len()],
}

impl Bulk {
    /// `head` ends with `VALUES`; `tail` is an `ON CONFLICT` clause or empty.
    pub(crate) const fn new(head: &'static str, columns: usize, tail: &'static str) -> Self {
        Self {
            head,
            columns,
            tail,
            sqlite: [const { OnceLock::new() }; CHUNKS.len()],
            postgres: [const { OnceLock::new() }; CHUNKS.len()],
        }
    }

    /// Inserts rows given one after the other. A statement must not meet the same key twice: aggregate before.
    pub(crate) async fn insert(&self, conn: &mut Conn, values: Vec<Value>) -> Result<(), StoreError> {
        debug_assert_eq!(values.len() % self.columns, 0, "{}", self.head);
        let mut rows = values.len() / self.columns;
        let mut values = values.into_iter();
        for (index, &chunk) in CHUNKS.iter().enumerate() {
            while rows >= chunk {
                let part = values.by_ref().take(chunk * self.columns).collect();
                conn.execute(AssertSqlSafe(self.text(conn.engine(), index)), part).await?;
                rows -= chunk;
            }
        }
        Ok(())
    }

    fn text(&self, engine: Engine, index: usize) -> Arc<str> {
        let texts = match engine {
            Engine::Sqlite => &self.sqlite,
            Engine::Postgres => &self.postgres,
        };
        texts[index].get_or_init(|| self.compose(engine, CHUNKS[index]).into()).clone()
    }

    /// SQLite gets `?` instead of `$7`: it finds named parameters by walking a list, and a chunk has thousands.
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
