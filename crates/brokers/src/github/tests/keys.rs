//! The App's key, as GitHub gives it and as others write it.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use zeroize::Zeroizing;

use super::support::*;
use crate::broker::Secrets;

fn opened(secrets: Secrets) -> Result<(), String> {
    super::super::open(&settings().to_string(), secrets).map(drop).map_err(|error| error.to_string())
}

#[test]
fn both_containers_are_read() {
    let key = pkcs8();
    let plain = pem("RSA PRIVATE KEY", pkcs1(&key));
    let with_text = format!("App of acme\r\n{}and no more\n", plain.replace('\n', "\r\n"));
    for pem in [pem("PRIVATE KEY", &key), plain, with_text] {
        assert_eq!(opened(secrets(&pem)), Ok(()));
    }
}

#[test]
fn what_is_no_such_key_is_not_repeated() {
    let key = pkcs8();
    let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap().to_pkcs8v1().unwrap().as_ref().to_vec();
    let encrypted = pem("RSA PRIVATE KEY", pkcs1(&key)).replacen('\n', "\nProc-Type: 4,ENCRYPTED\n", 1);
    let cut = pem("RSA PRIVATE KEY", &pkcs1(&key)[..800]);
    for pem in [
        String::new(),
        "s3cret".to_owned(),
        "-----BEGIN RSA PRIVATE KEY-----\ns3cret".to_owned(),
        pem("RSA PRIVATE KEY", &key),
        pem("PRIVATE KEY", pkcs1(&key)),
        pem("PRIVATE KEY", &ec),
        pem("ENCRYPTED PRIVATE KEY", &key),
        pem("PUBLIC KEY", &key),
        encrypted,
        cut,
    ] {
        let error = opened(secrets(&pem)).unwrap_err();
        assert!(error.contains("`private_key` is no RSA private key"), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
}

#[test]
fn the_key_is_there_and_nothing_else() {
    assert!(opened(Secrets::new()).unwrap_err().contains("`private_key` is missing"));
    let mut more = secrets(&pem("PRIVATE KEY", &pkcs8()));
    more.insert("webhook_secret".to_owned(), Zeroizing::new("s3cret".to_owned()));
    let error = opened(more).unwrap_err();
    assert!(error.contains("`webhook_secret`") && !error.contains("s3cret"), "{error}");
}

#[test]
fn a_broker_does_not_print_its_key() {
    let printed = format!("{:?}", broker());
    assert!(printed.contains("123456") && printed.contains("acme"), "{printed}");
    assert!(!printed.contains("RsaKeyPair"), "{printed}");
}
