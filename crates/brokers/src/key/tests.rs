#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};

use super::*;

fn decoded(jwk: &Value, member: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(jwk[member].as_str().unwrap()).unwrap()
}

#[test]
fn a_key_survives_being_stored() {
    let key = SigningKey::generate().unwrap();
    let again = SigningKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
    assert_eq!(again.kid(), key.kid());
    assert_eq!(again.sign(b"text"), key.sign(b"text"));
}

#[test]
fn the_published_half_verifies_what_the_private_half_signs() {
    let key = SigningKey::generate().unwrap();
    let jwk = &jwks(&[&key])["keys"][0];
    let public = RsaPublicKeyComponents { n: decoded(jwk, "n"), e: decoded(jwk, "e") };
    let signature = key.sign(b"text").unwrap();
    assert!(public.verify(&RSA_PKCS1_2048_8192_SHA256, b"text", &signature).is_ok());
    assert!(public.verify(&RSA_PKCS1_2048_8192_SHA256, b"test", &signature).is_err());
}

#[test]
fn the_key_set_has_the_public_members_and_no_other() {
    let (first, second) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let set = jwks(&[&first, &second]);
    let keys = set["keys"].as_array().unwrap();
    assert_eq!(keys.iter().map(|key| key["kid"].as_str().unwrap()).collect::<Vec<_>>(), [first.kid(), second.kid()]);
    assert_ne!(first.kid(), second.kid());
    for key in keys {
        let members: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
        assert_eq!((&key["kty"], &key["use"], &key["alg"]), (&json!("RSA"), &json!("sig"), &json!("RS256")));
        assert_eq!(key["e"], "AQAB");
        assert_eq!(decoded(key, "n").len(), 256);
    }
    assert_eq!(jwks(&[]), json!({ "keys": [] }));
}

#[test]
fn debug_prints_the_name_and_nothing_else() {
    let key = SigningKey::generate().unwrap();
    assert_eq!(format!("{key:?}"), format!("SigningKey {{ kid: {:?}, .. }}", key.kid()));
    assert_eq!(key.kid().len(), 43);
}

#[test]
fn what_is_not_a_key_is_refused_without_quoting_it() {
    let key = SigningKey::generate().unwrap();
    let der = key.to_pkcs8().unwrap();
    let refused = |bytes: &[u8]| SigningKey::from_pkcs8(bytes).unwrap_err();
    assert_eq!(refused(b""), KeyError::Rejected);
    assert_eq!(refused(b"hunter2"), KeyError::Rejected);
    assert_eq!(refused(&der[..der.len() - 1]), KeyError::Rejected);
    assert_eq!(refused(&vec![0; PKCS8_BYTES_MAX + 1]), KeyError::TooLong { found: PKCS8_BYTES_MAX + 1 });
    assert!(!refused(b"hunter2").to_string().contains("hunter2"));
}

#[test]
fn a_key_of_1024_bits_is_refused() {
    let weak = include_bytes!("rsa_1024_test_only.pk8");
    assert_eq!(SigningKey::from_pkcs8(weak).unwrap_err(), KeyError::Rejected);
}
