//! What time does to locks, under a clock that the test sets.

use domain::Span;
use domain::limits::{BEAT_EXPIRE_AFTER, BEAT_SUSPECT_AFTER, LOCK_OFFER, LOCK_REST};
use serde_json::{Value, json};

use super::{ask, ticket, want};
use crate::support::timed::Timed;
use crate::support::{Opened, run, until};

impl Timed {
    async fn until_state(&self, id: &Value, state: &str) -> Value {
        until(&format!("the ticket to be {state}"), || async {
            let now = ticket(&self.ada, id).await;
            (now["state"] == state).then_some(now)
        })
        .await
    }

    async fn open(&self, beats: bool) -> Opened {
        self.ada.open(json!({"beats": beats})).await
    }
}

#[test]
fn an_offer_that_nobody_takes_up_passes_on_and_only_once() {
    run(async {
        let timed = Timed::start().await;
        let (one, two, three) = (timed.open(false).await, timed.open(false).await, timed.open(false).await);
        let held = ask(&one, json!({"wants": want("env:prod")})).await;
        let wait = json!({"wants": want("env:prod"), "wait": true});
        let (second, third) = (ask(&two, wait.clone()).await, ask(&three, wait).await);
        one.caller.delete(&format!("/v1/locks/{}", held["ticket"].as_str().unwrap())).await;
        timed.until_state(&second["ticket"], "offered").await;
        timed.pass(LOCK_OFFER);
        let over = timed.until_state(&second["ticket"], "over").await;
        assert_eq!(over["how"], "unclaimed");
        timed.until_state(&third["ticket"], "offered").await;
        let late = two.caller.post("/v1/locks", json!({"ticket": second["ticket"], "wants": want("env:prod")})).await;
        assert_eq!(late.json()["code"], "ticket_over");
        assert_eq!(ticket(&three.caller, &third["ticket"]).await["state"], "held", "claimed by looking");
        timed.end().await;
    });
}

/// A session whose launcher died: nothing new is granted to it, then what it held rests where no gate stands, then it is free.
#[test]
fn what_a_vanished_session_held_rests_and_is_free() {
    run(async {
        let timed = Timed::start().await;
        let (gone, next) = (timed.open(true).await, timed.open(false).await);
        let ungated = ask(&gone, json!({"wants": want("env:prod")})).await;
        let gated = ask(&gone, json!({"wants": want("path:local/api//a")})).await;
        let waiting = ask(&next, json!({"wants": want("env:prod"), "wait": true})).await;
        timed.pass(BEAT_SUSPECT_AFTER);
        until("the session to be suspect", || async {
            let ahead = ticket(&next.caller, &waiting["ticket"]).await;
            (ahead["ahead"][0]["suspect"] == true).then_some(())
        })
        .await;
        let refused = gone.caller.post("/v1/locks", json!({"wants": want("env:b")})).await;
        assert_eq!(refused.json()["code"], "session_suspect");
        assert_eq!(ticket(&timed.ada, &ungated["ticket"]).await["state"], "held", "not taken away yet");
        timed.pass(BEAT_EXPIRE_AFTER);
        let resting = timed.until_state(&ungated["ticket"], "resting").await;
        assert!(resting["resting.until"].is_string());
        let over = timed.until_state(&gated["ticket"], "over").await;
        assert_eq!(over["how"], "session_over", "at the push its token is compared");
        assert_eq!(ticket(&next.caller, &waiting["ticket"]).await["state"], "waiting");
        timed.pass(Span::from_millis(BEAT_EXPIRE_AFTER.as_millis() + LOCK_REST.as_millis()));
        until("the lock", || async {
            let now = ticket(&next.caller, &waiting["ticket"]).await;
            (now["state"] == "held").then_some(())
        })
        .await;
        timed.end().await;
    });
}
