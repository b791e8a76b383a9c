#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use domain::BrokerKind;
use http::Response;
use serde_json::{Value, json};

use super::*;
use crate::broker::{Fault, Revocation, WireError};
use crate::plugin::tests::{FakeWire, NOW, chance, order, tools};

const GOOD: &str = r#"{"version":1,"secret":{"token":"t-123456"},"expires_at":"2026-07-01T12:10:00Z","handle":"h1"}"#;
const SIGNING: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn secrets(more: &[(&str, &str)]) -> Secrets {
    let all = [&[(SIGNING_SECRET, SIGNING)], more].concat();
    all.into_iter().map(|(name, value)| (name.to_owned(), Zeroizing::new(value.to_owned()))).collect()
}

fn settings(more: Value) -> String {
    let mut settings = json!({ "url": "https://broker.example.com/mint", "targets": { "prod": {} } });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    settings.to_string()
}

fn opened() -> Arc<dyn Broker> {
    let settings = settings(json!({ "revoke_url": "https://broker.example.com/revoke", "timeout_seconds": 20 }));
    crate::open(BrokerKind::Http, &settings, secrets(&[(BEARER, "b-123456")])).unwrap()
}

fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Result<Response<Bytes>, WireError> {
    let builder =
        headers.iter().fold(Response::builder().status(status), |builder, (name, value)| builder.header(*name, *value));
    Ok(builder.body(body.into()).unwrap())
}

#[tokio::test]
async fn requests_are_signed_and_carry_the_bearer() {
    let wire = Arc::new(FakeWire::default());
    *wire.answers.lock().unwrap() = vec![answer(201, &[], GOOD), answer(410, &[], "")];
    let (broker, order, tools) = (opened(), order("prod", &[]), tools(&wire));
    let minted = broker.mint(&order, &tools, chance()).await.unwrap();
    assert_eq!(broker.revoke(&order, &minted.handle.unwrap(), &tools, chance()).await, Ok(Revocation::Dead));
    let seen = wire.seen.lock().unwrap();
    let paths: Vec<_> = seen.iter().map(|(request, within)| (request.uri().path(), within.as_secs())).collect();
    assert_eq!(paths, [("/mint", 20), ("/revoke", 20)]);
    for ((request, _), action) in seen.iter().zip(["mint", "revoke"]) {
        assert_eq!(request.method(), Method::POST);
        assert_eq!(request.headers()["authorization"], "Bearer b-123456");
        assert_eq!(request.headers()["webhook-id"], format!("{}-{action}", order.credential));
        assert_eq!(request.headers()["webhook-timestamp"], NOW.unix_seconds().to_string());
        let mut expected = HeaderMap::new();
        let id = format!("{}-{action}", order.credential);
        WebhookSecret::read(SIGNING).unwrap().sign(&mut expected, &id, NOW, request.body());
        assert_eq!(request.headers()["webhook-signature"], expected["webhook-signature"]);
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(body["action"], action);
    }
    assert!(!format!("{broker:?}").contains("b-123456"));
}

#[tokio::test]
async fn every_answer_means_something() {
    let lost = || Err(WireError::NoAnswer("the connection broke".into()));
    let away = || Err(WireError::NotSent("cannot connect".into()));
    for (reply, expected, fault, may_pass, maybe_minted, wait) in [
        (
            answer(302, &[("location", "https://other")], ""),
            "follows no redirects",
            Fault::Operator,
            false,
            false,
            None,
        ),
        (answer(400, &[], "s3cr3t"), "refused with 400 Bad Request", Fault::Target, false, false, None),
        (answer(401, &[], "s3cr3t"), "compare the signing secret", Fault::Target, false, false, None),
        (answer(404, &[], ""), "refused with 404", Fault::Target, false, false, None),
        (answer(408, &[], ""), "out of order (408", Fault::Target, true, true, None),
        (answer(429, &[("retry-after", "7")], ""), "asks for a pause", Fault::Target, true, false, Some(7)),
        (answer(429, &[("retry-after", "999999")], ""), "asks for a pause", Fault::Target, true, false, Some(3600)),
        (answer(503, &[("retry-after", "2")], "s3cr3t"), "out of order (503", Fault::Target, true, true, Some(2)),
        (lost(), "cannot be asked: the connection broke", Fault::Target, true, true, None),
        (away(), "cannot be asked: cannot connect", Fault::Target, true, false, None),
    ] {
        let wire = Arc::new(FakeWire::default());
        *wire.answers.lock().unwrap() = vec![reply];
        let error = opened().mint(&order("prod", &[]), &tools(&wire), chance()).await.unwrap_err();
        assert!(error.text.contains(expected) && error.text.contains("broker.example.com"), "{error}");
        assert!(!error.text.contains("s3cr3t"), "{error}");
        let wait = wait.map(Span::from_secs);
        assert_eq!(
            (error.fault, error.may_pass, error.maybe_minted, error.retry_after),
            (fault, may_pass, maybe_minted, wait),
            "{error}"
        );
    }
}

#[tokio::test]
async fn too_long_an_answer_may_have_made_something() {
    let wire = Arc::new(FakeWire::default());
    *wire.answers.lock().unwrap() = vec![answer(200, &[], vec![b' '; limits::PLUGIN_ANSWER_BYTES_MAX + 1])];
    let error = opened().mint(&order("prod", &[]), &tools(&wire), chance()).await.unwrap_err();
    assert!(error.maybe_minted && error.text.contains("more than 65536 bytes"), "{error}");
}

/// Unlike a mint, whose path may be wrong: to end something at a wrong address ends nothing.
#[tokio::test]
async fn only_gone_counts_as_ended() {
    for status in [404, 405, 500] {
        let wire = Arc::new(FakeWire::default());
        *wire.answers.lock().unwrap() = vec![answer(status, &[], "")];
        let (broker, order) = (opened(), order("prod", &[]));
        let handle = broker.plan(&order).handle.unwrap();
        let error = broker.revoke(&order, &handle, &tools(&wire), chance()).await.unwrap_err();
        assert_eq!((error.may_pass, error.maybe_minted), (status == 500, false), "{error}");
    }
}

#[test]
fn settings_are_checked() {
    let open = |more: Value, secrets: Secrets| {
        crate::open(BrokerKind::Http, &settings(more), secrets).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(open(json!({ "url": "http://127.0.0.1:9000/x" }), secrets(&[])), Ok(()));
    for (more, secrets, expected) in [
        (json!({ "url": "http://broker.example.com/" }), secrets(&[]), "loopback only"),
        (json!({ "url": "https://u:p@broker.example.com/" }), secrets(&[]), "must not carry a user"),
        (json!({ "url": "broker" }), secrets(&[]), "needs a scheme"),
        (json!({ "revoke_url": "ftp://x/" }), secrets(&[]), "`revoke_url` needs the scheme https"),
        (json!({}), Secrets::new(), "`signing_secret` is missing"),
        (json!({}), secrets(&[(SIGNING_SECRET, "whsec_c2hvcnQ=")]), "has 5 bytes"),
        (json!({}), secrets(&[("other", "x")]), "the secret `other` is none of"),
        (json!({}), secrets(&[(BEARER, "a\nb")]), "no HTTP header can carry"),
    ] {
        let error = open(more, secrets).unwrap_err();
        assert!(error.contains(expected) && !error.contains("c2hvcnQ"), "{error}");
    }
}
