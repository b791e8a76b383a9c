use super::{SealError, SealKey};

const NONCE: [u8; 12] = [9; 12];

fn key() -> SealKey {
    SealKey::new(&[7; 32])
}

fn sealed() -> Vec<u8> {
    key().seal(NONCE, "dev_1", b"Grace Hopper").unwrap()
}

#[test]
fn opens_what_it_sealed_and_hides_it() {
    assert_eq!(key().open("dev_1", &sealed()).unwrap().as_slice(), b"Grace Hopper");
    assert_eq!(sealed().len(), 12 + 12 + 16);
    assert!(!sealed().windows(5).any(|window| window == b"Grace"));
}

/// NIST's GCM vectors, test case 14: key, nonce and 16 plain bytes all zero, nothing beside them.
#[test]
fn agrees_with_the_published_vector() {
    let sealed = SealKey::new(&[0; 32]).seal([0; 12], "", &[0; 16]).unwrap();
    let hex: String = sealed[12..].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
}

#[test]
fn another_key_or_owner_opens_nothing() {
    assert_eq!(SealKey::new(&[8; 32]).open("dev_1", &sealed()), Err(SealError::Open));
    assert_eq!(key().open("dev_2", &sealed()), Err(SealError::Open));
}

#[test]
fn every_changed_bit_and_every_cut_is_noticed() {
    let whole = sealed();
    for place in 0..whole.len() * 8 {
        let mut changed = whole.clone();
        changed[place / 8] ^= 1 << (place % 8);
        assert_eq!(key().open("dev_1", &changed), Err(SealError::Open), "bit {place}");
    }
    for length in 0..whole.len() {
        assert_eq!(key().open("dev_1", &whole[..length]), Err(SealError::Open), "{length} bytes");
    }
}

#[test]
fn does_not_print_its_key() {
    assert_eq!(format!("{:?}", key()), "SealKey(…)");
}
