//! How fast a bundle verifies on one core: `cargo run --release -p ledger --example audit_speed [ENTRIES] [BYTES]`.
//!
//! Makes a range bundle of entries of about 600 bytes in memory and verifies it as `writ audit verify` does, in pieces of
//! a megabyte, signature and root included. Target: a million entries a second.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a measurement")]

use std::time::Instant;

use ledger::dossier::{Head, Subject, Trust, Verifier, Writer};
use ledger::{Checkpoint, Frontier, Signer, leaf_hash};

const PIECE: usize = 1 << 20;

fn main() {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>().unwrap());
    let (entries, bytes) = (numbers.next().unwrap_or(1_000_000), numbers.next().unwrap_or(600));
    let signer = Signer::from_seed("speed.example.test/writ", &[7; 32]).unwrap();
    let key = signer.verifier_key().clone();
    let file = bundle(entries, bytes as usize, &signer);
    println!("{entries} entries of {bytes} bytes: a bundle of {} MB", file.len() / 1_000_000);
    for round in 1..=5 {
        let (began, on_core) = (Instant::now(), core_seconds());
        let mut verifier = Verifier::new(Trust::Key(key.clone()));
        file.chunks(PIECE).for_each(|piece| verifier.push(piece).unwrap());
        let verdict = verifier.finish().unwrap();
        let (took, on_core) = (began.elapsed().as_secs_f64(), core_seconds() - on_core);
        let rate = verdict.subject.entries() as f64 / on_core;
        println!("round {round}: {took:.3} s, of which {on_core:.3} s on a core: {rate:.0} entries/s/core");
    }
}

/// Time that this thread had a core, in seconds: other programs may want the machine too. (Linux; elsewhere none.)
fn core_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()).unwrap_or_default() / 1e9
}

fn bundle(entries: u64, bytes: usize, signer: &Signer) -> Vec<u8> {
    let entry = |number: u64| format!("{{\"n\":{number:0width$}}}", width = bytes - 6);
    let mut frontier = Frontier::new();
    (0..entries).for_each(|number| frontier.push(leaf_hash(entry(number).as_bytes())));
    let key = signer.verifier_key().clone();
    let checkpoint = Checkpoint::new(key.name(), entries, frontier.root()).sign(signer).unwrap();
    let head = Head { subject: Subject::Range { from: 0, to: entries }, log: key, policy: None, checkpoint };
    let mut file = Vec::with_capacity(entries as usize * (bytes + 34) + 4096);
    let mut writer = Writer::range(&head, &[], &mut file).unwrap();
    (0..entries).for_each(|number| writer.entry(entry(number).as_bytes(), &mut file).unwrap());
    writer.finish().unwrap();
    file
}
