#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;

fn named_as(name: &str) -> Option<(SessionId, Number)> {
    named(json!({ "jti": name }).as_object().unwrap())
}

#[test]
fn a_token_is_named_by_its_session_and_number() {
    let session = SessionId::new(Time::from_unix_millis(1_795_377_600_000), 1);
    assert_eq!(named_as(&token_id(session, 7)), Some((session, Number::Credential(7))));
    assert_eq!(named_as(&format!("{session}:1")), Some((session, Number::Writ)));
    for strange in ["", ".7", "7", &format!("{session}.07"), &format!("{session}.+7"), &format!("{session}.7.7"), ":1"]
    {
        assert_eq!(named_as(strange), None, "{strange}");
    }
    assert_eq!(named(&Map::new()), None);
    assert_eq!(named(json!({ "jti": 7 }).as_object().unwrap()), None);
}

#[test]
fn a_claim_says_write_or_does_not() {
    for (claim, expected) in [
        (json!("write"), true),
        (json!("read write"), true),
        (json!(["read", "write"]), true),
        (json!("read"), false),
        (json!("overwrite"), false),
        (json!(["read"]), false),
        (json!([{ "actions": ["write"] }]), false),
        (json!({ "write": true }), false),
        (json!(null), false),
    ] {
        assert_eq!(says_write(&claim), expected, "{claim}");
    }
}

#[test]
fn the_audience_is_read_without_belief() {
    use base64::Engine as _;
    let token = |claims: Value| {
        let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims.to_string());
        format!("e30.{payload}.c2ln")
    };
    assert_eq!(audience_of(&token(json!({ "aud": "git" }))).as_deref(), Some("git"));
    assert_eq!(audience_of(&token(json!({ "aud": ["git", "registry"] }))).as_deref(), Some("git"));
    for strange in [token(json!({})), token(json!({ "aud": [] })), token(json!({ "aud": 7 })), "a.b.c".to_owned()] {
        assert_eq!(audience_of(&strange), None, "{strange}");
    }
}
