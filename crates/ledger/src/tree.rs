//! The Merkle tree of RFC 6962 §2.1: how its nodes are hashed, and the least that is needed to grow it.

use domain::Digest;
use sha2::{Digest as _, Sha256};

use crate::limits::TREE_SIZE_MAX;

/// The right edge of a tree in its shortest form: the roots of the perfect subtrees its leaves fall into, largest first.
///
/// A tree of `n` leaves has as many as `n` has bits set: at most 63, so a copy costs 2 kB at worst.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    roots: Vec<Digest>,
}

/// Why stored parts are not the edge of a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrontierError {
    /// No tree is that large.
    #[error("a tree of {size} leaves is too large, the limit is {TREE_SIZE_MAX}")]
    Size {
        /// The size given.
        size: u64,
    },
    /// The parts do not belong together.
    #[error("the edge of a tree of {size} leaves has {expected} hashes, not {found}")]
    Hashes {
        /// The size given.
        size: u64,
        /// How many it takes.
        expected: usize,
        /// How many there are.
        found: usize,
    },
}

/// RFC 6962 §2.1: the hash of an inner node is `SHA-256(0x01 ‖ left ‖ right)`.
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let hash = Sha256::new().chain_update([1_u8]).chain_update(left.as_bytes()).chain_update(right.as_bytes());
    Digest::from_bytes(hash.finalize().into())
}

/// RFC 6962 §2.1: the root of the tree without leaves is the hash of nothing.
pub fn empty_root() -> Digest {
    Digest::of(&[])
}

/// RFC 6962 §2.1, `MTH`: the root over any number of hashes of one height, such as the leaf hashes of a bundle, or the
/// hashes of a full tile, whose root is one hash of a tile on the level above.
pub fn merkle_root(hashes: &[Digest]) -> Digest {
    fold(&perfect_roots(hashes))
}

/// The roots of the perfect subtrees that a row of hashes falls into, largest first.
pub(crate) fn perfect_roots(hashes: &[Digest]) -> Vec<Digest> {
    let mut roots = Vec::new();
    let mut rest = hashes;
    while !rest.is_empty() {
        let (subtree, after) = rest.split_at(1 << rest.len().ilog2());
        roots.push(perfect_root(subtree));
        rest = after;
    }
    roots
}

/// The root over the roots of perfect subtrees, largest first, each smaller than the one before it.
pub(crate) fn fold(roots: &[Digest]) -> Digest {
    roots.iter().rev().copied().reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(empty_root)
}

/// The root over a power of two of nodes of one height.
pub(crate) fn perfect_root(nodes: &[Digest]) -> Digest {
    match nodes {
        [] => empty_root(),
        [one] => *one,
        _ => {
            let (left, right) = nodes.split_at(nodes.len() / 2);
            node_hash(&perfect_root(left), &perfect_root(right))
        }
    }
}

// === impl Frontier ===

impl Frontier {
    /// The edge of the tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// An edge that was stored: its tree's size and its hashes, largest subtree first.
    ///
    /// # Errors
    /// The two do not belong together. Whether the hashes are right only a checkpoint can tell: compare [`Self::root`].
    pub fn from_parts(size: u64, roots: Vec<Digest>) -> Result<Self, FrontierError> {
        if size > TREE_SIZE_MAX {
            return Err(FrontierError::Size { size });
        }
        let (expected, found) = (size.count_ones() as usize, roots.len());
        if expected != found {
            return Err(FrontierError::Hashes { size, expected, found });
        }
        Ok(Self { size, roots })
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of its perfect subtrees, largest first.
    pub fn roots(&self) -> &[Digest] {
        &self.roots
    }

    /// Appends a leaf, given by its hash. A million a second reach [`TREE_SIZE_MAX`] after 292,000 years.
    pub fn push(&mut self, leaf: Digest) {
        self.push_subtree(0, leaf);
    }

    /// Appends a perfect subtree of 2^height leaves, given by its root; the tree's size is a multiple of its own.
    pub(crate) fn push_subtree(&mut self, height: u32, root: Digest) {
        let mut node = root;
        // Every bit set from there on is a subtree of the new node's height, waiting for its right half.
        for _ in 0..(self.size >> height).trailing_ones() {
            if let Some(left) = self.roots.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.roots.push(node);
        self.size += 1 << height;
    }

    /// The root of the tree: RFC 6962 §2.1, `MTH(D[n])`.
    pub fn root(&self) -> Digest {
        fold(&self.roots)
    }
}

#[cfg(test)]
mod tests;
