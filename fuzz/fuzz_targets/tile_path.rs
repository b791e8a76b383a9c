//! A path of strangers' bytes: never a panic, one spelling, and never both a tile and a bundle.
#![no_main]

use ledger::{BundleId, Tile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|path: &str| {
    let (tile, bundle) = (path.parse::<Tile>(), path.parse::<BundleId>());
    assert!(tile.is_err() || bundle.is_err());
    if let Ok(tile) = tile {
        assert_eq!(tile.to_string(), path);
    }
    if let Ok(bundle) = bundle {
        assert_eq!(bundle.to_string(), path);
    }
});
