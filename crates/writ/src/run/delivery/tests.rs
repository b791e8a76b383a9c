#![allow(clippy::unwrap_used)]

use std::ffi::OsString;

use serde_json::json;

use super::{Grant, Site, by_mechanism};

pub(super) fn grant(name: &str, delivery: serde_json::Value) -> Grant {
    let (broker, target) = name.split_once('/').unwrap();
    serde_json::from_value(json!({ "broker": broker, "kind": "token", "target": target, "delivery": delivery }))
        .unwrap()
}

#[test]
fn mechanisms_get_all_their_grants() {
    let grants = [
        grant("a/one", json!({ "aws": { "region": "x" }, "docker": {} })),
        grant("a/two", json!({ "docker": { "hosts": [] } })),
        grant("a/three", json!(null)),
    ];
    let told: Vec<_> = by_mechanism(&grants)
        .into_iter()
        .map(|(mechanism, wired)| (mechanism, wired.iter().map(|wired| wired.grant.name()).collect::<Vec<_>>()))
        .collect();
    assert_eq!(told, [("aws", vec!["a/one".to_owned()]), ("docker", vec!["a/one".to_owned(), "a/two".to_owned()])]);
}

#[test]
fn a_shell_gets_the_words_as_they_are() {
    let words = ["a b", "it's", "$HOME", "", "\\"].map(OsString::from);
    let line = format!("printf '%s\\n' {}", Site::shell(&words));
    let output = std::process::Command::new("sh").args(["-c", &line]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "a b\nit's\n$HOME\n\n\\\n");
}
