//! Proofs: that an entry is in a tree, and that a tree grew from another. RFC 6962 §2.1.1 and §2.1.2, verified by
//! RFC 9162 §2.1.3.2 and §2.1.4.2.
//!
//! Making one is in two steps, so that whoever fetches may wait: a [`ProofPlan`] names the tiles, then computes from them.

use std::ops::Range;

use domain::Digest;

use crate::limits::TREE_SIZE_MAX;
use crate::tile::{TILE_WIDTH, Tile, hashes_at, width_at};
use crate::tile_set::TileSet;
use crate::tree::{empty_root, fold, node_hash, perfect_root};

/// Which hashes a proof or a root is made of, and which tiles they are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofPlan {
    size: u64,
    subtrees: Vec<Range<u64>>,
}

/// Why there is no proof, or why one proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// No tree is that large.
    #[error("a tree of {size} leaves is too large, the limit is {TREE_SIZE_MAX}")]
    Size {
        /// The size given.
        size: u64,
    },
    /// There is no such leaf.
    #[error("there is no entry {index} in a log of {size}")]
    Index {
        /// The leaf asked for.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// There are no such leaves.
    #[error("there are no entries from {from} to below {to} in a log of {size}")]
    Range {
        /// The first of them.
        from: u64,
        /// The one after the last.
        to: u64,
        /// The tree's size.
        size: u64,
    },
    /// A tree does not shrink.
    #[error("a log of {new} entries did not grow from one of {old}")]
    Backwards {
        /// The size said to be the earlier.
        old: u64,
        /// The size said to be the later.
        new: u64,
    },
    /// A tile that the plan named is not among those fetched.
    #[error("the hash tile `{0}` is missing")]
    MissingTile(Tile),
    /// The proof is longer or shorter than one for these sizes.
    #[error("the proof has {found} hashes, one for these sizes has {expected}")]
    Length {
        /// How many it must have.
        expected: usize,
        /// How many it has.
        found: usize,
    },
    /// The proof leads to another root than the later, or only, tree's.
    #[error("the proof does not lead to the root")]
    Root,
    /// The proof leads to another root than the earlier tree's.
    #[error("the proof does not lead to the earlier root")]
    OldRoot,
}

/// Checks that a leaf is at an index of the tree with this size and root.
///
/// # Errors
/// It does not follow.
pub fn verify_inclusion(
    leaf: &Digest,
    index: u64,
    size: u64,
    proof: &[Digest],
    root: &Digest,
) -> Result<(), ProofError> {
    if inclusion_root(leaf, index, size, proof)? == *root { Ok(()) } else { Err(ProofError::Root) }
}

/// The root that an inclusion proof leads to. Proves nothing until it is compared with one that is trusted.
///
/// # Errors
/// The proof has not the length that index and size ask for.
pub fn inclusion_root(leaf: &Digest, index: u64, size: u64, proof: &[Digest]) -> Result<Digest, ProofError> {
    check_length(inclusion_path(index, size)?.len(), proof)?;
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            // A node without a right neighbour rises until it is somebody's right child.
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    if last == 0 { Ok(hash) } else { Err(ProofError::Root) }
}

/// Checks that the tree with the new size and root has the old one as its beginning.
///
/// # Errors
/// It does not follow.
pub fn verify_consistency(
    old_size: u64,
    old_root: &Digest,
    new_size: u64,
    new_root: &Digest,
    proof: &[Digest],
) -> Result<(), ProofError> {
    check_length(consistency_path(old_size, new_size)?.len(), proof)?;
    check_empty(old_size, old_root).map_err(|()| ProofError::OldRoot)?;
    check_empty(new_size, new_root).map_err(|()| ProofError::Root)?;
    if old_size == new_size {
        return if old_root == new_root { Ok(()) } else { Err(ProofError::Root) };
    }
    if old_size == 0 {
        return Ok(());
    }
    let (old, new) = consistency_roots(old_size, old_root, new_size, proof).ok_or(ProofError::Root)?;
    if old != *old_root {
        return Err(ProofError::OldRoot);
    }
    if new == *new_root { Ok(()) } else { Err(ProofError::Root) }
}

/// The root of a tree from the tiles that [`ProofPlan::root`] names.
///
/// # Errors
/// A tile is missing.
pub fn root_from_tiles(size: u64, tiles: &TileSet) -> Result<Digest, ProofError> {
    check_size(size)?;
    subtree_root(&(0..size), size, tiles)
}

