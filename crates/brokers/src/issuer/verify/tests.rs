#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use std::sync::Arc;

use domain::{DeveloperId, SessionId};
use serde_json::json;

use super::*;
use crate::{Issuer, SigningAlgorithm, SigningKey, WritClaims};

const ISSUER: &str = "https://id.example.com";
const NOW: Time = Time::from_unix_millis(1_795_377_600_999);
const HOUR: Span = Span::from_secs(3600);

fn key(algorithm: SigningAlgorithm) -> Arc<SigningKey> {
    Arc::new(SigningKey::generate(algorithm).unwrap())
}

fn token(key: &Arc<SigningKey>) -> String {
    let claims = WritClaims {
        session: SessionId::new(NOW, 1),
        parents: Vec::new(),
        developer: DeveloperId::new(NOW, 7),
        project: None,
        profile: "default".parse().unwrap(),
        audience: vec!["git".to_owned(), "registry".to_owned()],
        issued_at: NOW,
        expires_at: NOW + HOUR,
    };
    Issuer::new(ISSUER, Arc::clone(key)).unwrap().writ(&claims).unwrap()
}

fn verified(key: &SigningKey, token: &str) -> Result<Verified, VerifyError> {
    verify(token, |kid| Some(key.public()).filter(|key| key.kid() == kid), ISSUER, "git", NOW)
}

/// A token whose header and payload are what somebody writes, signed properly.
fn signed(key: &SigningKey, header: &Value, payload: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(header), part(payload));
    let signature = key.sign(text.as_bytes()).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn takes_what_this_issuer_signed_for_this_audience() {
    for algorithm in [SigningAlgorithm::Rs256, SigningAlgorithm::Es256] {
        let key = key(algorithm);
        let claims = verified(&key, &token(&key)).unwrap().claims;
        assert_eq!(claims["session.id"], json!(SessionId::new(NOW, 1)));
    }
}

#[test]
fn another_key_audience_issuer_or_time_is_refused() {
    let (mine, theirs) = (key(SigningAlgorithm::Es256), key(SigningAlgorithm::Es256));
    let token = token(&mine);
    let unknown = VerifyError::UnknownKey { kid: mine.kid().to_owned() };
    assert_eq!(verified(&theirs, &token), Err(unknown));
    let by = |issuer: &str, audience: &str, now: Time| {
        verify(&token, |_| Some(mine.public()), issuer, audience, now).map(drop)
    };
    assert_eq!(by(ISSUER, "registry", NOW), Ok(()));
    assert_eq!(by(ISSUER, "writ", NOW), Err(VerifyError::Audience));
    assert_eq!(by("https://id.example.com/", "git", NOW), Err(VerifyError::Issuer));
    assert_eq!(by(ISSUER, "git", NOW + HOUR), Err(VerifyError::Time));
    assert_eq!(by(ISSUER, "git", NOW - CLOCK_AHEAD_MAX), Ok(()), "clocks may be a little apart");
    assert_eq!(by(ISSUER, "git", NOW - CLOCK_AHEAD_MAX - Span::from_secs(1)), Err(VerifyError::Time));
    // A key that was published under the name of another.
    assert_eq!(verify(&token, |_| Some(theirs.public()), ISSUER, "git", NOW), Err(VerifyError::Signature));
}

#[test]
fn the_algorithm_is_the_keys() {
    let (rsa, p256) = (key(SigningAlgorithm::Rs256), key(SigningAlgorithm::Es256));
    let payload = json!({ "iss": ISSUER, "aud": "git", "nbf": 0, "exp": 4_102_444_800_i64 });
    let with = |key: &SigningKey, alg: &str| {
        verified(key, &signed(key, &json!({ "alg": alg, "kid": key.kid() }), &payload)).map(drop)
    };
    assert_eq!((with(&rsa, "RS256"), with(&p256, "ES256")), (Ok(()), Ok(())));
    for alg in ["none", "HS256", "ES256", "rs256", "PS256"] {
        assert_eq!(with(&rsa, alg), Err(VerifyError::Signature), "{alg}");
    }
    let critical = json!({ "alg": "ES256", "kid": p256.kid(), "crit": ["b64"], "b64": false });
    assert_eq!(verified(&p256, &signed(&p256, &critical, &payload)).map(drop), Err(VerifyError::Form));
}

#[test]
fn claims_that_are_missing_or_of_another_kind_do_not_count() {
    let key = key(SigningAlgorithm::Es256);
    let whole = json!({ "iss": ISSUER, "aud": "git", "nbf": 0, "exp": 4_102_444_800_i64 });
    let header = json!({ "alg": "ES256", "kid": key.kid() });
    for (claim, bad, why) in [
        ("iss", json!(null), VerifyError::Issuer),
        ("aud", json!(null), VerifyError::Audience),
        ("aud", json!({ "git": true }), VerifyError::Audience),
        ("aud", json!([["git"]]), VerifyError::Audience),
        ("exp", json!(null), VerifyError::Time),
        ("exp", json!("4102444800"), VerifyError::Time),
        ("nbf", json!(null), VerifyError::Time),
    ] {
        let mut payload = whole.clone();
        payload[claim] = bad.clone();
        assert_eq!(verified(&key, &signed(&key, &header, &payload)), Err(why), "{claim}: {bad}");
    }
    assert_eq!(verified(&key, &signed(&key, &header, &json!([1]))).map(drop), Err(VerifyError::Form));
}

#[test]
fn every_changed_byte_and_every_cut_is_refused() {
    let key = key(SigningAlgorithm::Es256);
    let token = token(&key);
    for place in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(verified(&key, &changed).is_err(), "byte {place}");
        assert!(verified(&key, &token[..place]).is_err(), "{place} bytes");
    }
    for bad in ["", ".", "..", "...", "a.b", "a.b.c", &"x".repeat(TOKEN_BYTES_MAX + 1)] {
        assert_eq!(verified(&key, bad), Err(VerifyError::Form), "{bad}");
    }
}
