//! What the client's user reads when writ refuses, and how soon.

use std::time::Duration;

use serde_json::json;

use super::client::ran;
use super::tap::Tap;
use super::with_client;
use crate::support::WritOptions;

#[test]
fn real_client_shows_who_revoked_its_session_after_one_request() {
    with_client(WritOptions::default(), async |stage| {
        let (session, token) = stage.token().await;
        let revoked =
            stage.people.ada.post(&format!("/v1/sessions/{session}/revoke"), json!({"reason": "wrong branch"})).await;
        assert_eq!(revoked.status, 200, "{}", revoked.text());
        let tap = Tap::start(&stage.writ.url).await;
        let said = ran(stage.client.plain(&tap.url, &token, "SCENARIO:hello go")).await;
        assert_eq!(said.code, Some(1), "{said:#?}");
        let words = revoked.json()["over"]["text"].as_str().unwrap().to_owned();
        assert!(words.contains("was revoked by ada (wrong branch)"), "{words}");
        assert_eq!(said.json()["result"], format!("API Error: 402 {words}"), "word for word");
        assert_eq!(tap.calls().len(), 1, "no retries");
        assert_eq!(stage.writ.simulator().arrived(), 0);
    });
}

#[test]
fn real_client_with_a_wrong_token_is_refused_at_once() {
    with_client(WritOptions::default(), async |stage| {
        let (_, token) = stage.token().await;
        let mut wrong = token.clone();
        let last = wrong.pop().unwrap();
        wrong.push(if last == 'A' { 'B' } else { 'A' });
        for bearer in [wrong.as_str(), "sk-ant-api03-the-developer-s-own"] {
            let tap = Tap::start(&stage.writ.url).await;
            let said = ran(stage.client.plain(&tap.url, bearer, "SCENARIO:hello go")).await;
            assert_eq!(said.code, Some(1), "{said:#?}");
            assert!(said.took < Duration::from_secs(10), "{said:#?}");
            assert_eq!(said.json()["api_error_status"], 401, "{said:#?}");
            assert_eq!(tap.calls().len(), 1, "no retries");
            assert!(!said.stdout.contains(bearer), "{said:#?}");
        }
        assert_eq!(stage.writ.simulator().arrived(), 0, "nothing went upstream");
    });
}

#[test]
fn real_client_out_of_budget_is_told_so_after_one_request() {
    with_client(WritOptions::default(), async |stage| {
        let session = stage.people.grace.open(json!({"budget_usd_nanos": 1_000})).await;
        let tap = Tap::start(&stage.writ.url).await;
        let said = ran(stage.client.plain(&tap.url, &session.caller.token.unwrap(), "SCENARIO:hello go")).await;
        assert_eq!(said.code, Some(1), "{said:#?}");
        let words = said.json()["result"].as_str().unwrap().to_owned();
        assert!(words.starts_with("API Error: 402 "), "{words}");
        assert!(words.contains("budget"), "{words}");
        assert_eq!(tap.calls().len(), 1, "no retries");
        assert_eq!(stage.writ.simulator().arrived(), 0);
    });
}

#[test]
fn real_client_whose_key_helper_fails_is_stopped_after_one_request() {
    with_client(WritOptions::default(), async |stage| {
        stage.client.settings(&json!({ "apiKeyHelper": "echo 'session ses_1 is over' >&2; exit 4" }));
        let tap = Tap::start(&stage.writ.url).await;
        let said = ran(stage.client.plain(&tap.url, "", "SCENARIO:hello go")).await;
        assert_eq!(said.code, Some(1), "{said:#?}");
        let words = said.json()["result"].as_str().unwrap().to_owned();
        assert!(words.starts_with("API Error: 402 this request came with an empty credential: "), "{words}");
        assert!(said.stderr.contains("session ses_1 is over"), "{said:#?}");
        assert_eq!(tap.calls().len(), 1, "no retries");
        assert_eq!(stage.writ.simulator().arrived(), 0);
    });
}
