//! Measures what auditors wait for, on one core: `cargo run --release -p ledger --example verify_speed`.
//!
//! Wanted: at least 1,000,000 entries of 600 bytes a second hashed into a root, and an inclusion proof from the tiles of
//! a log of 10,000,000 entries in at most 5 ms. Where the system says it (Linux), processor time is what counts: a machine
//! with other work to do shows a core's share of it only.

use std::error::Error;
use std::time::Instant;

use domain::Digest;
use ledger::{Frontier, ProofPlan, RightEdge, TileSet, leaf_hash, tile_bytes, verify_inclusion};

const ENTRIES: u64 = 1_000_000;
const ENTRY_BYTES: usize = 600;
const LEAVES: u64 = 10_000_000;
const PROOFS: u64 = 10_000;

/// Processor time where it can be had, else time on the wall.
struct Stopwatch {
    cpu_s: Option<f64>,
    wall: Instant,
}

fn main() -> Result<(), Box<dyn Error>> {
    hash_entries();
    prove_from_tiles()
}

fn hash_entries() {
    let mut entry = [b'x'; ENTRY_BYTES];
    let mut frontier = Frontier::new();
    let begun = Stopwatch::start();
    for n in 0..ENTRIES {
        entry[..8].copy_from_slice(&n.to_be_bytes());
        frontier.push(leaf_hash(&entry));
    }
    let root = frontier.root();
    let seconds = begun.seconds();
    println!("hashed {ENTRIES} entries of {ENTRY_BYTES} bytes into {root} in {seconds:.3} s");
    println!("  {:.0} entries/s", ENTRIES as f64 / seconds);
}

fn prove_from_tiles() -> Result<(), Box<dyn Error>> {
    let leaf = |n: u64| Digest::of(&n.to_be_bytes());
    let (mut edge, mut tiles) = (RightEdge::new(), TileSet::new());
    let begun = Stopwatch::start();
    for n in 0..LEAVES {
        for filled in edge.push(leaf(n)) {
            tiles.insert(filled.tile, &tile_bytes(&filled.hashes))?;
        }
    }
    for partial in edge.partial_tiles() {
        tiles.insert(partial.tile, &tile_bytes(&partial.hashes))?;
    }
    let root = edge.root();
    println!("built the tiles of {LEAVES} leaves in {:.3} s", begun.seconds());
    let mut most_tiles = 0;
    let begun = Stopwatch::start();
    for n in 0..PROOFS {
        // A walk over the whole log in steps that hit every place within a tile.
        let index = n * 999_983 % LEAVES;
        let plan = ProofPlan::inclusion(index, LEAVES)?;
        most_tiles = most_tiles.max(plan.tiles().len());
        verify_inclusion(&leaf(index), index, LEAVES, &plan.hashes(&tiles)?, &root)?;
    }
    let mean = begun.seconds() / PROOFS as f64;
    println!("proved and verified {PROOFS} entries: {:.3} ms each, from {most_tiles} tiles at most", mean * 1e3);
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a measurement needs a clock")]
impl Stopwatch {
    fn start() -> Self {
        Self { cpu_s: cpu_s(), wall: Instant::now() }
    }

    fn seconds(&self) -> f64 {
        let cpu = self.cpu_s.and_then(|begun| Some(cpu_s()? - begun));
        cpu.unwrap_or_else(|| self.wall.elapsed().as_secs_f64())
    }
}

/// What this thread has used: the first number of schedstat, in nanoseconds.
fn cpu_s() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: u64 = text.split(' ').next()?.parse().ok()?;
    Some(nanoseconds as f64 / 1e9)
}
