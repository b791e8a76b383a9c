//! What tests look at while clients hold locks.

use serde_json::{Value, json};

use super::scene::Scene;
use crate::support::{Caller, until};

impl Scene {
    /// The live session of a developer, once it is there.
    pub(super) async fn session_of(&self, login: &str) -> String {
        until(&format!("a session of {login}"), || async {
            let sessions = self.ada().get("/v1/sessions?live=true").await.json();
            let theirs = sessions["sessions"].as_array()?.iter().find(|one| one["developer"]["login"] == login)?;
            theirs["id"].as_str().map(str::to_owned)
        })
        .await
    }

    /// All tickets that are not over whose resources end so.
    pub(super) async fn tickets(&self, ending: &str) -> Vec<Value> {
        let locks = answer(self.ada(), "/v1/locks").await;
        let of =
            |ticket: &&Value| ticket["wants"].as_array().unwrap().iter().any(|want| ends(&want["resource"], ending));
        locks["locks"].as_array().unwrap().iter().filter(of).cloned().collect()
    }

    /// What is frozen: each is a card for a human.
    pub(super) async fn freezes(&self) -> Vec<Value> {
        answer(self.ada(), "/v1/freezes").await["freezes"].as_array().unwrap().clone()
    }

    /// Asks for a resource and waits in the queue.
    pub(super) async fn queue(&self, session: &Caller, resource: &str) -> Value {
        let wants = json!([{ "resource": resource, "mode": "X" }]);
        let answer = session.post("/v1/locks", json!({ "wants": wants, "wait": true, "intent": "my turn" })).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }
}

async fn answer(caller: &Caller, path: &str) -> Value {
    let answer = caller.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

fn ends(resource: &Value, ending: &str) -> bool {
    resource.as_str().is_some_and(|resource| resource.ends_with(ending))
}
