//! Plain tables: columns as wide as their widest cell, two spaces apart, nothing cut off.

use super::clean;

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Aligned left.
    Text(String),
    /// Aligned right.
    Number(String),
}

/// A table with a header.
#[derive(Debug)]
pub(crate) struct Table {
    header: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

impl Cell {
    /// A text cell; control characters become spaces.
    pub(crate) fn text(text: impl AsRef<str>) -> Self {
        Self::Text(clean(text.as_ref()))
    }

    /// A number cell.
    pub(crate) fn number(number: impl ToString) -> Self {
        Self::Number(number.to_string())
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(text) => text,
        }
    }
}

impl Table {
    /// An empty table.
    pub(crate) fn new<S: Into<String>>(header: impl IntoIterator<Item = S>) -> Self {
        Self { header: header.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Adds a row with one cell for each column.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table as text, one line per row; a column of numbers has its header on the right as well.
    pub(crate) fn render(&self) -> String {
        let header = self.header.iter().enumerate().map(|(index, title)| {
            let numbers = self.rows.first().is_some_and(|row| matches!(row.get(index), Some(Cell::Number(_))));
            if numbers { Cell::Number(title.clone()) } else { Cell::Text(title.clone()) }
        });
        let header: Vec<Cell> = header.collect();
        let mut text = String::new();
        for row in std::iter::once(&header).chain(&self.rows) {
            text.push_str(self.line(row).trim_end());
            text.push('\n');
        }
        text
    }

    fn line(&self, row: &[Cell]) -> String {
        let cells = row.iter().enumerate().map(|(index, cell)| {
            let width = self.width(index);
            match cell {
                Cell::Text(text) => format!("{text:<width$}"),
                Cell::Number(text) => format!("{text:>width$}"),
            }
        });
        cells.collect::<Vec<_>>().join("  ")
    }

    fn width(&self, column: usize) -> usize {
        let title = self.header.get(column).map_or(0, |title| title.chars().count());
        let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.as_str().chars().count());
        cells.max().unwrap_or(0).max(title)
    }
}
