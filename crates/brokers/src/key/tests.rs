#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::*;
use crate::key::SigningAlgorithm::{Es256, Rs256};

/// The key of RFC 7515 appendix A.2, written down as PKCS #8.
const RFC_7515_A2: &[u8] = include_bytes!("rfc_7515_a2_test_only.pk8");
/// The key of appendix A.3.
const RFC_7515_A3: &[u8] = include_bytes!("rfc_7515_a3_test_only.pk8");

fn keys() -> [SigningKey; 2] {
    [Rs256, Es256].map(|algorithm| SigningKey::generate(algorithm).unwrap())
}

#[test]
fn a_key_survives_being_stored() {
    for key in keys() {
        let again = SigningKey::from_pkcs8(key.algorithm(), &key.to_pkcs8().unwrap()).unwrap();
        assert_eq!(again.kid(), key.kid());
        assert!(key.public().verifies(b"text", &again.sign(b"text").unwrap()));
    }
}

#[test]
fn the_published_half_verifies_what_the_private_half_signs() {
    for key in keys() {
        let published = PublicKey::from_jwk(&key.public().jwk(None)).unwrap();
        let signature = key.sign(b"text").unwrap();
        assert!(published.verifies(b"text", &signature));
        assert!(!published.verifies(b"test", &signature));
        assert!(!published.verifies(b"text", &signature[1..]));
        for other in keys() {
            assert!(!other.public().verifies(b"text", &signature));
        }
    }
}

/// RFC 7515 appendix A.2: RS256 gives the same bytes for the same message.
#[test]
fn signs_as_the_rfc_does() {
    let key = SigningKey::from_pkcs8(Rs256, RFC_7515_A2).unwrap();
    let signed = concat!(
        "eyJhbGciOiJSUzI1NiJ9.",
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    );
    let expected = concat!(
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdb",
        "F9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383",
        "LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWy",
        "wlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    );
    assert_eq!(URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()).unwrap()), expected);
}

/// RFC 7515 appendix A.3: the signature in the RFC is one of many, so it is verified.
#[test]
fn verifies_what_the_rfc_signed_on_p_256() {
    let key = SigningKey::from_pkcs8(Es256, RFC_7515_A3).unwrap();
    let jwk = key.public().jwk(None);
    assert_eq!(jwk["x"], "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
    assert_eq!(jwk["y"], "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    let signed = concat!(
        "eyJhbGciOiJFUzI1NiJ9.",
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    );
    let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert!(key.public().verifies(signed.as_bytes(), &signature));
    assert!(key.public().verifies(signed.as_bytes(), &key.sign(signed.as_bytes()).unwrap()));
}

#[test]
fn debug_prints_the_name_and_nothing_else() {
    for key in keys() {
        assert_eq!(format!("{key:?}"), format!("SigningKey {{ kid: {:?}, .. }}", key.kid()));
        assert_eq!(key.kid().len(), 43);
    }
}

#[test]
fn what_is_not_a_key_is_refused_without_quoting_it() {
    for (key, other) in keys().iter().zip([Es256, Rs256]) {
        let der = key.to_pkcs8().unwrap();
        let refused = |bytes: &[u8]| SigningKey::from_pkcs8(key.algorithm(), bytes).unwrap_err();
        assert_eq!(refused(b""), KeyError::Rejected);
        assert_eq!(refused(b"hunter2"), KeyError::Rejected);
        assert_eq!(refused(&der[..der.len() - 1]), KeyError::Rejected);
        assert_eq!(refused(&vec![0; PKCS8_BYTES_MAX + 1]), KeyError::TooLong { found: PKCS8_BYTES_MAX + 1 });
        assert!(!refused(b"hunter2").to_string().contains("hunter2"));
        assert_eq!(SigningKey::from_pkcs8(other, &der).unwrap_err(), KeyError::Rejected);
    }
}

#[test]
fn a_key_of_1024_bits_is_refused() {
    let weak = include_bytes!("rsa_1024_test_only.pk8");
    assert_eq!(SigningKey::from_pkcs8(Rs256, weak).unwrap_err(), KeyError::Rejected);
}

#[test]
fn algorithms_have_the_names_of_the_registry() {
    for algorithm in [Rs256, Es256] {
        assert_eq!(algorithm.as_str().parse(), Ok(algorithm));
        let key = SigningKey::generate(algorithm).unwrap();
        assert_eq!(key.public().jwk(None)["alg"], json!(algorithm.as_str()));
    }
    for bad in ["", "rs256", "HS256", "none", "RS512"] {
        assert!(bad.parse::<SigningAlgorithm>().unwrap_err().contains("neither"), "{bad}");
    }
    let refused = "EdDSA".parse::<SigningAlgorithm>().unwrap_err();
    assert_eq!(refused, "`EdDSA` is refused by AWS, Entra and Kubernetes: expected `RS256` or `ES256`");
}
