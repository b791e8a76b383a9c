//! From one size to the next: the entries, the tiles they fill, then what is not full yet.

use domain::Digest;
use ledger::{
    BundleId, Checkpoint, HashTile, RightEdge, TileSet, encode_bundle, full_bundles_between, leaf_hash, partial_bundle,
    partial_tiles, tile_bytes,
};
use store::Store;

use super::target::Target;
use super::{ArchiveError, broken};
use crate::limits::CATCH_UP_ENTRIES_MAX;
use crate::operations::proof;

/// Writes what a log of the checkpoint's size has beyond one of `old` entries, all but the checkpoint. One bundle is in
/// memory at a time.
pub(super) async fn fill(store: &Store, target: &Target, old: u64, new: &Checkpoint) -> Result<(), ArchiveError> {
    let start = edge_at(store, old).await?;
    check_leaves(store, start.clone(), new).await?;
    let mut edge = start;
    for id in full_bundles_between(old, new.size).chain(partial_bundle(new.size)) {
        let entries = entries(store, id).await?;
        let bytes = encode_bundle(&entries).map_err(|error| broken(error.to_string()))?;
        target.put_new(&id.to_string(), bytes).await?;
        let at = id.index() * u64::from(ledger::TILE_WIDTH);
        let known = usize::try_from(edge.size().saturating_sub(at)).unwrap_or(usize::MAX);
        for entry in entries.iter().skip(known) {
            for full in edge.push(leaf_hash(entry)) {
                put_tile(target, &full).await?;
            }
        }
    }
    // What was read a second time could be other entries than the first time.
    check_root(&edge, new)?;
    for partial in edge.partial_tiles() {
        put_tile(target, &partial).await?;
    }
    Ok(())
}

/// Removes the partial files whose tile has become full: until then readers of earlier checkpoints need them. What
/// cannot be removed is left; it does no harm.
pub(super) async fn tidy(target: &Target, old: u64, new: u64) {
    let tiles = partial_tiles(old).filter(|tile| tile.full().is_of_tree(new)).map(|tile| tile.full().to_string());
    let bundle = partial_bundle(old).and_then(|id| BundleId::new(id.index(), ledger::TILE_WIDTH).ok());
    let bundle = bundle.filter(|id| id.is_of_tree(new)).map(|id| id.to_string());
    for full in tiles.chain(bundle) {
        if let Err(error) = target.remove_partials(&full).await {
            tracing::debug!(%error, full, "superseded files were left in the archive");
        }
    }
}

/// The edge of the log's first entries.
async fn edge_at(store: &Store, size: u64) -> Result<RightEdge, ArchiveError> {
    let mut tiles = TileSet::new();
    for tile in partial_tiles(size) {
        tiles.insert_hashes(tile, proof::hashes(store, tile).await?);
    }
    RightEdge::from_tiles(size, &tiles).map_err(|error| broken(error.to_string()))
}

/// The leaf hashes in the store must lead to the root that was signed, before a file that can never be replaced is
/// written.
async fn check_leaves(store: &Store, mut edge: RightEdge, new: &Checkpoint) -> Result<(), ArchiveError> {
    while edge.size() < new.size {
        let left = usize::try_from(new.size - edge.size()).unwrap_or(usize::MAX);
        let leaves = store.leaves(edge.size(), left.min(CATCH_UP_ENTRIES_MAX)).await?;
        if leaves.is_empty() {
            return Err(broken(format!("it ends at entry {}, and {} were signed", edge.size(), new.size)));
        }
        for leaf in leaves {
            edge.push(leaf);
        }
    }
    check_root(&edge, new)
}

fn check_root(edge: &RightEdge, new: &Checkpoint) -> Result<(), ArchiveError> {
    let root = edge.root();
    if root == new.root {
        return Ok(());
    }
    Err(broken(format!("its first {} entries have the root {root}, signed was {}", new.size, new.root)))
}

/// The bytes of a bundle's entries, which are those that their leaf hashes speak of.
async fn entries(store: &Store, id: BundleId) -> Result<Vec<Vec<u8>>, ArchiveError> {
    let first = id.index() * u64::from(ledger::TILE_WIDTH);
    let rows = store.entries(first.checked_sub(1), id.width().into()).await?;
    let leaves: Vec<Digest> = store.leaves(first, id.width().into()).await?;
    if rows.len() != usize::from(id.width()) || leaves.len() != rows.len() {
        return Err(broken(format!("entries are missing in `{id}`")));
    }
    let mut entries = Vec::with_capacity(rows.len());
    for ((row, leaf), position) in rows.into_iter().zip(leaves).zip(first..) {
        if leaf_hash(&row.bytes) != leaf {
            return Err(broken(format!("entry {position} does not have its leaf hash")));
        }
        entries.push(row.bytes);
    }
    Ok(entries)
}

async fn put_tile(target: &Target, tile: &HashTile) -> Result<(), ArchiveError> {
    target.put_new(&tile.tile.to_string(), tile_bytes(&tile.hashes)).await
}
