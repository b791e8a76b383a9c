//! A project's lock rules.

use insta::assert_snapshot;
use serde_json::json;

use super::session;
use crate::routes::{developer, tested};

const RULES: &str = "[[path]]\nunder = [\"migrations\"]\nmode = \"X\"\n";

#[test]
fn set_by_an_administrator_and_read_by_who_works_on_the_project() {
    tested(async |writ, people| {
        let path = "/v1/projects/checkout/lock-rules";
        assert_snapshot!(people.grace.put(path, Some(json!({"rules": RULES}))).await.shown(), @"403 forbidden: you may not manage projects: this needs the role `admin` → ask an administrator for the role `admin`");
        assert_snapshot!(people.ada.put(path, Some(json!({"rules": RULES}))).await.shown(), @r#"
        200
        {
          "project.id": "prj_ID",
          "rules": "[[path]]\nunder = [\"migrations\"]\nmode = \"X\"\n"
        }
        "#);
        assert_eq!(people.grace.get(path).await.json()["rules"], RULES);
        let one = session(&people.grace).await;
        assert_eq!(one.caller.get("/v1/lock-rules").await.json()["rules"], RULES);
        let without = people.grace.open(json!({})).await;
        assert_snapshot!(without.caller.get("/v1/lock-rules").await.shown(), @r#"
        200
        {
          "project.id": null,
          "rules": ""
        }
        "#);
        let lin = developer(writ, people, "lin", &["member"]).await;
        assert_snapshot!(lin.get(path).await.shown(), @"403 forbidden: you may not list developers, teams and projects: this needs the role `auditor` → ask an administrator for the role `auditor`");
        assert_snapshot!(people.ada.put(path, Some(json!({"rules": "x".repeat(16_385)}))).await.shown(), @"400 text_too_long: the text of lock rules is longer than 16384 characters");
        assert_snapshot!(people.ada.put(path, Some(json!({"rules": "\u{1}"}))).await.shown(), @"400 text_malformed: the text of lock rules is empty or has control characters");
    });
}

#[test]
fn what_cannot_be_read_is_named() {
    tested(async |_writ, people| {
        let set = async |rules: &str| {
            people.ada.put("/v1/projects/checkout/lock-rules", Some(json!({"rules": rules}))).await.shown()
        };
        assert_snapshot!(set("[[path]]\nunder = 1").await, @"");
        assert_snapshot!(set("[[path]]\nunder = [\"src/**\"]\nmode = \"X\"\n").await, @"");
        assert_snapshot!(set("[[command]]\nrun = \"make\"\nresource = \"no kind\"\nmode = \"X\"\n").await, @"");
        assert!(set("").await.starts_with("200"));
    });
}
