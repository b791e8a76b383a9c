#![allow(clippy::unwrap_used)]

use domain::Time;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{aws, docker, gcp, gcp_failed, kubectl, pgpass, token};
use crate::command_error::CommandError;
use crate::inside::Credential;

/// Thursday, 26 November 2026, 12:00 UTC: what this machine says.
const NOW: Time = Time::from_unix_millis(1_795_694_400_000);

/// The control plane says another day: only what is left counts.
fn credential(kind: &str, secret: Value, delivery: Value) -> Credential {
    serde_json::from_value(json!({
        "id": "crd_1", "broker": "b", "kind": kind, "target": "t", "expires_at": "2001-01-01T00:00:00Z",
        "expires_in_seconds": 3600, "secret": secret, "delivery": delivery,
    }))
    .unwrap()
}

#[test]
fn aws_clients_read_this() {
    let secret = json!({ "access_key_id": "AKIA", "secret_access_key": "k", "session_token": "t" });
    assert_snapshot!(*aws(&credential("aws", secret.clone(), json!({})), NOW).unwrap(), @r#"{"AccessKeyId":"AKIA","Expiration":"2026-11-26T13:00:00Z","SecretAccessKey":"k","SessionToken":"t","Version":1}"#);
    assert_snapshot!(*aws(&credential("aws", secret, json!({ "aws": { "account": "123456789012" } })), NOW).unwrap(), @r#"{"AccessKeyId":"AKIA","AccountId":"123456789012","Expiration":"2026-11-26T13:00:00Z","SecretAccessKey":"k","SessionToken":"t","Version":1}"#);
}

#[test]
fn kubernetes_clients_read_this() {
    let credential = credential("token", json!({ "token": "ey" }), json!({}));
    assert_snapshot!(*kubectl(&credential, NOW, None).unwrap(), @r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"expirationTimestamp":"2026-11-26T13:00:00Z","token":"ey"}}"#);
    let asked = r#"{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential"}"#;
    assert!(kubectl(&credential, NOW, Some(asked)).unwrap().contains("k8s.io/v1beta1"));
    assert!(kubectl(&credential, NOW, Some("no json")).unwrap().contains("k8s.io/v1\""));
}

#[test]
fn google_s_clients_read_this() {
    let credential = credential("token", json!({ "token": "ey" }), json!({}));
    assert_snapshot!(*gcp(&credential, NOW, None).unwrap(), @r#"{"expiration_time":1795698000,"id_token":"ey","success":true,"token_type":"urn:ietf:params:oauth:token-type:jwt","version":1}"#);
    assert_snapshot!(*gcp_failed(&CommandError::failed("session ses_1 is over")), @r#"{"code":"NO_CREDENTIAL","message":"session ses_1 is over","success":false,"version":1}"#);
}

#[test]
fn docker_reads_this() {
    let credential = credential("token", json!({ "token": "ey" }), json!({}));
    assert_snapshot!(*docker(&credential, "registry.example.com").unwrap(), @r#"{"Secret":"ey","ServerURL":"registry.example.com","Username":"writ"}"#);
}

#[test]
fn a_password_file_is_escaped() {
    let secret = json!({ "user": "s_1", "password": "a:b\\c" });
    let how = json!({ "postgres": { "host": "db", "port": 5432, "database": "shop" } });
    assert_eq!(*pgpass(&credential("postgres", secret.clone(), how)).unwrap(), "db:5432:shop:s_1:a\\:b\\\\c\n");
    assert_eq!(*pgpass(&credential("postgres", secret, json!({}))).unwrap(), "*:*:*:s_1:a\\:b\\\\c\n");
}

#[test]
fn one_field_stands_for_the_whole_or_none_does() {
    for (secret, expected) in [
        (json!({ "token": "t", "x": "y" }), "t\n"),
        (json!({ "user": "u", "password": "p" }), "p\n"),
        (json!({ "x": "y" }), "y\n"),
    ] {
        assert_eq!(*token(&credential("exec", secret, json!({}))).unwrap(), expected);
    }
    let error = token(&credential("exec", json!({ "a": "s1", "b": "s2" }), json!({}))).unwrap_err().to_string();
    assert_eq!(error, "error: this credential has several fields: a, b\nhint: use `--format json` or `--format env`");
}

#[test]
fn a_shape_that_does_not_fit_says_so_without_the_secret() {
    let error = aws(&credential("token", json!({ "token": "s3cret" }), json!({})), NOW).unwrap_err().to_string();
    assert_eq!(error, "error: a credential of b/t has no `access_key_id`: it is of kind token");
}
