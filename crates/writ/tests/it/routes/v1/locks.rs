mod breaking;
mod events;
mod history;
mod queue;
mod rules;
mod writes;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::routes::{developer, tested};
use crate::support::{Caller, Opened, People};

/// A session of somebody for the project `checkout`.
async fn session(of: &Caller) -> Opened {
    of.open(json!({"project": "checkout", "ttl_seconds": 3600})).await
}

/// Sessions of ada and of grace.
async fn two(people: &People) -> (Opened, Opened) {
    (session(&people.ada).await, session(&people.grace).await)
}

fn want(resource: &str, mode: &str) -> Value {
    json!([{"resource": resource, "mode": mode}])
}

async fn held(by: &Opened, resource: &str) -> Value {
    let answer = by.caller.post("/v1/locks", json!({"wants": want(resource, "X")})).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let ticket = answer.json();
    assert_eq!(ticket["state"], "held");
    ticket
}

fn path(ticket: &Value) -> String {
    format!("/v1/locks/{}", ticket["ticket"].as_str().unwrap())
}

#[test]
fn granted_with_its_token() {
    tested(async |_writ, people| {
        let (one, _) = two(people).await;
        let asked = json!({"wants": want("env:prod/payments", "X"), "intent": "raise the pool size"});
        let mut granted = one.caller.post("/v1/locks", asked).await;
        let mut body = granted.json();
        let token = body["token"].take();
        assert!(token.as_u64().unwrap() > 0);
        assert_eq!(body["tokens"][0]["token"], token);
        body["tokens"][0]["token"] = Value::Null;
        granted.body = body.to_string().into();
        assert_snapshot!(granted.shown(), @r#"
        200
        {
          "ahead": [],
          "eta.seconds": null,
          "holder": {
            "developer.id": "dev_ID",
            "developer.name": "ada",
            "project.id": "prj_ID",
            "project.name": "checkout",
            "session.id": "ses_ID"
          },
          "intent": "raise the pool size",
          "offered.until": null,
          "pinned.until": null,
          "position": 0,
          "priority": "normal",
          "resting.until": null,
          "since": "TIME",
          "state": "held",
          "ticket": "tkt_ID",
          "token": null,
          "tokens": [
            {
              "mode": "X",
              "resource": "env:prod/payments",
              "token": null
            }
          ],
          "wants": [
            {
              "mode": "X",
              "resource": "env:prod/payments"
            }
          ]
        }
        "#);
    });
}

#[test]
fn the_same_ticket_is_one_request() {
    tested(async |_writ, people| {
        let (one, two) = two(people).await;
        let ticket = "tkt_01JABCDEFGHJKMNPQRSTVWXYZ0";
        let asked = json!({"ticket": ticket, "wants": want("env:prod/payments", "X")});
        let first = one.caller.post("/v1/locks", asked.clone()).await.json();
        let again = one.caller.post("/v1/locks", asked.clone()).await.json();
        assert_eq!((&first["ticket"], &first), (&json!(ticket), &again));
        assert_snapshot!(two.caller.post("/v1/locks", asked).await.shown(), @"409 id_taken: that id was used before");
    });
}

#[test]
fn what_is_held_is_refused_with_who_holds_it() {
    tested(async |_writ, people| {
        let (one, two) = two(people).await;
        let asked = json!({"wants": want("env:prod", "X"), "intent": "raise the pool size"});
        assert_eq!(one.caller.post("/v1/locks", asked).await.status, 200);
        let refused = two.caller.post("/v1/locks", json!({"wants": want("env:prod/payments", "X")})).await;
        assert_snapshot!(refused.shown(), @"409 lock_held: ada's ses_ID (checkout) holds `env:prod` in mode X since MINUTE: raise the pool size → wait for it with `writ lock acquire --wait`, or do something else first");
        assert_snapshot!(format!("{:#}", refused.json()["ahead"]), @r#"
        [
          {
            "holder": {
              "developer.id": "dev_ID",
              "developer.name": "ada",
              "project.id": "prj_ID",
              "project.name": "checkout",
              "session.id": "ses_ID"
            },
            "intent": "raise the pool size",
            "mode": "X",
            "resource": "env:prod",
            "since": "TIME",
            "state": "held",
            "suspect": false,
            "ticket": "tkt_ID"
          }
        ]
        "#);
    });
}

#[test]
fn any_takes_the_first_that_is_free() {
    tested(async |_writ, people| {
        let (one, two) = two(people).await;
        let ports = json!([{"resource": "port:m/1", "mode": "X"}, {"resource": "port:m/2", "mode": "X"}]);
        let asked = json!({"wants": ports, "any": true});
        let first = one.caller.post("/v1/locks", asked.clone()).await.json();
        let second = two.caller.post("/v1/locks", asked.clone()).await.json();
        assert_eq!(first["wants"], want("port:m/1", "X"));
        assert_eq!(second["wants"], want("port:m/2", "X"));
        let third = two.caller.post("/v1/locks", asked).await;
        assert_eq!((third.status.as_u16(), &third.json()["code"]), (409, &json!("lock_held")));
    });
}

#[test]
fn a_momentary_lock_has_had_a_token() {
    tested(async |_writ, people| {
        let (one, two) = two(people).await;
        let asked = json!({"wants": want("env:prod", "X"), "momentary": true});
        let passed = one.caller.post("/v1/locks", asked.clone()).await.json();
        assert_eq!((&passed["state"], &passed["how"]), (&json!("over"), &json!("passed")));
        let token = passed["token"].as_u64().unwrap();
        let later = two.caller.post("/v1/locks", asked.clone()).await.json();
        assert!(later["token"].as_u64().unwrap() > token);
        held(&two, "env:prod").await;
        assert_eq!(one.caller.post("/v1/locks", asked).await.json()["code"], "lock_held");
    });
}

#[test]
fn let_go_by_its_holder_and_by_its_token_only() {
    tested(async |_writ, people| {
        let (one, two) = two(people).await;
        let ticket = held(&one, "env:prod").await;
        let token = ticket["token"].as_u64().unwrap();
        let state = async || one.caller.get(&path(&ticket)).await.json()["state"].clone();
        assert_eq!(one.caller.delete(&format!("{}?token={}", path(&ticket), token + 1)).await.status, 204);
        assert_eq!(state().await, "held");
        assert_snapshot!(two.caller.delete(&path(&ticket)).await.shown(), @"403 forbidden: this needs the role `admin`, or to be the owner → ask an administrator");
        assert_eq!(one.caller.delete(&format!("{}?token={token}", path(&ticket))).await.status, 204);
        assert_eq!(one.caller.delete(&path(&ticket)).await.status, 204, "over already");
        held(&two, "env:prod").await;
    });
}

#[test]
fn listed_by_what_overlaps_by_session_project_and_state() {
    tested(async |_writ, people| {
        let (one, two) = two(people).await;
        held(&one, "env:prod/payments").await;
        held(&one, "env:staging").await;
        held(&two, "env:prod/search").await;
        let asked = json!({"wants": want("env:prod", "X"), "wait": true});
        two.caller.post("/v1/locks", asked).await;
        let found = async |query: &str| {
            let answer = people.grace.get(&format!("/v1/locks{query}")).await.json();
            let all = answer["locks"].as_array().unwrap().clone();
            let mut found: Vec<_> =
                all.iter().map(|one| one["wants"][0]["resource"].as_str().unwrap().to_owned()).collect();
            found.sort();
            found
        };
        assert_eq!(found("?resource=env:prod/payments").await, ["env:prod", "env:prod/payments"]);
        assert_eq!(found("?resource=env:prod").await.len(), 3);
        assert_eq!(found(&format!("?session={}", one.id)).await, ["env:prod/payments", "env:staging"]);
        assert_eq!(found("?state=waiting").await, ["env:prod"]);
        assert_eq!(found("?project=checkout").await.len(), 4);
        let page = people.grace.get("/v1/locks?limit=3").await.json();
        assert_eq!(page["locks"].as_array().unwrap().len(), 3);
        let rest =
            people.grace.get(&format!("/v1/locks?limit=3&cursor={}", page["next"].as_str().unwrap())).await.json();
        assert_eq!((rest["locks"].as_array().unwrap().len(), rest.get("next")), (1, None));
    });
}

#[test]
fn bad_input_is_named() {
    tested(async |writ, people| {
        let (one, _) = two(people).await;
        let ask = async |asked: Value| one.caller.post("/v1/locks", asked).await.shown();
        assert_snapshot!(ask(json!({"wants": []})).await, @"400 text_malformed: the list of resources is empty or has control characters");
        assert_snapshot!(ask(json!({"wants": want("path:github.com/acme/api//a/../b", "X")})).await, @"400 invalid_request: the body does not fit: wants[0].resource: a resource has no segment that is empty, `.` or `..` at line 1 column 68");
        assert_snapshot!(ask(json!({"wants": want("env:prod", "Z")})).await, @"400 invalid_request: the body does not fit: wants[0].mode: unknown variant `Z`, expected one of `N`, `IS`, `IX`, `S`, `SIX`, `X` at line 1 column 21");
        assert_snapshot!(ask(json!({"wants": want("env:prod", "X"), "ticket": "tkt_1"})).await, @"400 invalid_request: `ticket`: expected 26 characters after the prefix, found 1");
        assert_snapshot!(ask(json!({"wants": want("env:prod", "X"), "wait": true, "wait.seconds": 46})).await, @"400 invalid_request: `wait.seconds` is at most 45: ask again with the same ticket");
        assert_snapshot!(ask(json!({"wants": want("env:prod", "X"), "priority": "urgent"})).await, @"403 forbidden: this needs the role `approver`, or to be the owner → ask an administrator");
        let many: Vec<Value> = (0..65).map(|n| json!({"resource": format!("slot:{n}"), "mode": "X"})).collect();
        assert_snapshot!(ask(json!({"wants": many})).await, @"429 limit_reached: the limit of 64 resources of one lock is reached");
        assert_snapshot!(one.caller.get("/v1/locks/tkt_01JABCDEFGHJKMNPQRSTVWXYZ0").await.shown(), @"404 ticket_unknown: no ticket tkt_ID");
        assert_snapshot!(one.caller.get("/v1/locks?state=gone").await.shown(), @"400 invalid_request: `state` is one of waiting, offered, held and resting");
        let over = session(&people.ada).await;
        over.caller.post(&format!("/v1/sessions/{}/end", over.id), json!({})).await;
        assert_snapshot!(over.caller.post("/v1/locks", json!({"wants": want("env:prod", "X")})).await.shown(), @"409 session_over: session ses_ID is over → start a new one with `writ run`");
        let lin = developer(writ, people, "lin", &["auditor"]).await;
        assert_snapshot!(lin.post("/v1/locks", json!({"wants": want("env:prod", "X")})).await.shown(), @"403 forbidden: this needs the role `member`, or to be the owner → ask an administrator");
    });
}
