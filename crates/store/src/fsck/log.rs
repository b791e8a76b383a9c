//! The log: entries without a gap, each as its bytes say; the tiles over them; the checkpoints that state their root.

use std::collections::VecDeque;

use domain::Digest;
use ledger::{HashTile, SignedCheckpoint, TILE_WIDTH, VerifierKey, Walk, leaf_hash, tile_bytes};

use super::reader::Reader;
use super::{Place, Stop};
use crate::entry::{COLUMNS, columns};
use crate::limits::{CHECK_ROWS, CHECKPOINTS_KEPT};
use crate::row::Row;
use crate::value::{Kind, Value};
use crate::{NewEntry, StoreError};

/// How far the log was checked.
#[derive(Debug, Clone)]
pub(crate) struct LogCheck {
    walk: Walk,
    tiles: u64,
    checkpoints: u64,
    /// Those that are still ahead, the smallest first.
    ahead: VecDeque<SignedCheckpoint>,
    /// The size of the largest checkpoint: up to there all tiles must be written.
    sealed: u64,
}

const KINDS: [Kind; COLUMNS.len()] =
    [Kind::Int, Kind::Int, Kind::Text, Kind::Text, Kind::Text, Kind::Text, Kind::Blob, Kind::Text];

const ENTRIES: &str = "SELECT position, time, type, session, developer, actor, bytes, leaf FROM entries
    WHERE position > $1 ORDER BY position LIMIT $2";

// === impl LogCheck ===

impl LogCheck {
    /// Reads the checkpoints, and stands before the first entry.
    pub(crate) async fn begin(reader: &mut Reader, key: Option<&VerifierKey>) -> Result<Self, Stop> {
        let sql = "SELECT size, note FROM checkpoints ORDER BY size LIMIT $1";
        // One more than are kept: nodes that publish at the same moment each forget on their own.
        let rows = reader.fetch(sql, vec![Value::from(2 * CHECKPOINTS_KEPT)]).await?;
        let mut ahead = VecDeque::with_capacity(rows.len());
        for row in &rows {
            ahead.push_back(checkpoint(row, key)?);
        }
        let sealed = ahead.back().map_or(0, SignedCheckpoint::size);
        let mut check = Self { walk: Walk::new(), tiles: 0, checkpoints: 0, ahead, sealed };
        check.check_root()?;
        Ok(check)
    }

    pub(crate) fn size(&self) -> u64 {
        self.walk.size()
    }

    pub(super) fn root(&self) -> Digest {
        self.walk.root()
    }

    pub(super) fn tiles(&self) -> u64 {
        self.tiles
    }

    pub(super) fn checkpoints(&self) -> u64 {
        self.checkpoints
    }

    /// Checks the next entries, with all that is made of them; none at the end of the log.
    pub(super) async fn page(&mut self, reader: &mut Reader) -> Result<Vec<NewEntry>, Stop> {
        self.page_of(reader, CHECK_ROWS).await
    }

    pub(crate) async fn page_of(&mut self, reader: &mut Reader, rows: usize) -> Result<Vec<NewEntry>, Stop> {
        // From the very first on: a position below 0 is one too many.
        let above = self.size().checked_sub(1).map_or(Value::from(i64::MIN), Value::count);
        let rows = reader.fetch(ENTRIES, vec![above, Value::count(rows as u64)]).await?;
        let mut page = Vec::with_capacity(rows.len());
        for row in &rows {
            page.push(self.entry(reader, row).await?);
        }
        Ok(page)
    }

    async fn entry(&mut self, reader: &mut Reader, row: &Row) -> Result<NewEntry, Stop> {
        let position = self.size();
        let wrong = |what: String| Stop::found(Place::Entry(position), what);
        let found = stored(row).map_err(|column| wrong(format!("its column `{column}` cannot be read")))?;
        if found[0] != Value::count(position) {
            return Err(wrong("it is missing".to_owned()));
        }
        let [.., Value::Blob(Some(bytes)), leaf] = &found else { return Err(wrong("it has no bytes".to_owned())) };
        if *leaf != Value::from(&leaf_hash(bytes)) {
            return Err(wrong("its bytes do not have the leaf hash beside them".to_owned()));
        }
        let bytes = bytes.clone();
        let step = self.walk.step(&bytes).map_err(|error| wrong(error.to_string()))?;
        let new = NewEntry { position, bytes, leaf: step.leaf, entry: step.entry };
        let expected = columns(&new)?;
        let differs = COLUMNS.iter().zip(found.iter().zip(&expected)).find(|(_, (found, expected))| found != expected);
        if let Some((column, _)) = differs {
            return Err(wrong(format!("its column `{column}` is not what its bytes say")));
        }
        for filled in &step.filled {
            self.tile(reader, filled).await?;
        }
        self.check_root()?;
        Ok(new)
    }

