#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use domain::limits as domain_limits;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, TokenData, Validation, decode, decode_header};
use serde_json::{Value, json};

use super::limits::{AUDIENCES_MAX, WRIT_AUDIENCE_CHARS_MAX};
use super::*;
use crate::{SigningAlgorithm, jwks};

const ISSUER: &str = "https://writ.example.com";
/// 2026-11-22T20:00:00.999Z: the odd milliseconds show which way is rounded.
const ISSUED_MILLIS: i64 = 1_795_377_600_999;

fn at(millis_later: i64) -> Time {
    Time::from_unix_millis(ISSUED_MILLIS + millis_later)
}

fn session(number: u128) -> SessionId {
    SessionId::new(at(0), number)
}

fn claims() -> WritClaims {
    WritClaims {
        session: session(1),
        parents: Vec::new(),
        developer: DeveloperId::new(at(0), 7),
        project: Some(ProjectId::new(at(0), 9)),
        profile: "default".parse().unwrap(),
        audience: Vec::new(),
        issued_at: at(0),
        // a writ that is checked against the machine's clock by an independent library must outlive this project
        expires_at: Time::from_unix_millis(4_102_444_800_000),
    }
}

fn issuer() -> Issuer {
    Issuer::new(ISSUER, Arc::new(SigningKey::generate(SigningAlgorithm::Rs256).unwrap())).unwrap()
}

/// Verifies as a relying party would: key found by name in the published set, then signature, issuer and audience.
fn verified(issuer: &Issuer, writ: &str, audience: &str) -> jsonwebtoken::errors::Result<TokenData<Value>> {
    let published: JwkSet = serde_json::from_value(jwks([(issuer.key().public(), None)])).unwrap();
    let jwk = published.find(&decode_header(writ)?.kid.unwrap()).expect("the key is published");
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[audience]);
    // the date of issue is fixed for determinism and may lie ahead of the machine's clock
    validation.validate_nbf = false;
    decode(writ, &DecodingKey::from_jwk(jwk)?, &validation)
}

fn payload(issuer: &Issuer, claims: &WritClaims) -> Value {
    verified(issuer, &issuer.writ(claims).unwrap(), AUDIENCE_DEFAULT).unwrap().claims
}

