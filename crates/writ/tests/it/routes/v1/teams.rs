use insta::assert_snapshot;
use serde_json::json;

use crate::routes::tested;

#[test]
fn made_joined_and_left() {
    tested(async |_writ, people| {
        assert_snapshot!(people.ada.post("/v1/teams", json!({"name": "platform"})).await.shown(), @r#"
        201
        {
          "id": "team_ID",
          "members": [],
          "name": "platform"
        }
        "#);
        assert_snapshot!(people.ada.put("/v1/teams/platform/members/grace", None).await.shown(), @r#"
        200
        {
          "id": "team_ID",
          "members": [
            "dev_ID"
          ],
          "name": "platform"
        }
        "#);
        assert_snapshot!(people.ada.delete("/v1/teams/platform/members/grace").await.shown(), @r#"
        200
        {
          "id": "team_ID",
          "members": [],
          "name": "platform"
        }
        "#);
    });
}

#[test]
fn joining_and_leaving_twice_changes_nothing() {
    tested(async |_writ, people| {
        let once = people.ada.put("/v1/teams/payments/members/grace", None).await;
        let twice = people.ada.put("/v1/teams/payments/members/grace", None).await;
        assert_eq!((once.status.as_u16(), once.shown()), (200, twice.shown()));
        let left = people.ada.delete("/v1/teams/payments/members/grace").await;
        let again = people.ada.delete("/v1/teams/payments/members/grace").await;
        assert_eq!((left.status.as_u16(), left.shown()), (200, again.shown()));
    });
}

#[test]
fn names_are_taken_once_and_plain() {
    tested(async |_writ, people| {
        let make = async |name: &str| people.ada.post("/v1/teams", json!({"name": name})).await;
        assert_snapshot!(make("payments").await.shown(), @"409 name_taken: that name is taken");
        assert_snapshot!(make("Pay ments").await.shown(), @"400 invalid_request: a name has 1 to 64 of a-z, 0-9, `.`, `_`, `-` and starts with a letter or digit");
    });
}

#[test]
fn unknown_teams_and_developers_are_named() {
    tested(async |_writ, people| {
        let ada = &people.ada;
        assert_snapshot!(ada.put("/v1/teams/nowhere/members/grace", None).await.shown(), @"404 not_found: no team `nowhere`");
        assert_snapshot!(ada.put("/v1/teams/payments/members/nobody", None).await.shown(), @"404 not_found: no developer `nobody`");
        assert_snapshot!(ada.delete("/v1/teams/payments/members/nobody").await.shown(), @"404 not_found: no developer `nobody`");
    });
}

#[test]
fn a_member_manages_no_team() {
    tested(async |_writ, people| {
        let grace = &people.grace;
        assert_snapshot!(grace.get("/v1/teams").await.shown(), @"403 forbidden: you may not list developers, teams and projects: this needs the role `auditor` → ask an administrator for the role `auditor`");
        assert_snapshot!(grace.post("/v1/teams", json!({"name": "mine"})).await.shown(), @"403 forbidden: you may not manage developers and teams: this needs the role `admin` → ask an administrator for the role `admin`");
        assert_eq!(grace.put("/v1/teams/nowhere/members/grace", None).await.status, 403);
        assert_eq!(grace.delete("/v1/teams/payments/members/grace").await.status, 403);
    });
}

#[test]
fn who_left_a_team_opens_no_session_for_its_projects() {
    tested(async |_writ, people| {
        people.ada.delete("/v1/teams/payments/members/grace").await;
        assert_snapshot!(people.grace.post("/v1/sessions", json!({"project": "checkout"})).await.shown(), @"403 project_forbidden: developer dev_ID is in none of the teams of project prj_ID → ask an administrator to put you into one of its teams");
    });
}
