//! Tiles that were fetched, however they were fetched.

use std::collections::BTreeMap;

use domain::Digest;

use crate::tile::{Tile, TileError};

/// Fetched tiles, ready to be read. Nothing in it is trusted: what is computed from it is checked against a root.
///
/// Holds what the caller puts in; a proof plan names at most a few dozen tiles.
#[derive(Debug, Clone, Default)]
pub struct TileSet {
    tiles: BTreeMap<(u8, u64), Vec<Digest>>,
}

// === impl TileSet ===

impl TileSet {
    /// No tiles.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tile's bytes. A full tile serves wherever a partial one of the same place is needed; the wider one is kept.
    ///
    /// # Errors
    /// The bytes are more or fewer than the tile's width takes.
    pub fn insert(&mut self, tile: Tile, bytes: &[u8]) -> Result<(), TileError> {
        let hashes = tile.hashes(bytes)?;
        self.insert_hashes(tile, hashes);
        Ok(())
    }

    /// Adds a tile's hashes as they are. The wider of two for one place is kept.
    pub fn insert_hashes(&mut self, tile: Tile, hashes: Vec<Digest>) {
        let kept = self.tiles.entry((tile.level(), tile.index())).or_default();
        if kept.len() < hashes.len() {
            *kept = hashes;
        }
    }

    /// The hashes of a tile, exactly as many as it is wide; none when it, or a wider one of its place, is not here.
    pub fn get(&self, tile: Tile) -> Option<&[Digest]> {
        self.tiles.get(&(tile.level(), tile.index()))?.get(..usize::from(tile.width()))
    }
}
