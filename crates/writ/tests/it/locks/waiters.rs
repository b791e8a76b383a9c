//! A thousand wait for one lock: each time it is let go one of them is woken, the next, and nobody else.

use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{exclusive, id, session, together, token};
use crate::support::{Caller, Opened, Writ, run, within};

const WAITING: usize = 1_000;
/// Sessions of one human: each waits once, for a session that waits twice waits for those between.
const EACH: usize = 200;
/// Of those, the first listen for their turn.
const LISTEN: usize = 64;
/// Requests at a time.
const TOGETHER: usize = 32;

#[test]
fn one_release_wakes_one_of_a_thousand() {
    run(async {
        let writ = Writ::start().await;
        let people = writ.people().await;
        let holder = session(&people.grace).await;
        let held = holder.caller.post("/v1/locks", json!({"wants": exclusive("slot:hot")})).await.json();
        let waiting = queue(&people.ada).await;
        let (woken, mut wakings) = mpsc::channel(LISTEN);
        for (place, (of, ticket)) in waiting.iter().take(LISTEN).cloned().enumerate() {
            let woken = woken.clone();
            tokio::spawn(async move {
                let answer = of.caller.get(&format!("/v1/locks/{ticket}?wait.seconds=45")).await;
                woken.send((place, answer.json())).await.unwrap();
            });
        }
        let (mut turns, mut before) = (Vec::new(), (holder, id(&held).to_owned(), token(&held)));
        for expected in 0..LISTEN / 2 {
            let since = Instant::now();
            let (of, ticket, at) = &before;
            let gone = of.caller.delete(&format!("/v1/locks/{ticket}?token={at}")).await;
            assert_eq!(gone.status, 204, "{}", gone.text());
            let (place, ticket) = within("the next to be woken", wakings.recv()).await.unwrap();
            turns.push(since.elapsed());
            assert_eq!(place, expected, "the next in the queue, and nobody else");
            assert_eq!(ticket["state"], "held");
            assert!(wakings.try_recv().is_err(), "one is woken");
            let entries = token(&ticket) - at;
            assert!(expected == 0 || entries == 3, "let go, offered, claimed, and nothing else: {entries} entries");
            before = (waiting[place].0.clone(), id(&ticket).to_owned(), token(&ticket));
        }
        turns.sort();
        eprintln!(
            "from letting go to holding, {WAITING} waiting: p50 {:?}, max {:?}",
            turns[turns.len() / 2],
            turns.last()
        );
        assert!(wakings.try_recv().is_err());
    });
}

/// In their order.
async fn queue(ada: &Caller) -> Vec<(Opened, String)> {
    let mut waiting = Vec::new();
    for crowd in 0..WAITING / EACH {
        let somebody = ada.developer(&format!("crowd-{crowd}")).await;
        for some in (0..EACH).collect::<Vec<_>>().chunks(TOGETHER) {
            let asked = some.iter().map(|_| async {
                let of = session(&somebody).await;
                let body = json!({"wants": exclusive("slot:hot"), "wait": true});
                let answer = of.caller.post("/v1/locks", body).await;
                assert_eq!(answer.status, 200, "{}", answer.text());
                let ticket = answer.json();
                assert_eq!(ticket["state"], "waiting");
                (of, id(&ticket).to_owned(), ticket["position"].as_u64())
            });
            let mut asked = together(asked).await;
            // Those that asked at the same time came in some order, which their answers tell.
            asked.sort_by_key(|(_, _, position)| *position);
            waiting.extend(asked.into_iter().map(|(of, ticket, _)| (of, ticket)));
        }
    }
    waiting
}
