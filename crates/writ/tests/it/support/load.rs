//! Clients under load, and what they were told. Whatever happens to writ: what a client was told stays true.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::chance::Chance;
use super::{Caller, Opened};

/// What clients play: short and long, streamed and not.
const SCENARIOS: [(&str, bool); 5] = [
    ("hello", false),
    ("hello", true),
    ("long(events=30,delay_ms=10)", true),
    ("big(kb=60)", true),
    ("slow(ttfb_ms=120)", false),
];
/// Sessions that are open at a time, so that calls meet sessions that are being revoked.
const SESSIONS_OPEN_MAX: usize = 12;
/// Pause of a client that was not answered.
const RETRY: Duration = Duration::from_millis(5);

/// Everything clients were told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    /// Calls of which bytes of an answer arrived: the session, and the `request-id`.
    pub(crate) calls: Vec<(String, String)>,
    /// Sessions whose opening was answered.
    pub(crate) opened: BTreeMap<String, Opened>,
    /// Sessions whose revocation was asked for, answered or not.
    pub(crate) asked_to_revoke: BTreeSet<String>,
    /// Sessions whose revocation was answered.
    pub(crate) revoked: BTreeSet<String>,
    /// Refusals by status.
    pub(crate) refused: BTreeMap<u16, usize>,
    /// Answers that nobody should get: status and body.
    pub(crate) unexpected: Vec<String>,
}

/// Clients at work.
pub(crate) struct Load {
    stop: CancellationToken,
    clients: Vec<JoinHandle<()>>,
}

#[derive(Clone)]
struct Client {
    url: String,
    owner: Caller,
    told: Arc<Mutex<Told>>,
    chance: Chance,
    stop: CancellationToken,
}

impl Load {
    /// Starts `callers` clients that make model calls, and one that opens and revokes sessions of `owner`, at each url.
    pub(crate) fn start(
        urls: &[&str],
        owner: &Caller,
        callers: usize,
        told: &Arc<Mutex<Told>>,
        chance: &mut Chance,
    ) -> Self {
        let stop = CancellationToken::new();
        let mut clients = Vec::new();
        for url in urls {
            let mut client = || Client {
                url: (*url).to_owned(),
                owner: owner.at(url),
                told: Arc::clone(told),
                chance: chance.split(),
                stop: stop.clone(),
            };
            clients.push(tokio::spawn(client().open_and_revoke()));
            clients.extend((0..callers).map(|_| tokio::spawn(client().make_calls())));
        }
        Self { stop, clients }
    }

    /// Lets what is under way come to its end, and waits for it.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        for client in self.clients {
            super::within("the clients to finish", client).await.unwrap();
        }
    }
}

impl Told {
    /// Sessions that nobody asked to revoke.
    pub(crate) fn live(&self) -> Vec<Opened> {
        let is_live = |opened: &&Opened| !self.asked_to_revoke.contains(&opened.id);
        self.opened.values().filter(is_live).cloned().collect()
    }
}

impl Client {
    async fn make_calls(mut self) {
        while !self.stop.is_cancelled() {
            let open = self.told.lock().unwrap().live();
            if open.is_empty() {
                tokio::time::sleep(RETRY).await;
                continue;
            }
            let session = &open[self.chance.below(open.len() as u64) as usize];
            let (scenario, streaming) = SCENARIOS[self.chance.below(SCENARIOS.len() as u64) as usize];
            if self.call(session, scenario, streaming).await.is_err() {
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    async fn call(&self, session: &Opened, scenario: &str, streaming: bool) -> Result<(), String> {
        let body = super::caller::request(scenario, streaming);
        let mut answer = session.caller.at(&self.url).call(body).await?;
        let status = answer.status.as_u16();
        if status == 200 {
            let request = answer.headers["request-id"].to_str().unwrap().to_owned();
            self.told.lock().unwrap().calls.push((session.id.clone(), request));
        }
        let (bytes, _) = answer.rest().await;
        self.note(status, &bytes, &[200, 402, 503]);
        Ok(())
    }

    async fn open_and_revoke(mut self) {
        while !self.stop.is_cancelled() {
            let open = self.told.lock().unwrap().live();
            let done = if open.len() < SESSIONS_OPEN_MAX && (open.len() < 3 || self.chance.one_in(2)) {
                self.open().await
            } else {
                let which = self.chance.below(open.len() as u64) as usize;
                self.revoke(&open[which]).await
            };
            // Slower than the calls: a session lives for some of them.
            let pause = if done.is_ok() { Duration::from_millis(20) } else { RETRY };
            tokio::time::sleep(pause).await;
        }
    }

    async fn open(&self) -> Result<(), String> {
        let answer = self.owner.try_ask(Method::POST, "/v1/sessions", json!({"project": "checkout"})).await?;
        if self.note(answer.status.as_u16(), &answer.body, &[201, 503]) == 201 {
            let body = answer.json();
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let id = text(&body["session"]["id"]);
            let caller = Caller { url: self.url.clone(), token: Some(text(&body["token"])) };
            let opened = Opened { id: id.clone(), writ: text(&body["writ"]), caller };
            self.told.lock().unwrap().opened.insert(id, opened);
        }
        Ok(())
    }

    async fn revoke(&self, session: &Opened) -> Result<(), String> {
        self.told.lock().unwrap().asked_to_revoke.insert(session.id.clone());
        let path = format!("/v1/sessions/{}/revoke", session.id);
        let answer = self.owner.try_ask(Method::POST, &path, json!({"reason": "under load"})).await?;
        // Over already: another client was quicker.
        if self.note(answer.status.as_u16(), &answer.body, &[200, 409, 503]) == 200 {
            self.told.lock().unwrap().revoked.insert(session.id.clone());
        }
        Ok(())
    }

    /// Notes an answer; returns its status.
    fn note(&self, status: u16, body: &[u8], expected: &[u16]) -> u16 {
        let mut told = self.told.lock().unwrap();
        if !expected.contains(&status) {
            told.unexpected.push(format!("{status}: {}", String::from_utf8_lossy(body)));
        } else if status >= 400 {
            *told.refused.entry(status).or_default() += 1;
        }
        status
    }
}
