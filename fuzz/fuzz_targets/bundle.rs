//! A bundle of strangers' bytes, its first byte the width expected: never a panic, and one spelling.
#![no_main]

use ledger::{decode_bundle, encode_bundle};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&width, bytes)) = input.split_first() else {
        return;
    };
    let width = u16::from(width).max(1);
    if let Ok(entries) = decode_bundle(bytes, width) {
        assert_eq!(entries.len(), usize::from(width));
        assert_eq!(encode_bundle(&entries).as_deref(), Ok(bytes));
    }
});
