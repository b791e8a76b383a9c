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
        assert_snapshot!(people.ada.put(path, Some(json!({"rules": "x".repeat(16_385)}))).await.shown(), @"400 invalid_request: the rules have 16385 bytes, the limit is 16384");
        assert_snapshot!(people.ada.put(path, Some(json!({"rules": "\u{1}"}))).await.shown(), @"400 invalid_request: the rules cannot be read at line 1: key with no value, expected `=`");
    });
}

#[test]
fn what_cannot_be_read_is_named() {
    tested(async |_writ, people| {
        let set = async |rules: &str| {
            people.ada.put("/v1/projects/checkout/lock-rules", Some(json!({"rules": rules}))).await.shown()
        };
        assert_snapshot!(set("[[path]]\nunder = 1").await, @"400 invalid_request: the rules cannot be read at line 2: invalid type: integer `1`, expected a sequence");
        assert_snapshot!(set("[[path]]\nunder = [\"src/**\"]\nmode = \"X\"\n").await, @"400 invalid_request: the 1. `[[path]]` is wrong: `src/**` in `under` is a glob: name the folder, it stands for all below it");
        assert_snapshot!(set("[[command]]\nrun = \"make\"\nresource = \"no kind\"\nmode = \"X\"\n").await, @"400 invalid_request: the 1. `[[command]]` is wrong: `no kind` is no resource");
        assert!(set("").await.starts_with("200"));
    });
}
