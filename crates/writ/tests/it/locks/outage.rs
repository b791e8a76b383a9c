//! `kill -9` with five hundred locks held and a thousand waited for, in the middle of work; then an hour in which the server is
//! away. Nobody is passed, nobody has lost what they held or their turn, and tokens only grow.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use control::Server;
use control::seam::Clock;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{exclusive, id, together, token};
use crate::push::scene::release;
use crate::support::{Caller, Opened, Writ, in_process, run, until, within};

/// Locks that are held, by so many sessions.
const HELD: usize = 500;
const HOLDERS: usize = 25;
/// Sessions that wait for two of them each, one after the other: a thousand tickets.
const WAITERS: usize = 50;
const WAITS_EACH: usize = 20;
/// Requests at a time.
const TOGETHER: usize = 25;

/// A ticket, and whose.
#[derive(Clone)]
struct Mine {
    of: usize,
    ticket: String,
    /// Which lock.
    lock: usize,
}

#[test]
fn a_crash_and_an_hour_away_cost_nobody_their_lock_or_their_turn() {
    run(async {
        let writ = Writ::start().await;
        let people = writ.people().await;
        let (mut holders, mut waiters) = (Vec::new(), Vec::new());
        for _ in 0..HOLDERS {
            holders.push(beating(&people.grace).await);
        }
        for _ in 0..WAITERS {
            waiters.push(beating(&people.grace).await);
        }
        let held = hold_all(&holders).await;
        beat(&holders).await;
        beat(&waiters).await;
        let queued = queue_all(&waiters).await;
        // One whose turn it is when the server goes: it has a minute, and the hour is not held against it.
        let turn = queued.iter().find(|mine| mine.lock == held[0].0.lock).unwrap().clone();
        let (first, at) = held[0].clone();
        let gone = holders[first.of].caller.delete(&format!("/v1/locks/{}?token={at}", first.ticket)).await;
        assert_eq!(gone.status, 204, "{}", gone.text());
        let before = shown(&people.grace).await;
        assert_eq!(before.len(), HELD - 1 + WAITERS * WAITS_EACH);
        assert_eq!(before[&turn.ticket]["state"], "offered");

        let expiring = expiring(&people.grace).await;
        beat(&holders).await;
        beat(&waiters).await;
        kill_in_the_middle_of_work(&writ, &people.grace).await;

        let later = Later::start(&writ, &expiring).await;
        let ada = people.ada.at(&later.url);
        later.until_the_reaper_has_looked(&ada, &expiring).await;
        let grace = people.grace.at(&later.url);
        let after = shown(&grace).await;
        for (ticket, known) in &before {
            let found = after.get(ticket).unwrap_or_else(|| panic!("{ticket} is gone: {known}"));
            for field in ["state", "token", "position", "since", "wants", "holder"] {
                assert_eq!(found[field], known[field], "{field} of {ticket}");
            }
        }
        for opened in holders.iter().chain(&waiters) {
            assert_eq!(ada.session(&opened.id).await["status"], "active");
        }
        let highest = before.values().filter_map(|ticket| ticket["token"].as_u64()).max().unwrap();
        serve_all(&later.url, &holders, &waiters, &held, &queued, highest).await;
        later.end().await;
    });
}

async fn beating(of: &Caller) -> Opened {
    of.open(json!({"project": "checkout", "ttl_seconds": 36_000, "beats": true})).await
}

