//! Locks over time: an offer nobody takes up, a session that vanishes, a second node, a crowd.

mod time;

use serde_json::{Value, json};

use crate::support::postgres::{self, Database};
use crate::support::{Caller, Opened, People, Writ, WritOptions, run, within};

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

/// Sessions that wait in a crowd: each with as many tickets as it may.
const WAITING: usize = 40;

#[test]
fn whoever_waits_at_one_node_is_woken_by_what_happens_at_the_other() {
    run(async {
        let Some(server) = postgres::server() else { return };
        let database = Database::create(&server, "locks_two");
        let keys = tempfile::tempdir().unwrap();
        let more = format!("keys_dir = {:?}\n", keys.path());
        let options = || WritOptions { database: Some(database.url()), more: more.clone(), ..WritOptions::default() };
        let (a, b) = tokio::join!(Writ::start_with(options()), Writ::start_with(options()));
        let people = a.people().await;
        let sessions = sessions(&people, 2).await;
        let held = ask(&sessions[0], json!({"wants": want("env:prod")})).await;
        let there = Opened { caller: sessions[1].caller.at(&b.url), ..sessions[1].clone() };
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

/// One of many is offered what is let go; the others stay where they are, one place further.
#[test]
fn a_crowd_at_one_key_moves_one_at_a_time() {
    run(async {
        let writ = Writ::start().await;
        let people = writ.people().await;
        let sessions = sessions(&people, WAITING).await;
        let mut holder = (sessions[0].clone(), ask(&sessions[0], json!({"wants": want("env:prod")})).await);
        let mut queue = Vec::new();
        for number in 0..200 {
            let by = &sessions[1 + number % (WAITING - 1)];
            let got = ask(by, json!({"wants": want("env:prod"), "wait": true})).await;
            queue.push((by.clone(), got));
        }
        let polls = queue.iter().map(|(by, got)| {
            let (caller, path) =
                (by.caller.clone(), format!("/v1/locks/{}?wait.seconds=45", got["ticket"].as_str().unwrap()));
            tokio::spawn(async move { caller.get(&path).await.json() })
        });
        let polls: Vec<_> = polls.collect();
        for (number, poll) in polls.into_iter().enumerate().take(5) {
            let release = format!("/v1/locks/{}", holder.1["ticket"].as_str().unwrap());
            assert_eq!(holder.0.caller.delete(&release).await.status, 204);
            let got = within("the next in the queue", poll).await.unwrap();
            assert_eq!((&got["state"], &got["ticket"]), (&json!("held"), &queue[number].1["ticket"]));
            let counts = people.ada.get("/v1/locks?state=waiting&limit=1000").await.json();
            assert_eq!(counts["locks"].as_array().unwrap().len(), 200 - 1 - number, "nobody else moved");
            holder = (queue[number].0.clone(), got);
        }
    });
}
