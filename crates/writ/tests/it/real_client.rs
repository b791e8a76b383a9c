//! The real Claude Code client through writ: headless, with a home of its own, on loopback only.
//!
//! `./test` installs the pinned client and sets `WRIT_TEST_CLAUDE`. Without it these tests fail.

mod broken_hooks;
mod client;
mod collisions;
mod commits;
mod credentials;
mod fail_open;
mod governed;
mod leases;
mod locks;
mod plain;
mod player;
mod pushes;
mod refused;
mod scene;
mod stale_writes;
mod tap;
mod wall;
mod worktrees;

use serde_json::{Value, json};

use crate::support::look::number;
use crate::support::{Caller, People, Writ, WritOptions, run};
use client::Client;

/// A control plane, its people and the client.
struct Stage {
    writ: Writ,
    people: People,
    client: Client,
}

/// Runs a test with the real client.
fn with_client<F: Future<Output = ()>>(options: WritOptions, test: impl FnOnce(Stage) -> F) {
    let program = client::program();
    run(async {
        let writ = Writ::start_with(options).await;
        let people = writ.people().await;
        let client = Client::new(program);
        test(Stage { writ, people, client }).await;
    });
}

impl Stage {
    /// A session of grace's for `checkout`, as `writ token` opens it.
    async fn token(&self) -> (String, String) {
        let mut writ = self.writ.command(&self.people.grace, "home-grace");
        let output = writ.args(["token", "--project", "checkout"]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let token = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        let caller = Caller { url: self.writ.url.clone(), token: Some(token.clone()) };
        let session = caller.get("/v1/whoami").await.json()["session"]["id"].as_str().unwrap().to_owned();
        (session, token)
    }

    /// Asserts that each call shows developer, project and session: in the session's own list and in the cost report.
    async fn assert_attributed(&self, session: &str, calls: usize) -> Vec<Value> {
        let settled = self.people.ada.settled(session, calls).await;
        let shown = self.people.ada.session(session).await;
        assert_eq!((&shown["developer"]["login"], &shown["project"]["name"]), (&json!("grace"), &json!("checkout")));
        assert_eq!(number(&shown["calls"]), calls as i64);
        // Those of each sub-agent are in a session of its own below.
        let below = self.people.ada.get(&format!("/v1/sessions?sub_agents_of={session}")).await.json();
        let sub_agent = |agent: &Value| {
            let found = below["sessions"].as_array().unwrap().iter().find(|one| one["agent"] == *agent);
            found.unwrap_or_else(|| panic!("{agent}: {below:#}"))["id"].as_str().unwrap().to_owned()
        };
        for call in &settled {
            let agent = &call["claims"]["agent"];
            let expected = if agent.is_null() { session.to_owned() } else { sub_agent(agent) };
            assert_eq!(call["session"], expected, "{call:#}");
        }
        let report = self.people.ada.get(&format!("/v1/cost?by=developer,project&session={session}")).await.json();
        let row = &report["rows"][0];
        assert_eq!(row["keys"]["developer"]["name"], "grace", "{report:#}");
        assert_eq!(row["keys"]["project"]["name"], "checkout", "{report:#}");
        assert_eq!((&row["calls"], report["rows"].as_array().unwrap().len()), (&json!(calls), 1), "{report:#}");
        self.people.ada.assert_sums_agree().await;
        settled
    }

    /// Asserts that no secret of the developer's or of writ's own went upstream, in a header or a body.
    fn assert_no_secret_upstream(&self, secrets: &[&str]) {
        let requests = self.writ.simulator().requests();
        assert!(!requests.is_empty());
        for seen in requests {
            assert_eq!(seen.header("x-api-key"), Some(crate::support::process::UPSTREAM_KEY));
            assert_eq!(seen.header("authorization"), None);
            let body = String::from_utf8_lossy(seen.body.as_deref().unwrap_or_default()).into_owned();
            let text = format!("{:?}{body}", seen.headers);
            for secret in secrets.iter().chain(&["writ_ses_", "writ_sin_"]) {
                assert!(!text.contains(secret), "{secret} went upstream: {text}");
            }
        }
    }
}
