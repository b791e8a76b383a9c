//! A witness's request or answer of strangers' bytes: never a panic, one spelling, and what is accepted is of the log.
#![no_main]

use ledger::witness::{AddCheckpoint, Answer, KnownLogs, consider, parse_conflict, parse_cosignatures};
use ledger::{SignedCheckpoint, VerifierKey};
use libfuzzer_sys::fuzz_target;

const LOG: &str = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
const WITNESS: &str = "witness.example.test/w1+b4f59ab9+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU";
const CHECKPOINT: &[u8] = include_bytes!("../../crates/ledger/fixtures/tessera/checkpoint.7");

fuzz_target!(|bytes: &[u8]| {
    let key = |text: &str| text.parse::<VerifierKey>().expect("a published key");
    let (log, witness) = (key(LOG), key(WITNESS));
    let shown = SignedCheckpoint::parse(CHECKPOINT).expect("a published checkpoint");
    let _ = parse_conflict(bytes);
    assert!(parse_cosignatures(bytes, &shown, [&witness]).is_err(), "this witness never saw this log");
    let Ok(request) = AddCheckpoint::parse(bytes) else {
        return;
    };
    assert_eq!(request.to_string().as_bytes(), bytes);
    let logs: KnownLogs = [log.clone()].into_iter().collect();
    if let Answer::Accept(next) = consider(None, &logs, &request, 1) {
        assert_eq!((next.checkpoint.verify_log(&log), next.time_s), (Ok(()), 1));
    }
});
