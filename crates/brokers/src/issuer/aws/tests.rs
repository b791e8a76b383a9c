#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use domain::Time;

use super::*;

fn claims() -> AwsClaims {
    let tags = [("session", "ses_1"), ("developer", "ada@example.com"), ("project", "check out")];
    AwsClaims {
        source_identity: "ses_1.ada@example.com".to_owned(),
        tags: tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        transitive: vec!["session".to_owned()],
    }
}

fn with_tag(key: &str, value: &str) -> Result<(), IssuerError> {
    let mut claims = claims();
    claims.tags.insert(key.to_owned(), value.to_owned());
    claims.check()
}

fn with_identity(identity: &str) -> Result<(), IssuerError> {
    AwsClaims { source_identity: identity.to_owned(), ..claims() }.check()
}

#[test]
fn the_tags_claim_has_lists_of_one() {
    let expected = json!({
        "principal_tags": { "developer": ["ada@example.com"], "project": ["check out"], "session": ["ses_1"] },
        "transitive_tag_keys": ["session"],
    });
    assert_eq!(claims().tags_claim(), expected);
    assert_eq!(claims().check(), Ok(()));
}

#[test]
fn a_source_identity_holds_the_session_and_what_fits_of_the_developer() {
    let session = SessionId::new(Time::from_unix_millis(1_795_377_600_999), 1);
    let identity = source_identity(session, "ada/the first@example.com");
    assert_eq!(identity, format!("{session}.ada-the-first@example.com"));
    let long = source_identity(session, &"a".repeat(100));
    assert_eq!((long.len(), &long[..31]), (64, format!("{session}.").as_str()));
    assert_eq!(with_identity(&long), Ok(()));
    assert_eq!(aws_name("Grace Höpper\n"), "Grace-H-pper-");
}

#[test]
fn what_sts_would_refuse_is_refused_here() {
    for bad in ["", "x", "a b", "a/b", "ü@x", "aws:x", "AWS:x", &"a".repeat(65)] {
        assert!(with_identity(bad).is_err(), "{bad}");
    }
    assert!(with_identity("ab").is_ok() && with_identity(&"a".repeat(64)).is_ok());
    for (key, value) in
        [("", "x"), ("aws:x", "x"), ("Aws:x", "x"), ("a,b", "x"), ("a", "x;y"), ("a", "ü"), ("a\n", "x")]
    {
        assert!(with_tag(key, value).is_err(), "{key}={value}");
    }
    assert!(with_tag("a", "").is_ok());
    assert!(with_tag(&"a".repeat(128), &"x".repeat(256)).is_ok());
    assert!(with_tag(&"a".repeat(129), "x").is_err() && with_tag("a", &"x".repeat(257)).is_err());
    let many = |count: usize| {
        let tags = (0..count).map(|number| (number.to_string(), String::new())).collect();
        AwsClaims { tags, transitive: Vec::new(), ..claims() }.check()
    };
    assert!(many(AWS_TAGS_MAX).is_ok() && many(AWS_TAGS_MAX + 1).is_err());
    let absent = AwsClaims { transitive: vec!["team".to_owned()], ..claims() };
    assert!(absent.check().unwrap_err().to_string().contains("hands on a session tag that is not there"));
    let repeated = AwsClaims { transitive: vec!["session".to_owned(); AWS_TAGS_MAX + 1], ..claims() };
    assert!(repeated.check().is_err());
}
