//! Two `writ serve` processes on one PostgreSQL serve one team: what one did counts at the other at once.

mod lost;

use serde_json::json;
use tokio::time::{Duration, Instant};

use crate::support::caller::request;
use crate::support::look::number;
use crate::support::pair::Pair;
use crate::support::postgres::psql;
use crate::support::{Opened, Writ, run, until, within};

impl Pair {
    async fn open(&self) -> Opened {
        self.people.grace.open(json!({"project": "checkout"})).await
    }
}

#[test]
fn two_nodes_that_start_at_the_same_time_make_one_installation() {
    run(async {
        let Some(pair) = Pair::start("both_start").await else { return };
        let keys = |writ: &Writ| {
            let caller = writ.anonymous();
            async move { caller.get("/.well-known/jwks.json").await.json() }
        };
        assert_eq!(keys(&pair.a).await, keys(&pair.b).await, "one key signs for both");
        assert_eq!(psql(&pair.database.url(), "SELECT COUNT(*) = MAX(version) FROM migrations"), "t");
        let late = json!({"token": pair.b.bootstrap, "login": "eve", "password": crate::support::process::PASSWORD});
        let refused = pair.b.anonymous().post("/v1/bootstrap", late).await;
        assert!(refused.status.is_client_error(), "there is an administrator already: {}", refused.text());
    });
}

#[test]
fn what_was_opened_at_one_counts_at_the_other_at_once() {
    run(async {
        let Some(pair) = Pair::start("at_once").await else { return };
        for _ in 0..10 {
            let session = pair.open().await;
            let answer = session.caller.at(&pair.b.url).message("hello", true).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            let signed_in = pair.a.sign_in("grace").await;
            let answer = signed_in.at(&pair.b.url).get("/v1/whoami").await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert_eq!(answer.json()["developer"]["login"], "grace");
        }
        // The first token of a request to B may be unknown to all.
        let nobody = Opened { caller: pair.a.anonymous(), ..pair.open().await };
        assert_eq!(nobody.caller.at(&pair.b.url).message("hello", true).await.status, 401);
        same_reports(&pair).await;
    });
}

#[test]
fn what_was_revoked_at_one_is_refused_and_cut_at_the_other() {
    run(async {
        let Some(pair) = Pair::start("revoked").await else { return };
        let at_b = pair.people.ada.at(&pair.b.url);
        for round in 0..10 {
            let session = pair.open().await;
            let mut stream = within("the head", session.caller.call(request("gate(events=3)", true))).await.unwrap();
            within("the first bytes", stream.next()).await.unwrap().unwrap();
            let revoked = at_b.post(&format!("/v1/sessions/{}/revoke", session.id), json!({"reason": "told B"})).await;
            assert_eq!(revoked.status, 200, "{}", revoked.text());
            let since = Instant::now();
            // In turns, so that neither waits for the other: the next call, and the live stream.
            if round % 2 == 0 {
                refused(&session).await;
            }
            let (_, whole) = within("the stream to be cut", stream.rest()).await;
            assert!(!whole && since.elapsed() < Duration::from_secs(1), "cut after {:?}", since.elapsed());
            refused(&session).await;
        }
        same_reports(&pair).await;
    });
}

async fn refused(session: &Opened) {
    let answer = session.caller.message("hello", true).await;
    assert_eq!(answer.status, 402, "{}", answer.text());
    let text = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(text.contains("was revoked by ada (told B)"), "{text}");
}

/// Calls in flight at both, from one budget: exactly as many as fit.
#[test]
fn a_budget_is_exact_across_nodes() {
    const FIT: i64 = 10;
    const CALLS: usize = 64;
    const GATED: &str = "gate(events=2,input=30,cache_write_5m=0,output=10)";
    run(async {
        let Some(pair) = Pair::start("budget").await else { return };
        pair.a.simulator().open_gate();
        let probe = pair.open().await;
        assert_eq!(probe.caller.message(GATED, true).await.status, 200);
        let call = pair.people.grace.settled(&probe.id, 1).await.remove(0);
        let (cost, hold) = (number(&call["cost_usd_nanos"]), number(&call["hold_usd_nanos"]));
        pair.a.simulator().close_gate();

        let budget = FIT * hold;
        let session = pair.people.grace.open(json!({"project": "checkout", "budget_usd_nanos": budget})).await;
        let asking = (0..CALLS).map(|number| {
            let caller = session.caller.at(if number % 2 == 0 { &pair.a.url } else { &pair.b.url });
            tokio::spawn(async move { within("a head", caller.call(request(GATED, true))).await.unwrap() })
        });
        let (mut admitted, mut refused) = (Vec::new(), 0);
        for answer in asking.collect::<Vec<_>>() {
            let answer = answer.await.unwrap();
            match answer.status.as_u16() {
                200 => admitted.push(answer),
                402 => refused += 1,
                other => panic!("{other}"),
            }
        }
        assert_eq!((admitted.len() as i64, refused), (FIT, CALLS - FIT as usize));
        pair.a.simulator().open_gate();
        pair.b.simulator().open_gate();
        for mut answer in admitted {
            assert!(within("an answer's end", answer.rest()).await.1);
        }
        let after = until("nothing to be held", || async {
            let shown = pair.people.grace.session(&session.id).await;
            (shown["held_usd_nanos"] == 0).then_some(shown)
        })
        .await;
        assert_eq!(number(&after["spent_usd_nanos"]), FIT * cost, "{after:#}");
        same_reports(&pair).await;
    });
}

/// When everything is settled, all sums agree and both nodes say the same.
async fn same_reports(pair: &Pair) {
    until("every call to be settled", || async {
        let total = pair.people.ada.get("/v1/cost?by=session").await.json()["total"].clone();
        (total["held_usd_nanos"] == 0).then_some(())
    })
    .await;
    pair.people.ada.assert_sums_agree().await;
    for by in ["developer,project", "session,model", "team,day"] {
        let path = format!("/v1/cost?by={by}");
        let at_a = pair.people.ada.get(&path).await.json();
        assert_eq!(at_a, pair.people.ada.at(&pair.b.url).get(&path).await.json(), "by {by}");
    }
}
