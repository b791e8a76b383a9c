//! Prints a log of 700 entries, its checkpoints, tiles and proofs as JSON, for verifiers that share no code with writ:
//! `cargo run -p ledger --example vectors > log.json`, then `scripts/verify/check log.json`.

use std::error::Error;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Digest;
use ledger::{
    Checkpoint, Cosigner, ProofPlan, RightEdge, SignedCheckpoint, Signer, TileSet, TlogProof, leaf_hash, tile_bytes,
};
use serde_json::{Map, Value, json};

const ORIGIN: &str = "log.example.test/made-by-writ";
const ENTRIES: u64 = 700;
/// Around the borders of tiles and of subtrees.
const SIZES: [u64; 11] = [1, 2, 3, 7, 255, 256, 257, 511, 512, 513, ENTRIES];
const TIME_S: u64 = 1_800_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let log = Signer::from_seed(ORIGIN, &[11; 32])?;
    let witness = Cosigner::from_seed("witness.example.test/made-by-writ", &[12; 32])?;
    let entries: Vec<Vec<u8>> = (0..ENTRIES).map(|n| format!("entry {n} of a log").repeat(3).into_bytes()).collect();
    let leaves: Vec<Digest> = entries.iter().map(|entry| leaf_hash(entry)).collect();

    let (mut edge, mut tiles) = (RightEdge::new(), TileSet::new());
    let (mut shown, mut checkpoints, mut proofs) = (Map::new(), Map::new(), Map::new());
    let (mut inclusion, mut consistency) = (Vec::new(), Vec::new());
    for leaf in &leaves {
        let mut written = edge.push(*leaf);
        let published = SIZES.contains(&edge.size());
        if published {
            written.extend(edge.partial_tiles());
        }
        for written in written {
            shown.insert(written.tile.to_string(), STANDARD.encode(tile_bytes(&written.hashes)).into());
            tiles.insert_hashes(written.tile, written.hashes);
        }
        if !published {
            continue;
        }
        let size = edge.size();
        let checkpoint = checkpoint(&log, &witness, size, edge.root())?;
        checkpoints.insert(size.to_string(), checkpoint.to_string().into());
        for index in SIZES.iter().map(|size| size - 1).filter(|index| *index < size).chain([size / 2, size / 3]) {
            let hashes = ProofPlan::inclusion(index, size)?.hashes(&tiles)?;
            let leaf = &leaves[usize::try_from(index)?];
            inclusion.push(json!({ "size": size, "index": index, "leaf_hash": text(leaf), "proof": texts(&hashes) }));
            let proof = TlogProof { extra: None, index, hashes, checkpoint: checkpoint.clone() };
            proofs.insert(format!("tlog_proof_{size}_{index}"), proof.to_string().into());
        }
        for from in SIZES.iter().filter(|from| **from <= size) {
            let hashes = ProofPlan::consistency(*from, size)?.hashes(&tiles)?;
            consistency.push(json!({ "from": from, "to": size, "proof": texts(&hashes) }));
        }
    }
    let mut file = json!({
        "origin": ORIGIN,
        "log_vkey": log.verifier_key().to_string(),
        "witness_vkey": witness.verifier_key().to_string(),
        "entries": entries.iter().map(|entry| STANDARD.encode(entry)).collect::<Vec<_>>(),
        "checkpoints": checkpoints,
        "inclusion": inclusion,
        "consistency": consistency,
        "tiles": shown,
    });
    if let Value::Object(file) = &mut file {
        file.extend(proofs);
    }
    println!("{file:#}");
    Ok(())
}

fn checkpoint(log: &Signer, witness: &Cosigner, size: u64, root: Digest) -> Result<SignedCheckpoint, Box<dyn Error>> {
    let mut checkpoint = Checkpoint::new(ORIGIN, size, root).sign(log)?;
    checkpoint.push(witness.cosign(checkpoint.note().text(), TIME_S + size)?)?;
    Ok(checkpoint)
}

fn text(hash: &Digest) -> String {
    STANDARD.encode(hash.as_bytes())
}

fn texts(hashes: &[Digest]) -> Vec<String> {
    hashes.iter().map(text).collect()
}
