//! A trust policy of strangers' bytes: never a panic, an error names a line that is there or the one below the last, and
//! a quorum of witnesses is not met by a checkpoint that nobody cosigned.
#![no_main]

use ledger::{SignedCheckpoint, TrustPolicy};
use libfuzzer_sys::fuzz_target;

const CHECKPOINT: &[u8] = include_bytes!("../../crates/ledger/fixtures/tessera/checkpoint.7");

fuzz_target!(|bytes: &[u8]| {
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
    match TrustPolicy::parse(bytes) {
        Ok(policy) => {
            let checkpoint = SignedCheckpoint::parse(CHECKPOINT).expect("a published checkpoint");
            assert!(!policy.asks_for_witnesses() || policy.check(&checkpoint).is_err());
        }
        Err(error) => assert!((1..=lines + 1).contains(&error.line)),
    }
});
