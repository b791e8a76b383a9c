//! Waiting: in order, by long poll, with an offer that is claimed.

use insta::assert_snapshot;
use serde_json::json;

use super::{held, path, session, two, want};
use crate::routes::tested;

#[test]
fn whoever_waits_is_told_who_is_ahead() {
    tested(async |_writ, people| {
        let (one, two) = two(people).await;
        held(&one, "env:prod").await;
        let asked = json!({"wants": want("env:prod/payments", "X"), "wait": true, "intent": "rotate the key"});
        let waiting = two.caller.post("/v1/locks", asked).await.json();
        assert_eq!(
            (&waiting["state"], &waiting["position"], &waiting["token"]),
            (&json!("waiting"), &json!(0), &json!(null))
        );
        assert_eq!(waiting["ahead"][0]["resource"], "env:prod");
        assert_eq!(waiting["ahead"][0]["holder"]["developer.name"], "ada");
    });
}

#[test]
fn a_long_poll_ends_with_the_lock() {
    tested(async |_writ, people| {
        let (one, two) = two(people).await;
        let ticket = held(&one, "env:prod").await;
        let asked = json!({"wants": want("env:prod", "X"), "wait": true});
        let waiting = two.caller.post("/v1/locks", asked).await.json();
        let poll = format!("{}?wait.seconds=45", path(&waiting));
        let release = path(&ticket);
        let (polled, released) = tokio::join!(two.caller.get(&poll), one.caller.delete(&release));
        assert_eq!(released.status, 204);
        let polled = polled.json();
        assert_eq!(polled["state"], "held", "{polled}");
        assert!(polled["token"].as_u64() > ticket["token"].as_u64());
    });
}

#[test]
fn an_ask_that_waits_ends_with_the_lock() {
    tested(async |_writ, people| {
        let (one, two) = two(people).await;
        let ticket = held(&one, "env:prod").await;
        let asked = json!({"wants": want("env:prod", "X"), "wait": true, "wait.seconds": 45});
        let release = async {
            // Once the other is in the queue.
            while people.ada.get("/v1/locks?state=waiting").await.json()["locks"].as_array().unwrap().is_empty() {}
            one.caller.delete(&path(&ticket)).await
        };
        let (asked, _) = tokio::join!(two.caller.post("/v1/locks", asked), release);
        assert_eq!(asked.json()["state"], "held", "{}", asked.text());
    });
}

#[test]
fn nobody_is_passed() {
    tested(async |_writ, people| {
        let (one, two) = two(people).await;
        let three = session(&people.grace).await;
        let shared = async |by: &crate::support::Opened| {
            by.caller.post("/v1/locks", json!({"wants": want("env:prod", "S"), "wait": true})).await.json()
        };
        let reading = shared(&one).await;
        let asked = json!({"wants": want("env:prod", "X"), "wait": true});
        let writing = two.caller.post("/v1/locks", asked).await.json();
        let late = shared(&three).await;
        assert_eq!(
            (&reading["state"], &writing["state"], &late["state"]),
            (&json!("held"), &json!("waiting"), &json!("waiting"))
        );
        assert_eq!(late["position"], 1);
        one.caller.delete(&path(&reading)).await;
        let claimed = two.caller.get(&path(&writing)).await.json();
        assert_eq!(claimed["state"], "held");
        assert_eq!(three.caller.get(&path(&late)).await.json()["state"], "waiting");
    });
}

#[test]
fn an_offer_is_shown_to_others_and_claimed_by_its_holder() {
    tested(async |_writ, people| {
        let (one, two) = two(people).await;
        let ticket = held(&one, "env:prod").await;
        let asked = json!({"wants": want("env:prod", "X"), "wait": true});
        let waiting = two.caller.post("/v1/locks", asked.clone()).await.json();
        one.caller.delete(&path(&ticket)).await;
        let seen = one.caller.get(&path(&waiting)).await.json();
        assert_eq!(seen["state"], "offered");
        assert!(seen["offered.until"].is_string());
        assert_snapshot!(one.caller.post("/v1/locks", json!({"wants": want("env:prod", "X")})).await.shown(), @"409 lock_held: grace's ses_ID (checkout) is about to take `env:prod` in mode X since MINUTE → wait for it with `writ lock acquire --wait`, or do something else first");
        let claim = json!({"ticket": waiting["ticket"], "wants": want("env:prod", "X"), "wait": true});
        assert_eq!(two.caller.post("/v1/locks", claim).await.json()["state"], "held");
    });
}

