//! A note of strangers' bytes: never a panic, one spelling, and no key is fooled.
#![no_main]

use ledger::{Note, SignedCheckpoint, VerifierKey};
use libfuzzer_sys::fuzz_target;

const LOG: &str = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";

fuzz_target!(|bytes: &[u8]| {
    let Ok(note) = Note::parse(bytes) else {
        return;
    };
    assert_eq!(note.to_string().as_bytes(), bytes);
    let log: VerifierKey = LOG.parse().expect("a published key");
    let _ = note.verify([&log]);
    if let Ok(checkpoint) = SignedCheckpoint::parse(bytes) {
        assert_eq!(checkpoint.checkpoint().to_string(), note.text());
        let _ = checkpoint.verify_log(&log);
    }
});
