//! Certificates, keys and their bytes.

use super::*;

#[test]
fn a_certificate_says_what_was_claimed_and_is_from_its_authority() {
    let made = certificate();
    let read: Certificate = format!("{made} a comment").parse().unwrap();
    assert_eq!(read, made);
    let claims = claims();
    assert_eq!((read.key(), read.serial(), read.key_id()), (claims.key, claims.serial, claims.key_id.as_str()));
    assert_eq!((read.principals(), read.session()), (claims.principals.as_slice(), claims.session));
    assert!(read.is_from(&authority().public()));
    assert!(!read.is_from(&session_key().public()));
}

#[test]
fn a_certificate_counts_from_its_first_second_and_not_at_its_last() {
    let made = certificate();
    let at = |seconds: u64| made.is_valid_at(i64::try_from(seconds).unwrap());
    assert_eq!([at(NOW - 301), at(NOW - 300), at(NOW + 3599), at(NOW + 3600)], [false, true, true, false]);
    assert!(!made.is_valid_at(-1));
}

#[test]
fn every_changed_byte_of_a_certificate_is_seen() {
    let made = certificate();
    for place in 0..made.blob().len() {
        let mut blob = made.blob().to_vec();
        blob[place] ^= 1;
        let believed = Certificate::from_blob(&blob).is_ok_and(|read| read.is_from(&authority().public()));
        assert!(!believed, "byte {place} was changed unnoticed");
    }
}

#[test]
fn what_is_cut_or_has_more_is_not_a_certificate() {
    let blob = certificate().blob().to_vec();
    for end in 0..blob.len() {
        assert!(Certificate::from_blob(&blob[..end]).is_err(), "{end} bytes were taken for a certificate");
    }
    assert!(Certificate::from_blob(&[blob, vec![0]].concat()).is_err());
}

#[test]
fn a_certificate_of_an_impostor_is_from_nobody() {
    let impostor = SshAuthority::from_seed(&[9; 32]).unwrap();
    let theirs = impostor.certify(&claims(), &[3; 32]).unwrap();
    assert!(!theirs.is_from(&authority().public()));
    // The impostor writes our name into it and keeps its own signature.
    let (ours, own) = (authority().public().blob(), impostor.public().blob());
    let at = theirs.blob().windows(own.len()).position(|part| part == own).unwrap();
    let mut forged = theirs.blob().to_vec();
    forged[at..at + own.len()].copy_from_slice(&ours);
    let forged = Certificate::from_blob(&forged).unwrap();
    assert_eq!(forged.authority(), authority().public());
    assert!(!forged.is_from(&authority().public()));
}

#[test]
fn texts_that_could_not_be_read_back_are_not_signed() {
    let refused = |claims: CertificateClaims| authority().certify(&claims, &[3; 32]).unwrap_err();
    let expected = CertificateError::Malformed(Malformed);
    assert_eq!(refused(CertificateClaims { key_id: "a\nb".to_owned(), ..claims() }), expected);
    assert_eq!(refused(CertificateClaims { key_id: "a".repeat(TEXT_BYTES_MAX + 1), ..claims() }), expected);
    assert_eq!(
        refused(CertificateClaims { principals: vec!["p".to_owned(); PRINCIPALS_MAX + 1], ..claims() }),
        expected
    );
}

#[test]
fn keys_are_read_from_their_line_and_nothing_else_is() {
    let key = session_key().public();
    assert_eq!(format!("{key} grace@laptop").parse(), Ok(key));
    let certificate = certificate().to_string();
    let rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7";
    for wrong in ["", "ssh-ed25519", "ssh-ed25519 AAAA", rsa, &certificate, &key.to_string()[..70]] {
        assert_eq!(wrong.parse::<SshPublicKey>(), Err(PublicKeyError), "{wrong}");
    }
}

#[test]
fn private_keys_do_not_print() {
    let expected = format!("SshKey({})", session_key().public().fingerprint());
    assert_eq!(format!("{:?}", session_key()), expected);
    let expected = format!("SshAuthority(SshKey({}))", authority().public().fingerprint());
    assert_eq!(format!("{:?}", authority()), expected);
}

/// RFC 8032, section 7.1, test 2.
#[test]
fn keys_and_signatures_are_those_of_rfc_8032() {
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    };
    let seed: [u8; 32] = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").try_into().unwrap();
    let key = SshKey::from_seed(&seed).unwrap();
    let point = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    assert_eq!(key.public().point().as_slice(), point);
    let signature = hex(concat!(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ));
    assert!(key.sign(&[0x72]).ends_with(&signature));
    assert!(key.public().verifies(&[0x72], &key.sign(&[0x72])));
    assert!(!key.public().verifies(&[0x73], &key.sign(&[0x72])));
}
