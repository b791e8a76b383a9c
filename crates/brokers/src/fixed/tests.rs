#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use domain::BrokerKind;
use serde_json::Value;

use super::*;
use crate::plugin::tests::{chance, no_tools, order};

fn secrets(named: &[(&str, &str)]) -> Secrets {
    named.iter().map(|(name, value)| ((*name).to_owned(), Zeroizing::new((*value).to_owned()))).collect()
}

fn settings(more: Value) -> String {
    let mut target = json!({ "base_url": "https://api.example.com",
                             "inject": { "header": "Authorization", "prefix": "Bearer " } });
    target.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "targets": { "jira": target } }).to_string()
}

#[tokio::test]
async fn nothing_of_the_secret_is_handed_over() {
    let broker = crate::open(BrokerKind::Static, &settings(json!({})), secrets(&[("token", "s3cr3t-value")])).unwrap();
    let minted = broker.mint(&order("jira", &[]), &no_tools(), chance()).await.unwrap();
    assert_eq!(serde_json::to_value(&minted.secret).unwrap(), json!({}));
    let jira = "jira".parse().unwrap();
    let delivery = broker.delivery(&jira);
    assert_eq!(delivery["inject"]["attributable"], json!(false));
    assert!(!format!("{broker:?} {delivery} {minted:?}").contains("s3cr3t"));
    assert!(broker.shows().contains("not attributable"));
    let mut headers = http::HeaderMap::new();
    broker.injection(&jira).unwrap().set_on(&mut headers);
    assert_eq!(headers["authorization"], "Bearer s3cr3t-value");
    // Who says nothing may read.
    let allows = |method| broker.injection(&jira).unwrap().allows(&Scope::default(), &method, "/x").is_ok();
    assert!(allows(http::Method::GET) && !allows(http::Method::POST));
}

#[test]
fn a_scope_has_methods_and_paths() {
    let broker = crate::open(BrokerKind::Static, &settings(json!({})), secrets(&[("token", "s3cr3t-value")])).unwrap();
    let check = |scope: &[(&str, &[&str])]| broker.check(&"jira".parse().unwrap(), &order("jira", scope).scope);
    assert_eq!(check(&[("methods", &["GET", "*"]), ("paths", &["/a"])]), Ok(()));
    for scope in [("methods", &["get"][..]), ("paths", &["a"]), ("paths", &["/a?b"]), ("repositories", &["x"])] {
        assert!(check(&[scope]).is_err(), "{scope:?}");
    }
}

#[test]
fn settings_are_checked() {
    let open = |more: Value, secrets: Secrets| {
        crate::open(BrokerKind::Static, &settings(more), secrets).map(drop).map_err(|error| error.to_string())
    };
    let fine = || secrets(&[("token", "s3cr3t-value")]);
    assert_eq!(open(json!({ "methods": ["*"], "paths": ["/v1/"] }), fine()), Ok(()));
    for (more, secrets, expected) in [
        (json!({ "base_url": "http://api.example.com" }), fine(), "loopback only"),
        (json!({ "base_url": "https://api.example.com/?key=x" }), fine(), "must not have a query"),
        (json!({ "inject": { "query": "key" } }), fine(), "unknown field `query`"),
        (json!({ "inject": { "header": "content-length" } }), fine(), "is not for secrets"),
        (json!({ "inject": { "header": "a b" } }), fine(), "is no header name"),
        (json!({ "inject": { "header": "x-key", "prefix": "\n" } }), fine(), "no HTTP header can carry"),
        (json!({ "secret": "other" }), fine(), "`other` is not given"),
        (json!({}), secrets(&[("token", "s3cr3t-value"), ("spare", "x")]), "`spare` is used by no target"),
        (json!({}), secrets(&[("token", "short")]), "fewer than 8 bytes"),
        (json!({ "methods": [] }), fine(), "1 to 64 values"),
        (json!({ "methods": ["get"] }), fine(), "in upper case"),
        (json!({ "paths": ["v1"] }), fine(), "beginning of a path"),
    ] {
        let error = open(more, secrets).unwrap_err();
        assert!(error.contains(expected) && !error.contains("s3cr3t") && !error.contains("short"), "{error}");
    }
}
