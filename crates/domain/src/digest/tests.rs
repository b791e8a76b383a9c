#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

/// Examples of FIPS 180-4.
#[test]
fn published_examples() {
    let text = |bytes: &[u8]| Digest::of(bytes).to_string();
    assert_eq!(text(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(text(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#[test]
fn only_64_lower_case_hexadecimal_characters_are_read() {
    let good = "0123456789abcdef".repeat(4);
    assert_eq!(good.parse::<Digest>().unwrap().to_string(), good);
    let with_last = |last: &str| format!("{}{last}", &good[..64 - last.len()]);
    for text in
        [good[1..].to_owned(), format!("{good}0"), with_last("F"), with_last("g"), with_last("é"), String::new()]
    {
        assert_eq!(text.parse::<Digest>(), Err(DigestError), "{text}");
    }
}

proptest! {
    #[test]
    fn round_trip(bytes: [u8; 32]) {
        let digest = Digest::from_bytes(bytes);
        prop_assert_eq!(digest.as_bytes(), &bytes);
        prop_assert_eq!(digest.to_string().parse(), Ok(digest));
        prop_assert_eq!(format!("{digest:?}"), digest.to_string());
        let json = serde_json::to_string(&digest).unwrap();
        prop_assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
    }
}