    async fn tile(&mut self, reader: &mut Reader, filled: &HashTile) -> Result<(), Stop> {
        let (level, number) = (i64::from(filled.tile.level()), filled.tile.index());
        let place = || Place::Tile { level, number: i64::try_from(number).unwrap_or(i64::MAX) };
        let sql = "SELECT root, hashes FROM tiles WHERE level = $1 AND number = $2";
        let rows = reader.fetch(sql, vec![level.into(), Value::count(number)]).await?;
        let Some(row) = rows.first() else {
            // One above the newest checkpoint may not have been written yet.
            let must_be = filled.tile.is_of_tree(self.sealed);
            return if must_be { Err(Stop::found(place(), "it is missing")) } else { Ok(()) };
        };
        let expected = [filled.root().as_bytes().to_vec(), tile_bytes(&filled.hashes)];
        for (at, (column, expected)) in ["root", "hashes"].iter().zip(expected).enumerate() {
            let found = row.value(at, Kind::Blob);
            if found != Ok(Value::Blob(Some(expected))) {
                return Err(Stop::found(place(), format!("its column `{column}` is not what the entries make it")));
            }
        }
        self.tiles += 1;
        Ok(())
    }

    /// Checks the checkpoint of this very size, if there is one.
    fn check_root(&mut self) -> Result<(), Stop> {
        let Some(next) = self.ahead.front().filter(|next| next.size() == self.size()) else { return Ok(()) };
        if next.root() != self.root() {
            let what = "the root it states is not the one of the entries";
            return Err(Stop::found(place(next.size()), what));
        }
        self.ahead.pop_front();
        self.checkpoints += 1;
        Ok(())
    }

    /// Checks that nothing is said of entries that are not there.
    pub(super) async fn end(&self, reader: &mut Reader) -> Result<(), Stop> {
        if let Some(next) = self.ahead.front() {
            let what = format!("the log ends after {} entries: it was cut off", self.size());
            return Err(Stop::found(place(next.size()), what));
        }
        let mut full = self.size();
        for level in 0..=i64::from(TILE_LEVELS) {
            full /= u64::from(TILE_WIDTH);
            // Above the last level there is nothing at all.
            let full = if level == i64::from(TILE_LEVELS) { 0 } else { full };
            let at_level = if level == i64::from(TILE_LEVELS) { "level < 0 OR level >= $1" } else { "level = $1" };
            let sql = format!(
                "SELECT level, number FROM tiles WHERE ({at_level}) AND (number < 0 OR number >= $2)
                    ORDER BY level, number LIMIT 1"
            );
            let rows = reader.fetch(crate::conn::composed(sql), vec![level.into(), Value::count(full)]).await?;
            if let Some(row) = rows.first() {
                let place = Place::Tile { level: row.int(0)?, number: row.int(1)? };
                return Err(Stop::found(place, "the log has not so many entries"));
            }
        }
        Ok(())
    }
}

/// Levels of tiles that a log can reach.
const TILE_LEVELS: u8 = 8;

fn place(size: u64) -> Place {
    Place::Checkpoint(i64::try_from(size).unwrap_or(i64::MAX))
}

/// The columns of an entry as they are stored; or the name of one that holds something else.
fn stored(row: &Row) -> Result<[Value; COLUMNS.len()], &'static str> {
    let mut values = KINDS.map(|_| Value::Int(None));
    for (at, value) in values.iter_mut().enumerate() {
        *value = row.value(at, KINDS[at]).map_err(|_: StoreError| COLUMNS[at])?;
    }
    Ok(values)
}

/// Reads a checkpoint, and checks its signature if the key is known.
fn checkpoint(row: &Row, key: Option<&VerifierKey>) -> Result<SignedCheckpoint, Stop> {
    let size = row.int(0)?;
    let wrong = |what: String| Stop::found(Place::Checkpoint(size), what);
    let note = row.value(1, Kind::Text).ok().and_then(|note| match note {
        Value::Text(note) => note,
        _ => None,
    });
    let note = note.ok_or_else(|| wrong("its note cannot be read".to_owned()))?;
    let signed = match key {
        Some(key) => SignedCheckpoint::open(note.as_bytes(), key),
        None => SignedCheckpoint::parse(note.as_bytes()),
    };
    let signed = signed.map_err(|error| wrong(error.to_string()))?;
    if Value::count(signed.size()) != Value::from(size) {
        return Err(wrong(format!("its note is of size {}", signed.size())));
    }
    Ok(signed)
}