/// Earlier and later root that a proof leads to; both sizes are above 0 and differ.
fn consistency_roots(old_size: u64, old_root: &Digest, new_size: u64, proof: &[Digest]) -> Option<(Digest, Digest)> {
    let (mut node, mut last) = (old_size - 1, new_size - 1);
    while node & 1 == 1 {
        (node, last) = (node >> 1, last >> 1);
    }
    // The old tree is one whole subtree of the new one: its root is left out of the proof.
    let (first, rest) = if old_size.is_power_of_two() { (old_root, proof) } else { proof.split_first()? };
    let (mut old, mut new) = (*first, *first);
    for sibling in rest {
        if node & 1 == 1 || node == last {
            (old, new) = (node_hash(sibling, &old), node_hash(sibling, &new));
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            new = node_hash(&new, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    (last == 0).then_some((old, new))
}

/// RFC 6962 §2.1.1, `PATH(m, D[n])`: the subtrees beside the way from leaf to root, the leaf's neighbour first.
fn inclusion_path(index: u64, size: u64) -> Result<Vec<Range<u64>>, ProofError> {
    check_size(size)?;
    if index >= size {
        return Err(ProofError::Index { index, size });
    }
    let mut subtrees = Vec::new();
    let mut tree = 0..size;
    while let Some(middle) = split(&tree) {
        let (left, right) = (tree.start..middle, middle..tree.end);
        let (inside, beside) = if index < middle { (left, right) } else { (right, left) };
        subtrees.push(beside);
        tree = inside;
    }
    subtrees.reverse();
    Ok(subtrees)
}

/// RFC 6962 §2.1.2, `PROOF(m, D[n])`.
fn consistency_path(old: u64, new: u64) -> Result<Vec<Range<u64>>, ProofError> {
    check_size(new)?;
    if old > new {
        return Err(ProofError::Backwards { old, new });
    }
    let mut subtrees = Vec::new();
    let mut tree = 0..new;
    while old != 0 && old != tree.end {
        let Some(middle) = split(&tree) else { break };
        let (left, right) = (tree.start..middle, middle..tree.end);
        let (inside, beside) = if old <= middle { (left, right) } else { (right, left) };
        subtrees.push(beside);
        tree = inside;
    }
    // Where the old tree ends inside the new one; when that is the whole old tree, its root is known already.
    if old != 0 && tree.start != 0 {
        subtrees.push(tree);
    }
    subtrees.reverse();
    Ok(subtrees)
}

/// How many hashes an inclusion proof has.
pub(crate) fn inclusion_length(index: u64, size: u64) -> Result<usize, ProofError> {
    Ok(inclusion_path(index, size)?.len())
}

/// The subtrees beside a range of leaves: those left of it, then those right of it, each side from left to right and
/// each subtree the largest that is aligned to its own size and fits. At most 63 and 126.
pub(crate) fn beside_range(from: u64, to: u64, size: u64) -> Result<Vec<Range<u64>>, ProofError> {
    check_size(size)?;
    if from >= to || to > size {
        return Err(ProofError::Range { from, to, size });
    }
    Ok(aligned(0..from).chain(aligned(to..size)).collect())
}

/// The largest aligned perfect subtrees that leaves fall into, from left to right.
fn aligned(leaves: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let Range { mut start, end } = leaves;
    std::iter::from_fn(move || {
        let height = (end - start).checked_ilog2()?.min(start.trailing_zeros());
        let subtree = start..start + (1 << height);
        start = subtree.end;
        Some(subtree)
    })
}

/// Where RFC 6962 §2.1 splits a tree: after the largest power of two strictly below its size. None for a leaf.
fn split(tree: &Range<u64>) -> Option<u64> {
    let leaves = tree.end - tree.start;
    (leaves > 1).then(|| tree.start + (1 << (leaves - 1).ilog2()))
}

/// The perfect subtrees that a subtree falls into, largest first, each as its height and its place at that height.
fn perfect_subtrees(subtree: &Range<u64>) -> impl Iterator<Item = (u32, u64)> {
    let Range { mut start, end } = *subtree;
    std::iter::from_fn(move || {
        let height = (end - start).checked_ilog2()?;
        let place = start >> height;
        start += 1 << height;
        Some((height, place))
    })
}

/// The tile that holds a perfect subtree's root or the hashes it is made of, and which of its hashes they are.
fn tile_of(height: u32, place: u64, size: u64) -> Option<(Tile, Range<usize>)> {
    let level = u8::try_from(height / 8).ok()?;
    let inside = height % 8;
    let first = place << inside;
    let index = first / u64::from(TILE_WIDTH);
    let offset = (first % u64::from(TILE_WIDTH)) as usize;
    let width = width_at(index, hashes_at(level, size))?;
    Some((Tile::new(level, index, width).ok()?, offset..offset + (1 << inside)))
}

fn subtree_root(subtree: &Range<u64>, size: u64, tiles: &TileSet) -> Result<Digest, ProofError> {
    let mut roots = Vec::new();
    for (height, place) in perfect_subtrees(subtree) {
        let (tile, hashes) = tile_of(height, place, size).ok_or(ProofError::Size { size })?;
        let hashes = tiles.get(tile).and_then(|all| all.get(hashes)).ok_or(ProofError::MissingTile(tile))?;
        roots.push(perfect_root(hashes));
    }
    Ok(fold(&roots))
}

fn check_size(size: u64) -> Result<(), ProofError> {
    if size <= TREE_SIZE_MAX { Ok(()) } else { Err(ProofError::Size { size }) }
}

fn check_length(expected: usize, proof: &[Digest]) -> Result<(), ProofError> {
    if proof.len() == expected { Ok(()) } else { Err(ProofError::Length { expected, found: proof.len() }) }
}

fn check_empty(size: u64, root: &Digest) -> Result<(), ()> {
    if size > 0 || *root == empty_root() { Ok(()) } else { Err(()) }
}

// === impl ProofPlan ===

impl ProofPlan {
    /// For the proof that an entry is in the tree of this size.
    ///
    /// # Errors
    /// There is no such entry, or no tree is that large.
    pub fn inclusion(index: u64, size: u64) -> Result<Self, ProofError> {
        Ok(Self { size, subtrees: inclusion_path(index, size)? })
    }

    /// For the proof that the tree of the new size grew from the one of the old size. It is empty when the old size is 0
    /// or the sizes are equal.
    ///
    /// # Errors
    /// The old size is above the new one, or no tree is that large.
    pub fn consistency(old: u64, new: u64) -> Result<Self, ProofError> {
        Ok(Self { size: new, subtrees: consistency_path(old, new)? })
    }

    /// For the proof that the entries from one to below another are those of the tree of this size: the hashes beside
    /// them, first those on the left, then those on the right.
    ///
    /// # Errors
    /// There are no such entries, or no tree is that large.
    pub fn range(from: u64, to: u64, size: u64) -> Result<Self, ProofError> {
        Ok(Self { size, subtrees: beside_range(from, to, size)? })
    }

    /// For the root of the tree of this size: [`root_from_tiles`] computes it.
    ///
    /// # Errors
    /// No tree is that large.
    pub fn root(size: u64) -> Result<Self, ProofError> {
        check_size(size)?;
        Ok(Self { size, subtrees: std::iter::once(0..size).collect() })
    }

    /// How many hashes the proof has.
    pub fn len(&self) -> usize {
        self.subtrees.len()
    }

    /// Whether there is nothing to be proved.
    pub fn is_empty(&self) -> bool {
        self.subtrees.is_empty()
    }

    /// The tiles to fetch, each once, with the widths they have in a tree of this size; a few dozen at most.
    pub fn tiles(&self) -> Vec<Tile> {
        let subtrees = self.subtrees.iter().flat_map(perfect_subtrees);
        let mut tiles: Vec<Tile> =
            subtrees.filter_map(|(height, place)| tile_of(height, place, self.size)).map(|(tile, _)| tile).collect();
        tiles.sort_unstable();
        tiles.dedup();
        tiles
    }

    /// The hashes of the proof, in its order, from the fetched tiles.
    ///
    /// # Errors
    /// A tile is missing.
    pub fn hashes(&self, tiles: &TileSet) -> Result<Vec<Digest>, ProofError> {
        self.subtrees.iter().map(|subtree| subtree_root(subtree, self.size, tiles)).collect()
    }
}

#[cfg(test)]
mod tests;
