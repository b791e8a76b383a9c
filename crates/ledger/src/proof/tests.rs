use proptest::prelude::*;
use proptest::test_runner::Config;

use super::*;
use crate::testing::{all_tiles, fetched, flipped, hash, hashes, leaves, mth, path, roots, subproof, vectors};
use crate::{SignedCheckpoint, decode_bundle, leaf_hash};

#[test]
fn published_inclusion_proofs() {
    let vectors = vectors();
    for vector in vectors["inclusion"].as_array().unwrap() {
        let (index, size) = (vector["index"].as_u64().unwrap(), vector["size"].as_u64().unwrap());
        let checkpoint = vectors["checkpoints"][size.to_string()].as_str().unwrap();
        let root = SignedCheckpoint::parse(checkpoint.as_bytes()).unwrap().root();
        let (leaf, proof) = (hash(&vector["leaf_hash"]), hashes(&vector["proof"]));
        assert_eq!(verify_inclusion(&leaf, index, size, &proof, &root), Ok(()));
        assert_eq!(inclusion_path(index, size).unwrap().len(), proof.len());
    }
}

#[test]
fn published_consistency_proofs() {
    let vectors = vectors();
    let root = |size: u64| {
        let note = vectors["checkpoints"][size.to_string()].as_str().unwrap();
        SignedCheckpoint::parse(note.as_bytes()).unwrap().root()
    };
    for vector in vectors["consistency"].as_array().unwrap() {
        let (from, to) = (vector["from"].as_u64().unwrap(), vector["to"].as_u64().unwrap());
        let proof = hashes(&vector["proof"]);
        assert_eq!(verify_consistency(from, &root(from), to, &root(to), &proof), Ok(()), "{from} to {to}");
    }
}

/// All fifteen checkpoints of Tessera's test log, every proof between them, and its own tiles.
#[test]
fn tesseras_log() {
    let entries = decode_bundle(include_bytes!("../../fixtures/tessera/entries-000.p-15"), 15).unwrap();
    let leaves: Vec<Digest> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    let tiles: [(u16, &[u8]); 3] = [
        (1, include_bytes!("../../fixtures/tessera/tile-0-000.p-1")),
        (7, include_bytes!("../../fixtures/tessera/tile-0-000.p-7")),
        (15, include_bytes!("../../fixtures/tessera/tile-0-000.p-15")),
    ];
    let roots = tessera_roots();
    assert_eq!(roots[7], hash(&"IrSXADBqJ7EQoUODSDKROySgNveeL6CFhik2w/+fS7U=".into()));
    for (width, bytes) in tiles {
        let mut set = TileSet::new();
        set.insert(Tile::new(0, 0, width).unwrap(), bytes).unwrap();
        let size = u64::from(width);
        assert_eq!(root_from_tiles(size, &set), Ok(roots[usize::from(width)]));
        for m in 0..size {
            let proof = ProofPlan::inclusion(m, size).unwrap().hashes(&set).unwrap();
            verify_inclusion(&leaves[m as usize], m, size, &proof, &roots[size as usize]).unwrap();
            let proof = ProofPlan::consistency(m, size).unwrap().hashes(&set).unwrap();
            verify_consistency(m, &roots[m as usize], size, &roots[size as usize], &proof).unwrap();
        }
    }
}

fn tessera_roots() -> Vec<Digest> {
    let note = |size: usize| {
        let path = format!("{}/fixtures/tessera/checkpoint.{size}", env!("CARGO_MANIFEST_DIR"));
        SignedCheckpoint::open(
            &std::fs::read(path).unwrap(),
            &"example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx".parse().unwrap(),
        )
    };
    let checkpoints: Vec<SignedCheckpoint> = (0..=15).map(|size| note(size).unwrap()).collect();
    assert!(checkpoints.iter().enumerate().all(|(size, checkpoint)| checkpoint.size() == size as u64));
    checkpoints.iter().map(SignedCheckpoint::root).collect()
}

/// Every proof in every tree up to 70 leaves, against RFC 6962's recursion written down in the tests.
#[test]
fn proofs_are_those_of_the_rfc() {
    let leaves = leaves(70);
    for n in 1..=leaves.len() {
        let tree = &leaves[..n];
        let all = all_tiles(tree);
        for m in 0..=n {
            let plan = ProofPlan::consistency(m as u64, n as u64).unwrap();
            let proof = plan.hashes(&fetched(&all, &plan.tiles())).unwrap();
            assert_eq!(proof, if m == 0 { Vec::new() } else { subproof(m, tree, true) }, "{m} to {n}");
        }
        for m in 0..n {
            let plan = ProofPlan::inclusion(m as u64, n as u64).unwrap();
            assert_eq!(plan.hashes(&fetched(&all, &plan.tiles())).unwrap(), path(m, tree), "{m} in {n}");
        }
    }
}

