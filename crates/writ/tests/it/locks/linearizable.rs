//! Many clients at a few locks, over HTTP: every history is one that a single lock, one operation after the other, could
//! have made. With two processes on one PostgreSQL each client asks one or the other.
//!
//! The seed is printed and `WRIT_SEED` sets it; `WRIT_LOCK_OPERATIONS` sets how many operations there are (10,000).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::Method;
use serde_json::{Value, json};

use super::history::{Did, Operation, judge};
use super::{exclusive, id, session, token};
use crate::support::chance::Chance;
use crate::support::pair::Pair;
use crate::support::{Answer, Caller, Opened, Writ, run, within};

/// Clients at a time, each with a session of its own.
const CLIENTS: usize = 24;
/// Locks: few, so that they meet.
const LOCKS: u64 = 6;

fn operations() -> u64 {
    std::env::var("WRIT_LOCK_OPERATIONS").map_or(10_000, |text| text.parse().expect("WRIT_LOCK_OPERATIONS is a number"))
}

#[test]
fn one_process_on_sqlite() {
    run(async {
        let writ = Writ::start().await;
        let people = writ.people().await;
        check("one_process_on_sqlite", &people.grace, std::slice::from_ref(&writ.url), true).await;
    });
}

/// Reads that do not append may lag at the other process, by a second at most: they are left out.
#[test]
fn two_processes_on_postgres() {
    run(async {
        let Some(pair) = Pair::start("linearizable").await else { return };
        let urls = [pair.a.url.clone(), pair.b.url.clone()];
        check("two_processes_on_postgres", &pair.people.grace, &urls, false).await;
    });
}

/// One client: its session, what it holds, and what it noted.
struct Client {
    session: Opened,
    urls: Vec<String>,
    with_looks: bool,
    chance: Chance,
    clock: Arc<AtomicU64>,
    left: Arc<AtomicU64>,
    /// What it holds, by lock: ticket and token.
    holds: BTreeMap<u64, (String, u64)>,
    noted: BTreeMap<u64, Vec<Operation>>,
}

async fn check(name: &str, of: &Caller, urls: &[String], with_looks: bool) {
    let mut chance = Chance::from_env(name);
    let (clock, left) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(operations())));
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let client = Client {
            session: session(of).await,
            urls: urls.to_vec(),
            with_looks,
            chance: chance.split(),
            clock: Arc::clone(&clock),
            left: Arc::clone(&left),
            holds: BTreeMap::new(),
            noted: BTreeMap::new(),
        };
        clients.push(tokio::spawn(client.go()));
    }
    let mut histories = BTreeMap::<u64, Vec<Operation>>::new();
    for client in clients {
        for (lock, noted) in client.await.unwrap() {
            histories.entry(lock).or_default().extend(noted);
        }
    }
    let count: usize = histories.values().map(Vec::len).sum();
    let told: Vec<_> = ["Granted", "Passed", "Held", "Released", "Looked"].map(|kind| of_kind(&histories, kind)).into();
    eprintln!("{name}: {count} operations at {LOCKS} locks: granted, passed, held, let go, looked {told:?}");
    assert!(told.iter().take(4).all(|count| *count > 0), "an uneventful history");
    for (lock, history) in &histories {
        judge(history).unwrap_or_else(|wrong| panic!("slot:{lock} is not linearizable: {wrong}"));
    }
    tokens_are_given_once(&histories);
}

fn of_kind(histories: &BTreeMap<u64, Vec<Operation>>, kind: &str) -> usize {
    let is_of = |operation: &&Operation| format!("{:?}", operation.did).starts_with(kind);
    histories.values().flatten().filter(is_of).count()
}

/// Also not at another lock.
fn tokens_are_given_once(histories: &BTreeMap<u64, Vec<Operation>>) {
    let mut seen = std::collections::BTreeSet::new();
    for operation in histories.values().flatten() {
        if let Did::Granted { token, .. } | Did::Passed { token } = operation.did {
            assert!(seen.insert(token), "the token {token} was given twice");
        }
    }
}

impl Client {
    async fn go(mut self) -> BTreeMap<u64, Vec<Operation>> {
        let take = |left: u64| left.checked_sub(1);
        while self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
            // Mostly about what it holds, or everybody would hear all the time that somebody else does.
            let mine = self.holds.keys().next().copied().filter(|_| !self.chance.one_in(4));
            let lock = mine.unwrap_or_else(|| self.chance.below(LOCKS));
            let from = self.clock.fetch_add(1, Ordering::SeqCst);
            let did = self.act(lock).await;
            let to = self.clock.fetch_add(1, Ordering::SeqCst);
            self.noted.entry(lock).or_default().push(Operation { from, to, did });
        }
        self.noted
    }

    async fn act(&mut self, lock: u64) -> Did {
        match (self.holds.get(&lock).cloned(), self.chance.below(10)) {
            // A late retry of a release, with a token that was never this ticket's.
            (Some((ticket, token)), 0) => self.release(ticket, token - 1).await,
            (Some((ticket, token)), 1..8) => {
                let did = self.release(ticket, token).await;
                self.holds.remove(&lock);
                did
            }
            (None, 0..6) => self.ask(lock, false).await,
            (_, 8) if self.with_looks => self.look(lock).await,
            // Its own lock does not stand in a session's way, so whoever holds does not ask whether it is free.
            (None, _) => self.ask(lock, true).await,
            (Some((ticket, token)), _) => self.release(ticket, token.wrapping_sub(7)).await,
        }
    }

    /// To hold it, or only to learn whether somebody does.
    async fn ask(&mut self, lock: u64, momentary: bool) -> Did {
        let asked = json!({"wants": exclusive(&format!("slot:{lock}")), "momentary": momentary});
        let answer = self.send(Method::POST, "/v1/locks", asked).await;
        let body = answer.json();
        match answer.status.as_u16() {
            200 if momentary => Did::Passed { token: token(&body) },
            200 => {
                let held = (id(&body).to_owned(), token(&body));
                self.holds.insert(lock, held.clone());
                Did::Granted { ticket: held.0, token: held.1 }
            }
            409 => {
                assert_eq!(body["code"], "lock_held", "{body}");
                Did::Held { by: body["ahead"][0]["ticket"].as_str().map(str::to_owned) }
            }
            _ => panic!("{}", answer.text()),
        }
    }

    async fn release(&mut self, ticket: String, token: u64) -> Did {
        let path = format!("/v1/locks/{ticket}?token={token}");
        let answer = self.send(Method::DELETE, &path, Value::Null).await;
        assert_eq!(answer.status, 204, "{}", answer.text());
        Did::Released { ticket, token }
    }

    async fn look(&mut self, lock: u64) -> Did {
        let path = format!("/v1/locks?resource=slot:{lock}&state=held");
        let answer = self.send(Method::GET, &path, Value::Null).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let held = answer.json()["locks"].as_array().unwrap().clone();
        assert!(held.len() <= 1, "{held:?}");
        Did::Looked { holder: held.first().map(|one| (id(one).to_owned(), token(one))) }
    }

    /// To one of the servers.
    async fn send(&mut self, method: Method, path: &str, body: Value) -> Answer {
        let at = usize::try_from(self.chance.below(self.urls.len() as u64)).unwrap();
        let caller = self.session.caller.at(&self.urls[at]);
        within("an answer about a lock", caller.try_ask(method, path, body)).await.unwrap()
    }
}
