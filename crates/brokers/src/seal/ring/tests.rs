use super::{SEAL_OVERHEAD_BYTES, SEAL_RING_KEYS_MAX, SealRing};
use crate::{SealError, SealKey};

const NONCE: [u8; 12] = [9; 12];

fn key(byte: u8) -> SealKey {
    SealKey::new(&[byte; 32])
}

fn ring(bytes: &[u8]) -> SealRing {
    SealRing::new(bytes.iter().map(|&byte| key(byte))).unwrap()
}

#[test]
fn the_first_key_seals_and_all_open() {
    let old = ring(&[1]).seal(NONCE, "a", b"secret").unwrap();
    let both = ring(&[2, 1]);
    assert_eq!(both.open("a", &old).unwrap().as_slice(), b"secret");
    let new = both.seal(NONCE, "a", b"secret").unwrap();
    assert_eq!(SealRing::key_of(&new), Some(key(2).id()));
    assert_eq!(SealRing::key_of(&old), Some(key(1).id()));
    assert_eq!(both.sealing(), Some(key(2).id()));
    assert_eq!(ring(&[1]).open("a", &new), Err(SealError::UnknownKey(key(2).id())));
}

#[test]
fn a_blob_is_laid_out_as_documented() {
    let blob = ring(&[1]).seal(NONCE, "a", b"secret").unwrap();
    assert_eq!(blob.len(), 6 + SEAL_OVERHEAD_BYTES);
    assert_eq!((blob[0], &blob[1..9]), (1, key(1).id().as_bytes().as_slice()));
    assert_eq!(blob[9..], key(1).seal(NONCE, "a", b"secret").unwrap());
}

#[test]
fn a_blob_belongs_to_its_name() {
    let blob = ring(&[1]).seal(NONCE, "a", b"secret").unwrap();
    assert_eq!(ring(&[1]).open("b", &blob), Err(SealError::Open));
}

#[test]
fn every_changed_bit_and_every_cut_is_noticed() {
    let ring = ring(&[1, 2]);
    let whole = ring.seal(NONCE, "a", b"secret").unwrap();
    for place in 0..whole.len() * 8 {
        let mut changed = whole.clone();
        changed[place / 8] ^= 1 << (place % 8);
        let refused = ring.open("a", &changed).unwrap_err();
        match place / 8 {
            0 => assert_eq!(refused, SealError::NotSealed),
            1..=8 => assert!(matches!(refused, SealError::UnknownKey(_)), "bit {place}: {refused:?}"),
            _ => assert_eq!(refused, SealError::Open, "bit {place}"),
        }
    }
    for length in 0..whole.len() {
        assert!(ring.open("a", &whole[..length]).is_err(), "{length} bytes");
    }
}

#[test]
fn what_an_earlier_version_kept_is_not_taken_for_sealed() {
    let rsa_key = crate::SigningKey::generate(crate::SigningAlgorithm::Rs256).unwrap().to_pkcs8().unwrap();
    for plain in [&[1; 32][..], &rsa_key, b""] {
        assert_eq!(ring(&[1]).open("a", plain), Err(SealError::NotSealed));
        assert_eq!(SealRing::key_of(plain), None);
    }
}

#[test]
fn a_ring_has_some_keys_and_each_counts_once() {
    assert!(SealRing::new([]).is_none());
    assert_eq!(ring(&[1, 2, 1]).ids().collect::<Vec<_>>(), [key(1).id(), key(2).id()]);
    let many = |count: usize| SealRing::new((0..count).map(|number| key(u8::try_from(number).unwrap())));
    assert!(many(SEAL_RING_KEYS_MAX).is_some());
    assert!(many(SEAL_RING_KEYS_MAX + 1).is_none());
}

/// By an independent HMAC: `python3 -c "import hmac;print(hmac.new(b'\7'*32,b'writ seal key','sha256').hexdigest()[:16])"`.
#[test]
fn a_key_has_one_name_for_ever_and_prints_nothing_else() {
    assert_eq!(key(7).id().to_string(), "ad5e11776c8a8882");
    assert!(!format!("{:?}", ring(&[7])).contains("[7"), "{:?}", ring(&[7]));
}
