//! An entry of strangers' bytes: never a panic, and what is accepted survives being written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(entry) = ledger::decode(bytes) else {
        return;
    };
    // Accepted bytes may hold numbers that no entry is written with; then there is nothing to compare.
    let Ok(again) = ledger::encode(&entry) else {
        return;
    };
    assert_eq!(ledger::decode(&again), Ok(entry));
});
