#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

#[test]
fn a_url_leads_to_its_target_and_nowhere_else() {
    let door = Door {
        relay: Relay::new(None).unwrap(),
        word: "word".to_owned().into(),
        base: "https://writ.example.com/v1/inject".to_owned(),
        bearer: HeaderValue::from_static("Bearer x"),
        targets: vec!["jira/prod".to_owned(), "chat/main".to_owned()],
    };
    for (path, expected) in [
        ("/word/0/rest/api?q=a%2Fb", Some("/v1/inject/jira/prod/rest/api?q=a%2Fb")),
        ("/word/1?x", Some("/v1/inject/chat/main?x")),
        ("/word/1", Some("/v1/inject/chat/main")),
        ("/word/2/x", None),
        ("/wore/0/x", None),
        ("/wor/0/x", None),
        ("//0/x", None),
        ("/", None),
    ] {
        let found = door.address(&path.parse().unwrap());
        let expected = expected.map(|path| format!("https://writ.example.com{path}"));
        assert_eq!(found.map(|uri| uri.to_string()), expected, "{path}");
    }
}

#[test]
fn a_variable_is_named_for_broker_and_target() {
    assert_eq!(variable("jira", "prod-eu.1"), "WRIT_INJECT_JIRA_PROD_EU_1");
}
