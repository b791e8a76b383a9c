//! A session's budget holds, whatever comes at the same time.

use serde_json::{Value, json};

use super::Stage;
use crate::support::caller::request;
use crate::support::look::number;
use crate::support::{Opened, run, within};

/// A call whose usage is what a request of its size can come to; by itself the simulator tells of a large prompt.
const SMALL: &str = "hello(input=30,cache_write_5m=0,output=10)";

/// What one such call costs, and what is held for it.
async fn price(stage: &Stage) -> (i64, i64) {
    stage.session.caller.message(SMALL, false).await;
    let call = stage.settled(1).await.remove(0);
    (number(&call["cost_usd_nanos"]), number(&call["hold_usd_nanos"]))
}

async fn with_budget(stage: &Stage, nanos: i64) -> Opened {
    stage.people.grace.open(json!({"project": "checkout", "budget_usd_nanos": nanos})).await
}

#[test]
fn many_calls_at_once_never_spend_more_than_the_budget() {
    const CALLS: usize = 32;
    run(async {
        let stage = Stage::start().await;
        let (cost, hold) = price(&stage).await;
        // Room for five holds at a time, and for one more whenever one was settled at what it cost.
        let budget = 5 * hold;
        let session = with_budget(&stage, budget).await;
        let asked = (0..CALLS).map(|_| {
            let caller = session.caller.clone();
            tokio::spawn(async move { caller.message(SMALL, false).await })
        });
        let mut admitted = 0;
        for answer in asked.collect::<Vec<_>>() {
            let answer = answer.await.unwrap();
            match answer.status.as_u16() {
                200 => admitted += 1,
                402 => assert_eq!(answer.json()["error"]["type"], "billing_error", "{}", answer.text()),
                other => panic!("{other}: {}", answer.text()),
            }
        }
        assert!(admitted >= 5, "five fit at the same time, {admitted} were let in");
        let after = settle(&stage, &session).await;
        let spent = number(&after["spent_usd_nanos"]);
        assert!(spent <= budget, "{spent} of {budget}");
        assert_eq!(spent, admitted * cost);
        stage.people.ada.assert_sums_agree().await;
    });
}

/// The session, once nothing is held for it any more.
async fn settle(stage: &Stage, session: &Opened) -> Value {
    crate::support::until("nothing to be held", || async {
        let shown = stage.people.grace.session(&session.id).await;
        (shown["held_usd_nanos"] == 0).then_some(shown)
    })
    .await
}

#[test]
fn a_budget_that_is_used_up_refuses_in_words_and_the_upstream_hears_nothing() {
    run(async {
        let stage = Stage::start().await;
        let (cost, hold) = price(&stage).await;
        let budget = hold + 2 * cost;
        let session = with_budget(&stage, budget).await;
        let arrived = stage.writ.simulator().arrived();
        for _ in 0..3 {
            let answer = session.caller.message(SMALL, false).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            settle(&stage, &session).await;
        }
        let refusal = session.caller.message(SMALL, false).await;
        assert_eq!(refusal.status, 402, "{}", refusal.text());
        assert_eq!(refusal.header("x-should-retry"), "false");
        let message = refusal.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains("budget"), "{message}");
        assert_eq!(stage.writ.simulator().arrived() - arrived, 3, "a refused call goes nowhere");
        let after = settle(&stage, &session).await;
        assert_eq!(number(&after["spent_usd_nanos"]), 3 * cost, "{after:#}");
        stage.people.ada.assert_sums_agree().await;
    });
}

#[test]
fn a_call_that_asks_for_more_tokens_than_are_paid_for_gets_fewer() {
    const ASKED: i64 = 20_000;
    run(async {
        let stage = Stage::start().await;
        let body = request("hello", false).replace("1024", &ASKED.to_string());
        let answered = |session: &Opened| {
            let (caller, body) = (session.caller.clone(), body.clone());
            async move { within("an answer", caller.call(body)).await.unwrap().status }
        };
        assert_eq!(answered(&stage.session).await, 200);
        let hold = number(&stage.settled(1).await[0]["hold_usd_nanos"]);
        let budget = hold * 9 / 10;
        let session = with_budget(&stage, budget).await;
        assert_eq!(answered(&session).await, 200);
        let seen = stage.writ.simulator().requests().pop().unwrap();
        let lowered = number(&seen.json().unwrap()["max_tokens"]);
        assert!((ASKED / 2..ASKED).contains(&lowered), "{lowered}");
        let patched = body.replace(&ASKED.to_string(), &lowered.to_string());
        assert_eq!(seen.body.as_deref(), Some(patched.as_bytes()), "nothing else was touched");
        let call = stage.people.grace.settled(&session.id, 1).await.remove(0);
        assert!(number(&call["hold_usd_nanos"]) <= budget, "{call:#}");
        stage.people.ada.assert_sums_agree().await;
    });
}