/// Over the borders of levels 1 and 2, where tiles of several levels take part.
#[test]
fn proofs_in_a_tree_of_three_levels() {
    let leaves = leaves(66_100);
    let roots = roots(&leaves);
    let sizes = [1, 255, 256, 257, 511, 512, 65_279, 65_280, 65_535, 65_536, 65_537, 65_793, 66_100];
    for n in sizes {
        let all = all_tiles(&leaves[..n]);
        let plan = ProofPlan::root(n as u64).unwrap();
        assert_eq!(root_from_tiles(n as u64, &fetched(&all, &plan.tiles())), Ok(roots[n]));
        for m in sizes.into_iter().filter(|m| *m <= n) {
            check_consistency(m, n, &roots, &all, 77);
            check_inclusion(m - 1, n, &leaves, &roots, &all, 77);
        }
    }
}

#[test]
fn a_full_tile_serves_for_a_partial_one() {
    let leaves = leaves(256);
    let plan = ProofPlan::consistency(3, 10).unwrap();
    assert_eq!(plan.tiles(), [Tile::new(0, 0, 10).unwrap()]);
    let mut set = TileSet::new();
    set.insert_hashes(Tile::new(0, 0, 256).unwrap(), leaves.clone());
    set.insert_hashes(Tile::new(0, 0, 4).unwrap(), leaves[..4].to_vec());
    assert_eq!(plan.hashes(&set).unwrap(), subproof(3, &leaves[..10], true));
    // A narrower one does not.
    let mut set = TileSet::new();
    set.insert_hashes(Tile::new(0, 0, 9).unwrap(), leaves[..9].to_vec());
    assert_eq!(plan.hashes(&set), Err(ProofError::MissingTile(Tile::new(0, 0, 10).unwrap())));
}

#[test]
fn what_cannot_be_proved() {
    let leaf = leaf_hash(b"a");
    let other = leaf_hash(b"b");
    let empty = empty_root();
    assert_eq!(verify_inclusion(&leaf, 0, 0, &[], &empty), Err(ProofError::Index { index: 0, size: 0 }));
    assert_eq!(verify_inclusion(&leaf, 1, 1, &[], &leaf), Err(ProofError::Index { index: 1, size: 1 }));
    let two = node_hash(&leaf, &other);
    assert_eq!(verify_inclusion(&leaf, 0, 2, &[], &two), Err(ProofError::Length { expected: 1, found: 0 }));
    let long = [other, other];
    assert_eq!(verify_inclusion(&leaf, 0, 2, &long, &two), Err(ProofError::Length { expected: 1, found: 2 }));
    assert_eq!(verify_inclusion(&leaf, 0, 1 << 63, &[], &two), Err(ProofError::Size { size: 1 << 63 }));
    assert_eq!(verify_consistency(2, &two, 1, &leaf, &[]), Err(ProofError::Backwards { old: 2, new: 1 }));
    assert_eq!(verify_consistency(1, &leaf, 1, &other, &[]), Err(ProofError::Root));
    assert_eq!(verify_consistency(1, &other, 2, &two, &[other]), Err(ProofError::Root));
    // The empty tree is the beginning of every tree, if it is the empty tree.
    assert_eq!(verify_consistency(0, &empty, 2, &two, &[]), Ok(()));
    assert_eq!(verify_consistency(0, &leaf, 2, &two, &[]), Err(ProofError::OldRoot));
    assert_eq!(verify_consistency(0, &empty, 0, &leaf, &[]), Err(ProofError::Root));
    assert_eq!(verify_consistency(0, &empty, 2, &two, &[leaf]), Err(ProofError::Length { expected: 0, found: 1 }));
}

