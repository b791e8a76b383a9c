//! What is asked, what comes back, and how it is ended.

use aws_lc_rs::signature::{KeyPair, RsaKeyPair};
use domain::{ArtifactKind, Span};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::{Value, json};

use super::support::*;
use crate::broker::{Handle, Revocation, WireError};

#[tokio::test]
async fn asks_github_for_exactly_the_scope() {
    let script = Script::of([created(&granted("ghs_1"))]);
    broker().mint(&narrow(), &script.tools(), chance(NOW)).await.unwrap();
    assert_eq!(script.story(), ["POST https://api.github.com/app/installations/77/access_tokens"]);
    let seen = script.seen.lock().unwrap();
    let body: Value = serde_json::from_slice(seen[0].body()).unwrap();
    assert_eq!(body, json!({ "repositories": ["api"], "permissions": { "contents": "write" } }));
    let header = |name: &str| seen[0].headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(header("accept").as_deref(), Some("application/vnd.github+json"));
    assert_eq!(header("x-github-api-version").as_deref(), Some("2022-11-28"));
    assert_eq!(header("content-type").as_deref(), Some("application/json"));
    assert_eq!(header("user-agent").as_deref(), Some("writ"));
}

#[tokio::test]
async fn the_app_s_statement_is_one_that_an_independent_library_takes() {
    let key = pkcs8();
    let broker = super::super::open(&settings().to_string(), secrets(&pem("PRIVATE KEY", &key))).unwrap();
    let script = Script::of([created(&granted("ghs_1"))]);
    broker.mint(&narrow(), &script.tools(), chance(NOW)).await.unwrap();
    let pair = RsaKeyPair::from_pkcs8(&key).unwrap();
    let (n, e) = (pair.public_key().modulus(), pair.public_key().exponent());
    let public =
        DecodingKey::from_rsa_raw_components(n.big_endian_without_leading_zero(), e.big_endian_without_leading_zero());
    let mut validation = Validation::new(Algorithm::RS256);
    // the time of the test is fixed, the library's is not
    validation.validate_exp = false;
    validation.validate_aud = false;
    let statement = decode::<Value>(script.bearer(0), &public, &validation).unwrap();
    let now = NOW.unix_seconds();
    assert_eq!(statement.claims, json!({ "iss": "123456", "iat": now - 60, "exp": now + 540 }));
}

#[tokio::test]
async fn all_repositories_are_asked_for_by_naming_none() {
    let mut body = granted("ghs_1");
    body["repository_selection"] = json!("all");
    body["permissions"] = json!({ "contents": "read", "metadata": "read" });
    body.as_object_mut().unwrap().remove("repositories");
    let script = Script::of([created(&body)]);
    broker().mint(&order("everything", scope(&[])), &script.tools(), chance(NOW)).await.unwrap();
    let asked: Value = serde_json::from_slice(script.seen.lock().unwrap()[0].body()).unwrap();
    assert_eq!(asked, json!({ "permissions": { "contents": "read" } }));
}

#[tokio::test]
async fn a_long_token_comes_through_whole_and_prints_nowhere() {
    let token = long_token();
    assert_eq!(token.len(), 600);
    let script = Script::of([created(&granted(&token))]);
    let minted = broker().mint(&narrow(), &script.tools(), chance(NOW)).await.unwrap();
    assert_eq!(minted.secret.field("token"), Some(token.as_str()));
    assert_eq!(minted.handle.as_ref().unwrap().bytes(), token.as_bytes());
    assert_eq!(minted.expires_at, NOW + Span::from_secs(3600));
    assert!(!format!("{minted:?}").contains("xxxx"), "{minted:?}");
}

/// FIPS 180-2 appendix B.1: the digest of `abc`, in base64.
#[tokio::test]
async fn its_name_is_what_the_audit_log_calls_hashed_token() {
    let script = Script::of([created(&granted("abc"))]);
    let minted = broker().mint(&narrow(), &script.tools(), chance(NOW)).await.unwrap();
    let hash = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=".to_owned();
    assert_eq!(minted.names, [(ArtifactKind::TokenHash, hash)]);
}

