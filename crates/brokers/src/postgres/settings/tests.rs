use serde_json::{Value, json};

use super::*;

fn settings(change: impl FnOnce(&mut Value)) -> Result<Settings, String> {
    let mut settings = json!({
        "host": "db.example.com", "user": "broker",
        "targets": { "app": { "database": "app", "group": "app_rw", "allowed_groups": ["app_ro", "app_owner"] } },
    });
    change(&mut settings);
    Settings::read(&settings.to_string()).map_err(|error| error.to_string())
}

#[test]
fn what_is_not_said_has_a_default() {
    let settings = settings(|_| {}).unwrap();
    let target = settings.targets.values().next().unwrap();
    assert_eq!((settings.port, settings.sslmode, target.connection_limit), (5432, Sslmode::VerifyFull, 5));
    assert_eq!(target.life().to_string(), "1h");
    let endpoint = settings.endpoint(target);
    assert_eq!((endpoint.host.as_str(), endpoint.port, endpoint.database.as_str()), ("db.example.com", 5432, "app"));
}

#[test]
fn clients_may_find_the_server_elsewhere() {
    let settings = settings(|settings| settings["targets"]["app"]["endpoint"] = json!({ "host": "db", "port": 6432 }));
    let settings = settings.unwrap();
    let endpoint = settings.endpoint(settings.targets.values().next().unwrap());
    assert_eq!((endpoint.host.as_str(), endpoint.port), ("db", 6432));
}

#[test]
fn a_wrong_setting_is_named() {
    let app = |key: &'static str, value: Value| {
        settings(move |settings| settings["targets"]["app"][key] = value).map(drop).unwrap_err()
    };
    assert_eq!(app("life_seconds", json!(50_000)), "target `app`: `life_seconds` is 1 to 43200");
    assert_eq!(app("life_seconds", json!(0)), "target `app`: `life_seconds` is 1 to 43200");
    assert_eq!(app("connection_limit", json!(0)), "target `app`: `connection_limit` is 1 to 1000");
    assert_eq!(app("statement_timeout_seconds", json!(0)), "target `app`: `statement_timeout_seconds` is 1 to 43200");
    for group in ["", "none", "public", "a\nb", &"x".repeat(64)] {
        let expected = "target `app`: `group` is a name as the server spells it, at most 63 bytes, without quotes";
        assert_eq!(app("group", json!(group)), expected);
    }
    assert!(app("endpoint", json!({ "host": "a b" })).starts_with("target `app`: `endpoint`: `host` is a name"));
    assert!(app("life", json!("1h")).contains("unknown field `life`"));
    assert!(
        settings(|settings| settings["sslmode"] = json!("prefer")).unwrap_err().contains("unknown variant `prefer`")
    );
    assert!(settings(|settings| settings["user"] = json!("")).unwrap_err().starts_with("`user` is a name"));
}

fn scope(value: Value) -> Scope {
    serde_json::from_value(value).unwrap()
}

fn group(value: Value) -> Result<String, String> {
    let settings = settings(|_| {}).unwrap();
    let target = settings.targets.values().next().unwrap();
    target.group(&scope(value)).map(str::to_owned).map_err(|error| error.text)
}

#[test]
fn a_scope_leaves_one_group() {
    assert_eq!(group(json!({})).unwrap(), "app_rw");
    assert_eq!(group(json!({ "role": ["*"] })).unwrap(), "app_rw");
    assert_eq!(group(json!({ "role": ["app_ro", "app_rw"] })).unwrap(), "app_rw");
    assert_eq!(group(json!({ "role": ["app_ro"] })).unwrap(), "app_ro");
    let several = group(json!({ "role": ["app_ro", "app_owner"] })).unwrap_err();
    assert_eq!(several, "several groups are granted: ask for one of `app_owner`, `app_ro`");
    let stranger = group(json!({ "role": ["app_ro", "postgres"] })).unwrap_err();
    assert_eq!(stranger, "the target does not allow the role `postgres`, it allows `app_owner`, `app_ro`, `app_rw`");
    let dimension = group(json!({ "table": ["invoice"] })).unwrap_err();
    assert!(dimension.starts_with("a PostgreSQL target has no dimension `table`, only `role`"), "{dimension}");
}
