//! An offline proof of strangers' bytes: never a panic, one spelling, and nobody's entry is proved by it.
#![no_main]

use ledger::{TlogProof, TrustPolicy};
use libfuzzer_sys::fuzz_target;

const POLICY: &str =
    "log example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx\nquorum none\n";

fuzz_target!(|bytes: &[u8]| {
    let Ok(proof) = TlogProof::parse(bytes) else {
        return;
    };
    assert_eq!(proof.to_string().as_bytes(), bytes);
    let policy = TrustPolicy::parse(POLICY.as_bytes()).expect("a policy");
    assert!(proof.verify(b"an entry that this log never had", &policy).is_err());
});
