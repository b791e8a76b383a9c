//! The log's tree as the notary keeps it: its right edge in memory, its full tiles in the store.

use domain::Digest;
use ledger::{HashTile, ProofPlan, RightEdge, TILE_WIDTH, TileSet, merkle_root, partial_tiles, tile_bytes};
use store::{Store, TileRow};

use super::{NotaryError, broken};
use crate::limits::CATCH_UP_ENTRIES_MAX;
use crate::operations::proof;

/// The tree of the entries read so far.
pub(super) struct Tree {
    edge: RightEdge,
}

impl Tree {
    /// The tree up to the last full tile of leaves. A crash between two levels leaves the upper one behind: it is made up.
    pub(super) async fn restore(store: &Store) -> Result<Self, NotaryError> {
        let width = u64::from(TILE_WIDTH);
        let leaves = store.tiles_of_level(0).await? * width;
        let mut level = 0;
        let mut below = leaves / width;
        while below > 0 {
            let have = store.tiles_of_level(level + 1).await?;
            for number in have..below / width {
                let roots = store.tile_roots(level, number * width, TILE_WIDTH.into()).await?;
                store.put_tiles(vec![row(level + 1, number, &roots)]).await?;
            }
            (level, below) = (level + 1, below / width);
        }
        let mut tiles = TileSet::new();
        for tile in partial_tiles(leaves) {
            tiles.insert_hashes(tile, proof::hashes(store, tile).await?);
        }
        let edge = RightEdge::from_tiles(leaves, &tiles).map_err(|error| broken(error.to_string()))?;
        Ok(Self { edge })
    }

    /// How many entries it covers.
    pub(super) fn size(&self) -> u64 {
        self.edge.size()
    }

    pub(super) fn root(&self) -> Digest {
        self.edge.root()
    }

    /// Reads on, and stores the tiles that became full, before anybody is told of a tree that has them.
    pub(super) async fn grow(&mut self, store: &Store) -> Result<(), NotaryError> {
        loop {
            let leaves = store.leaves(self.edge.size(), CATCH_UP_ENTRIES_MAX).await?;
            if leaves.is_empty() {
                return Ok(());
            }
            // On a copy: what could not be stored is read again.
            let mut edge = self.edge.clone();
            let full: Vec<HashTile> = leaves.into_iter().flat_map(|leaf| edge.push(leaf)).collect();
            let rows = full.iter().map(|full| row(full.tile.level(), full.tile.index(), &full.hashes)).collect();
            store.put_tiles(rows).await?;
            self.edge = edge;
        }
    }
}

/// The root of the log's first entries, from tiles where they are full, from leaves where they are not.
pub(super) async fn root_at(store: &Store, size: u64) -> Result<Digest, NotaryError> {
    let failed = |error: ledger::ProofError| broken(error.to_string());
    let plan = ProofPlan::root(size).map_err(failed)?;
    let tiles = proof::tiles(store, &plan).await?;
    ledger::root_from_tiles(size, &tiles).map_err(failed)
}

fn row(level: u8, number: u64, hashes: &[Digest]) -> TileRow {
    TileRow { level, number, root: merkle_root(hashes), hashes: tile_bytes(hashes) }
}