/// The largest tree: plans stay short, and the arithmetic holds.
#[test]
fn the_largest_tree() {
    for (index, size) in [(0, TREE_SIZE_MAX), (TREE_SIZE_MAX - 1, TREE_SIZE_MAX), (1 << 62, TREE_SIZE_MAX)] {
        let plan = ProofPlan::inclusion(index, size).unwrap();
        assert!(plan.subtrees.len() <= crate::limits::PROOF_HASHES_MAX);
        assert!(plan.tiles().len() < 64);
        let proof = vec![empty_root(); plan.subtrees.len()];
        let root = inclusion_root(&empty_root(), index, size, &proof).unwrap();
        assert_eq!(verify_inclusion(&empty_root(), index, size, &proof, &root), Ok(()));
    }
    let plan = ProofPlan::consistency(TREE_SIZE_MAX - 1, TREE_SIZE_MAX).unwrap();
    let proof = vec![empty_root(); plan.subtrees.len()];
    let verdict = verify_consistency(TREE_SIZE_MAX - 1, &empty_root(), TREE_SIZE_MAX, &empty_root(), &proof);
    assert_eq!(verdict, Err(ProofError::OldRoot));
}

fn check_inclusion(
    m: usize,
    n: usize,
    leaves: &[Digest],
    roots: &[Digest],
    all: &std::collections::BTreeMap<Tile, Vec<Digest>>,
    bit: usize,
) {
    let (index, size, leaf, root) = (m as u64, n as u64, &leaves[m], &roots[n]);
    let plan = ProofPlan::inclusion(index, size).unwrap();
    let proof = plan.hashes(&fetched(all, &plan.tiles())).unwrap();
    assert_eq!(verify_inclusion(leaf, index, size, &proof, root), Ok(()), "{m} in {n}");
    let refused = |leaf: &Digest, index, proof: &[Digest], root: &Digest| {
        assert!(verify_inclusion(leaf, index, size, proof, root).is_err(), "{m} in {n}, bit {bit}");
    };
    refused(&flipped(leaf, bit), index, &proof, root);
    refused(leaf, index, &proof, &flipped(root, bit));
    refused(leaf, index ^ (1 << (bit % 11)), &proof, root);
    for at in 0..proof.len() {
        let mut changed = proof.clone();
        changed[at] = flipped(&proof[at], bit);
        refused(leaf, index, &changed, root);
        changed.remove(at);
        refused(leaf, index, &changed, root);
    }
    refused(leaf, index, &[proof.as_slice(), &[*root]].concat(), root);
}

fn check_consistency(
    m: usize,
    n: usize,
    roots: &[Digest],
    all: &std::collections::BTreeMap<Tile, Vec<Digest>>,
    bit: usize,
) {
    let (old, new) = (m as u64, n as u64);
    let plan = ProofPlan::consistency(old, new).unwrap();
    let proof = plan.hashes(&fetched(all, &plan.tiles())).unwrap();
    assert_eq!(verify_consistency(old, &roots[m], new, &roots[n], &proof), Ok(()), "{m} to {n}");
    let refused = |old_root: &Digest, new_root: &Digest, proof: &[Digest]| {
        assert!(verify_consistency(old, old_root, new, new_root, proof).is_err(), "{m} to {n}, bit {bit}");
    };
    refused(&flipped(&roots[m], bit), &roots[n], &proof);
    if m > 0 {
        refused(&roots[m], &flipped(&roots[n], bit), &proof);
    }
    for at in 0..proof.len() {
        let mut changed = proof.clone();
        changed[at] = flipped(&proof[at], bit);
        refused(&roots[m], &roots[n], &changed);
        changed.remove(at);
        refused(&roots[m], &roots[n], &changed);
    }
    refused(&roots[m], &roots[n], &[proof.as_slice(), &[roots[n]]].concat());
}

proptest! {
    #![proptest_config(Config { cases: 8, ..Config::default() })]

    /// A random tree, and every proof in it; one bit changed anywhere and none holds.
    #[test]
    fn every_proof_holds_and_no_changed_one(n in 1..=2000_usize, bit in 0..256_usize) {
        let leaves = leaves(n as u64);
        let roots = roots(&leaves);
        let all = all_tiles(&leaves);
        prop_assert_eq!(roots[n], mth(&leaves));
        for m in 0..=n {
            check_consistency(m, n, &roots, &all, bit.wrapping_mul(m + 1));
        }
        for m in 0..n {
            check_inclusion(m, n, &leaves, &roots, &all, bit.wrapping_mul(m + 1));
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 16, ..Config::default() })]

    /// One proof, and each of its bits.
    #[test]
    fn every_bit_counts(n in 2..=2000_usize, m in any::<prop::sample::Index>()) {
        let m = m.index(n);
        let leaves = leaves(n as u64);
        let roots = roots(&leaves);
        let all = all_tiles(&leaves);
        for bit in 0..256 {
            check_inclusion(m, n, &leaves, &roots, &all, bit);
            check_consistency(m, n, &roots, &all, bit);
        }
    }
}
