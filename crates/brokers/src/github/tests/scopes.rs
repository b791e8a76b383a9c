//! What a scope leaves of a target.

use serde_json::json;

use super::super::asked::Asked;
use super::super::settings;
use super::support::*;
use crate::broker::Fault;

fn asked(target: &str, dimensions: &[(&str, &[&str])]) -> Result<serde_json::Value, String> {
    let github =
        settings::read(&super::support::settings().to_string(), secrets(&pem("PRIVATE KEY", &pkcs8()))).unwrap();
    let name = target.parse().unwrap();
    let asked = Asked::new(&name, &github.installations[&name], &scope(dimensions));
    asked.map(|asked| serde_json::to_value(asked).unwrap()).map_err(|error| {
        assert_eq!(error.fault, Fault::Asker);
        error.text
    })
}

#[test]
fn what_is_not_said_is_the_target_s_whole() {
    let permissions = json!({ "contents": "write", "issues": "read", "pull_requests": "write" });
    let whole = json!({ "repositories": ["Docs", "api", "web"], "permissions": permissions });
    assert_eq!(asked("acme", &[]), Ok(whole.clone()));
    assert_eq!(asked("acme", &[("repositories", &["*"]), ("permissions", &["*"])]), Ok(whole));
    let narrowed = json!({ "repositories": ["web"], "permissions": permissions });
    assert_eq!(asked("acme", &[("repositories", &["web"])]), Ok(narrowed));
}

#[test]
fn of_two_levels_the_higher_counts() {
    let both = asked("acme", &[("repositories", &["api"]), ("permissions", &["contents:read", "contents:write"])]);
    assert_eq!(both, Ok(json!({ "repositories": ["api"], "permissions": { "contents": "write" } })));
    let read = asked("acme", &[("repositories", &["api"]), ("permissions", &["contents:read"])]);
    assert_eq!(read, Ok(json!({ "repositories": ["api"], "permissions": { "contents": "read" } })));
}

#[test]
fn nothing_beyond_the_target_is_asked_for() {
    for (dimensions, expected) in [
        (("repositories", "billing"), "has no repository `billing`: it has `Docs`, `api`, `web`"),
        (("repositories", "acme/api"), "has no repository `acme/api`"),
        (("repositories", ".."), "has no repository `..`"),
        (("permissions", "contents:admin"), "does not give `contents:admin`: it gives at most `contents:write`"),
        (("permissions", "issues:write"), "does not give `issues:write`"),
        (("permissions", "administration:read"), "does not give `administration:read`"),
        (("permissions", "contents"), "`contents` is no permission: write `contents:read`"),
        (("permissions", "contents:all"), "is no permission"),
        (("permissions", "Contents:read"), "is no permission"),
        (("branches", "main"), "has no dimension `branches`: it has `repositories` and `permissions`"),
    ] {
        let (dimension, value) = dimensions;
        let error = asked("acme", &[(dimension, &[value])]).unwrap_err();
        assert!(error.contains(expected), "{value}: {error}");
    }
    assert!(asked("everything", &[("repositories", &["anything"])]).is_ok());
    assert!(asked("everything", &[("repositories", &["acme/api"])]).unwrap_err().contains("without the account"));
}

#[test]
fn a_grant_is_checked_like_an_order() {
    let broker = broker();
    let check = |target: &str, value| broker.check(&target.parse().unwrap(), &scope(&[("repositories", &[value])]));
    assert_eq!(check("acme", "api"), Ok(()));
    assert!(check("acme", "billing").is_err());
    assert!(check("elsewhere", "api").is_err());
}

/// A grant was made, then the target was made smaller: nothing is sent.
#[tokio::test]
async fn an_order_beyond_the_target_is_not_sent() {
    let script = Script::of([]);
    let order = order("acme", scope(&[("repositories", &["billing"])]));
    let error = broker().mint(&order, &script.tools(), chance(NOW)).await.unwrap_err();
    assert_eq!(error.fault, Fault::Asker);
    assert!(script.story().is_empty());
}
