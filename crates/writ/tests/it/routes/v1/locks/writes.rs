//! Writes and freezes.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{session, two, want};
use crate::routes::{developer, tested};
use crate::support::Opened;

const FILE: &str = "path:github.com/acme/api//config/pool.toml";

fn sha(text: &str) -> String {
    format!("sha256:{}", domain::Digest::of(text.as_bytes()))
}

async fn write(by: &Opened, before: &str, after: &str) -> Value {
    let write = json!({"resource": FILE, "before": sha(before), "after": sha(after)});
    let answer = by.caller.post("/v1/writes", json!({"writes": [write], "intent": "tune the pool"})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[test]
fn recorded_and_shown_newest_first() {
    tested(async |_writ, people| {
        let (one, two) = two(people).await;
        let first = write(&one, "a", "b").await;
        let second = write(&two, "b", "c").await;
        assert!(first["positions"][0].as_u64() < second["positions"][0].as_u64());
        let shown = one.caller.get(&format!("/v1/writes?resource={FILE}")).await.json();
        let writers: Vec<_> =
            shown["writes"].as_array().unwrap().iter().map(|one| one["writer"]["developer.name"].clone()).collect();
        assert_eq!(writers, ["grace", "ada"]);
        assert_eq!(shown["writes"][0]["before"], sha("b"));
        assert_eq!(shown["writes"][0]["position"], second["positions"][0]);
    });
}

#[test]
fn what_undoes_anothers_change_freezes_before_it_is_made() {
    tested(async |_writ, people| {
        let (one, two) = two(people).await;
        write(&one, "a", "b").await;
        let undoing = json!({"writes": [{"resource": FILE, "before": sha("b"), "after": sha("a")}], "intended": true});
        let refused = two.caller.post("/v1/writes", undoing.clone()).await;
        assert_snapshot!(refused.shown(), @"409 resource_frozen: `path:github.com/acme/api//config/pool.toml` is frozen until a human has looked at it: an agent undid another's change: grace's ses_ID (checkout) that of ada's ses_ID (checkout) → ask the owners of the project to look at it and run `writ lock thaw path:github.com/acme/api//config/pool.toml`");
        assert_snapshot!(format!("{:#}", refused.json()["frozen"]), @r#"
        {
          "detail": "an agent undid another's change: grace's ses_ID (checkout) that of ada's ses_ID (checkout)",
          "project.id": "prj_ID",
          "project.name": "checkout",
          "resource": "path:github.com/acme/api//config/pool.toml",
          "sessions": [
            {
              "developer.id": "dev_ID",
              "developer.name": "grace",
              "project.id": "prj_ID",
              "project.name": "checkout",
              "session.id": "ses_ID"
            },
            {
              "developer.id": "dev_ID",
              "developer.name": "ada",
              "project.id": "prj_ID",
              "project.name": "checkout",
              "session.id": "ses_ID"
            }
          ],
          "since": "TIME",
          "why": "reverted"
        }
        "#);
        let lock = one.caller.post("/v1/locks", json!({"wants": want(FILE, "X")})).await;
        assert_eq!(lock.json()["code"], "resource_frozen", "{}", lock.text());
        let shown = one.caller.get(&format!("/v1/writes?resource={FILE}")).await.json();
        assert_eq!(shown["writes"].as_array().unwrap().len(), 1, "nothing was recorded: {shown}");
        let thaw = format!("/v1/freezes?resource={FILE}&reason=b%20it%20is");
        assert_eq!(people.grace.delete(&thaw).await.status, 204, "grace works on the project");
        assert_eq!(one.caller.get("/v1/freezes").await.json(), json!({"freezes": []}));
        let fresh = json!({"writes": [{"resource": FILE, "before": sha("b"), "after": sha("c")}], "intended": true});
        assert_eq!(two.caller.post("/v1/writes", fresh).await.json(), json!({"positions": [], "frozen": []}));
    });
}

#[test]
fn turns_freeze() {
    tested(async |_writ, people| {
        let (one, two) = two(people).await;
        write(&one, "a", "b").await;
        write(&two, "b", "c").await;
        assert_eq!(write(&one, "c", "d").await["frozen"], json!([FILE]));
        assert_snapshot!(people.ada.get("/v1/freezes").await.shown(), @r#"
        200
        {
          "freezes": [
            {
              "detail": "agents changed it in turns: ada's ses_ID (checkout), then grace's ses_ID (checkout), then ada's ses_ID (checkout)",
              "project.id": "prj_ID",
              "project.name": "checkout",
              "resource": "path:github.com/acme/api//config/pool.toml",
              "sessions": [
                {
                  "developer.id": "dev_ID",
                  "developer.name": "ada",
                  "project.id": "prj_ID",
                  "project.name": "checkout",
                  "session.id": "ses_ID"
                },
                {
                  "developer.id": "dev_ID",
                  "developer.name": "grace",
                  "project.id": "prj_ID",
                  "project.name": "checkout",
                  "session.id": "ses_ID"
                },
                {
                  "developer.id": "dev_ID",
                  "developer.name": "ada",
                  "project.id": "prj_ID",
                  "project.name": "checkout",
                  "session.id": "ses_ID"
                }
              ],
              "since": "TIME",
              "why": "ping_pong"
            }
          ]
        }
        "#);
    });
}

#[test]
fn frozen_by_hand_and_thawed() {
    tested(async |writ, people| {
        let one = session(&people.grace).await;
        let body = json!({"resource": "env:prod", "reason": "audit"});
        assert_snapshot!(one.caller.post("/v1/freezes", body.clone()).await.shown(), @"401 unauthenticated: this is for a signed-in developer, and the bearer is a session's token → sign in with `writ login`");
        assert_eq!(people.grace.post("/v1/freezes", body.clone()).await.status, 204);
        assert_eq!(people.grace.post("/v1/freezes", body).await.status, 204, "frozen already");
        let refused = one.caller.post("/v1/locks", json!({"wants": want("env:prod/payments", "X")})).await;
        assert_snapshot!(refused.shown(), @"409 resource_frozen: `env:prod` is frozen until a human has looked at it: frozen by grace: audit → ask the owners of the project to look at it and run `writ lock thaw env:prod`");
        let lin = developer(writ, people, "lin", &["member"]).await;
        assert_snapshot!(lin.delete("/v1/freezes?resource=env:prod&reason=done").await.shown(), @"403 forbidden: this needs the role `approver`, or to be the owner → ask an administrator");
        assert_snapshot!(people.ada.delete("/v1/freezes?resource=env:prod&reason=").await.shown(), @"400 text_malformed: the reason is empty or has control characters");
        assert_eq!(people.ada.delete("/v1/freezes?resource=env:prod&reason=done").await.status, 204);
        assert_snapshot!(people.ada.delete("/v1/freezes?resource=env:prod&reason=done").await.shown(), @"404 freeze_unknown: `env:prod` is not frozen");
    });
}

#[test]
fn bad_input_is_named() {
    tested(async |_writ, people| {
        let one = session(&people.grace).await;
        let ask = async |writes: Value| one.caller.post("/v1/writes", json!({"writes": writes})).await.shown();
        assert_snapshot!(ask(json!([])).await, @"400 text_malformed: the list of changes is empty or has control characters");
        assert_snapshot!(ask(json!([{"resource": FILE, "after": "abc"}])).await, @"400 invalid_request: a digest is `sha256:` and 64 lower-case hexadecimal characters");
        assert_snapshot!(ask(json!([{"resource": FILE, "after": null, "diff": "x".repeat(2001)}])).await, @"400 invalid_request: `diff` is longer than 2000 characters");
        let many: Vec<Value> = (0..65).map(|_| json!({"resource": FILE, "after": null})).collect();
        assert_snapshot!(ask(json!(many)).await, @"429 limit_reached: the limit of 64 changes in one record is reached");
        assert_snapshot!(people.grace.post("/v1/writes", json!({"writes": []})).await.shown(), @"403 forbidden: only a session records changes → ask with a session's token, inside `writ run`");
    });
}
