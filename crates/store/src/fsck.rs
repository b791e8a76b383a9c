//! Checking a whole database: the log as its bytes say, the tiles and checkpoints made of it, and the read tables as the
//! log makes them. Reads only, sees one moment, and runs beside a server.
//!
//! It believes nothing in the database but the log's signature, and that only when it is told the log's key: whoever can
//! write all tables and cuts off the log with its checkpoints is caught by a witness, or by a client that remembers.

mod cursor;
pub(crate) mod log;
pub(crate) mod reader;
mod tables;

use std::fmt;
use std::path::PathBuf;

use domain::Digest;
use ledger::VerifierKey;

use self::log::LogCheck;
use self::reader::Reader;
use crate::{Append, DatabaseUrl, NewEntry, Options, Store, StoreError, Synchronous};

/// What to check, and with what.
#[derive(Debug, Clone)]
pub struct FsckOptions {
    /// The database.
    pub url: DatabaseUrl,
    /// The log's key: without it the signatures of checkpoints are not checked.
    pub log: Option<VerifierKey>,
    /// An empty folder that is thrown away afterwards: the read tables are made there anew, and take as much room as in
    /// the database.
    pub scratch: PathBuf,
}

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FsckReport {
    /// Entries that were found good.
    pub entries: u64,
    /// The root of the tree over them.
    pub root: Digest,
    /// Full tiles that were found good.
    pub tiles: u64,
    /// Checkpoints that state the log's root at their size.
    pub checkpoints: u64,
    /// Read tables that were found to be as the log makes them, with their rows.
    pub tables: Vec<(&'static str, u64)>,
    /// The first thing that is wrong; nothing below it was looked at.
    pub finding: Option<Finding>,
}

/// Something wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub place: Place,
    /// What, as it reads after the place.
    pub what: String,
}

/// Where something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An entry, by its position.
    Entry(u64),
    /// A tile.
    Tile {
        /// Its level.
        level: i64,
        /// Its place in its level.
        number: i64,
    },
    /// A checkpoint, by its size.
    Checkpoint(i64),
    /// A row of a read table.
    Row {
        /// The table.
        table: &'static str,
        /// Its key, the columns with a space between.
        key: String,
        /// The column, if it is about one.
        column: Option<&'static str>,
    },
}

/// Why a check does not go on.
#[derive(Debug)]
pub(crate) enum Stop {
    Found(Finding),
    Failed(StoreError),
}

/// Checks a database and says the first thing that is wrong with it. `progress` hears how many entries were read.
///
/// # Errors
/// The database cannot be read, or the scratch folder not be written.
pub async fn fsck(options: &FsckOptions, progress: impl Fn(u64)) -> Result<FsckReport, StoreError> {
    let mut report =
        FsckReport { entries: 0, root: Digest::of(&[]), tiles: 0, checkpoints: 0, tables: Vec::new(), finding: None };
    let mut reader = Reader::open(&options.url).await?;
    match check(options, &mut reader, &mut report, progress).await {
        Ok(()) => {}
        Err(Stop::Found(finding)) => report.finding = Some(finding),
        Err(Stop::Failed(error)) => return Err(error),
    }
    Ok(report)
}

async fn check(
    options: &FsckOptions,
    reader: &mut Reader,
    report: &mut FsckReport,
    progress: impl Fn(u64),
) -> Result<(), Stop> {
    let url = DatabaseUrl::Sqlite(options.scratch.join("read-tables.db"));
    let scratch = Options { synchronous: Synchronous::Normal, ..Options::new(url.clone()) };
    let scratch = Store::open(&scratch).await?;
    let mut log = LogCheck::begin(reader, options.log.as_ref()).await?;
    loop {
        let page = log.page(reader).await;
        (report.entries, report.root) = (log.size(), log.root());
        (report.tiles, report.checkpoints) = (log.tiles(), log.checkpoints());
        let page = page?;
        if page.is_empty() {
            break;
        }
        replay(&scratch, &page).await?;
        progress(report.entries);
    }
    log.end(reader).await?;
    scratch.close().await;
    let mut scratch = Reader::open(&url).await?;
    for table in &tables::TABLES {
        let rows = tables::compare(table, reader, &mut scratch).await?;
        report.tables.push((table.name, rows));
    }
    Ok(())
}

/// The columns that are compared of a table, sorted; none for another table.
#[cfg(test)]
pub(crate) fn compared_columns(name: &str) -> Option<Vec<&'static str>> {
    let table = tables::TABLES.iter().find(|table| table.name == name)?;
    let mut columns: Vec<_> = table.all().map(|(name, _)| name).collect();
    columns.sort_unstable();
    Some(columns)
}

/// Makes the read tables' rows, by the very transaction that made those of the database.
async fn replay(scratch: &Store, page: &[NewEntry]) -> Result<(), Stop> {
    let replay = async |append: &mut Append<'_>| append.insert(page, &[]).await;
    let mut append = scratch.begin_append().await?;
    match replay(&mut append).await {
        Ok(()) => Ok(append.commit().await?),
        Err(StoreError::Corrupt { what }) => {
            let place = Place::Entry(page.first().map_or(0, |entry| entry.position));
            let what = format!("it, or one of the {} below it, cannot have been appended: {what}", page.len() - 1);
            Err(Stop::Found(Finding { place, what }))
        }
        Err(error) => Err(error.into()),
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl Stop {
    fn found(place: Place, what: impl Into<String>) -> Self {
        Self::Found(Finding { place, what: what.into() })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(position) => write!(f, "entry {position}"),
            Self::Tile { level, number } => write!(f, "tile {number} of level {level}"),
            Self::Checkpoint(size) => write!(f, "checkpoint of size {size}"),
            Self::Row { table, key, column: Some(column) } => write!(f, "table {table}, row {key}, column {column}"),
            Self::Row { table, key, column: None } => write!(f, "table {table}, row {key}"),
        }
    }
}
