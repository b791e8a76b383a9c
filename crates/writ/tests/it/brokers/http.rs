//! An operator's HTTP endpoint as a broker.

use brokers::WebhookSecret;
use domain::Time;
use http::HeaderMap;
use serde_json::{Value, json};

use super::exec::Stage;
use crate::support::receiver::{Post, Receiver, Reply};
use crate::support::{Writ, run, until};

const SIGNING: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BEARER: &str = "endpoint-bearer-0815";
const TOKEN: &str = "made-by-the-endpoint-4711";

fn broker(endpoint: &Receiver) -> Value {
    json!({ "kind": "http", "secrets": { "signing_secret": SIGNING, "bearer": BEARER },
            "settings": { "url": endpoint.url("/mint"), "revoke_url": endpoint.url("/revoke"), "targets": { "prod": {} } } })
}

/// The answer to a mint: good for what was asked. Receivers say static texts, so it is leaked.
fn good(post: &Post) -> Reply {
    let asked = post.json();
    let answer = json!({ "version": 1, "secret": { "token": TOKEN }, "expires_at": asked["expires_at"], "handle": "lease-1",
                         "names": [format!("lease-1-{}", asked["credential"].as_str().unwrap())] });
    Reply::Say(Box::leak(answer.to_string().into_boxed_str()))
}

/// Verifies a post as the Standard Webhooks specification says, and that it came with the bearer.
fn assert_signed(post: &Post) {
    let seconds: i64 = post.header("webhook-timestamp").parse().unwrap();
    let mut expected = HeaderMap::new();
    let at = Time::from_unix_millis(seconds * 1000);
    WebhookSecret::read(SIGNING).unwrap().sign(&mut expected, post.header("webhook-id"), at, &post.body);
    assert_eq!(post.header("webhook-signature"), expected["webhook-signature"]);
    assert_eq!(post.header("authorization"), format!("Bearer {BEARER}"));
}

#[test]
fn what_an_endpoint_makes_dies_with_its_session() {
    run(async {
        let endpoint = Receiver::start(|_, post| match post.path.as_str() {
            "/mint" => good(post),
            _ => Reply::Status(204),
        })
        .await;
        let stage = Stage::start(broker(&endpoint), json!({})).await;
        let made = stage.ask(json!({})).await;
        assert_eq!(made.status, 201, "{}", made.text());
        assert_eq!(made.json()["secret"]["token"], TOKEN);
        let id = made.json()["id"].as_str().unwrap().to_owned();
        stage.end().await;
        stage.becomes(&id, "revoked").await;
        let posts = endpoint.posts();
        posts.iter().for_each(assert_signed);
        let last = posts.last().unwrap();
        assert_eq!((last.path.as_str(), &last.json()["handle"]), ("/revoke", &json!("lease-1")));
        assert_eq!(last.json()["credential"], json!(id));
        stage.assert_nowhere(&[TOKEN, BEARER, SIGNING]);
    });
}

#[test]
fn an_endpoint_that_is_out_of_order_is_asked_again_to_revoke() {
    run(async {
        // The canary's mint and revoke, the session's mint, then two revocations that fail.
        let endpoint = Receiver::start(|number, post| match (post.path.as_str(), number) {
            ("/mint", _) => good(post),
            (_, 3 | 4) => Reply::Status(500),
            _ => Reply::Status(410),
        })
        .await;
        let stage = Stage::start(broker(&endpoint), json!({})).await;
        let id = stage.ask(json!({})).await.json()["id"].as_str().unwrap().to_owned();
        stage.end().await;
        stage.becomes(&id, "revoked").await;
        let statuses: Vec<_> = endpoint.posts().iter().skip(3).map(|post| post.answered).collect();
        assert_eq!(statuses, [Some(500), Some(500), Some(410)]);
    });
}

#[test]
fn what_an_endpoint_refuses_is_told_without_its_words() {
    run(async {
        for (status, expected, code) in [
            (302, 502, "target_refused"),
            (400, 502, "target_refused"),
            (429, 503, "target_unavailable"),
            (503, 503, "target_unavailable"),
        ] {
            let endpoint = Receiver::start(move |number, post| match (post.path.as_str(), number) {
                ("/mint", 0) => good(post),
                ("/mint", _) => Reply::Status(status),
                _ => Reply::Status(200),
            })
            .await;
            let stage = Stage::start(broker(&endpoint), json!({})).await;
            let refused = stage.ask(json!({})).await;
            assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (expected, &json!(code)), "{status}");
            assert!(refused.text().contains(&format!("the endpoint at `{}`", endpoint.address)), "{}", refused.text());
        }
    });
}

#[test]
fn an_endpoint_that_cannot_revoke_is_not_taken() {
    run(async {
        let endpoint = Receiver::start(|_, post| match post.path.as_str() {
            "/mint" => good(post),
            _ => Reply::Status(403),
        })
        .await;
        let writ = Writ::start().await;
        let people = writ.people().await;
        let refused = people.ada.put("/v1/brokers/acme", Some(broker(&endpoint))).await;
        assert_eq!(refused.status, 400, "{}", refused.text());
        assert!(refused.text().contains("could not be ended again"), "{}", refused.text());
        until("the refusal to be told", || async { endpoint.posts().last().and_then(|post| post.answered) }).await;
    });
}
