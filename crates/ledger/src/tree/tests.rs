use super::*;
use crate::testing::{hash, leaves, mth, vector_entries, vectors};
use crate::{SignedCheckpoint, leaf_hash};

/// RFC 6962 §2.1, by hand.
#[test]
fn the_smallest_trees() {
    assert_eq!(empty_root().to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(Frontier::new().root(), empty_root());
    let (a, b) = (leaf_hash(b""), leaf_hash(b"\x00"));
    assert_eq!(a.to_string(), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    assert_eq!(b.to_string(), "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7");
    // SHA-256(0x01 ‖ a ‖ b)
    let both = [&[1], a.as_bytes().as_slice(), b.as_bytes()].concat();
    assert_eq!(node_hash(&a, &b), Digest::of(&both));
    assert_eq!(node_hash(&a, &b).to_string(), "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
}

#[test]
fn frontier_roots_are_the_recursive_ones() {
    let leaves = leaves(600);
    let mut frontier = Frontier::new();
    for (at, leaf) in leaves.iter().enumerate() {
        assert_eq!(frontier.root(), mth(&leaves[..at]), "size {at}");
        assert_eq!(merkle_root(&leaves[..at]), mth(&leaves[..at]), "size {at}");
        assert_eq!(frontier.size(), at as u64);
        let stored = Frontier::from_parts(frontier.size(), frontier.roots().to_vec());
        assert_eq!(stored.as_ref(), Ok(&frontier));
        frontier.push(*leaf);
    }
    assert_eq!(frontier.root(), mth(&leaves));
}

#[test]
fn published_roots() {
    let vectors = vectors();
    let mut frontier = Frontier::new();
    for entry in vector_entries() {
        frontier.push(leaf_hash(&entry));
        let Some(note) = vectors["checkpoints"].get(frontier.size().to_string()) else { continue };
        let checkpoint = SignedCheckpoint::parse(note.as_str().unwrap().as_bytes()).unwrap();
        assert_eq!((checkpoint.size(), checkpoint.root()), (frontier.size(), frontier.root()));
    }
    assert_eq!(frontier.size(), 300);
    assert_eq!(frontier.root(), hash(&"67GHVxy98P28BBG/YF13E+ffxYcYwb4EMVUXA2oHrzw=".into()));
}

#[test]
fn parts_that_do_not_belong_together() {
    let none = Vec::new;
    assert_eq!(
        Frontier::from_parts(5, vec![empty_root()]),
        Err(FrontierError::Hashes { size: 5, expected: 2, found: 1 })
    );
    assert_eq!(Frontier::from_parts(1 << 63, none()), Err(FrontierError::Size { size: 1 << 63 }));
    assert!(Frontier::from_parts(TREE_SIZE_MAX, vec![empty_root(); 63]).is_ok());
}
