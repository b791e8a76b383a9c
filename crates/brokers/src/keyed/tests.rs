use super::DigestKey;

/// RFC 4231, section 4.3, uses a shorter key padded with zeros: HMAC pads to the block size, so 32 bytes with zeros at
/// the end are the same key.
#[test]
fn agrees_with_rfc_4231_case_2() {
    let mut key = [0_u8; 32];
    key[..4].copy_from_slice(b"Jefe");
    let digest = DigestKey::new(&key).digest(b"what do ya want for nothing?");
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

#[test]
fn does_not_print_its_key() {
    assert_eq!(format!("{:?}", DigestKey::new(&[7; 32])), "DigestKey(…)");
}
