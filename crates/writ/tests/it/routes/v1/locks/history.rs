//! What was: tickets that are over, diffs, and whose they were.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{held, path, session, two, want};
use crate::routes::{developer, tested};

const FILE: &str = "path:github.com/acme/api//config/pool.toml";

#[test]
fn a_ticket_that_is_over_says_how() {
    tested(async |_writ, people| {
        let (one, two) = two(people).await;
        let how = async |ticket: &Value| {
            let shown = people.ada.get(&path(ticket)).await.json();
            assert_eq!(shown["state"], "over", "{shown}");
            (shown["how"].as_str().unwrap().to_owned(), shown["reason"].clone())
        };
        let released = held(&one, "env:a").await;
        one.caller.delete(&path(&released)).await;
        assert_eq!(how(&released).await, ("released".to_owned(), Value::Null));
        let broken = held(&one, "env:b").await;
        people.ada.post(&format!("{}/break", path(&broken)), json!({"reason": "now"})).await;
        assert_eq!(how(&broken).await, ("broken".to_owned(), json!("now")));
        let ended = held(&two, "env:c").await;
        two.caller.post(&format!("/v1/sessions/{}/end", two.id), json!({})).await;
        assert_eq!(how(&ended).await, ("session_over".to_owned(), Value::Null));
        let again = json!({"ticket": released["ticket"], "wants": want("env:a", "X")});
        assert_snapshot!(one.caller.post("/v1/locks", again).await.shown(), @"409 ticket_over: ticket tkt_ID is over: ask with a new one");
    });
}

#[test]
fn listed_for_those_who_work_on_the_project() {
    tested(async |writ, people| {
        let (one, two) = two(people).await;
        for by in [&one, &two] {
            let ticket = held(by, "env:prod").await;
            by.caller.delete(&path(&ticket)).await;
        }
        let count = async |by: &crate::support::Caller, query: &str| {
            let answer = by.get(&format!("/v1/locks?state=over{query}")).await;
            match answer.status.as_u16() {
                200 => Ok(answer.json()["locks"].as_array().unwrap().len()),
                _ => Err(answer.shown()),
            }
        };
        assert_eq!(count(&people.ada, "").await, Ok(2));
        assert_eq!(count(&people.grace, "&project=checkout").await, Ok(2));
        assert_eq!(count(&people.grace, &format!("&session={}", one.id)).await, Ok(1));
        assert_eq!(count(&one.caller, &format!("&session={}", one.id)).await, Ok(1));
        assert_eq!(count(&people.ada, "&resource=env:staging").await, Ok(0));
        assert_snapshot!(count(&people.grace, "").await.unwrap_err(), @"403 forbidden: you may not see these sessions: this needs the role `auditor` → ask an administrator for the role `auditor`");
        let lin = developer(writ, people, "lin", &["member"]).await;
        assert_snapshot!(count(&lin, "&project=checkout").await.unwrap_err(), @"403 forbidden: you may not see these sessions: this needs the role `auditor` → ask an administrator for the role `auditor`");
        let page = people.ada.get("/v1/locks?state=over&limit=1").await.json();
        let cursor = page["next"].as_str().unwrap();
        assert_eq!(count(&people.ada, &format!("&cursor={cursor}")).await, Ok(1));
    });
}

/// What is newer and of another resource takes no place on the page.
#[test]
fn pages_of_one_resource_end_when_there_is_no_more_of_it() {
    tested(async |_writ, people| {
        let (one, _) = two(people).await;
        for resource in ["env:prod/a", "env:prod/b", "env:staging", "env:staging", "env:staging"] {
            let ticket = held(&one, resource).await;
            one.caller.delete(&path(&ticket)).await;
        }
        let mut found = Vec::new();
        let mut cursor = String::new();
        for _ in 0..4 {
            let answer =
                people.ada.get(&format!("/v1/locks?state=over&resource=env:prod&limit=1{cursor}")).await.json();
            let locks = answer["locks"].as_array().unwrap();
            found.extend(locks.iter().map(|one| one["wants"][0]["resource"].as_str().unwrap().to_owned()));
            match answer["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(found, ["env:prod/b", "env:prod/a"]);
    });
}

#[test]
fn diffs_are_for_those_who_work_on_the_project() {
    tested(async |writ, people| {
        let (one, two) = two(people).await;
        let after = format!("sha256:{}", domain::Digest::of(b"b"));
        let write = json!({"resource": FILE, "after": after, "diff": "-size = 5\n+size = 50"});
        let recorded = one.caller.post("/v1/writes", json!({"writes": [write], "intent": "tune the pool"})).await;
        assert_eq!(recorded.status, 200, "{}", recorded.text());
        let diff = async |by: &crate::support::Caller| {
            let shown = by.get(&format!("/v1/writes?resource={FILE}")).await.json();
            assert_eq!(shown["writes"][0]["intent"], "tune the pool");
            shown["writes"][0]["diff"].clone()
        };
        for by in [&one.caller, &two.caller, &people.grace, &people.ada] {
            assert_eq!(diff(by).await, "-size = 5\n+size = 50");
        }
        let lin = developer(writ, people, "lin", &["member"]).await;
        let elsewhere = lin.open(json!({})).await;
        for by in [&lin, &elsewhere.caller] {
            assert_eq!(diff(by).await, Value::Null);
        }
    });
}

#[test]
fn who_holds_held_or_changed_it() {
    tested(async |_writ, people| {
        let (one, two) = two(people).await;
        let who = async |thing: &str| {
            let answer = people.ada.get(&format!("/v1/who?thing={thing}")).await.json();
            assert_eq!(answer["outcome"], "found", "{answer}");
            (answer["links"][0]["kind"].as_str().unwrap().to_owned(), answer["session"]["id"].clone())
        };
        let ticket = held(&one, "env:prod/x").await;
        let (of_one, of_two) = (json!(one.id), json!(two.id));
        assert_eq!(who("env:prod/x").await, ("resource".to_owned(), of_one.clone()));
        assert_eq!(who("env:prod").await.1, of_one, "something in it");
        assert_eq!(who(ticket["ticket"].as_str().unwrap()).await, ("ticket".to_owned(), of_one.clone()));
        assert_eq!(who(&format!("lock:{}", ticket["token"])).await, ("lock_token".to_owned(), of_one.clone()));
        one.caller.delete(&path(&ticket)).await;
        assert_eq!(who("env:prod/x").await.1, of_one, "the last that held it");
        let next = held(&two, "env:prod/x").await;
        two.caller.delete(&path(&next)).await;
        assert_eq!(who("env:prod/x").await.1, of_two);
        let three = session(&people.grace).await;
        three.caller.post("/v1/writes", json!({"writes": [{"resource": "env:prod/x", "after": null}]})).await;
        assert_eq!(who("env:prod/x").await.1, json!(three.id), "the last that changed it");
        assert_eq!(people.ada.get("/v1/who?thing=env:nowhere").await.json()["outcome"], "unknown");
    });
}
