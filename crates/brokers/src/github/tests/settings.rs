//! Settings that are taken, and what is said of those that are not.

use serde_json::{Value, json};

use super::support::*;

fn opened(settings: &Value) -> Result<(), String> {
    let key = pem("PRIVATE KEY", &pkcs8());
    super::super::open(&settings.to_string(), secrets(&key)).map(drop).map_err(|error| error.to_string())
}

fn with(pointer: &str, value: Value) -> Value {
    let mut settings = settings();
    let (parent, last) = pointer.rsplit_once('/').unwrap();
    settings.pointer_mut(parent).unwrap()[last] = value;
    settings
}

#[test]
fn good_ones() {
    for settings in [
        settings(),
        with("/app_id", json!("Iv23liAbCdEf")),
        with("/base_url", json!("https://github.example.com/api/v3/")),
        with("/base_url", json!("http://127.0.0.1:4010")),
        with("/accept", json!("application/json")),
        with("/api_version", json!("")),
        with("/targets/acme/host", json!("github.example.com:8443")),
        with("/targets/acme/rewrite_ssh", json!(true)),
    ] {
        assert_eq!(opened(&settings), Ok(()), "{settings}");
    }
}

#[test]
fn each_wrong_one_is_named() {
    let many: Vec<String> = (0..501).map(|number| format!("r{number}")).collect();
    for (pointer, value, expected) in [
        ("/app_id", json!(""), "`app_id`"),
        ("/app_id", json!("a b"), "`app_id`"),
        ("/base_url", json!("http://github.example.com"), "`base_url`"),
        ("/base_url", json!("http://127.0.0.1.example.com"), "`base_url`"),
        ("/base_url", json!("https://user:pass@github.example.com"), "`base_url`"),
        ("/base_url", json!("https://github.example.com/api?x=1"), "`base_url`"),
        ("/base_url", json!("ftp://github.example.com"), "`base_url`"),
        ("/accept", json!("a\nb"), "`accept`"),
        ("/api_version", json!("a\nb"), "`api_version`"),
        ("/retries", json!(3), "`retries`"),
        ("/targets/acme/installation_id", json!(0), "`targets.acme.installation_id`"),
        ("/targets/acme/owner", json!("acme/api"), "`targets.acme.owner`"),
        ("/targets/acme/repositories", json!([]), "`targets.acme.repositories`"),
        ("/targets/acme/repositories", json!(["api", "*"]), "`targets.acme.repositories`"),
        ("/targets/acme/repositories", json!(["acme/api"]), "`targets.acme.repositories`"),
        ("/targets/acme/repositories", json!(many), "`targets.acme.repositories`"),
        ("/targets/acme/permissions", json!({}), "`targets.acme.permissions`"),
        ("/targets/acme/permissions", json!({ "Contents": "read" }), "`targets.acme.permissions`"),
        ("/targets/acme/permissions", json!({ "contents": "all" }), "unknown variant `all`"),
        ("/targets/everything/rewrite_ssh", json!(true), "`targets.everything.rewrite_ssh`"),
        ("/targets/acme/host", json!("https://github.com"), "`targets.acme.host`"),
        ("/targets/acme/branches", json!(["main"]), "`branches`"),
    ] {
        let error = opened(&with(pointer, value.clone())).unwrap_err();
        assert!(error.contains(expected), "{pointer} = {value}: {error}");
    }
}

#[test]
fn nothing_required_is_forgotten() {
    for missing in ["app_id", "targets"] {
        let mut settings = settings();
        settings.as_object_mut().unwrap().remove(missing);
        let key = secrets(&pem("PRIVATE KEY", &pkcs8()));
        let error = crate::open(domain::BrokerKind::Github, &settings.to_string(), key).unwrap_err();
        assert!(error.to_string().contains(missing), "{error}");
    }
    for missing in ["installation_id", "repositories", "permissions"] {
        let mut settings = settings();
        settings["targets"]["acme"].as_object_mut().unwrap().remove(missing);
        assert!(opened(&settings).unwrap_err().contains(missing));
    }
}

/// The longest that GitHub allows are taken, with the headroom that settings have.
#[test]
fn the_most_repositories_fit() {
    let many: Vec<String> = (0..500).map(|number| format!("repository-{number}")).collect();
    let settings = with("/targets/acme/repositories", json!(many));
    assert_eq!(opened(&settings), Ok(()));
    assert!(settings.to_string().len() < crate::limits::SETTINGS_BYTES_MAX);
}
