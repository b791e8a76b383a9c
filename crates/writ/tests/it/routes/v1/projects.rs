use insta::assert_snapshot;
use serde_json::json;

use crate::routes::{developer, tested};

#[test]
fn made_with_its_teams_and_listed() {
    tested(async |writ, people| {
        let made = people.ada.post("/v1/projects", json!({"name": "ledger", "teams": ["payments"]})).await;
        assert_snapshot!(made.shown(), @r#"
        201
        {
          "id": "prj_ID",
          "name": "ledger",
          "teams": [
            {
              "id": "team_ID",
              "name": "payments"
            }
          ]
        }
        "#);
        let lin = developer(writ, people, "lin", &["auditor"]).await;
        let listed = lin.get("/v1/projects").await.json();
        let names: Vec<_> = listed["projects"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
        assert_eq!(names, ["checkout", "ledger"]);
    });
}

#[test]
fn refusals() {
    tested(async |_writ, people| {
        let (ada, grace) = (&people.ada, &people.grace);
        assert_snapshot!(ada.post("/v1/projects", json!({"name": "checkout"})).await.shown(), @"409 name_taken: that name is taken");
        assert_snapshot!(ada.post("/v1/projects", json!({"name": "x", "teams": ["nowhere"]})).await.shown(), @"404 not_found: no team `nowhere`");
        assert_snapshot!(ada.post("/v1/projects", json!({"name": "../x"})).await.shown(), @"400 invalid_request: a name has 1 to 64 of a-z, 0-9, `.`, `_`, `-` and starts with a letter or digit");
        assert_snapshot!(grace.post("/v1/projects", json!({"name": "mine"})).await.shown(), @"403 forbidden: you may not manage projects: this needs the role `admin` → ask an administrator for the role `admin`");
        assert_snapshot!(grace.get("/v1/projects").await.shown(), @"403 forbidden: you may not list developers, teams and projects: this needs the role `auditor` → ask an administrator for the role `auditor`");
    });
}

#[test]
fn more_teams_than_a_project_may_have_are_refused() {
    tested(async |_writ, people| {
        let names: Vec<String> = (0..65).map(|number| format!("team-{number}")).collect();
        for name in &names {
            assert_eq!(people.ada.post("/v1/teams", json!({"name": name})).await.status, 201);
        }
        let made = people.ada.post("/v1/projects", json!({"name": "wide", "teams": names})).await;
        assert_snapshot!(made.shown(), @"429 limit_reached: the limit of 64 teams of a project is reached");
    });
}
