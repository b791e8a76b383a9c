use super::*;
use crate::testing::{all_tiles, fetched, leaves, mth, vector_entries, vectors};
use crate::tile::{full_tiles_between, tile_bytes};
use crate::{leaf_hash, tiles};

/// Every full tile comes out once, in order, with the right hashes; the partial ones and the root are right at each size.
#[test]
fn publishes_every_tile_once() {
    let leaves = leaves(66_000);
    let expected = all_tiles(&leaves);
    let mut edge = RightEdge::new();
    for (size, leaf) in (0..).zip(&leaves) {
        let filled = edge.push(*leaf);
        let wanted: Vec<Tile> = full_tiles_between(size, size + 1).collect();
        assert_eq!(filled.iter().map(|filled| filled.tile).collect::<Vec<_>>(), wanted);
        assert!(filled.iter().all(|filled| filled.hashes == expected[&filled.tile]));
    }
    assert_eq!(edge.root(), mth(&leaves));
    for partial in edge.partial_tiles() {
        assert_eq!(partial.hashes, expected[&partial.tile]);
    }
}

#[test]
fn is_built_again_from_partial_tiles() {
    let leaves = leaves(700);
    let mut grown = RightEdge::new();
    for size in 0..=leaves.len() {
        let all = all_tiles(&leaves[..size]);
        let wanted: Vec<Tile> = partial_tiles(size as u64).collect();
        let stored = RightEdge::from_tiles(size as u64, &fetched(&all, &wanted)).unwrap();
        assert_eq!((stored.root(), stored.size()), (mth(&leaves[..size]), size as u64));
        assert_eq!(stored.partial_tiles(), grown.partial_tiles());
        assert_eq!(stored.frontier(), grown.frontier());
        // What it writes from here on is the same too.
        let (mut stored, mut other) = (stored, grown.clone());
        assert!(leaves.iter().take(300).all(|leaf| stored.push(*leaf) == other.push(*leaf)));
        if let Some(leaf) = leaves.get(size) {
            grown.push(*leaf);
        }
    }
    let missing = RightEdge::from_tiles(300, &TileSet::new());
    assert_eq!(missing, Err(ProofError::MissingTile("tile/0/001.p/44".parse().unwrap())));
}

#[test]
fn published_tiles() {
    let vectors = vectors();
    let mut edge = RightEdge::new();
    let mut written: Vec<HashTile> = vector_entries().iter().flat_map(|entry| edge.push(leaf_hash(entry))).collect();
    written.extend(edge.partial_tiles());
    assert_eq!(written.iter().map(|written| written.tile).collect::<Vec<_>>(), tiles(300).collect::<Vec<_>>());
    for HashTile { tile, hashes } in written {
        let hash = Digest::of(&tile_bytes(&hashes)).to_string();
        assert_eq!(hash, vectors["tiles_sha256"][tile.to_string()].as_str().unwrap(), "{tile}");
    }
}
