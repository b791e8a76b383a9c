use proptest::prelude::*;

use super::*;

fn paths(size: u64) -> Vec<String> {
    tiles(size).map(|tile| tile.to_string()).collect()
}

/// The examples of tlog-tiles.
#[test]
fn paths_as_in_the_specification() {
    let tile = |level, index, width| Tile::new(level, index, width).unwrap().to_string();
    assert_eq!(tile(0, 1_234_067, 256), "tile/0/x001/x234/067");
    assert_eq!(tile(0, 1_234_067, 5), "tile/0/x001/x234/067.p/5");
    assert_eq!(tile(63, 0, 1), "tile/63/000.p/1");
    assert_eq!(tile(1, 1_000, 256), "tile/1/x001/000");
    assert_eq!(BundleId::new(1_234_067, 256).unwrap().to_string(), "tile/entries/x001/x234/067");
    assert_eq!(BundleId::new(0, 255).unwrap().to_string(), "tile/entries/000.p/255");
    assert_eq!(tile(0, u64::MAX, 256), "tile/0/x018/x446/x744/x073/x709/x551/615");
}

/// The example of tlog-tiles: 70,000 entries.
#[test]
fn tiles_of_a_tree() {
    let paths = paths(70_000);
    assert_eq!(paths.len(), 273 + 1 + 1 + 1 + 1);
    assert_eq!(paths.iter().filter(|path| path.starts_with("tile/0/") && !path.contains(".p")).count(), 273);
    assert_eq!(paths[272..], ["tile/0/272", "tile/1/000", "tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
    assert_eq!(self::paths(256), ["tile/0/000", "tile/1/000.p/1"]);
    assert_eq!(self::paths(0), [""; 0]);
    assert_eq!(
        bundles(300).map(|bundle| bundle.to_string()).collect::<Vec<_>>(),
        ["tile/entries/000", "tile/entries/001.p/44"]
    );
    // The largest tree: its highest level is not full.
    let edge: Vec<_> = partial_tiles(TREE_SIZE_MAX).map(|tile| (tile.level(), tile.width())).collect();
    assert_eq!(edge, [(0, 255), (1, 255), (2, 255), (3, 255), (4, 255), (5, 255), (6, 255), (7, 127)]);
}

#[test]
fn other_spellings_are_refused() {
    for path in [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000",
        "tile/0/x000/001",
        "tile/0/x000/x001/001",
        "tile/0/001/001",
        "tile/0/x01/001",
        "tile/0/X001/001",
        "tile/0/x001/x001",
        "tile/0/001.p",
        "tile/0/001.p/",
        "tile/0/001.p/0",
        "tile/0/001.p/01",
        "tile/0/001.p/256",
        "tile/0/001.p/999999",
        "tile/0/001.p/+1",
        "tile/0/001.p/1.p/1",
        "tile/0/001.P/1",
        "tile/0/001p/1",
        "tile/00/001",
        "tile/64/001",
        "tile/256/001",
        "tile/-1/001",
        "tile/8/0/001",
        "tile/0/-01",
        "tile/0/٠٠١",
        "tile/0/001\n",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/x001/x000/x000/x000/x000/x000/x000/000",
        "tile/entries/x000/001",
        "tile/entries/000.p/256",
        "tile/entries/0",
    ] {
        assert!(path.parse::<Tile>().is_err(), "{path}");
        assert!(path.parse::<BundleId>().is_err(), "{path}");
    }
    assert!("tile/entries/000".parse::<Tile>().is_err());
    assert!("tile/0/000".parse::<BundleId>().is_err());
}

#[test]
fn bounds_of_coordinates() {
    assert_eq!(Tile::new(64, 0, 1), Err(TileError::Level { level: 64 }));
    assert_eq!(Tile::new(0, 0, 0), Err(TileError::Width { width: 0 }));
    assert_eq!(BundleId::new(0, 257), Err(TileError::Width { width: 257 }));
    let tile = Tile::new(0, 0, 2).unwrap();
    assert_eq!(tile.hashes(&[0; 63]), Err(TileError::Bytes { tile, expected: 64, found: 63 }));
    assert_eq!(tile_bytes(&tile.hashes(&[7; 64]).unwrap()), [7; 64]);
    assert_eq!(tile.full().to_string(), "tile/0/000");
}

#[test]
fn a_tree_has_its_tiles_and_no_others() {
    let later = |size: u64| [size, size + 1, size + 300, size * 300];
    for size in [0, 1, 255, 256, 257, 65_535, 65_536, 65_537, 70_000] {
        for level in 0..4 {
            for index in [0, 1, 2, 254, 255, 256, 257, 273] {
                for width in [1, 17, 44, 112, 255, 256] {
                    let tile = Tile::new(level, index, width).unwrap();
                    assert_eq!(tile.is_of_tree(size), tiles(size).any(|own| own == tile), "{tile} in {size}");
                    let bundle = BundleId::new(index, width).unwrap();
                    assert_eq!(bundle.is_of_tree(size), bundles(size).any(|own| own == bundle), "{bundle} in {size}");
                    // What a tree has can be served for ever; what it does not reach yet cannot.
                    assert!(!tile.is_of_tree(size) || later(size).iter().all(|size| tile.is_within_tree(*size)));
                    assert!(!bundle.is_of_tree(size) || later(size).iter().all(|size| bundle.is_within_tree(*size)));
                    let end = (index * 256 + u64::from(width)) << (8 * level);
                    assert_eq!(tile.is_within_tree(size), end <= size, "{tile} in {size}");
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn paths_round_trip(level in 0..=63_u8, index in 0..=(1_u64 << 63), digits in 0..64_u32, width in 1..=256_u16) {
        // Small indexes as often as large ones.
        let index = index >> digits;
        let tile = Tile::new(level, index, width).unwrap();
        prop_assert_eq!(tile.to_string().parse::<Tile>(), Ok(tile));
        let bundle = BundleId::new(index, width).unwrap();
        prop_assert_eq!(bundle.to_string().parse::<BundleId>(), Ok(bundle));
    }

    #[test]
    fn what_is_accepted_is_written_the_same(path in "tile/(entries|[0-9]{1,2})/(x[0-9]{3}/){0,3}[0-9]{2,4}(\\.p/[0-9]{1,3})?") {
        if let Ok(tile) = path.parse::<Tile>() {
            prop_assert_eq!(tile.to_string(), path);
        } else if let Ok(bundle) = path.parse::<BundleId>() {
            prop_assert_eq!(bundle.to_string(), path);
        }
    }

    #[test]
    fn nothing_is_skipped_between_two_checkpoints(old in 0..200_000_u64, more in 0..200_000_u64) {
        let new = old + more;
        let mut grown: Vec<Tile> = full_tiles_between(0, old).chain(full_tiles_between(old, new)).collect();
        grown.sort_unstable();
        let mut whole: Vec<Tile> = full_tiles_between(0, new).collect();
        whole.sort_unstable();
        prop_assert_eq!(grown, whole);
        prop_assert_eq!(full_bundles_between(old, new).count() as u64, new / 256 - old / 256);
    }
}
