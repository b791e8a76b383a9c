use insta::assert_snapshot;
use serde_json::json;

use crate::routes::{developer, tested};
use crate::support::process::PASSWORD;

#[test]
fn an_administrator_adds_and_lists() {
    tested(async |_writ, people| {
        let body =
            json!({"login": "lin", "password": PASSWORD, "display_name": "Lin", "roles": ["auditor", "approver"]});
        assert_snapshot!(people.ada.post("/v1/developers", body).await.shown(), @r#"
        201
        {
          "disabled": false,
          "display_name": "Lin",
          "id": "dev_ID",
          "login": "lin",
          "roles": [
            "approver",
            "auditor"
          ]
        }
        "#);
        let listed = people.ada.get("/v1/developers").await.json();
        let logins: Vec<_> = listed["developers"].as_array().unwrap().iter().map(|one| &one["login"]).collect();
        assert_eq!(logins, ["ada", "grace", "lin"]);
    });
}

#[test]
fn a_new_developer_is_a_member_named_by_their_login() {
    tested(async |_writ, people| {
        let body = json!({"login": "lin", "password": PASSWORD});
        assert_snapshot!(people.ada.post("/v1/developers", body).await.shown(), @r#"
        201
        {
          "disabled": false,
          "display_name": "lin",
          "id": "dev_ID",
          "login": "lin",
          "roles": [
            "member"
          ]
        }
        "#);
    });
}

#[test]
fn a_member_may_neither_list_nor_manage_and_learns_nothing() {
    tested(async |_writ, people| {
        let grace = &people.grace;
        assert_snapshot!(grace.get("/v1/developers").await.shown(), @"403 forbidden: you may not list developers, teams and projects: this needs the role `auditor` → ask an administrator for the role `auditor`");
        let body = json!({"login": "lin", "password": PASSWORD});
        let refused = grace.post("/v1/developers", body).await.shown();
        assert_snapshot!(refused, @"403 forbidden: you may not manage developers and teams: this needs the role `admin` → ask an administrator for the role `admin`");
        for login in ["ada", "nobody"] {
            let roles = grace.put(&format!("/v1/developers/{login}/roles"), Some(json!({"roles": ["admin"]}))).await;
            let disabled = grace.post(&format!("/v1/developers/{login}/disable"), json!({"reason": ""})).await;
            assert_eq!((roles.shown(), disabled.shown()), (refused.clone(), refused.clone()), "{login}");
        }
    });
}

#[test]
fn an_auditor_lists_but_does_not_manage() {
    tested(async |writ, people| {
        let lin = developer(writ, people, "lin", &["auditor"]).await;
        assert_eq!(lin.get("/v1/developers").await.status, 200);
        let body = json!({"login": "eve", "password": PASSWORD});
        assert_eq!(lin.post("/v1/developers", body).await.status, 403);
    });
}

#[test]
fn a_login_is_taken_once_and_has_plain_characters() {
    tested(async |_writ, people| {
        let add =
            async |login: &str| people.ada.post("/v1/developers", json!({"login": login, "password": PASSWORD})).await;
        assert_snapshot!(add("grace").await.shown(), @"409 login_taken: that sign-in name is taken");
        assert_snapshot!(add("Grace").await.shown(), @"400 invalid_request: a name has 1 to 64 of a-z, 0-9, `.`, `_`, `-` and starts with a letter or digit");
        assert_snapshot!(add("").await.shown(), @"400 invalid_request: a name has 1 to 64 of a-z, 0-9, `.`, `_`, `-` and starts with a letter or digit");
        assert_snapshot!(add(&"x".repeat(65)).await.shown(), @"400 invalid_request: a name has 1 to 64 of a-z, 0-9, `.`, `_`, `-` and starts with a letter or digit");
    });
}

#[test]
fn roles_are_replaced_and_must_exist() {
    tested(async |_writ, people| {
        let set = async |roles| people.ada.put("/v1/developers/grace/roles", Some(json!({"roles": roles}))).await;
        assert_snapshot!(set(json!(["member", "auditor"])).await.shown(), @r#"
        200
        {
          "disabled": false,
          "display_name": "Grace Hopper",
          "id": "dev_ID",
          "login": "grace",
          "roles": [
            "member",
            "auditor"
          ]
        }
        "#);
        assert_snapshot!(set(json!(["owner"])).await.shown(), @"400 invalid_request: `owner`: a role is one of member, approver, auditor, admin");
        let unknown = people.ada.put("/v1/developers/nobody/roles", Some(json!({"roles": []}))).await;
        assert_snapshot!(unknown.shown(), @"404 not_found: no developer `nobody`");
    });
}

#[test]
fn the_last_administrator_stays() {
    tested(async |_writ, people| {
        let demote = people.ada.put("/v1/developers/ada/roles", Some(json!({"roles": ["member"]}))).await;
        assert_snapshot!(demote.shown(), @"409 last_admin: this would leave no administrator");
        let disable = people.ada.post("/v1/developers/ada/disable", json!({"reason": "holiday"})).await;
        assert_snapshot!(disable.shown(), @"409 last_admin: this would leave no administrator");
    });
}

#[test]
fn a_disabled_developer_loses_sessions_and_sign_ins_at_once() {
    tested(async |_writ, people| {
        let session = people.grace.open(json!({"project": "checkout"})).await;
        let disabled = people.ada.post("/v1/developers/grace/disable", json!({"reason": "left the company"})).await;
        assert_snapshot!(disabled.shown(), @r#"
        200
        {
          "disabled": true,
          "display_name": "Grace Hopper",
          "id": "dev_ID",
          "login": "grace",
          "roles": [
            "member"
          ]
        }
        "#);
        assert_snapshot!(people.grace.get("/v1/whoami").await.shown(), @"401 unauthenticated: this sign-in is unknown, ended or expired → sign in with `writ login`");
        assert_snapshot!(session.caller.message("hello", false).await.shown(), @r#"
        402
        {
          "error": {
            "message": "session ses_ID was revoked by ada (left the company) at MINUTE; start a new one with `writ run`",
            "type": "billing_error"
          },
          "request_id": "req_ID",
          "type": "error"
        }
        "#);
        let again = json!({"login": "grace", "password": PASSWORD});
        assert_snapshot!(people.ada.at(&people.ada.url).post("/v1/sign-ins", again).await.shown(), @"403 developer_disabled: developer dev_ID is disabled");
        let over = people.ada.get(&format!("/v1/sessions/{}", session.id)).await.json();
        assert_snapshot!(over["over"], @r#"{"by":"ada","how":"revoked","reason":"left the company","text":"session ses_ID was revoked by ada (left the company) at MINUTE; start a new one with `writ run`"}"#);
    });
}

#[test]
fn a_reason_has_a_bound() {
    tested(async |_writ, people| {
        let body = json!({"reason": "x".repeat(501)});
        assert_snapshot!(people.ada.post("/v1/developers/grace/disable", body).await.shown(), @"400 text_too_long: the reason is longer than 500 characters");
        assert_eq!(people.grace.get("/v1/whoami").await.status, 200);
    });
}
