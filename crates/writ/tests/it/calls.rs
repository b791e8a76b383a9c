//! Model calls end to end: whatever the client, the upstream or the budget does, each call is settled once and the sums
//! agree.

mod budget;
mod endings;
mod failover;
mod passing;

use serde_json::json;

use crate::support::{Opened, People, Writ, WritOptions};

/// A control plane with its people and one session of grace's.
struct Stage {
    writ: Writ,
    people: People,
    session: Opened,
}

impl Stage {
    async fn start() -> Self {
        Self::with(WritOptions::default()).await
    }

    /// In front of these upstreams.
    async fn before(upstreams: Vec<String>) -> Self {
        Self::with(WritOptions { upstreams, ..WritOptions::default() }).await
    }

    async fn with(options: WritOptions) -> Self {
        let writ = Writ::start_with(options).await;
        let people = writ.people().await;
        let session = people.grace.open(json!({"project": "checkout"})).await;
        Self { writ, people, session }
    }

    /// The session's calls, once so many are there and all settled.
    async fn settled(&self, count: usize) -> Vec<serde_json::Value> {
        self.people.grace.settled(&self.session.id, count).await
    }

    /// The only call, settled, after which all sums must agree.
    async fn the_call(&self) -> serde_json::Value {
        let call = self.settled(1).await.remove(0);
        self.people.ada.assert_sums_agree().await;
        call
    }
}
