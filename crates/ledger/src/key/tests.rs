use super::*;
use crate::testing::{ORIGIN, WITNESS, log_signer, vectors, vkey, witness_signer};
use crate::{Cosigner, Signer};

const PUBLISHED: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
/// From the tests of Go's `golang.org/x/mod/sumdb/note`: both halves of one key.
const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PETERS_SECRET: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";

#[test]
fn published_keys() {
    for text in [PUBLISHED, PETER] {
        assert_eq!(vkey(text).to_string(), text);
    }
    let vectors = vectors();
    assert_eq!(log_signer().verifier_key().to_string(), vectors["log_vkey"].as_str().unwrap());
    assert_eq!(witness_signer().verifier_key().to_string(), vectors["witness_vkey"].as_str().unwrap());
    assert_eq!(witness_signer().verifier_key().algorithm(), Algorithm::Ed25519Cosignature);
}

#[test]
fn the_private_form_is_gos() {
    let signer = Signer::from_private_key(PETERS_SECRET).unwrap();
    assert_eq!(signer.verifier_key().to_string(), PETER);
    assert_eq!(*signer.to_private_key(), PETERS_SECRET);
    let stored = witness_signer().to_private_key();
    assert!(stored.starts_with("PRIVATE+KEY+witness.example.test/w1+b4f59ab9+B"));
    assert_eq!(Cosigner::from_private_key(&stored).unwrap().verifier_key(), witness_signer().verifier_key());
}

#[test]
fn a_key_serves_one_purpose() {
    let (found, expected) = (Algorithm::Ed25519Cosignature, Algorithm::Ed25519);
    let stored = witness_signer().to_private_key();
    assert_eq!(Signer::from_private_key(&stored).unwrap_err(), KeyError::Purpose { found, expected });
    assert!(Cosigner::from_private_key(PETERS_SECRET).is_err());
    assert!(vkey(PETER).expect_for(Algorithm::Ed25519Cosignature).is_err());
}

#[test]
fn secrets_do_not_print() {
    let (signer, cosigner) = (log_signer(), witness_signer());
    let printed = format!("{signer:?} {signer:#?} {cosigner:?}");
    assert!(printed.contains(ORIGIN) && printed.contains(WITNESS));
    // The seeds are 01… and 02…: in no spelling.
    for secret in ["1, 1, 1", "0101", "AQEB", "2, 2, 2", "0202", "AgIC", "PRIVATE"] {
        assert!(!printed.contains(secret), "{printed}");
    }
    for text in [&PETERS_SECRET[..PETERS_SECRET.len() - 4], &PETERS_SECRET.replace("c74f20a3", "c74f20a4")] {
        let error = Signer::from_private_key(text).unwrap_err();
        assert!(!format!("{error:?} {error}").contains("AYEKF"));
    }
}

#[test]
fn what_is_no_key() {
    let check = |text: &str, expected: KeyError| assert_eq!(text.parse::<VerifierKey>(), Err(expected), "{text}");
    check("", KeyError::Form);
    check("name", KeyError::Form);
    check("name+12345678", KeyError::Form);
    check(&PUBLISHED.replace("example.com/foo", ""), KeyError::Name);
    check(&PUBLISHED.replace("example.com/foo", "a b"), KeyError::Name);
    check(&PUBLISHED.replace("example.com/foo", "a\u{a0}b"), KeyError::Name);
    check(&PUBLISHED.replace("example.com/foo", "a\u{7f}b"), KeyError::Name);
    check(&PUBLISHED.replace("example.com/foo", "example.com/bar"), KeyError::Id);
    check(&PUBLISHED.replace("530d903a", "530d903b"), KeyError::Id);
    check(&PUBLISHED.replace("530d903a", "530D903A"), KeyError::Form);
    check(&PUBLISHED.replace("530d903a", "-30d903a"), KeyError::Form);
    check(&PUBLISHED.replace("530d903a", "0530d903a"), KeyError::Form);
    check(&PUBLISHED.replace("+AekyeR", "+AekyeS"), KeyError::Id);
    check(&PUBLISHED.replace("+Aeky", "+Ceky"), KeyError::Algorithm(0x09));
    // ML-DSA-44 is known to the specification, not yet to us.
    check(&PUBLISHED.replace("+Aeky", "+Buky"), KeyError::Algorithm(0x06));
    check(&format!("{PUBLISHED}\n"), KeyError::Form);
    check(&format!("{PUBLISHED}="), KeyError::Form);
    check(&PUBLISHED[..PUBLISHED.len() - 4], KeyError::Rejected);
    check(&"a".repeat(KEY_CHARS_MAX + 1), KeyError::Form);
    assert_eq!(Signer::from_seed(&"a".repeat(256), &[0; 32]).unwrap_err(), KeyError::Name);
    let longest = Signer::from_seed(&"a".repeat(255), &[0; 32]).unwrap();
    assert!(Signer::from_private_key(&longest.to_private_key()).is_ok());
}
