//! Going over a table in the order of its key, which both engines agree on: by bytes.

use super::reader::Reader;
use super::tables::Table;
use super::{Place, Stop};
use crate::conn::composed;
use crate::limits::CHECK_ROWS;
use crate::pool::Engine;
use crate::value::Value;

/// A row: its key's columns, then the others.
pub(super) type Cells = Vec<Value>;

/// The rows of a table that were not looked at yet.
pub(super) struct Cursor<'a> {
    table: &'static Table,
    reader: &'a mut Reader,
    /// Rows that were fetched, the next one last.
    fetched: Vec<Cells>,
    last: Option<Cells>,
    at_end: bool,
}

// === impl Cursor ===

impl<'a> Cursor<'a> {
    pub(super) async fn open(table: &'static Table, reader: &'a mut Reader) -> Result<Self, Stop> {
        if reader.engine() == Engine::Postgres {
            // Sorted once, and by bytes: the database's own order of texts is that of a language.
            let keys: Vec<_> = table
                .keys()
                .map(|(name, is_text)| if is_text { format!("{name} COLLATE \"C\"") } else { name.to_owned() })
                .collect();
            let (name, columns) = (table.name, table.columns());
            let declare = format!(
                "DECLARE check_{name} NO SCROLL CURSOR FOR SELECT {columns} FROM {name} ORDER BY {}",
                keys.join(", ")
            );
            reader.script(composed(declare)).await?;
        }
        Ok(Self { table, reader, fetched: Vec::new(), last: None, at_end: false })
    }

    /// The next row; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Cells>, Stop> {
        if self.fetched.is_empty() && !self.at_end {
            self.fetch().await?;
        }
        Ok(self.fetched.pop())
    }

    async fn fetch(&mut self) -> Result<(), Stop> {
        let (sql, values) = match self.reader.engine() {
            Engine::Postgres => (format!("FETCH {CHECK_ROWS} FROM check_{}", self.table.name), Vec::new()),
            Engine::Sqlite => self.after_last(),
        };
        let rows = self.reader.fetch(composed(sql), values).await?;
        self.at_end = rows.len() < CHECK_ROWS;
        for row in &rows {
            let mut cells = Vec::with_capacity(self.table.width());
            for (at, (column, kind)) in self.table.all().enumerate() {
                match row.value(at, kind) {
                    Ok(value) => cells.push(value),
                    Err(_) => {
                        let key = key_text(&cells[..at.min(self.table.key.len())]);
                        let place = Place::Row { table: self.table.name, key, column: Some(column) };
                        return Err(Stop::found(place, "it cannot be read"));
                    }
                }
            }
            self.fetched.push(cells);
        }
        self.last = self.fetched.last().cloned().or(self.last.take());
        self.fetched.reverse();
        Ok(())
    }

    /// The page after the last row, found by the primary key.
    fn after_last(&self) -> (String, Vec<Value>) {
        let names: Vec<_> = self.table.key.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        let (table, columns) = (self.table.name, self.table.columns());
        let mut values = self.last.clone().unwrap_or_default();
        values.truncate(self.table.key.len());
        let marks: Vec<_> = (1..=values.len()).map(|number| format!("${number}")).collect();
        let after = if marks.is_empty() { String::new() } else { format!("WHERE ({names}) > ({})", marks.join(", ")) };
        (format!("SELECT {columns} FROM {table} {after} ORDER BY {names} LIMIT {CHECK_ROWS}"), values)
    }
}

/// A key for people's eyes.
pub(super) fn key_text(key: &[Value]) -> String {
    key.iter().map(cell_text).collect::<Vec<_>>().join(" ")
}

/// A value for people's eyes: texts may be strangers'.
pub(super) fn cell_text(value: &Value) -> String {
    match value {
        Value::Int(Some(number)) => number.to_string(),
        Value::Text(Some(text)) if text.is_empty() => "''".to_owned(),
        Value::Text(Some(text)) => text.escape_debug().to_string(),
        Value::Blob(Some(bytes)) => format!("{} bytes", bytes.len()),
        Value::Int(None) | Value::Text(None) | Value::Blob(None) => "nothing".to_owned(),
    }
}