async fn beat(all: &[Opened]) {
    for session in all {
        let answer = session.caller.post(&format!("/v1/sessions/{}/beat", session.id), json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

fn slot(lock: usize) -> String {
    format!("slot:{lock}")
}

/// Everybody at once, some at a time.
async fn hold_all(holders: &[Opened]) -> Vec<(Mine, u64)> {
    let mut held = Vec::new();
    for locks in (0..HELD).collect::<Vec<_>>().chunks(TOGETHER) {
        let asked = locks.iter().map(|lock| async move {
            let of = lock % HOLDERS;
            let answer = holders[of].caller.post("/v1/locks", json!({"wants": exclusive(&slot(*lock))})).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            let ticket = answer.json();
            (Mine { of, ticket: id(&ticket).to_owned(), lock: *lock }, token(&ticket))
        });
        held.extend(together(asked).await);
    }
    held
}

/// In the order in which they wait at each lock: two at each.
async fn queue_all(waiters: &[Opened]) -> Vec<Mine> {
    let mut queued = Vec::new();
    let all: Vec<_> = (0..WAITERS * WAITS_EACH).collect();
    for some in all.chunks(TOGETHER) {
        let asked = some.iter().map(|number| async move {
            // Those who come second at each lock come first at none: nobody waits for themselves.
            let (of, lock) = (number % (WAITERS / 2) + WAITERS / 2 * (number / HELD), number % HELD);
            let body = json!({"wants": exclusive(&slot(lock)), "wait": true});
            let answer = waiters[of].caller.post("/v1/locks", body).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            let ticket = answer.json();
            assert_eq!(ticket["state"], "waiting");
            Mine { of, ticket: id(&ticket).to_owned(), lock }
        });
        queued.extend(together(asked).await);
    }
    queued
}

/// All tickets that are not over.
async fn shown(by: &Caller) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let page = by.get(&format!("/v1/locks?limit=1000{cursor}")).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let page = page.json();
        for ticket in page["locks"].as_array().unwrap() {
            all.insert(id(ticket).to_owned(), ticket.clone());
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// Everybody lets go in turn: whoever came first is next, under ever higher tokens.
async fn serve_all(
    url: &str,
    holders: &[Opened],
    waiters: &[Opened],
    held: &[(Mine, u64)],
    queued: &[Mine],
    highest: u64,
) {
    let mut given = std::collections::BTreeSet::new();
    for some in held.chunks(TOGETHER) {
        let served = some.iter().map(|(holder, at)| async move {
            let waiting: Vec<_> = queued.iter().filter(|mine| mine.lock == holder.lock).collect();
            let [first, second] = waiting[..] else { panic!("two wait at each") };
            release(&holders[holder.of].caller.at(url), &holder.ticket, *at).await;
            let (one, two) = (waiters[first.of].caller.at(url), waiters[second.of].caller.at(url));
            let first_token = claimed(&one, &first.ticket).await;
            let behind = two.get(&format!("/v1/locks/{}", second.ticket)).await.json();
            assert_eq!((&behind["state"], &behind["position"]), (&json!("waiting"), &json!(0)), "nobody is passed");
            release(&one, &first.ticket, first_token).await;
            let second_token = claimed(&two, &second.ticket).await;
            assert!(highest < first_token && first_token < second_token, "{highest}, {first_token}, {second_token}");
            release(&two, &second.ticket, second_token).await;
            [first_token, second_token]
        });
        for tokens in together(served).await {
            assert!(tokens.into_iter().all(|token| given.insert(token)), "a token was given twice: {tokens:?}");
        }
    }
    assert_eq!(given.len(), WAITERS * WAITS_EACH);
}

async fn claimed(by: &Caller, ticket: &str) -> u64 {
    let answer = by.get(&format!("/v1/locks/{ticket}?wait.seconds=20")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["state"], "held", "{}", answer.text());
    token(&answer.json())
}

/// Others come and go all the while, so that it is killed in the middle of an append, mostly.
async fn kill_in_the_middle_of_work(writ: &Writ, of: &Caller) {
    let is_over = Arc::new(AtomicBool::new(false));
    let mut busy = Vec::new();
    let (seen, mut first) = tokio::sync::mpsc::channel(1);
    for number in 0..8 {
        let (session, is_over, seen) = (beating(of).await, Arc::clone(&is_over), seen.clone());
        busy.push(tokio::spawn(async move {
            let asked = json!({"wants": exclusive(&format!("env:busy/{number}")), "momentary": true});
            while !is_over.load(Ordering::Relaxed) {
                let answer = session.caller.try_ask(http::Method::POST, "/v1/locks", asked.clone()).await;
                let _ = seen.try_send(answer.is_ok());
            }
        }));
    }
    within("the load", first.recv()).await.unwrap();
    writ.kill();
    is_over.store(true, Ordering::Relaxed);
    for one in busy {
        within("the load to end", one).await.unwrap();
    }
}

/// A server on the same data an hour later, under a clock that only the test moves.
struct Later {
    url: String,
    plane: Arc<control::plane::ControlPlane>,
    stop: oneshot::Sender<()>,
    serving: tokio::task::JoinHandle<()>,
}

impl Later {
    /// Comes up a second before the first of these expires.
    async fn start(writ: &Writ, expiring: &[(String, i64)]) -> Self {
        let clock = Clock::Manual(AtomicI64::new(expiring[0].1 - 1_000));
        let server = Server::start_with_clock(in_process::settings(writ.path()), clock).await.unwrap();
        let (url, plane) = (server.public_url().to_owned(), Arc::clone(server.plane()));
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(server.run_until(async { drop(stopped.await) }));
        Self { url, plane, stop, serving }
    }

    /// Sessions that expire show that the reaper has looked around: when the second has, all of the first round is over.
    async fn until_the_reaper_has_looked(&self, by: &Caller, expiring: &[(String, i64)]) {
        let Clock::Manual(now) = &*self.plane.clock else { panic!("another clock") };
        for (session, at) in expiring {
            now.store(*at, Ordering::Relaxed);
            until(&format!("{session} to be expired"), || async {
                let shown = by.session(session).await;
                (shown["status"] == "expired").then_some(())
            })
            .await;
        }
    }

    async fn end(self) {
        drop(self.stop);
        within("the server to stop", self.serving).await.unwrap();
    }
}

/// Two sessions that expire an hour from now, the second a little later, and when that is, in milliseconds.
async fn expiring(of: &Caller) -> Vec<(String, i64)> {
    let mut all = Vec::new();
    for seconds in [3_600, 3_605] {
        let answer = of.post("/v1/sessions", json!({"ttl_seconds": seconds})).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let session = &answer.json()["session"];
        let at: jiff::Timestamp = session["expires_at"].as_str().unwrap().parse().unwrap();
        all.push((session["id"].as_str().unwrap().to_owned(), at.as_millisecond()));
    }
    all
}
