#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use serde_json::{Value, json};

use super::*;
use crate::SigningKey;

/// RFC 7517 appendix A.1, without the members that say what the keys are for.
fn rfc_7517() -> [Value; 2] {
    let n = concat!(
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3",
        "oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdA",
        "ZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-",
        "kEgU8awapJzKnqDKgw"
    );
    [
        json!({
            "kty": "EC",
            "crv": "P-256",
            "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
        }),
        json!({ "kty": "RSA", "n": n, "e": "AQAB" }),
    ]
}

#[test]
fn reads_the_keys_of_the_rfc_and_writes_them_again() {
    for jwk in rfc_7517() {
        let key = PublicKey::from_jwk(&jwk).unwrap();
        let written = key.jwk(None);
        for (member, value) in jwk.as_object().unwrap() {
            assert_eq!(&written[member], value, "{member}");
        }
        assert_eq!(PublicKey::from_jwk(&written).unwrap(), key);
    }
    // RFC 7638 section 3.1 names the RSA key.
    let [_, rsa] = rfc_7517();
    assert_eq!(PublicKey::from_jwk(&rsa).unwrap().kid(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn the_key_set_has_the_public_members_and_no_other() {
    let [rsa, p256] = [SigningAlgorithm::Rs256, SigningAlgorithm::Es256].map(|one| SigningKey::generate(one).unwrap());
    let set = jwks([(rsa.public(), None), (p256.public(), None)]);
    let members = |index: usize| set["keys"][index].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(members(0), ["alg", "e", "kid", "kty", "n", "use"]);
    assert_eq!(members(1), ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    assert_eq!((&set["keys"][0]["kid"], &set["keys"][1]["kid"]), (&json!(rsa.kid()), &json!(p256.kid())));
    assert_eq!((&set["keys"][0]["use"], &set["keys"][0]["e"]), (&json!("sig"), &json!("AQAB")));
    assert_eq!(jwks([]), json!({ "keys": [] }));
}

#[test]
fn what_is_no_key_of_ours_is_refused() {
    let [ec, rsa] = rfc_7517();
    let with = |key: &Value, member: &str, value: Value| {
        let mut key = key.clone();
        key[member] = value;
        key
    };
    for bad in [
        json!(null),
        json!({}),
        json!({ "kty": "oct", "k": "AyM1" }),
        json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }),
        with(&ec, "crv", json!("P-384")),
        with(&ec, "x", json!("MKBC")),
        with(&ec, "y", json!(7)),
        with(&rsa, "n", json!("")),
        with(&rsa, "n", json!("a+b/")),
        with(&rsa, "n", json!("A".repeat(4 * 1024))),
        with(&rsa, "e", json!("AQABAQABAQAB")),
    ] {
        assert_eq!(PublicKey::from_jwk(&bad), Err(KeyError::Public), "{bad}");
    }
}
