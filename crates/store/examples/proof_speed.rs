//! Tiles and inclusion proofs of a big log: `proof_speed DATABASE_URL`.
//!
//! Hashes a log that is there into the tree, as the notary does, stores its tiles, then proves 1,000 entries spread over
//! it and verifies each proof. Nothing else may use the database meanwhile.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a benchmark stops at the first failure")]

use std::time::{Duration, Instant};

use domain::Digest;
use ledger::{ProofPlan, RightEdge, Tile, TileSet, tile_bytes, verify_inclusion};
use store::{Options, Store, TileRow};

const PROOFS: u64 = 1_000;

#[tokio::main]
async fn main() {
    let url = std::env::args().nth(1).unwrap_or_else(|| "sqlite:/tmp/cold-start.db".to_owned());
    let store = Store::open(&Options::new(url.parse().unwrap())).await.unwrap();
    let began = Instant::now();
    let edge = grow(&store).await;
    let (size, seconds) = (edge.size(), began.elapsed().as_secs_f64());
    println!("{size} leaves hashed and their tiles stored in {seconds:.1} s, {:.0} a second", size as f64 / seconds);
    let root = edge.root();
    let mut times = Vec::new();
    for number in 0..PROOFS {
        // Spread by a step that shares no factor with the size, so that neighbours are far apart.
        let index = (number * 7_919_999_983) % size;
        let leaf = store.leaves(index, 1).await.unwrap()[0];
        let began = Instant::now();
        let plan = ProofPlan::inclusion(index, size).unwrap();
        let hashes = plan.hashes(&tiles(&store, &plan).await).unwrap();
        times.push(began.elapsed());
        verify_inclusion(&leaf, index, size, &hashes, &root).unwrap();
    }
    times.sort_unstable();
    let at = |share: f64| millis(times[((times.len() - 1) as f64 * share) as usize]);
    println!("inclusion proof: p50 {:.2} ms, p99 {:.2} ms, longest {:.2} ms", at(0.5), at(0.99), at(1.0));
    store.close().await;
}

/// What the control plane does for each proof it is asked for.
async fn tiles(store: &Store, plan: &ProofPlan) -> TileSet {
    let mut tiles = TileSet::new();
    for tile in plan.tiles() {
        tiles.insert_hashes(tile, hashes(store, tile).await);
    }
    tiles
}

async fn hashes(store: &Store, tile: Tile) -> Vec<Digest> {
    if tile.is_full() {
        return tile.hashes(&store.tile(tile.level(), tile.index()).await.unwrap().unwrap().hashes).unwrap();
    }
    let first = tile.index() * u64::from(ledger::TILE_WIDTH);
    match tile.level().checked_sub(1) {
        None => store.leaves(first, tile.width().into()).await.unwrap(),
        Some(below) => store.tile_roots(below, first, tile.width().into()).await.unwrap(),
    }
}

async fn grow(store: &Store) -> RightEdge {
    let mut edge = RightEdge::new();
    loop {
        let leaves = store.leaves(edge.size(), 10_000).await.unwrap();
        if leaves.is_empty() {
            return edge;
        }
        let full: Vec<_> = leaves.into_iter().flat_map(|leaf| edge.push(leaf)).collect();
        let rows = full.iter().map(|full| TileRow {
            level: full.tile.level(),
            number: full.tile.index(),
            root: full.root(),
            hashes: tile_bytes(&full.hashes),
        });
        store.put_tiles(rows.collect()).await.unwrap();
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
