//! What must be there after a crash, and after the store was away.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;

use super::load::Told;
use super::look::number;
use super::{Caller, until_after};

/// Longest time until another process settles what a dead one left: its silence, and a look at it.
const RECOVERY_MAX: Duration = Duration::from_secs(60);

/// What was checked so far, and what it came to.
#[derive(Debug, Default)]
pub(crate) struct Survivors {
    calls_checked: usize,
    entries: i64,
    abandoned: usize,
}

impl Survivors {
    /// After every restart: what was told since the last one, all revocations, equal reports, an unbroken log.
    pub(crate) async fn check(&mut self, ada: &Caller, told: &Mutex<Told>, is_alone: bool) {
        let (fresh, opened, revoked) = {
            let told = told.lock().unwrap();
            assert_eq!(told.unexpected, Vec::<String>::new());
            let fresh = told.calls[self.calls_checked..].to_vec();
            (fresh, told.opened.clone(), told.revoked.clone())
        };
        self.calls_checked += fresh.len();
        let sessions = sessions(ada).await;
        for id in opened.keys() {
            let session = sessions.get(id).unwrap_or_else(|| panic!("{id} was opened and is not there"));
            if revoked.contains(id) {
                assert_eq!(session["status"], "revoked", "{session:#}");
            }
        }
        for opened in revoked.iter().take(3).map(|id| &opened[id]) {
            let answer = opened.caller.at(&ada.url).message("hello", false).await;
            assert_eq!(answer.status, 402, "{} was revoked: {}", opened.id, answer.text());
        }
        for (session, requests) in by_session(&fresh) {
            assert_logged(ada, session, &requests, is_alone).await;
        }
        self.check_log(ada).await;
        if is_alone {
            let totals = reports(ada).await;
            assert_eq!(totals["held_usd_nanos"], 0, "nothing is held after a restart: {totals}");
        }
    }

    /// At the end, when everything is settled: all sums of everything.
    pub(crate) async fn check_all(&mut self, ada: &Caller, told: &Told) {
        until_after(RECOVERY_MAX, "every call to be settled", || async {
            let total = ada.get("/v1/cost?by=session").await.json()["total"].clone();
            (number(&total["held_usd_nanos"]) == 0).then_some(())
        })
        .await;
        let mut sums = (0, 0);
        for (id, session) in sessions(ada).await {
            let calls = all_calls(ada, &id).await;
            let cost: i64 = calls.iter().map(|call| number(&call["cost_usd_nanos"])).sum();
            assert_eq!(number(&session["calls"]), calls.len() as i64, "{session:#}");
            assert_eq!(number(&session["spent_usd_nanos"]), cost, "{session:#}");
            assert_eq!(session["held_usd_nanos"], 0, "{session:#}");
            calls.iter().for_each(assert_settled);
            self.abandoned += calls.iter().filter(|call| call["outcome"] == "abandoned").count();
            sums = (sums.0 + calls.len() as i64, sums.1 + cost);
        }
        let totals = reports(ada).await;
        assert_eq!((number(&totals["calls"]), number(&totals["cost_usd_nanos"])), sums, "{totals}");
        assert!(sums.0 >= told.calls.len() as i64);
    }

    /// The log is whole, and no shorter than before.
    async fn check_log(&mut self, ada: &Caller) {
        let verified = ada.get("/v1/log/verify").await.json();
        assert_eq!(verified["verified"], true, "{verified}");
        let entries = number(&verified["entries"]);
        assert!(entries > self.entries, "the log had {} entries and has {entries}", self.entries);
        self.entries = entries;
    }
}

impl fmt::Display for Survivors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls_checked, entries, abandoned } = self;
        write!(
            f,
            "{calls_checked} delivered calls are all in the log of {entries} entries, {abandoned} settled at bound"
        )
    }
}

fn by_session(calls: &[(String, String)]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut found = BTreeMap::<_, BTreeSet<_>>::new();
    for (session, request) in calls {
        found.entry(session.as_str()).or_default().insert(request.as_str());
    }
    found
}

/// Each request is one call of that session; alone on its store, writ has settled it too.
async fn assert_logged(ada: &Caller, session: &str, requests: &BTreeSet<&str>, is_alone: bool) {
    let calls = all_calls(ada, session).await;
    for request in requests {
        let found: Vec<&Value> = calls.iter().filter(|call| call["request_id"] == *request).collect();
        assert_eq!(found.len(), 1, "bytes of {request} reached a client of {session}: {found:?}");
    }
    if is_alone {
        calls.iter().for_each(assert_settled);
    }
}

/// Settled; and if by recovery, at the bound and marked so.
fn assert_settled(call: &Value) {
    assert!(!call["settled_at"].is_null(), "not settled: {call:#}");
    if call["outcome"] == "abandoned" {
        assert_eq!(call["quality"], "bound", "{call:#}");
        assert_eq!(call["cost_usd_nanos"], call["hold_usd_nanos"], "{call:#}");
    }
}

/// The total of every report, which must be the same whatever it is sliced by.
async fn reports(ada: &Caller) -> Value {
    let mut first = None;
    for by in ["session", "project", "developer", "model", "day"] {
        let report = ada.get(&format!("/v1/cost?by={by}")).await;
        assert_eq!(report.status, 200, "{}", report.text());
        let total = report.json()["total"].clone();
        assert_eq!(*first.get_or_insert(total.clone()), total, "by {by}");
    }
    first.unwrap()
}

async fn sessions(ada: &Caller) -> BTreeMap<String, Value> {
    let found = pages(ada, "/v1/sessions", "sessions").await;
    found.into_iter().map(|session| (session["id"].as_str().unwrap().to_owned(), session)).collect()
}

async fn all_calls(ada: &Caller, session: &str) -> Vec<Value> {
    pages(ada, &format!("/v1/sessions/{session}/calls"), "calls").await
}

/// Every row of a list, however many pages it has.
async fn pages(ada: &Caller, path: &str, name: &str) -> Vec<Value> {
    let mut rows: Vec<Value> = Vec::new();
    loop {
        let before = rows.last().map(|row| format!("&before={}", row["id"].as_str().unwrap())).unwrap_or_default();
        let answer = ada.get(&format!("{path}?limit=1000{before}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let page = answer.json()[name].as_array().unwrap().clone();
        if page.is_empty() {
            return rows;
        }
        rows.extend(page);
    }
}
