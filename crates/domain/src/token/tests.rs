#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

const KINDS: [TokenKind; 3] = TokenKind::ALL;

/// Made by an independent program (Python's `zlib.crc32` and its integers): all zeros, all ones, and 0 to 31.
#[test]
fn known_tokens() {
    let counting = std::array::from_fn(|index| index as u8);
    for (kind, random, text) in [
        (TokenKind::Session, [0; 32], "writ_ses_00000000000000000000000000000000000000000000Ph9jx"),
        (TokenKind::SignIn, [255; 32], "writ_sin_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp13J5Iaa"),
        (TokenKind::Bootstrap, counting, "writ_bts_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf2shMKo"),
    ] {
        let token = Token::new(kind, random);
        assert_eq!(token.expose(), text);
        assert_eq!((token.kind(), token.digest()), (kind, Digest::of(text.as_bytes())));
        assert_eq!(text.parse(), Ok(token));
    }
}

/// The check value of CRC-32/ISO-HDLC in the catalogue of parametrised CRC algorithms.
#[test]
fn checksum_is_the_catalogues() {
    assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    assert_eq!(crc32(b""), 0);
}

#[test]
fn debug_does_not_print_the_secret() {
    let token = Token::new(TokenKind::Session, [7; 32]);
    assert_eq!(format!("{token:?}"), "writ_ses_…");
    assert_eq!(format!("{:#?}", Some(&token)), "Some(\n    writ_ses_…,\n)");
}

#[test]
fn one_error_per_cause() {
    let good = Token::new(TokenKind::Session, [7; 32]).expose().to_owned();
    let check = |text: &str, error: TokenError| assert_eq!(text.parse::<Token>(), Err(error), "{text}");
    for text in ["", "writ", "writ_xyz_", "WRIT_SES_", "sk-ant-api03", &good[1..]] {
        check(text, TokenError::Prefix);
    }
    check("writ_ses_", TokenError::Length { found: 9 });
    check(&good[..57], TokenError::Length { found: 57 });
    check(&format!("{good}0"), TokenError::Length { found: 59 });
    check(&format!("{}é", &good[..56]), TokenError::Length { found: 57 });
    check(&good.replace("_ses_", "_sin_"), TokenError::Checksum);
    check(&format!("{}!", &good[..57]), TokenError::Checksum);
}

#[test]
fn errors_do_not_repeat_the_text() {
    for text in ["hunter2", "writ_ses_hunter2", &format!("writ_ses_hunter2{}", "x".repeat(42))] {
        let error = text.parse::<Token>().unwrap_err();
        assert!(!error.to_string().contains("hunter2") && !format!("{error:?}").contains("hunter2"), "{error}");
    }
    let text = |error: TokenError| error.to_string();
    assert_eq!(text(TokenError::Prefix), "not a writ token (expected it to start with `writ_`)");
    assert_eq!(text(TokenError::Length { found: 3 }), "a writ token has 58 characters, this one has 3");
    assert_eq!(text(TokenError::Checksum), "the token's checksum does not match: it was cut or mistyped");
}

proptest! {
    #[test]
    fn round_trip(kind in 0..3_usize, random: [u8; 32]) {
        let token = Token::new(KINDS[kind], random);
        prop_assert_eq!(token.expose().len(), 58);
        let secret = token.expose().strip_prefix(KINDS[kind].prefix()).unwrap();
        prop_assert!(secret.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        prop_assert_eq!(token.expose().parse(), Ok(token.clone()));
    }

    /// No single mistyped character passes.
    #[test]
    fn a_typing_error_is_found(random: [u8; 32], at in 9..58_usize, with in "[0-9A-Za-z]") {
        let good = Token::new(TokenKind::Session, random).expose().to_owned();
        let bad = format!("{}{with}{}", &good[..at], &good[at + 1..]);
        prop_assume!(bad != good);
        prop_assert_eq!(bad.parse::<Token>(), Err(TokenError::Checksum));
    }

    #[test]
    fn different_secrets_are_different_tokens(a: [u8; 32], b: [u8; 32]) {
        let token = |random| Token::new(TokenKind::Session, random);
        prop_assert_eq!(a == b, token(a) == token(b));
    }

    #[test]
    fn parsing_never_panics(text: String) {
        let _ = text.parse::<Token>();
        let _ = format!("writ_ses_{text}").parse::<Token>();
    }
}
