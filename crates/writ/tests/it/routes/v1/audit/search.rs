use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::routes::{developer, tested};
use crate::support::{Caller, Opened, People};

/// Ends a session of grace's for the project, and opens one of ada's for none.
async fn story(people: &People) -> (Opened, Opened) {
    let one = people.grace.open(json!({"project": "checkout"})).await;
    one.caller.post(&format!("/v1/sessions/{}/end", one.id), json!({"exit_code": 0})).await;
    (one, people.ada.open(json!({})).await)
}

async fn types(caller: &Caller, query: &str) -> Vec<String> {
    let answer = caller.get(&format!("/v1/audit/search?{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    assert_eq!(body["next"], Value::Null, "{query}");
    let entries = body["entries"].as_array().unwrap().iter();
    entries.map(|entry| entry["type"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_entry_comes_with_what_it_belongs_to() {
    tested(async |_writ, people| {
        story(people).await;
        let found = people.ada.get("/v1/audit/search?kind=session.over").await;
        assert_snapshot!(found.shown(), @r#"
        200
        {
          "entries": [
            {
              "actor": {
                "session": "ses_ID"
              },
              "body": {
                "exit_code": 0,
                "how": "ended",
                "session": "ses_ID"
              },
              "developer": {
                "id": "dev_ID",
                "login": "grace"
              },
              "leaf": "HASH",
              "position": 9,
              "project": {
                "id": "prj_ID",
                "name": "checkout"
              },
              "session": "ses_ID",
              "time": "TIME",
              "type": "session.over"
            }
          ],
          "next": null
        }
        "#);
    });
}

#[test]
fn every_condition_narrows() {
    tested(async |_writ, people| {
        let (one, two) = story(people).await;
        let ada = &people.ada;
        assert_eq!(
            types(ada, &format!("session={}", one.id)).await,
            ["session.opened", "session.over", "session.closed"]
        );
        assert_eq!(types(ada, &format!("text={}", one.id)).await.len(), 3);
        assert_eq!(types(ada, "project=checkout").await.len(), 3);
        assert_eq!(types(ada, "text=checkout&kind=session.o").await, ["session.opened", "session.over"]);
        let of_grace = types(ada, "developer=grace").await;
        assert!(
            of_grace.contains(&"developer.registered".to_owned()) && of_grace.contains(&"session.closed".to_owned())
        );
        assert_eq!(types(ada, "text=grace").await, of_grace);
        assert_eq!(types(ada, "text=session.").await.len(), 4);
        assert_eq!(types(ada, "kind=session.opened&developer=ada").await, ["session.opened"]);
        assert_eq!(types(ada, "text=nothing-of-the-kind").await, Vec::<String>::new());
        assert_eq!(types(ada, "until=2020-01-01").await, Vec::<String>::new());
        assert_eq!(types(ada, "since=1h&kind=project").await, ["project.created"]);
        assert_eq!(types(ada, "text=default&kind=session.").await, ["session.opened", "session.opened"]);
        // The id of the request that opened it.
        let opening = ada.get(&format!("/v1/audit/search?session={}", two.id)).await.json();
        let position = &opening["entries"][0]["position"];
        let entries = ada.get(&format!("/v1/sessions/{}/entries", two.id)).await.json();
        let request = entries["entries"][0]["entry"]["request"].as_str().unwrap().to_owned();
        let by_request = ada.get(&format!("/v1/audit/search?text={request}")).await.json();
        assert_eq!(by_request["entries"][0]["position"], *position);
    });
}

#[test]
fn pages_go_on_where_the_last_one_ended() {
    tested(async |_writ, people| {
        story(people).await;
        let all = types(&people.ada, "limit=1000").await;
        let (mut paged, mut from) = (Vec::new(), json!(0));
        while from != Value::Null {
            let page = people.ada.get(&format!("/v1/audit/search?limit=2&from={from}")).await.json();
            let entries = page["entries"].as_array().unwrap().clone();
            assert!(entries.len() <= 2);
            paged.extend(entries.iter().map(|entry| entry["type"].as_str().unwrap().to_owned()));
            from = page["next"].clone();
        }
        assert_eq!(paged, all);
    });
}

#[test]
fn it_is_for_auditors_and_says_what_it_does_not_understand() {
    tested(async |writ, people| {
        let lin = developer(writ, people, "lin", &["auditor"]).await;
        assert_eq!(lin.get("/v1/audit/search?limit=1").await.status, 200);
        let session = people.grace.open(json!({})).await;
        assert_snapshot!(people.grace.get("/v1/audit/search").await.shown(), @"403 forbidden: you may not read the log: this needs the role `auditor` → ask an administrator for the role `auditor`");
        assert_snapshot!(session.caller.get("/v1/audit/search").await.shown(), @"401 unauthenticated: this is for a signed-in developer, and the bearer is a session's token → sign in with `writ login`");
        assert_snapshot!(writ.anonymous().get("/v1/audit/search").await.shown(), @"401 unauthenticated: this needs `authorization: Bearer` with a writ token → sign in with `writ login`");
        assert_snapshot!(lin.get("/v1/audit/search?developer=nobody").await.shown(), @"404 not_found: no developer `nobody`");
        assert_snapshot!(lin.get("/v1/audit/search?session=42").await.shown(), @"400 invalid_request: `session`: expected an id that starts with `ses_`");
        assert_snapshot!(lin.get("/v1/audit/search?since=soon").await.shown(), @"400 invalid_request: `soon` is no time: use `7d`, `24h`, a date, or RFC 3339");
        assert_snapshot!(lin.get("/v1/audit/search?colour=red").await.shown(), @"400 invalid_request: the query does not fit: colour: unknown field `colour`, expected one of `developer`, `project`, `session`, `kind`, `since`, `until`, `text`, `from`, `limit`");
    });
}