#[test]
fn a_relying_party_verifies_and_reads_it() {
    let issuer = issuer();
    let writ = issuer.writ(&claims()).unwrap();
    let header = decode_header(&writ).unwrap();
    assert_eq!((header.alg, header.typ.as_deref()), (Algorithm::RS256, Some("JWT")));
    assert_eq!(header.kid.as_deref(), Some(issuer.key().kid()));
    insta::assert_json_snapshot!(payload(&issuer, &claims()), @r#"
    {
      "act": {
        "sub": "ses_01M82DG6F70000000000000001"
      },
      "aud": [
        "writ"
      ],
      "developer.id": "dev_01M82DG6F70000000000000007",
      "exp": 4102444800,
      "iat": 1795377600,
      "iss": "https://writ.example.com",
      "jti": "ses_01M82DG6F70000000000000001:1",
      "nbf": 1795377600,
      "profile": "default",
      "project.id": "prj_01M82DG6F70000000000000009",
      "session.id": "ses_01M82DG6F70000000000000001",
      "sub": "dev_01M82DG6F70000000000000007"
    }
    "#);
}

#[test]
fn parents_nest_below_the_session_nearest_first() {
    let child = WritClaims { parents: vec![session(2), session(3)], ..claims() };
    let payload = payload(&issuer(), &child);
    let expected = json!({
        "sub": session(1),
        "act": { "sub": session(2), "act": { "sub": session(3) } },
    });
    assert_eq!(payload["act"], expected);
    assert_eq!(payload["sub"], json!(child.developer));
}

#[test]
fn an_unattributed_session_has_no_project_claim() {
    let payload = payload(&issuer(), &WritClaims { project: None, ..claims() });
    assert!(!payload.as_object().unwrap().contains_key("project.id"));
}

#[test]
fn it_is_for_its_audience_only() {
    let issuer = issuer();
    let for_two = WritClaims { audience: vec!["git".into(), "registry".into()], ..claims() };
    let writ = issuer.writ(&for_two).unwrap();
    assert!(verified(&issuer, &writ, "git").is_ok());
    assert!(verified(&issuer, &writ, "registry").is_ok());
    assert!(verified(&issuer, &writ, AUDIENCE_DEFAULT).is_err());
}

#[test]
fn the_same_claims_give_the_same_text() {
    let issuer = issuer();
    assert_eq!(issuer.writ(&claims()), issuer.writ(&claims()));
}

#[test]
fn a_changed_character_anywhere_fails() {
    let issuer = issuer();
    let writ = issuer.writ(&claims()).unwrap();
    let (_header, after_header) = writ.split_once('.').unwrap();
    let (payload, _signature) = after_header.split_once('.').unwrap();
    let payload_starts = writ.len() - after_header.len();
    let signature_starts = payload_starts + payload.len() + 1;
    for place in [0, 5, 40].into_iter().flat_map(|offset| [payload_starts + offset, signature_starts + offset]) {
        let mut bytes = writ.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        let tampered = String::from_utf8(bytes).unwrap();
        let is_refused = verified(&issuer, &tampered, AUDIENCE_DEFAULT).is_err();
        assert!(is_refused, "byte {place} was changed unnoticed");
    }
}

#[test]
fn another_key_of_the_same_name_fails() {
    let (ours, theirs) = (issuer(), issuer());
    let forged = theirs.writ(&claims()).unwrap();
    let mut set = jwks([(ours.key().public(), None)]);
    set["keys"][0]["kid"] = json!(theirs.key().kid());
    let published: JwkSet = serde_json::from_value(set).unwrap();
    let key = DecodingKey::from_jwk(published.find(theirs.key().kid()).unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[AUDIENCE_DEFAULT]);
    validation.validate_nbf = false;
    let refused = decode::<Value>(&forged, &key, &validation).unwrap_err();
    assert_eq!(*refused.kind(), jsonwebtoken::errors::ErrorKind::InvalidSignature);
}

#[test]
fn seconds_are_rounded_down_and_a_writ_that_never_counts_is_refused() {
    let issuer = issuer();
    let ends_at = |later| issuer.writ(&WritClaims { expires_at: at(later), ..claims() });
    assert_eq!(ends_at(0), Err(IssuerError::Expiry));
    assert_eq!(ends_at(-5_000), Err(IssuerError::Expiry));
    assert!(ends_at(1).is_ok(), "999 ms + 1 ms is the next second");
    assert_eq!(payload(&issuer, &claims())["iat"], json!(ISSUED_MILLIS.div_euclid(1000)));
}

#[test]
fn every_list_is_bounded() {
    let issuer = issuer();
    let depth = |count| issuer.writ(&WritClaims { parents: vec![session(2); count], ..claims() });
    assert!(depth(domain_limits::SESSION_DEPTH_MAX).is_ok());
    let too_deep = IssuerError::TooMuch { what: "parent sessions", max: domain_limits::SESSION_DEPTH_MAX };
    assert_eq!(depth(domain_limits::SESSION_DEPTH_MAX + 1), Err(too_deep));
    let audience =
        |count: usize, chars: usize| issuer.writ(&WritClaims { audience: vec!["x".repeat(chars); count], ..claims() });
    assert!(audience(AUDIENCES_MAX, WRIT_AUDIENCE_CHARS_MAX).is_ok());
    assert!(audience(AUDIENCES_MAX + 1, 1).is_err());
    assert!(audience(1, WRIT_AUDIENCE_CHARS_MAX + 1).is_err());
}

#[test]
fn the_largest_writ_fits_in_every_header() {
    let largest = WritClaims {
        parents: vec![session(2); domain_limits::SESSION_DEPTH_MAX],
        profile: "p".repeat(domain_limits::NAME_CHARS_MAX).parse().unwrap(),
        ..claims()
    };
    let bytes = issuer().writ(&largest).unwrap().len();
    assert!(bytes < 4096, "{bytes} bytes");
    let usual = issuer().writ(&claims()).unwrap().len();
    assert!(usual < 1100, "{usual} bytes");
}

#[test]
fn issuer_addresses() {
    let key = Arc::new(SigningKey::generate(SigningAlgorithm::Es256).unwrap());
    for good in ["https://writ.example.com", "https://example.com/writ", "http://127.0.0.1:4000"] {
        assert_eq!(Issuer::new(good, Arc::clone(&key)).unwrap().address(), good);
    }
    let long = format!("https://{}", "a".repeat(ISSUER_CHARS_MAX));
    for bad in [
        "",
        "writ.example.com",
        "ftp://x",
        "https://",
        "https:///x",
        "https://x/",
        "https://x?q",
        "https://x#f",
        "https://x y",
        "https://x\"",
        "https://ü",
        &long,
    ] {
        assert_eq!(Issuer::new(bad, Arc::clone(&key)).unwrap_err(), IssuerError::Address, "`{bad}`");
    }
}

#[test]
fn addresses_that_clouds_do_not_take_are_told() {
    let warnings = |address: &str| Issuer::address_warnings(address).len();
    assert_eq!(warnings("https://id.example.com"), 0);
    assert_eq!(warnings("https://id.example.com/writ"), 0);
    assert_eq!(warnings("https://id.example.com:8443"), 1);
    assert_eq!(warnings("https://[2001:db8::1]"), 0);
    assert_eq!(warnings("https://[2001:db8::1]:8443"), 1);
    assert_eq!(warnings("https://ID.example.com"), 1);
    assert_eq!(warnings("http://127.0.0.1:7878"), 2);
}

#[test]
fn a_writ_is_signed_with_es256_too() {
    let key = Arc::new(SigningKey::generate(SigningAlgorithm::Es256).unwrap());
    let issuer = Issuer::new(ISSUER, Arc::clone(&key)).unwrap();
    let writ = issuer.writ(&claims()).unwrap();
    let published: JwkSet = serde_json::from_value(jwks([(key.public(), None)])).unwrap();
    let jwk = published.find(key.kid()).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&[AUDIENCE_DEFAULT]);
    validation.validate_nbf = false;
    assert!(decode::<Value>(&writ, &DecodingKey::from_jwk(jwk).unwrap(), &validation).is_ok());
    let with_rs256 = issuer_of(SigningAlgorithm::Rs256).writ(&claims()).unwrap();
    assert!(writ.len() + 250 < with_rs256.len(), "{} and {} bytes", writ.len(), with_rs256.len());
}

