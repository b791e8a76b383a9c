#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::{lines, of};
use crate::inside::Credential;

fn credential(kind: &str, secret: Value, delivery: Value) -> Credential {
    serde_json::from_value(json!({
        "id": "crd_1", "broker": "b", "kind": kind, "target": "t", "expires_at": "2001-01-01T00:00:00Z",
        "expires_in_seconds": 3600, "secret": secret, "delivery": delivery,
    }))
    .unwrap()
}

fn check(kind: &str, secret: Value, delivery: Value, expected: &[(&str, &str)]) {
    let variables = of(&credential(kind, secret, delivery));
    let variables: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(variables, expected);
}

#[test]
fn fields_have_the_names_that_programs_read() {
    let aws = json!({ "access_key_id": "a", "secret_access_key": "b", "session_token": "c" });
    let expected = [
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_SESSION_TOKEN", "c"),
        ("AWS_REGION", "eu-west-1"),
    ];
    check("aws", aws, json!({ "aws": { "region": "eu-west-1" } }), &expected);
    check("github", json!({ "token": "g" }), json!({}), &[("GH_TOKEN", "g"), ("GITHUB_TOKEN", "g")]);
    let postgres = json!({ "postgres": { "host": "db", "port": 5432 } });
    let expected = [("PGPASSWORD", "p"), ("PGUSER", "u"), ("PGHOST", "db"), ("PGPORT", "5432")];
    check("postgres", json!({ "user": "u", "password": "p" }), postgres, &expected);
    check("exec", json!({ "api-key": "x", "pin": "1" }), json!({}), &[("WRIT_PIN", "1")]);
}

#[test]
fn a_target_names_its_own() {
    let delivery = json!({ "env": {
        "secret": { "PIP_INDEX_URL": "https://token:{token}@pypi.example.com/simple", "BAD": "{nothing}", "OPEN": "{token", "1X": "{token}" },
        "plain": { "BILLING_URL": "https://billing" },
    } });
    let expected = [("PIP_INDEX_URL", "https://token:t@pypi.example.com/simple"), ("BILLING_URL", "https://billing")];
    check("token", json!({ "token": "t" }), delivery, &expected);
}

#[test]
fn npm_s_token_has_the_name_in_the_session_s_configuration() {
    check("token", json!({ "token": "t" }), json!({ "npm": {} }), &[("TOKEN", "t"), ("NPM_TOKEN", "t")]);
}

#[test]
fn a_shell_gets_the_values_as_they_are() {
    let value = "it's $HOME `x` \"q\" \\ end";
    let lines = lines(&credential("token", json!({ "token": value }), json!({})));
    let script = format!("{}printf %s \"$TOKEN\"", *lines);
    let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), value);
}
