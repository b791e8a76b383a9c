//! What a connection is told, and what it answers.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Statement};
use sqlx::SqlStr;

use crate::StoreError;
use crate::value::Value;

/// One row of an answer.
pub(crate) type Cells = Vec<Cell>;

/// One column of a row, as it was found: what a stranger put there as a text need not be one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

/// One thing to do.
#[derive(Debug)]
pub(crate) enum Step {
    /// Statements without arguments, separated by semicolons.
    Script(SqlStr),
    /// One statement with `$1`… placeholders.
    Statement { sql: SqlStr, values: Vec<Value> },
    /// One statement with `?` placeholders, for each row of so many values.
    Rows { sql: SqlStr, columns: usize, values: Vec<Value> },
    /// A query that must find a row: where it finds none, the rest is not to be done.
    Guard { sql: SqlStr, values: Vec<Value> },
    /// Undoes the open transaction, if there is one.
    Rollback,
}

/// What came of the last step.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// How many rows it changed.
    pub(crate) changed: u64,
    /// What it found.
    pub(crate) rows: Vec<Cells>,
    /// The commit that was made, where commits are synced apart; 0 for none.
    pub(crate) commit: u64,
}

/// The database refused a step; those after it were not tried.
#[derive(Debug)]
pub(crate) struct Refused {
    /// Why.
    pub(crate) error: rusqlite::Error,
    /// Whether it was the last of the list.
    pub(crate) at_last: bool,
}

/// What came of a list of steps: an error of its own where nothing came of it.
pub(super) type Answer = Result<Result<Done, Refused>, StoreError>;

/// Does some steps, in order, up to the first that fails.
pub(super) fn run(conn: &Connection, steps: Vec<Step>) -> Result<Done, Refused> {
    let mut done = Done::default();
    let mut left = steps.len();
    for step in steps {
        left -= 1;
        done = step.run(conn).map_err(|error| Refused { error, at_last: left == 0 })?;
    }
    Ok(done)
}

impl Step {
    fn run(self, conn: &Connection) -> rusqlite::Result<Done> {
        match self {
            Self::Script(sql) => conn.execute_batch(sql.as_str()).map(|()| Done::default()),
            Self::Statement { sql, values } => {
                let mut statement = conn.prepare_cached(sql.as_str())?;
                bind_by_name(&mut statement, &values)?;
                let rows = all_rows(&mut statement)?;
                Ok(Done { changed: conn.changes(), rows, commit: 0 })
            }
            Self::Rows { sql, columns, values } => {
                let mut statement = conn.prepare_cached(sql.as_str())?;
                for row in values.chunks_exact(columns.max(1)) {
                    for (at, value) in (1..).zip(row) {
                        bind(&mut statement, at, value)?;
                    }
                    statement.raw_execute()?;
                }
                Ok(Done::default())
            }
            Self::Guard { sql, values } => {
                let mut statement = conn.prepare_cached(sql.as_str())?;
                bind_by_name(&mut statement, &values)?;
                match statement.raw_query().next()? {
                    Some(_) => Ok(Done::default()),
                    None => Err(rusqlite::Error::QueryReturnedNoRows),
                }
            }
            Self::Rollback if conn.is_autocommit() => Ok(Done::default()),
            Self::Rollback => conn.execute_batch("ROLLBACK").map(|()| Done::default()),
        }
    }
}

impl From<ValueRef<'_>> for Cell {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Real(number) => Self::Real(number),
            ValueRef::Text(bytes) => Self::Text(bytes.to_vec()),
            ValueRef::Blob(bytes) => Self::Blob(bytes.to_vec()),
        }
    }
}

impl<'a> From<&'a Cell> for ValueRef<'a> {
    fn from(cell: &'a Cell) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Integer(number) => Self::Integer(*number),
            Cell::Real(number) => Self::Real(*number),
            Cell::Text(bytes) => Self::Text(bytes),
            Cell::Blob(bytes) => Self::Blob(bytes),
        }
    }
}

fn all_rows(statement: &mut Statement<'_>) -> rusqlite::Result<Vec<Cells>> {
    let columns = statement.column_count();
    let mut rows = statement.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((0..columns).map(|column| row.get_ref(column).map(Cell::from)).collect::<Result<_, _>>()?);
    }
    Ok(found)
}

/// SQLite takes `$2` for a name and numbers names as it meets them, so `$2` may well be the first.
fn bind_by_name(statement: &mut Statement<'_>, values: &[Value]) -> rusqlite::Result<()> {
    for at in 1..=statement.parameter_count() {
        let number = statement.parameter_name(at).and_then(|name| name.strip_prefix('$')?.parse().ok()).unwrap_or(at);
        let value = number.checked_sub(1).and_then(|index| values.get(index));
        let missing = rusqlite::Error::InvalidParameterCount(values.len(), number);
        bind(statement, at, value.ok_or(missing)?)?;
    }
    Ok(())
}

fn bind(statement: &mut Statement<'_>, at: usize, value: &Value) -> rusqlite::Result<()> {
    match value {
        Value::Int(value) => statement.raw_bind_parameter(at, value),
        Value::Text(value) => statement.raw_bind_parameter(at, value),
        Value::Blob(value) => statement.raw_bind_parameter(at, value),
    }
}
