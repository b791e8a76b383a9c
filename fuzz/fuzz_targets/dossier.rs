//! An audit bundle of strangers' bytes, the first of which is the size of the pieces it is fed in: never a panic, and the
//! same verdict in pieces and as a whole.
#![no_main]

use ledger::dossier::{Flaw, Trust, Verdict, Verifier};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&piece, file)) = input.split_first() else {
        return;
    };
    let whole = verify(file, file.len().max(1));
    assert_eq!(whole, verify(file, usize::from(piece).max(1)));
});

fn verify(file: &[u8], piece: usize) -> Result<Verdict, Flaw> {
    let mut verifier = Verifier::new(Trust::Enclosed);
    for piece in file.chunks(piece) {
        verifier.push(piece)?;
    }
    verifier.finish()
}
