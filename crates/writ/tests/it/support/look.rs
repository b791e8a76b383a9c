//! What tests look at afterwards: sessions, calls, entries, and whether all sums agree.

use serde_json::Value;

use super::{Caller, until};

/// Where a caller looks for one session.
fn path(session: &str, what: &str) -> String {
    format!("/v1/sessions/{session}{what}")
}

impl Caller {
    /// The session as the API shows it.
    pub(crate) async fn session(&self, id: &str) -> Value {
        let answer = self.get(&path(id, "")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Its calls, oldest first.
    pub(crate) async fn calls(&self, id: &str) -> Vec<Value> {
        let answer = self.get(&path(id, "/calls?limit=1000")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let mut calls = list(&answer.json()["calls"]);
        calls.reverse();
        calls
    }

    /// Its entries of the log of one type, oldest first.
    pub(crate) async fn entries(&self, id: &str, kind: &str) -> Vec<Value> {
        let answer = self.get(&path(id, "/entries")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        list(&answer.json()["entries"]).into_iter().filter(|entry| entry["type"] == kind).collect()
    }

    /// Its calls, once there are exactly so many and each is settled.
    pub(crate) async fn settled(&self, id: &str, count: usize) -> Vec<Value> {
        let calls = until(&format!("{count} settled calls of {id}"), || async {
            let calls = self.calls(id).await;
            let settled = calls.iter().filter(|call| !call["settled_at"].is_null()).count();
            (calls.len() >= count && settled == calls.len()).then_some(calls)
        })
        .await;
        assert_eq!(calls.len(), count, "{calls:#?}");
        calls
    }

    /// Waits until a call of the session is in the log.
    pub(crate) async fn reserved(&self, id: &str) {
        until(&format!("a call of {id}"), || async { (!self.calls(id).await.is_empty()).then_some(()) }).await;
    }

    /// Asserts that calls, sessions and every cost report say the same, that nothing is held any more, and that the
    /// log verifies. For an administrator, when all calls are settled.
    pub(crate) async fn assert_sums_agree(&self) {
        let sessions = list(&self.get("/v1/sessions?limit=1000").await.json()["sessions"]);
        let mut expected = Sum::default();
        for session in &sessions {
            let calls = self.calls(session["id"].as_str().unwrap()).await;
            let sum =
                Sum { calls: calls.len() as i64, cost: calls.iter().map(|call| number(&call["cost_usd_nanos"])).sum() };
            let shown = Sum { calls: number(&session["calls"]), cost: number(&session["spent_usd_nanos"]) };
            assert_eq!(shown, sum, "{session:#}\n{calls:#?}");
            assert_eq!(session["held_usd_nanos"], 0, "{session:#}");
            expected.calls += sum.calls;
            expected.cost += sum.cost;
        }
        for by in ["developer", "project", "session", "model", "team", "day"] {
            let report = self.get(&format!("/v1/cost?by={by}")).await.json();
            assert_eq!(Sum::of(&report["total"]), expected, "by {by}: {report:#}");
            assert_eq!(report["total"]["held_usd_nanos"], 0, "by {by}");
            let rows = list(&report["rows"]);
            let of_rows = rows
                .iter()
                .map(Sum::of)
                .fold(Sum::default(), |all, row| Sum { calls: all.calls + row.calls, cost: all.cost + row.cost });
            assert_eq!(of_rows, expected, "by {by}: {report:#}");
        }
        let verified = self.get("/v1/log/verify").await.json();
        assert_eq!(verified["verified"], true, "{verified}");
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Sum {
    calls: i64,
    cost: i64,
}

impl Sum {
    fn of(row: &Value) -> Self {
        Self { calls: number(&row["calls"]), cost: number(&row["cost_usd_nanos"]) }
    }
}

/// A whole number; what is not there yet counts as none.
pub(crate) fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}")).clone()
}