#[test]
fn waiting_that_would_close_a_circle_is_refused_with_it() {
    tested(async |_writ, people| {
        let (one, two) = two(people).await;
        held(&one, "env:a").await;
        held(&two, "env:b").await;
        let wait = |resource| json!({"wants": want(resource, "X"), "wait": true});
        assert_eq!(one.caller.post("/v1/locks", wait("env:b")).await.json()["state"], "waiting");
        let refused = two.caller.post("/v1/locks", wait("env:a")).await;
        assert_snapshot!(refused.shown(), @"409 would_deadlock: waiting for this would never end: grace's ses_ID (checkout) would wait for ada's ses_ID (checkout) with tkt_ID at `env:a`, ada's ses_ID (checkout) would wait for grace's ses_ID (checkout) with tkt_ID at `env:b` → let go of what the others wait for, then ask for all of it at once");
        assert_snapshot!(format!("{:#}", refused.json()["cycle"]), @r#"
        [
          {
            "ahead": {
              "developer.id": "dev_ID",
              "developer.name": "ada",
              "project.id": "prj_ID",
              "project.name": "checkout",
              "session.id": "ses_ID"
            },
            "resource": "env:a",
            "ticket": "tkt_ID",
            "waits": {
              "developer.id": "dev_ID",
              "developer.name": "grace",
              "project.id": "prj_ID",
              "project.name": "checkout",
              "session.id": "ses_ID"
            }
          },
          {
            "ahead": {
              "developer.id": "dev_ID",
              "developer.name": "grace",
              "project.id": "prj_ID",
              "project.name": "checkout",
              "session.id": "ses_ID"
            },
            "resource": "env:b",
            "ticket": "tkt_ID",
            "waits": {
              "developer.id": "dev_ID",
              "developer.name": "ada",
              "project.id": "prj_ID",
              "project.name": "checkout",
              "session.id": "ses_ID"
            }
          }
        ]
        "#);
    });
}

#[test]
fn an_ended_session_lets_go_and_wakes_the_next() {
    tested(async |_writ, people| {
        let (one, two) = two(people).await;
        held(&one, "env:prod").await;
        let asked = json!({"wants": want("env:prod", "X"), "wait": true});
        let waiting = two.caller.post("/v1/locks", asked).await.json();
        let (poll, end) = (format!("{}?wait.seconds=45", path(&waiting)), format!("/v1/sessions/{}/end", one.id));
        let (polled, _) = tokio::join!(two.caller.get(&poll), one.caller.post(&end, json!({})));
        assert_eq!(polled.json()["state"], "held", "{}", polled.text());
    });
}

#[test]
fn whoever_waits_is_told_how_long_only_once_that_is_known() {
    tested(async |_writ, people| {
        let (one, two) = two(people).await;
        held(&one, "env:prod").await;
        let asked = json!({"wants": want("env:prod", "X"), "wait": true});
        let waiting = two.caller.post("/v1/locks", asked).await.json();
        assert_eq!((&waiting["state"], &waiting["eta.seconds"]), (&json!("waiting"), &json!(null)));
    });
}

#[test]
fn a_retry_of_a_momentary_request_hears_the_same() {
    tested(async |_writ, people| {
        let (one, two) = two(people).await;
        let ticket = "tkt_01JABCDEFGHJKMNPQRSTVWXYZ1";
        let asked = json!({"ticket": ticket, "wants": want("env:prod", "X"), "momentary": true, "intent": "look"});
        let first = one.caller.post("/v1/locks", asked.clone()).await.json();
        assert_eq!((&first["state"], &first["how"]), (&json!("over"), &json!("passed")));
        assert!(first["token"].as_u64().unwrap() > 0);
        // Also when somebody else has it meanwhile.
        held(&two, "env:prod").await;
        assert_eq!(one.caller.post("/v1/locks", asked.clone()).await.json(), first);
        let other = json!({"ticket": ticket, "wants": want("env:staging", "X"), "momentary": true});
        assert_snapshot!(one.caller.post("/v1/locks", other).await.shown(), @"409 ticket_over: ticket tkt_ID is over: ask with a new one");
        assert_snapshot!(two.caller.post("/v1/locks", asked).await.shown(), @"409 ticket_over: ticket tkt_ID is over: ask with a new one");
    });
}

/// Its turn came, then a human said that nobody touches it: it keeps its place, and is told why it waits.
#[test]
fn a_freeze_comes_before_an_offer() {
    tested(async |_writ, people| {
        let (one, two) = two(people).await;
        let ticket = held(&one, "env:prod").await;
        let asked = json!({"wants": want("env:prod", "X"), "wait": true});
        let waiting = two.caller.post("/v1/locks", asked).await.json();
        one.caller.delete(&path(&ticket)).await;
        assert_eq!(people.ada.get(&path(&waiting)).await.json()["state"], "offered");
        let freeze = json!({"resource": "env:prod", "reason": "release week"});
        assert_eq!(people.ada.post("/v1/freezes", freeze).await.status, 204);
        let claimed = two.caller.get(&path(&waiting)).await.json();
        assert_eq!((&claimed["state"], &claimed["token"]), (&json!("waiting"), &json!(null)));
        assert_eq!(claimed["frozen"]["detail"], "frozen by ada: release week");
        let thawed = people.ada.delete("/v1/freezes?resource=env:prod&reason=done").await;
        assert_eq!(thawed.status, 204);
        assert_eq!(two.caller.get(&path(&waiting)).await.json()["state"], "held");
    });
}
