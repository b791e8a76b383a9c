//! Full tiles of the Merkle tree: what proofs are made from without reading the log.
//!
//! They follow the log, a moment behind it, and can be made again from the leaf hashes at any time. What a tile means is
//! the ledger's affair: here it is 256 hashes of 32 bytes and the hash of the subtree they cover.

use domain::Digest;

use crate::bulk::Bulk;
use crate::limits::TILE_ROWS_MAX;
use crate::row::Row;
use crate::value::Value;
use crate::{Store, StoreError};

/// One full tile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileRow {
    /// Its level: 0 is made of leaf hashes, each other one of the roots of the tiles below.
    pub level: u8,
    /// Its place in its level, counted from 0.
    pub number: u64,
    /// The hash of the subtree it covers.
    pub root: Digest,
    /// Its 256 hashes, one after the other.
    pub hashes: Vec<u8>,
}

/// Two nodes that write the same tile write the same hashes.
static INSERT: Bulk =
    Bulk::new("INSERT INTO tiles (level, number, root, hashes) VALUES", 4, "ON CONFLICT (level, number) DO NOTHING");

impl Store {
    /// Keeps full tiles; one that is there already stays as it is.
    ///
    /// # Errors
    /// The database failed.
    pub async fn put_tiles(&self, tiles: Vec<TileRow>) -> Result<(), StoreError> {
        let mut values = Vec::with_capacity(tiles.len() * 4);
        for tile in tiles {
            values.push(Value::from(i64::from(tile.level)));
            values.push(Value::count(tile.number));
            values.push(tile.root.as_bytes().to_vec().into());
            values.push(tile.hashes.into());
        }
        let mut conn = self.pool.write().await?;
        conn.begin().await?;
        conn.insert_ahead(&INSERT, values).await?;
        conn.commit_ahead(false).await?.durable().await
    }

    /// A full tile.
    ///
    /// # Errors
    /// The database failed.
    pub async fn tile(&self, level: u8, number: u64) -> Result<Option<TileRow>, StoreError> {
        let sql = "SELECT root, hashes FROM tiles WHERE level = $1 AND number = $2";
        let rows = self.fetch(sql, vec![i64::from(level).into(), Value::count(number)]).await?;
        let read = |row: &Row| Ok(TileRow { level, number, root: digest(row, 0)?, hashes: row.blob(1)? });
        rows.first().map(read).transpose()
    }

    /// The roots of full tiles from one on, in order, as far as there are any without a gap; at most 256.
    ///
    /// # Errors
    /// The database failed.
    pub async fn tile_roots(&self, level: u8, from: u64, count: usize) -> Result<Vec<Digest>, StoreError> {
        let sql = "SELECT number, root FROM tiles WHERE level = $1 AND number >= $2 ORDER BY number LIMIT $3";
        let limit = Value::count(count.min(TILE_ROWS_MAX) as u64);
        let rows = self.fetch(sql, vec![i64::from(level).into(), Value::count(from), limit]).await?;
        let mut roots = Vec::with_capacity(rows.len());
        for (row, expected) in rows.iter().zip(from..) {
            if row.count(0)? != expected {
                break;
            }
            roots.push(digest(row, 1)?);
        }
        Ok(roots)
    }

    /// How many tiles of a level there are: the number of the one after the last.
    ///
    /// # Errors
    /// The database failed.
    pub async fn tiles_of_level(&self, level: u8) -> Result<u64, StoreError> {
        let sql = "SELECT COALESCE(MAX(number) + 1, 0) FROM tiles WHERE level = $1";
        let rows = self.fetch(sql, vec![i64::from(level).into()]).await?;
        rows.first().map_or(Ok(0), |row| row.count(0))
    }

    /// Leaf hashes of entries from a position on, in order; at most [`crate::limits::ENTRIES_PER_READ_MAX`]. A gap is an
    /// error: the log has none.
    ///
    /// # Errors
    /// The database failed, or the log has a gap.
    pub async fn leaves(&self, from: u64, count: usize) -> Result<Vec<Digest>, StoreError> {
        let sql = "SELECT position, leaf FROM entries WHERE position >= $1 ORDER BY position LIMIT $2";
        let limit = Value::count(count.min(crate::limits::ENTRIES_PER_READ_MAX) as u64);
        let rows = self.fetch(sql, vec![Value::count(from), limit]).await?;
        let mut leaves = Vec::with_capacity(rows.len());
        for (row, expected) in rows.iter().zip(from..) {
            if row.count(0)? != expected {
                return Err(StoreError::corrupt(format!("entry {expected} is missing")));
            }
            leaves.push(row.parse(1)?);
        }
        Ok(leaves)
    }

    /// The position after the newest entry; 0 in an empty log.
    ///
    /// # Errors
    /// The database failed.
    pub async fn next_position(&self) -> Result<u64, StoreError> {
        let rows = self.fetch("SELECT COALESCE(MAX(position) + 1, 0) FROM entries", Vec::new()).await?;
        rows.first().map_or(Ok(0), |row| row.count(0))
    }
}

fn digest(row: &Row, column: usize) -> Result<Digest, StoreError> {
    let bytes: [u8; 32] = row.blob(column)?.try_into().map_err(|_| StoreError::corrupt("a hash has not 32 bytes"))?;
    Ok(Digest::from_bytes(bytes))
}
