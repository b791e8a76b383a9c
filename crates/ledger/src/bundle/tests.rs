use domain::Digest;
use proptest::prelude::*;

use super::*;
use crate::testing::{vector_entries, vectors};

#[test]
fn published_bundles() {
    let entries = vector_entries();
    let expected = &vectors()["tiles_sha256"];
    for (path, entries) in [("tile/entries/000", &entries[..256]), ("tile/entries/001.p/44", &entries[256..])] {
        let bytes = encode_bundle(entries).unwrap();
        assert_eq!(Digest::of(&bytes).to_string(), expected[path].as_str().unwrap());
        assert_eq!(decode_bundle(&bytes, entries.len() as u16).unwrap(), entries);
    }
}

/// Tessera's: fifteen small entries.
#[test]
fn tesseras_bundle() {
    let bytes = include_bytes!("../../fixtures/tessera/entries-000.p-15");
    let entries = decode_bundle(bytes, 15).unwrap();
    assert_eq!((entries[0], entries[14]), (b"one".as_slice(), b"fivten".as_slice()));
    assert_eq!(encode_bundle(&entries).unwrap(), bytes);
    assert_eq!(decode_bundle(bytes, 14), Err(BundleError::Count { expected: 14, found: 15 }));
    assert_eq!(decode_bundle(bytes, 16), Err(BundleError::Count { expected: 16, found: 15 }));
    assert_eq!(decode_bundle(&bytes[..bytes.len() - 1], 15), Err(BundleError::Truncated { at: 14 }));
    assert_eq!(decode_bundle(&bytes[..1], 15), Err(BundleError::Truncated { at: 0 }));
}

#[test]
fn an_entry_of_65_535_bytes_and_one_more() {
    let largest = vec![7; 65_535];
    let bytes = encode_bundle(&[&largest]).unwrap();
    assert_eq!(decode_bundle(&bytes, 1).unwrap(), [largest.as_slice()]);
    assert_eq!(encode_bundle(&[vec![7; 65_536]]), Err(BundleError::TooLong { at: 0, bytes: 65_536 }));
    assert_eq!(encode_bundle(&vec![largest; 256]).unwrap().len(), BUNDLE_BYTES_MAX);
    assert!(encode_bundle::<&[u8]>(&[]).is_err());
    assert!(encode_bundle(&vec![b""; 257]).is_err());
}

proptest! {
    #[test]
    fn bundles_round_trip(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 1..=256)) {
        let bytes = encode_bundle(&entries).unwrap();
        prop_assert_eq!(decode_bundle(&bytes, entries.len() as u16).unwrap(), entries);
    }

    #[test]
    fn what_is_accepted_is_written_the_same(bytes in prop::collection::vec(0..4_u8, 1..40), width in 1..20_u16) {
        if let Ok(entries) = decode_bundle(&bytes, width) {
            prop_assert_eq!(encode_bundle(&entries).unwrap(), bytes);
        }
    }
}
