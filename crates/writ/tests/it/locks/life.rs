//! Locks over time: an offer nobody takes up, a session that vanishes, a second node.

mod time;

use serde_json::{Value, json};

use crate::support::pair::Pair;
use crate::support::{Caller, Opened, People, run, within};

/// What is wanted of one resource, alone.
fn want(resource: &str) -> Value {
    json!([{"resource": resource, "mode": "X"}])
}

async fn ask(by: &Opened, body: Value) -> Value {
    let answer = by.caller.post("/v1/locks", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn ticket(by: &Caller, id: &Value) -> Value {
    by.get(&format!("/v1/locks/{}", id.as_str().unwrap())).await.json()
}

async fn sessions(people: &People, count: usize) -> Vec<Opened> {
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(people.grace.open(json!({"project": "checkout"})).await);
    }
    all
}

#[test]
fn whoever_waits_at_one_node_is_woken_by_what_happens_at_the_other() {
    run(async {
        let Some(pair) = Pair::start("locks_two").await else { return };
        let sessions = sessions(&pair.people, 2).await;
        let held = ask(&sessions[0], json!({"wants": want("env:prod")})).await;
        let there = Opened { caller: sessions[1].caller.at(&pair.b.url), ..sessions[1].clone() };
        let waiting = ask(&there, json!({"wants": want("env:prod"), "wait": true})).await;
        assert_eq!(waiting["ahead"][0]["ticket"], held["ticket"], "decided with what the other node wrote");
        let poll = format!("/v1/locks/{}?wait.seconds=45", waiting["ticket"].as_str().unwrap());
        let release = format!("/v1/locks/{}", held["ticket"].as_str().unwrap());
        let (polled, released) =
            tokio::join!(within("the lock", there.caller.get(&poll)), sessions[0].caller.delete(&release));
        assert_eq!(released.status, 204);
        let polled = polled.json();
        assert_eq!(polled["state"], "held", "{polled}");
        assert!(polled["token"].as_u64() > held["token"].as_u64());
    });
}
