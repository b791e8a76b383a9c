//! The right edge of a tree in the form that a publisher of tiles needs.

use domain::Digest;

use crate::limits::TREE_SIZE_MAX;
use crate::proof::ProofError;
use crate::tile::{TILE_WIDTH, Tile, levels, partial_tiles};
use crate::tile_set::TileSet;
use crate::tree::{Frontier, perfect_root, perfect_roots};

/// A tile with its hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashTile {
    /// Where it lies.
    pub tile: Tile,
    /// As many as it is wide.
    pub hashes: Vec<Digest>,
}

/// The tiles of a tree that are not full yet. Every leaf is pushed once, and every full tile comes out once.
///
/// At most 255 hashes at each of eight levels: 64 kB. Where only a root is wanted, [`Frontier`] is the smaller thing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RightEdge {
    size: u64,
    levels: Vec<Vec<Digest>>,
}

// === impl HashTile ===

impl HashTile {
    /// The hash of the subtree that a full tile covers: what stands for it one level up.
    pub fn root(&self) -> Digest {
        perfect_root(&self.hashes)
    }
}

// === impl RightEdge ===

impl RightEdge {
    /// The edge of the tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// The edge of a tree that exists, from its partial tiles: fetch those that [`partial_tiles`] names.
    ///
    /// # Errors
    /// A tile is missing. Whether the hashes are right only a checkpoint can tell: compare [`Self::root`].
    pub fn from_tiles(size: u64, tiles: &TileSet) -> Result<Self, ProofError> {
        if size > TREE_SIZE_MAX {
            return Err(ProofError::Size { size });
        }
        let mut levels = Vec::new();
        for tile in partial_tiles(size) {
            levels.resize(usize::from(tile.level()), Vec::new());
            levels.push(tiles.get(tile).ok_or(ProofError::MissingTile(tile))?.to_vec());
        }
        Ok(Self { size, levels })
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf, given by its hash. Returns the tiles that it filled, lowest level first: mostly none.
    pub fn push(&mut self, leaf: Digest) -> Vec<HashTile> {
        self.size += 1;
        let mut filled = Vec::new();
        let mut hash = leaf;
        for level in levels() {
            let Some(hashes) = self.add(level, hash) else { break };
            hash = perfect_root(&hashes);
            let index = (self.size >> (8 * u32::from(level))) / u64::from(TILE_WIDTH) - 1;
            // Within range by construction: a full width, and a level that the size has bits for.
            if let Ok(tile) = Tile::new(level, index, TILE_WIDTH) {
                filled.push(HashTile { tile, hashes });
            }
        }
        filled
    }

    /// The tiles that are not full: what a publisher writes beside a checkpoint of this size.
    pub fn partial_tiles(&self) -> Vec<HashTile> {
        let hashes = |tile: &Tile| self.levels.get(usize::from(tile.level())).cloned().unwrap_or_default();
        partial_tiles(self.size).map(|tile| HashTile { hashes: hashes(&tile), tile }).collect()
    }

    /// The same edge in its shortest form.
    pub fn frontier(&self) -> Frontier {
        let roots = self.levels.iter().rev().flat_map(|hashes| perfect_roots(hashes)).collect();
        // The bits of the size, level by level, are the widths of the partial tiles: the parts belong together.
        Frontier::from_parts(self.size, roots).unwrap_or_default()
    }

    /// The root of the tree.
    pub fn root(&self) -> Digest {
        self.frontier().root()
    }

    /// Adds a hash at a level; the level's hashes, taken out, when that was the 256th.
    fn add(&mut self, level: u8, hash: Digest) -> Option<Vec<Digest>> {
        let level = usize::from(level);
        if self.levels.len() <= level {
            self.levels.resize(level + 1, Vec::new());
        }
        let hashes = self.levels.get_mut(level)?;
        hashes.push(hash);
        (hashes.len() == usize::from(TILE_WIDTH)).then(|| std::mem::take(hashes))
    }
}

#[cfg(test)]
mod tests;
