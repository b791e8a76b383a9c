//! Settings that give no broker, and what is said of them.

use super::*;

/// The error of settings that are right but for what `change` does to them.
fn wrong(identity: &str, names: &[&str], change: impl Fn(&mut Value)) -> String {
    let mut settings = settings(identity, json!({}));
    change(&mut settings);
    open(&settings.to_string(), secrets(names)).expect_err(&settings.to_string()).to_string()
}

const REVOKE: [&str; 2] = ["revoke_access_key_id", "revoke_secret_access_key"];

fn wrong_target(setting: &str, value: Value) -> String {
    wrong("web_identity", &REVOKE, |settings| settings["targets"]["agent"][setting] = value.clone())
}

#[test]
fn what_is_wrong_with_a_target_is_named() {
    let long = json!({"p": {"Statement": {"Effect": "Allow", "Action": "a".repeat(2048), "Resource": "*"}}});
    let cases = [
        ("role_arn", json!("agent"), "`role_arn` is not a role's"),
        ("role_arn", json!("arn:aws-cn:iam::123456789012:role/a"), "`role_arn` is not a role's"),
        ("role_arn", json!("arn:aws:iam::12:role/a"), "`role_arn` is not a role's"),
        ("role_arn", json!("arn:aws:iam::123456789012:user/a"), "`role_arn` is not a role's"),
        ("policies", json!({}), "`policies` is empty, so that every credential could do whatever the role may"),
        ("policies", json!({"read": {}}), "the policy `read` has no `Statement`"),
        ("policies", long, "the policy `p` has 2132 characters, AWS takes 2048"),
        ("default_policies", json!(["admin"]), "`default_policies` names `admin`"),
        ("default_policies", json!([]), "`default_policies` is empty"),
        ("max_lifetime_seconds", json!(899), "`max_lifetime_seconds` lies between 900 and 43200"),
        ("max_lifetime_seconds", json!(43_201), "`max_lifetime_seconds` lies between 900 and 43200"),
        ("lifetime_seconds", json!(3601), "`lifetime_seconds` lies between 900 and 3600"),
        ("revoke_by", json!("hope"), "unknown variant `hope`"),
        ("policy", json!("none"), "unknown variant `none`"),
        ("rolearn", json!(""), "unknown field `rolearn`"),
        ("region", json!("eu central"), "`region` has 1 to 64"),
    ];
    for (setting, value, says) in cases {
        let error = wrong_target(setting, value);
        assert!(error.contains(says), "{setting}: {error}");
    }
}

#[test]
fn policies_that_are_chosen_together_must_fit_together() {
    let half = json!({"Statement": {"Effect": "Allow", "Action": "a".repeat(1000), "Resource": "*"}});
    let both = |settings: &mut Value| {
        settings["targets"]["agent"]["policies"] = json!({"one": half, "two": half});
        settings["targets"]["agent"]["default_policies"] = Value::Null;
    };
    let error = wrong("web_identity", &REVOKE, both);
    assert!(error.contains("chosen when nobody says (see `default_policies`) have together 2"), "{error}");
    let mut settings = settings("web_identity", json!({}));
    both(&mut settings);
    settings["targets"]["agent"]["default_policies"] = json!(["one"]);
    let broker = open(&settings.to_string(), revoke_secrets()).unwrap();
    let error = broker.check(&"agent".parse().unwrap(), &scope("policy", &["one", "two"])).unwrap_err();
    assert!(error.text.contains("ask for fewer"), "{error:?}");
}

#[test]
fn what_is_wrong_with_a_broker_is_named() {
    let none: [&str; 0] = [];
    let nothing = |_: &mut Value| {};
    let cases = [
        (wrong("web_identity", &none, nothing), "nobody can end credentials early: name a role"),
        (wrong("web_identity", &["access_key_id", "secret_access_key"], nothing), "no key asks for roles"),
        (wrong("assume_role", &none, nothing), "needs the secrets `access_key_id` and `secret_access_key`"),
        (wrong("assume_role", &["access_key_id"], nothing), "`access_key_id` and `secret_access_key` come together"),
        (wrong("assume_role", &["session_token"], nothing), "come together"),
        (wrong("web_identity", &["revoke_key"], nothing), "has no secret `revoke_key`; it may have `access_key_id`"),
        (wrong("web_identity", &REVOKE, |all| all["audience"] = json!("")), "`audience` has 1 to 255"),
        (
            wrong("web_identity", &none, |all| all["revoke_role_arn"] = json!(ROLE)),
            "`revoke_role_arn` and `revoke_audience` come together",
        ),
        (
            wrong("web_identity", &none, |all| {
                (all["revoke_role_arn"], all["revoke_audience"]) = (json!("x"), json!("y"));
            }),
            "`revoke_role_arn` is not a role's",
        ),
        (wrong("web_identity", &REVOKE, |all| all["region"] = json!("../x")), "`region` has 1 to 64"),
        (wrong("web_identity", &REVOKE, |all| all["endpoint_iam"] = json!("http://iam")), "`endpoint_iam` is not an"),
        (wrong("web_identity", &REVOKE, |all| all["partition"] = json!("aws-iso")), "name `endpoint_sts` and"),
        (wrong("web_identity", &REVOKE, |all| all["targets"] = json!([])), "the settings are not understood"),
    ];
    for (error, says) in cases {
        assert!(error.contains(says), "{says}: {error}");
    }
    let chained = ["access_key_id", "secret_access_key", "session_token"];
    let longer = |all: &mut Value| all["targets"]["agent"]["max_lifetime_seconds"] = json!(3601);
    assert!(
        wrong("assume_role", &chained, longer).contains("between 900 and 3600; a role that was assumed from another")
    );
}

#[test]
fn a_secret_that_is_none_is_refused_and_not_shown() {
    let mut secrets = revoke_secrets();
    secrets.insert("revoke_secret_access_key".to_owned(), Zeroizing::new("LEAKED\n".to_owned()));
    let error = open(&settings("web_identity", json!({})).to_string(), secrets).unwrap_err().to_string();
    assert_eq!(error, "the secret `revoke_secret_access_key` is not one: it has 1 to 256 printable characters");
}
