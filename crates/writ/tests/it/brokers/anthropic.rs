//! The gateway's own key by workload identity federation, against the stand-in token endpoint: nothing is stored, calls go
//! on while it is renewed, and an endpoint that is away is a clear error and no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;
use simulator::{Federation, Running, Simulator};

use crate::support::files::holding;
use crate::support::leaks::minted;
use crate::support::{Opened, Writ, WritOptions, run, until};

/// What every token of the stand-in starts with.
const TOKENS: &str = "sk-ant-oat01";

struct Stage {
    writ: Writ,
    service: Running,
    session: Opened,
}

impl Stage {
    /// A server without any key, before a service whose token endpoint is closed.
    async fn start() -> Self {
        let service = Simulator::start(simulator::Config::default()).await.unwrap();
        let url = service.url();
        let tables = format!(
            "[[upstreams]]\nname = \"anthropic\"\nbase_url = \"{url}\"\n[upstreams.federation]\n\
             token_url = \"{url}/v1/oauth/token\"\nrule_id = \"fdrl_1\"\norganization_id = \"org-1\"\n\
             service_account_id = \"svac_1\"\nworkspace_id = \"wrkspc_1\"\naudience = \"https://api.example.com\"\n"
        );
        let options = WritOptions { no_upstreams: true, tables, ..WritOptions::default() };
        let writ = Writ::start_with(options).await;
        let people = writ.people().await;
        let session = people.grace.open(json!({ "project": "checkout" })).await;
        Self { writ, service, session }
    }

    /// The rule that an administrator would create, with the keys that this server publishes.
    async fn rule(&self, life_s: u32) -> Federation {
        Federation {
            issuer: self.writ.url.clone(),
            jwks: self.writ.anonymous().get("/.well-known/jwks.json").await.json(),
            audience: "https://api.example.com".into(),
            subject: "installation".into(),
            rule_id: "fdrl_1".into(),
            organization_id: "org-1".into(),
            service_account_id: "svac_1".into(),
            workspace_id: Some("wrkspc_1".into()),
            life_s,
        }
    }

    async fn call(&self) -> u16 {
        self.session.caller.message("hello", true).await.status.as_u16()
    }

    async fn works(&self) {
        until("a call to work", || async { (self.call().await == 200).then_some(()) }).await;
    }

    /// Statuses of the exchanges so far.
    fn exchanges(&self) -> Vec<u16> {
        let all = self.service.requests();
        all.iter().filter(|seen| seen.path == "/v1/oauth/token").filter_map(|seen| seen.status()).collect()
    }

    fn assert_nothing_kept(&self) {
        for bearer in self.service.requests().iter().filter_map(|seen| seen.header("authorization").map(str::to_owned))
        {
            minted("anthropic", "key", bearer.trim_start_matches("Bearer "));
        }
        let log = self.writ.log();
        assert!(log.contains("got a key from the token endpoint"), "{log}");
        assert_eq!(holding(self.writ.path(), &[TOKENS]), Vec::<String>::new());
    }
}

#[test]
fn without_a_stored_key_calls_go_on_while_it_is_renewed() {
    run(async {
        let stage = Stage::start().await;
        // The endpoint knows no rule yet: the server is up and says so, and calls are refused in Anthropic's shape.
        let refused = stage.session.caller.message("hello", true).await;
        assert_eq!(refused.status, 503);
        assert_eq!(refused.json()["error"]["type"], "api_error");
        assert!(refused.text().contains("writ has no key for the model service `anthropic` now"), "{}", refused.text());
        let told = "the token endpoint answered 401 Unauthorized: check the federation rule";
        until("the log to say so", || async { stage.writ.log().contains(told).then_some(()) }).await;

        stage.service.set_federation(Some(stage.rule(2).await));
        stage.works().await;
        let before = stage.exchanges().len();
        let (stop, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let stage = Arc::new(stage);
        let mut load = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let (stage, stop, calls) = (Arc::clone(&stage), Arc::clone(&stop), Arc::clone(&calls));
            load.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    assert_eq!(stage.call().await, 200);
                    calls.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        until("three more keys", || async { (stage.exchanges().len() >= before + 3).then_some(()) }).await;
        stop.store(true, Ordering::Relaxed);
        while let Some(one) = load.join_next().await {
            one.unwrap();
        }
        assert!(calls.load(Ordering::Relaxed) > 0);
        let of_calls = stage.service.requests().into_iter().filter(|seen| seen.path == "/v1/messages");
        for seen in of_calls {
            assert!(seen.header("authorization").unwrap().starts_with(&format!("Bearer {TOKENS}")));
            assert!(
                seen.header("anthropic-beta").unwrap().contains("oauth-2025-04-20")
                    && seen.header("x-api-key").is_none()
            );
        }
        stage.assert_nothing_kept();
    });
}

#[test]
fn a_key_that_the_service_takes_back_is_renewed_within_the_call() {
    run(async {
        let stage = Stage::start().await;
        stage.service.set_federation(Some(stage.rule(3600).await));
        stage.works().await;
        for _ in 0..2 {
            stage.service.forget_tokens();
            assert_eq!(stage.call().await, 200);
        }
        stage.assert_nothing_kept();
    });
}

#[test]
fn the_old_key_is_used_until_it_expires_and_a_new_one_when_there_is_one() {
    run(async {
        let stage = Stage::start().await;
        stage.service.set_federation(Some(stage.rule(4).await));
        stage.works().await;
        stage.service.fail_exchanges(u32::MAX);
        let failing = |statuses: Vec<u16>| statuses.iter().filter(|status| **status == 503).count();
        until("an exchange to fail", || async { (failing(stage.exchanges()) > 0).then_some(()) }).await;
        // A quarter of its life is left.
        assert_eq!(stage.call().await, 200);
        until("calls to be refused", || async { (stage.call().await == 503).then_some(()) }).await;
        assert!(stage.writ.log().contains("the key has expired and there is no new one"));
        stage.service.fail_exchanges(0);
        stage.works().await;
        stage.assert_nothing_kept();
    });
}

/// What the endpoint checks is what writ says: with another rule there is no key.
#[test]
fn another_rule_gives_no_key() {
    run(async {
        let stage = Stage::start().await;
        let right = stage.rule(3600).await;
        let others: [fn(&mut Federation); 7] = [
            |rule| rule.audience = "https://api.example.org".into(),
            |rule| rule.subject = "somebody".into(),
            |rule| rule.issuer = "https://writ.example.com".into(),
            |rule| rule.rule_id = "fdrl_2".into(),
            |rule| rule.service_account_id = "svac_2".into(),
            |rule| rule.workspace_id = Some("wrkspc_2".into()),
            |rule| rule.jwks = json!({ "keys": [] }),
        ];
        let assertion = until("an exchange", || async {
            let all = stage.service.requests();
            all.iter().find(|seen| seen.path == "/v1/oauth/token").and_then(|seen| seen.json())
        })
        .await;
        let exchange = |rule: Federation| {
            stage.service.set_federation(Some(rule));
            let url = format!("{}/v1/oauth/token", stage.service.url());
            let headers = [("anthropic-beta", "oidc-federation-2026-04-01"), ("content-type", "application/json")];
            let body = assertion.to_string();
            async move { crate::support::send(http::Method::POST, &url, &headers, body).await.status.as_u16() }
        };
        assert_eq!(exchange(right.clone()).await, 200);
        for change in others {
            let mut rule = right.clone();
            change(&mut rule);
            assert_eq!(exchange(rule).await, 401);
        }
    });
}
