#![allow(clippy::unwrap_used)]

use super::super::tests::order;
use super::*;

#[test]
fn the_session_comes_first_and_the_developer_is_cut() {
    let mut order = order();
    let session = order.session.to_string();
    assert_eq!(role_session_name(&order), format!("{session}.7.ada@corp.example"));
    assert_eq!(source_identity_of(&order), format!("{session}.ada@corp.example"));
    order.developer_name = format!("Ädä O'Neil*?{}", "x".repeat(100));
    order.sequence = u64::MAX;
    for name in [role_session_name(&order), source_identity_of(&order)] {
        assert!(name.starts_with(&session) && name.len() == 64, "{name}");
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte)), "{name}");
    }
    assert!(source_identity_of(&order).starts_with(&format!("{session}.-d--O-Neil--x")));
}

/// What a deny goes by matches this credential and no other of the session.
#[test]
fn a_pattern_is_for_one_credential() {
    let mut order = order();
    let pattern = userid_pattern(&order);
    let prefix = pattern.strip_prefix("*:").unwrap().strip_suffix('*').unwrap().to_owned();
    assert!(role_session_name(&order).starts_with(&prefix));
    for other in [1, 6, 70, 77, 17] {
        order.sequence = other;
        assert!(!role_session_name(&order).starts_with(&prefix), "{other}");
    }
}

#[test]
fn a_tag_has_the_characters_that_tags_have() {
    let mut order = order();
    order.developer_name = format!("Grâce <H>\u{7}{}", "é".repeat(300));
    let tags = tags(&order);
    let developer = &tags.iter().find(|(key, _)| *key == "developer").unwrap().1;
    assert!(developer.starts_with("Grâce -H--é"), "{developer}");
    assert_eq!(developer.chars().count(), TAG_CHARS_MAX);
}
