#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use std::sync::Arc;

use domain::Span;
use domain::credential::token_id;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};

use super::super::limits::{AUDIENCES_MAX, TOKEN_BYTES_MAX};
use super::super::{Issuer, PartyError, PartyKind, RelyingParties, RelyingParty, SubjectTemplate, source_identity};
use super::*;
use crate::{Certificate, SigningAlgorithm, SigningKey, jwks};

const ISSUER: &str = "https://id.example.com";
/// 2026-11-22T20:00:00.999Z.
const NOW: Time = Time::from_unix_millis(1_795_377_600_999);

fn session(number: u128) -> SessionId {
    SessionId::new(NOW, number)
}

fn issuer(algorithm: SigningAlgorithm) -> Issuer {
    let key = SigningKey::generate(algorithm).unwrap();
    let certificate = Certificate::self_signed(&key, NOW).unwrap();
    let party =
        |audience: &str, kind| RelyingParty::new(audience.parse().unwrap(), kind, SubjectTemplate::default()).unwrap();
    let parties = RelyingParties::new(vec![
        party("sts.amazonaws.com", PartyKind::Aws),
        party("api://AzureADTokenExchange", PartyKind::Azure),
        party("google", PartyKind::Gcp),
        party("registry.example.com", PartyKind::Registry),
        party("vault", PartyKind::Vault),
    ]);
    Issuer::new(ISSUER, Arc::new(key)).unwrap().with_parties(Arc::new(parties.unwrap()), certificate)
}

fn claims() -> TokenClaims {
    TokenClaims {
        audience: vec!["vault".to_owned()],
        subject: "project:prj_1:profile:default".to_owned(),
        token_id: token_id(session(1), 7),
        session: session(1),
        parents: vec![session(2)],
        developer: DeveloperId::new(NOW, 7),
        developer_label: Some("ada@example.com".to_owned()),
        project: Some(ProjectClaim { id: ProjectId::new(NOW, 9), name: "checkout".parse().unwrap() }),
        profile: "default".parse().unwrap(),
        aws: None,
        extra: Map::new(),
        issued_at: NOW,
        expires_at: NOW + Span::from_secs(300),
    }
}

fn aws() -> TokenClaims {
    let tags = [("session", session(1).to_string()), ("developer", "ada@example.com".to_owned())];
    TokenClaims {
        audience: vec!["sts.amazonaws.com".to_owned()],
        aws: Some(AwsClaims {
            source_identity: source_identity(session(1), "ada@example.com"),
            tags: tags.map(|(key, value)| (key.to_owned(), value)).into(),
            transitive: vec!["session".to_owned(), "developer".to_owned()],
        }),
        ..claims()
    }
}

/// What a relying party reads, by an independent library; times are for [`super::verify`]'s tests.
fn read(issuer: &Issuer, token: &str) -> (Header, Value) {
    let header = decode_header(token).unwrap();
    let published: JwkSet = serde_json::from_value(jwks([(issuer.key().public(), None)])).unwrap();
    let mut validation = Validation::new(header.alg);
    (validation.validate_exp, validation.validate_nbf, validation.validate_aud) = (false, false, false);
    validation.set_issuer(&[ISSUER]);
    let key = DecodingKey::from_jwk(published.find(header.kid.as_deref().unwrap()).unwrap()).unwrap();
    (header, decode(token, &key, &validation).unwrap().claims)
}

fn refused(claims: &TokenClaims) -> String {
    issuer(SigningAlgorithm::Es256).token(claims).unwrap_err().to_string()
}