#[test]
fn nothing_is_known_before() {
    let plan = broker().plan(&narrow());
    assert!(plan.names.is_empty() && plan.handle.is_none());
}

#[test]
fn every_target_s_tokens_live_an_hour_and_can_be_ended() {
    for (name, target) in broker().targets() {
        let lives = [target.life_min, target.life_default, target.life_max];
        assert_eq!(lives, [Span::from_secs(3600); 3], "{name}");
        assert!(target.is_revocable && !target.is_local, "{name}");
    }
}

#[tokio::test]
async fn a_token_ends_itself() {
    let script = Script::of([answer(204, "")]);
    let handle = Handle::new(b"ghs_1".to_vec());
    let ended = broker().revoke(&narrow(), &handle, &script.tools(), chance(NOW)).await;
    assert_eq!(ended, Ok(Revocation::Dead));
    assert_eq!(script.story(), ["DELETE https://api.github.com/installation/token"]);
    assert_eq!(script.bearer(0), "ghs_1");
    assert!(script.seen.lock().unwrap()[0].body().is_empty());
}

#[tokio::test]
async fn ending_goes_on_until_the_token_is_known_to_be_dead() {
    // 401: expired, or ended before
    for (status, expected) in [(204, Ok(())), (401, Ok(())), (403, Err(true)), (429, Err(true)), (500, Err(true))] {
        let script = Script::of([answer(status, "leaked")]);
        let handle = Handle::new(b"ghs_1".to_vec());
        let ended = broker().revoke(&narrow(), &handle, &script.tools(), chance(NOW)).await;
        let seen = ended.clone().map(|how| assert_eq!(how, Revocation::Dead)).map_err(|error| error.may_pass);
        assert_eq!(seen, expected, "{status}");
        assert!(!format!("{ended:?}").contains("leaked"), "{ended:?}");
    }
    for (status, expected) in [(200, false), (302, false), (404, false)] {
        let script = Script::of([answer(status, "leaked")]);
        let handle = Handle::new(b"ghs_1".to_vec());
        let error = broker().revoke(&narrow(), &handle, &script.tools(), chance(NOW)).await.unwrap_err();
        assert_eq!(error.may_pass, expected, "{status}");
        assert!(!error.text.contains("leaked"), "{error}");
    }
    let script = Script::of_any([Err(WireError::NoAnswer("no answer within 15 s".to_owned()))]);
    let handle = Handle::new(b"ghs_1".to_vec());
    let error = broker().revoke(&narrow(), &handle, &script.tools(), chance(NOW)).await.unwrap_err();
    assert!(error.may_pass);
}

#[tokio::test]
async fn a_handle_of_another_broker_is_never_sent() {
    for bytes in [&[0xff, 0xfe][..], b"line\nbreak"] {
        let script = Script::of([]);
        let ended = broker().revoke(&narrow(), &Handle::new(bytes.to_vec()), &script.tools(), chance(NOW)).await;
        assert!(ended.is_err());
        assert!(script.story().is_empty());
    }
}

#[test]
fn git_is_told_where_the_tokens_are_good() {
    let broker = broker();
    let git = json!({
        "host": "github.com", "auth": "basic", "username": "x-access-token", "path_prefix": "acme/",
        "repositories": ["Docs", "api", "web"],
    });
    let delivery = |name: &str| broker.delivery(&name.parse().unwrap());
    assert_eq!(delivery("acme"), json!({ "git": git, "api_url": "https://api.github.com" }));
    let git = json!({ "host": "github.com", "auth": "basic", "username": "x-access-token" });
    assert_eq!(delivery("everything"), json!({ "git": git, "api_url": "https://api.github.com" }));
}
