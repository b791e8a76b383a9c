//! What several tests share: the tree written down once more, as RFC 6962 says it, and the published vectors.

use std::collections::BTreeMap;

use domain::Digest;
use serde_json::Value;

use crate::{
    Checkpoint, Cosigner, Frontier, SignedCheckpoint, Signer, Tile, TileSet, VerifierKey, empty_root, leaf_hash,
    node_hash, tiles,
};

pub(crate) const ORIGIN: &str = "audit.example.test/writ";
pub(crate) const WITNESS: &str = "witness.example.test/w1";

/// The vectors of `fixtures/tlog-vectors.json`.
pub(crate) fn vectors() -> Value {
    serde_json::from_str(include_str!("../fixtures/tlog-vectors.json")).unwrap()
}

/// The entries that those vectors are about.
pub(crate) fn vector_entries() -> Vec<Vec<u8>> {
    let entry = |n| format!(r#"{{"n":{n},"t":"2026-01-01T00:00:00Z","type":"dev.writ.tool.decision"}}"#);
    (0..300).map(|n| entry(n).into_bytes()).collect()
}

pub(crate) fn log_signer() -> Signer {
    Signer::from_seed(ORIGIN, &[1; 32]).unwrap()
}

pub(crate) fn witness_signer() -> Cosigner {
    Cosigner::from_seed(WITNESS, &[2; 32]).unwrap()
}

pub(crate) fn vkey(text: &str) -> VerifierKey {
    text.parse().unwrap()
}

pub(crate) fn hash(value: &Value) -> Digest {
    crate::text::hash(value.as_str().unwrap()).unwrap()
}

pub(crate) fn hashes(value: &Value) -> Vec<Digest> {
    value.as_array().unwrap().iter().map(hash).collect()
}

/// Leaf hashes of made-up entries.
pub(crate) fn leaves(count: u64) -> Vec<Digest> {
    (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
}

/// RFC 6962 §2.1, word for word.
pub(crate) fn mth(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(largest_power_below(leaves.len()));
            node_hash(&mth(left), &mth(right))
        }
    }
}

/// RFC 6962 §2.1.1, word for word.
pub(crate) fn path(m: usize, leaves: &[Digest]) -> Vec<Digest> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = largest_power_below(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut inside, beside) = if m < k { (path(m, left), mth(right)) } else { (path(m - k, right), mth(left)) };
    inside.push(beside);
    inside
}

/// RFC 6962 §2.1.2, word for word.
pub(crate) fn subproof(m: usize, leaves: &[Digest], whole: bool) -> Vec<Digest> {
    if m == leaves.len() {
        return if whole { Vec::new() } else { vec![mth(leaves)] };
    }
    let k = largest_power_below(leaves.len());
    let (left, right) = leaves.split_at(k);
    let (mut inside, beside) =
        if m <= k { (subproof(m, left, whole), mth(right)) } else { (subproof(m - k, right, false), mth(left)) };
    inside.push(beside);
    inside
}

fn largest_power_below(count: usize) -> usize {
    count.next_power_of_two() / 2
}

/// The roots of the trees of 0, 1, 2… of these leaves.
pub(crate) fn roots(leaves: &[Digest]) -> Vec<Digest> {
    let mut frontier = Frontier::new();
    let mut roots = vec![frontier.root()];
    for leaf in leaves {
        frontier.push(*leaf);
        roots.push(frontier.root());
    }
    roots
}

/// The tiles of a tree, from the definition in tlog-tiles: hash `i` of tile `n` at level `l` is
/// `MTH(D[(n·256 + i)·256^l : (n·256 + i + 1)·256^l])`.
pub(crate) fn all_tiles(leaves: &[Digest]) -> BTreeMap<Tile, Vec<Digest>> {
    let hash = |tile: &Tile, i: u64| {
        let span = 256_usize.pow(u32::from(tile.level()));
        let first = (tile.index() * 256 + i) as usize * span;
        mth(&leaves[first..first + span])
    };
    let hashes = |tile: Tile| (0..u64::from(tile.width())).map(|i| hash(&tile, i)).collect();
    tiles(leaves.len() as u64).map(|tile| (tile, hashes(tile))).collect()
}

/// Only the tiles asked for, as somebody who fetches would have them.
pub(crate) fn fetched(all: &BTreeMap<Tile, Vec<Digest>>, wanted: &[Tile]) -> TileSet {
    let mut set = TileSet::new();
    for tile in wanted {
        let hashes = all.get(tile).unwrap_or_else(|| panic!("there is no tile {tile} in this tree"));
        set.insert_hashes(*tile, hashes.clone());
    }
    set
}

pub(crate) fn flipped(digest: &Digest, bit: usize) -> Digest {
    let mut bytes = *digest.as_bytes();
    bytes[bit / 8 % 32] ^= 1 << (bit % 8);
    Digest::from_bytes(bytes)
}

/// A checkpoint over the first leaves, signed by the log of the vectors.
pub(crate) fn signed(leaves: &[Digest]) -> SignedCheckpoint {
    Checkpoint::new(ORIGIN, leaves.len() as u64, mth(leaves)).sign(&log_signer()).unwrap()
}