#[test]
fn a_token_for_aws() {
    let issuer = issuer(SigningAlgorithm::Rs256);
    let token = issuer.token(&aws()).unwrap();
    let (header, payload) = read(&issuer, &token);
    assert_eq!((header.alg, header.x5c), (Algorithm::RS256, None));
    insta::assert_json_snapshot!(payload, @r#"
    {
      "act": {
        "act": {
          "sub": "ses_01M82DG6F70000000000000002"
        },
        "sub": "ses_01M82DG6F70000000000000001"
      },
      "aud": "sts.amazonaws.com",
      "developer": "ada@example.com",
      "developer.id": "dev_01M82DG6F70000000000000007",
      "exp": 1795377900,
      "https://aws.amazon.com/source_identity": "ses_01M82DG6F70000000000000001.ada@example.com",
      "https://aws.amazon.com/tags": {
        "principal_tags": {
          "developer": [
            "ada@example.com"
          ],
          "session": [
            "ses_01M82DG6F70000000000000001"
          ]
        },
        "transitive_tag_keys": [
          "session",
          "developer"
        ]
      },
      "iat": 1795377600,
      "iss": "https://id.example.com",
      "jti": "ses_01M82DG6F70000000000000001.7",
      "nbf": 1795377600,
      "profile": "default",
      "project": "checkout",
      "project.id": "prj_01M82DG6F70000000000000009",
      "session": "ses_01M82DG6F70000000000000001",
      "session.id": "ses_01M82DG6F70000000000000001",
      "sub": "project:prj_1:profile:default"
    }
    "#);
    assert!(token.len() < 1600, "{} bytes", token.len());
}

#[test]
fn one_audience_is_a_text_and_several_are_a_list() {
    let issuer = issuer(SigningAlgorithm::Es256);
    let audience = |audience: &[&str]| {
        let audience = audience.iter().map(|&one| one.to_owned()).collect();
        issuer.token(&TokenClaims { audience, ..claims() }).map(|token| read(&issuer, &token).1["aud"].clone())
    };
    assert_eq!(audience(&["vault"]).unwrap(), json!("vault"));
    assert_eq!(audience(&["vault", "google"]).unwrap(), json!(["vault", "google"]));
    assert_eq!(audience(&[]).unwrap_err(), PartyError::Count.into());
    assert_eq!(audience(&["vault"; AUDIENCES_MAX + 1]).unwrap_err(), PartyError::Count.into());
}

#[test]
fn a_token_is_made_for_configured_audiences_only() {
    for audience in ["sts.amazonaws.com.evil", "STS.amazonaws.com", "", "writ"] {
        let asked = TokenClaims { audience: vec!["vault".to_owned(), audience.to_owned()], ..claims() };
        let said = refused(&asked);
        assert!(said.starts_with(&format!("no token is made for the audience `{audience}`: there are `sts")), "{said}");
    }
    // The writ's own walls are nobody's relying party either.
    let bare = Issuer::new(ISSUER, Arc::new(SigningKey::generate(SigningAlgorithm::Es256).unwrap())).unwrap();
    assert!(bare.token(&claims()).unwrap_err().to_string().contains("none is configured"));
}

#[test]
fn each_relying_party_gets_what_it_takes() {
    let (rs256, es256) = (issuer(SigningAlgorithm::Rs256), issuer(SigningAlgorithm::Es256));
    let for_one = |audience: &str| TokenClaims { audience: vec![audience.to_owned()], ..claims() };
    // Entra: RS256, and no other audience beside its own.
    let entra = for_one("api://AzureADTokenExchange");
    assert!(rs256.token(&entra).is_ok());
    assert!(es256.token(&entra).unwrap_err().to_string().contains("signed with RS256 only"));
    let both = TokenClaims { audience: vec![entra.audience[0].clone(), "vault".to_owned()], ..claims() };
    assert!(rs256.token(&both).unwrap_err().to_string().contains("one audience only"));
    // Google: 127 bytes of subject.
    let google = |length: usize| TokenClaims { subject: "x".repeat(length), ..for_one("google") };
    assert!(es256.token(&google(127)).is_ok());
    assert!(es256.token(&google(128)).unwrap_err().to_string().contains("at most 127 bytes"));
    assert!(es256.token(&TokenClaims { subject: "x".repeat(255), ..claims() }).is_ok(), "others take more");
    // A registry: the certificate in the header.
    let token = rs256.token(&for_one("registry.example.com")).unwrap();
    assert_eq!(read(&rs256, &token).0.x5c.unwrap().len(), 1);
    let token = rs256.token(&claims()).unwrap();
    assert_eq!(read(&rs256, &token).0.x5c, None);
}

#[test]
fn a_token_lives_an_hour_at_most() {
    let es256 = issuer(SigningAlgorithm::Es256);
    let lives = |millis: u64| es256.token(&TokenClaims { expires_at: NOW + Span::from_millis(millis), ..claims() });
    assert!(lives(TOKEN_LIFE_MAX.as_millis()).is_ok());
    assert_eq!(lives(TOKEN_LIFE_MAX.as_millis() + 1), Err(IssuerError::Life));
    assert_eq!(lives(0), Err(IssuerError::Expiry));
    assert!(lives(1).is_ok(), "999 ms + 1 ms is the next second");
    assert_eq!(IssuerError::Life.to_string(), "a token lives at most 60 minutes");
}

#[test]
fn claims_are_within_their_bounds() {
    for subject in ["short", &"x".repeat(256), "a subject", "ü-subject"] {
        assert!(refused(&TokenClaims { subject: subject.to_owned(), ..claims() }).starts_with("the claim `sub`"));
    }
    let other = token_id(session(2), 1);
    let no_number = format!("{}.", session(1));
    let too_long = format!("{}.{}", session(1), "1".repeat(64));
    let signed = format!("{}.-1", session(1));
    for token_id in ["", "1", &other, &no_number, &too_long, &signed] {
        let said = refused(&TokenClaims { token_id: token_id.to_owned(), ..claims() });
        assert!(said.starts_with("the claim `jti`"), "{token_id}: {said}");
    }
    for label in ["", "a\nb"] {
        let said = refused(&TokenClaims { developer_label: Some(label.to_owned()), ..claims() });
        assert!(said.starts_with("the claim `developer`"), "{said}");
    }
    let long = TokenClaims { developer_label: Some("x".repeat(DEVELOPER_LABEL_CHARS_MAX + 1)), ..claims() };
    assert!(refused(&long).contains("at most 254 characters"));
    let deep = TokenClaims { parents: vec![session(2); SESSION_DEPTH_MAX + 1], ..claims() };
    assert!(refused(&deep).contains("at most 8 parent sessions"));
    let bad_aws = TokenClaims { aws: Some(AwsClaims::default()), ..claims() };
    assert!(refused(&bad_aws).contains("source_identity"));
}

#[test]
fn without_a_label_or_project_ids_stand_in_or_nothing_does() {
    let issuer = issuer(SigningAlgorithm::Es256);
    let bare = TokenClaims { developer_label: None, project: None, ..claims() };
    let (_, payload) = read(&issuer, &issuer.token(&bare).unwrap());
    assert_eq!(payload["developer"], payload["developer.id"]);
    assert!(payload.get("project").is_none() && payload.get("project.id").is_none());
}

#[test]
fn further_claims_are_added_and_cannot_replace_any() {
    let issuer = issuer(SigningAlgorithm::Es256);
    let extra =
        |name: &str, value: Value| TokenClaims { extra: Map::from_iter([(name.to_owned(), value)]), ..claims() };
    let (_, payload) = read(&issuer, &issuer.token(&extra("access", json!([{"type": "repository"}]))).unwrap());
    assert_eq!(payload["access"], json!([{"type": "repository"}]));
    let full = aws();
    let set: Vec<String> = payload_names(&full);
    for name in set.iter().map(String::as_str).chain(["may_act", "cnf", "nonce", "scope"]) {
        let said = issuer.token(&extra(name, json!("x"))).unwrap_err().to_string();
        assert_eq!(said, format!("the claim `{name}` is set by writ and by nobody else"));
    }
    for name in ["", "a b", "ü", &"x".repeat(101)] {
        assert!(issuer.token(&extra(name, json!("x"))).is_err(), "{name}");
    }
    assert!(issuer.token(&extra("large", json!("x".repeat(EXTRA_CLAIMS_BYTES_MAX)))).is_err());
    let many = |count: usize| {
        let extra = (0..count).map(|number| (format!("x{number}"), json!(number))).collect();
        issuer.token(&TokenClaims { extra, ..claims() })
    };
    assert!(many(EXTRA_CLAIMS_MAX).is_ok() && many(EXTRA_CLAIMS_MAX + 1).is_err());
}

/// Every claim that a full token has.
fn payload_names(claims: &TokenClaims) -> Vec<String> {
    payload(ISSUER, claims).as_object().unwrap().keys().cloned().collect()
}

#[test]
fn the_largest_token_is_within_the_bound_of_the_narrowest() {
    let issuer = issuer(SigningAlgorithm::Rs256);
    let tags = |count: usize| {
        (0..count)
            .map(|number| (format!("{number:0>128}"), "x".repeat(256)))
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    let largest = |count: usize| {
        let aws = AwsClaims { tags: tags(count), transitive: Vec::new(), ..aws().aws.unwrap() };
        issuer.token(&TokenClaims { aws: Some(aws), ..aws_claims() })
    };
    assert!(largest(20).unwrap().len() <= TOKEN_BYTES_MAX);
    assert_eq!(largest(50), Err(IssuerError::TooMuch { what: "bytes", max: TOKEN_BYTES_MAX }));
}

fn aws_claims() -> TokenClaims {
    aws()
}