fn issuer_of(algorithm: SigningAlgorithm) -> Issuer {
    Issuer::new(ISSUER, Arc::new(SigningKey::generate(algorithm).unwrap())).unwrap()
}

#[test]
fn the_discovery_document_says_what_aws_wants_to_read() {
    let algorithms = [SigningAlgorithm::Es256, SigningAlgorithm::Rs256, SigningAlgorithm::Es256];
    insta::assert_json_snapshot!(discovery(ISSUER, algorithms), @r#"
    {
      "claims_supported": [
        "iss",
        "sub",
        "aud",
        "iat",
        "nbf",
        "exp",
        "jti",
        "act",
        "session.id",
        "developer.id",
        "project.id",
        "session",
        "developer",
        "project",
        "profile",
        "https://aws.amazon.com/tags",
        "https://aws.amazon.com/source_identity"
      ],
      "id_token_signing_alg_values_supported": [
        "RS256",
        "ES256"
      ],
      "issuer": "https://writ.example.com",
      "jwks_uri": "https://writ.example.com/.well-known/jwks.json",
      "response_types_supported": [
        "id_token"
      ],
      "scopes_supported": [
        "openid"
      ],
      "subject_types_supported": [
        "public"
      ]
    }
    "#);
}

#[test]
fn debug_of_an_issuer_shows_address_and_key_name_only() {
    let issuer = issuer();
    let expected = format!("Issuer {{ address: {ISSUER:?}, key: {:?}, ", issuer.key());
    assert!(format!("{issuer:?}").starts_with(&expected), "{issuer:?}");
}
