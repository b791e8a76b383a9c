//! The store goes away and comes back: walls are closed meanwhile, open again without help, and nothing is acknowledged
//! that is not durable.

mod damage;
mod disk;
mod postgres;
mod start;

use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::support::caller::request;
use crate::support::chance::Chance;
use crate::support::http::Streaming;
use crate::support::load::{Load, Told};
use crate::support::survivors::Survivors;
use crate::support::{Opened, People, Writ, until, within};

/// Answers at clients before the store goes away, and after it is back.
const CALLS: usize = 30;

/// A control plane under load, with one answer under way that outlasts the outage.
struct Outage {
    people: People,
    session: Opened,
    answer: Streaming,
    told: Arc<Mutex<Told>>,
    load: Load,
    pid: u32,
}

impl Outage {
    /// Puts load on it until it has shown that it works.
    async fn before(writ: &Writ, name: &str) -> Self {
        let people = writ.people().await;
        let session = people.grace.open(json!({"project": "checkout"})).await;
        let answer = within("the head", session.caller.call(request("gate(events=3)", true))).await.unwrap();
        assert_eq!(answer.status, 200);
        let told = Arc::new(Mutex::new(Told::default()));
        let mut chance = Chance::from_env(name);
        let load = Load::start(&[&writ.url], &people.grace, 4, &told, &mut chance);
        let outage = Self { people, session, answer, told, load, pid: writ.pid() };
        outage.more_calls().await;
        outage
    }

    /// Waits until clients were told of some more calls.
    async fn more_calls(&self) {
        let told = || self.told.lock().unwrap().calls.len();
        let enough = told() + CALLS;
        until("answers at the clients", || async { (told() >= enough).then_some(()) }).await;
    }

    /// Every wall is closed and says what to do; writ itself is alive, and what is under way goes on.
    async fn during(&mut self, writ: &Writ) {
        let refusal = until("the model's wall to close", || async {
            let answer = self.session.caller.message("hello", true).await;
            (answer.status != 200).then_some(answer)
        })
        .await;
        assert_eq!(refusal.status, 503, "{}", refusal.text());
        let body = refusal.json();
        assert_eq!((&body["type"], &body["error"]["type"]), (&json!("error"), &json!("api_error")), "{body}");
        let words = body["error"]["message"].as_str().unwrap();
        assert!(words.contains("cannot record") && words.contains("try again"), "{words}");

        let refusal = self.people.grace.post("/v1/sessions", json!({"project": "checkout"})).await;
        assert_eq!(refusal.status, 503, "{}", refusal.text());
        assert!(refusal.json()["next"].is_string(), "{}", refusal.text());
        assert_eq!(writ.anonymous().get("/healthz").await.status, 200);
        until("not to be ready", || async { (writ.anonymous().get("/readyz").await.status == 503).then_some(()) })
            .await;

        writ.simulator().open_gate();
        let (bytes, is_whole) = within("the answer under way", self.answer.rest()).await;
        assert!(is_whole && String::from_utf8_lossy(&bytes).contains("message_stop"), "what is under way goes on");
        let waiting =
            until("its settlement to wait", || async { positive(writ, "writ_settlements_waiting").await }).await;
        assert!(waiting >= 1);
        assert_eq!(positive(writ, "writ_store_away").await, Some(1));
    }

    /// Open again, by itself, and everything that clients were told is in the log. Returns their record.
    async fn after(self, writ: &Writ) -> Arc<Mutex<Told>> {
        until("to be ready", || async { (writ.anonymous().get("/readyz").await.status == 200).then_some(()) }).await;
        self.more_calls().await;
        assert_eq!(self.session.caller.message("hello", true).await.status, 200);
        self.load.stop().await;
        assert_eq!(writ.pid(), self.pid, "nobody restarted it");
        let (grace, session) = (&self.people.grace, &self.session.id);
        let whole = until("the late settlement", || async {
            // The first call of the session is the one that was under way.
            grace.calls(session).await.into_iter().next().filter(|call| !call["settled_at"].is_null())
        })
        .await;
        assert_eq!((&whole["outcome"], &whole["quality"]), (&json!("completed"), &json!("exact")), "{whole:#}");
        let mut survivors = Survivors::default();
        survivors.check(&self.people.ada, &self.told, false).await;
        let told = self.told.lock().unwrap().clone();
        survivors.check_all(&self.people.ada, &told).await;
        eprintln!("{survivors}");
        self.told
    }
}

/// The value of a metric, if it is more than nothing.
async fn positive(writ: &Writ, name: &str) -> Option<u64> {
    let text = writ.anonymous().get("/metrics").await.text();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap();
    value.parse().ok().filter(|&value| value > 0)
}
