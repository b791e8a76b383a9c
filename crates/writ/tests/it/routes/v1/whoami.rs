use insta::assert_snapshot;
use serde_json::json;

use crate::routes::{developer, tested};

#[test]
fn a_member_sees_their_teams_and_projects() {
    tested(async |_writ, people| {
        assert_snapshot!(people.grace.get("/v1/whoami").await.shown(), @r#"
        200
        {
          "developer": {
            "disabled": false,
            "display_name": "Grace Hopper",
            "id": "dev_ID",
            "login": "grace",
            "roles": [
              "member"
            ]
          },
          "projects": [
            {
              "id": "prj_ID",
              "name": "checkout"
            }
          ],
          "session": null,
          "teams": [
            {
              "id": "team_ID",
              "name": "payments"
            }
          ]
        }
        "#);
    });
}

#[test]
fn an_administrator_may_open_sessions_for_every_project() {
    tested(async |_writ, people| {
        assert_snapshot!(people.ada.get("/v1/whoami").await.shown(), @r#"
        200
        {
          "developer": {
            "disabled": false,
            "display_name": "Ada Lovelace",
            "id": "dev_ID",
            "login": "ada",
            "roles": [
              "member",
              "admin"
            ]
          },
          "projects": [
            {
              "id": "prj_ID",
              "name": "checkout"
            }
          ],
          "session": null,
          "teams": []
        }
        "#);
    });
}

#[test]
fn an_auditor_without_a_team_has_no_project() {
    tested(async |writ, people| {
        let lin = developer(writ, people, "lin", &["auditor"]).await;
        let body = lin.get("/v1/whoami").await.json();
        assert_eq!((&body["teams"], &body["projects"]), (&json!([]), &json!([])));
    });
}

#[test]
fn a_session_sees_itself() {
    tested(async |_writ, people| {
        let session = people.grace.open(json!({"project": "checkout"})).await;
        assert_snapshot!(session.caller.get("/v1/whoami").await.shown(), @r#"
        200
        {
          "developer": {
            "disabled": false,
            "display_name": "Grace Hopper",
            "id": "dev_ID",
            "login": "grace",
            "roles": [
              "member"
            ]
          },
          "projects": [
            {
              "id": "prj_ID",
              "name": "checkout"
            }
          ],
          "session": {
            "agent": null,
            "budget_usd_nanos": null,
            "calls": 0,
            "developer": {
              "id": "dev_ID",
              "login": "grace"
            },
            "expires_at": "TIME",
            "held_usd_nanos": 0,
            "id": "ses_ID",
            "opened_at": "TIME",
            "over": null,
            "over_at": null,
            "parent": null,
            "profile": "default",
            "project": {
              "id": "prj_ID",
              "name": "checkout"
            },
            "spent_usd_nanos": 0,
            "status": "active",
            "team": {
              "id": "team_ID",
              "name": "payments"
            },
            "url": "URL/sessions/ses_ID"
          },
          "teams": [
            {
              "id": "team_ID",
              "name": "payments"
            }
          ]
        }
        "#);
    });
}

#[test]
fn a_session_that_is_over_is_nobody() {
    tested(async |_writ, people| {
        let session = people.grace.open(json!({"project": "checkout"})).await;
        assert_eq!(session.caller.get("/v1/whoami").await.status, 200);
        let revoke = format!("/v1/sessions/{}/revoke", session.id);
        assert_eq!(people.ada.post(&revoke, json!({"reason": "wrong branch"})).await.status, 200);
        assert_snapshot!(session.caller.get("/v1/whoami").await.shown(), @"409 session_over: session ses_ID was revoked by ada (wrong branch) at MINUTE → start a new one with `writ run`");
    });
}
