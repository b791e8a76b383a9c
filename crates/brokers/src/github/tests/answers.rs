//! What GitHub may answer, and what becomes of it.

use serde_json::{Value, json};

use super::support::*;
use crate::broker::{BrokerError, Fault, WireError};

/// Mints [`narrow`] from an answer; the error, and whether the token was given back.
async fn refused(body: &Value) -> (BrokerError, bool) {
    let script = Script::of([created(body), answer(204, "")]);
    let error = broker().mint(&narrow(), &script.tools(), chance(NOW)).await.unwrap_err();
    let story = script.story();
    if story.len() == 2 {
        assert_eq!(story[1], "DELETE https://api.github.com/installation/token");
        assert_eq!(script.bearer(1), "ghs_1");
    }
    (error, story.len() == 2)
}

#[tokio::test]
async fn anything_but_what_was_asked_for_is_given_back() {
    let repository = |name: &str| json!({ "name": name, "owner": { "login": "acme" } });
    for (changes, expected) in [
        (json!({ "permissions": { "contents": "admin" } }), "more permissions"),
        (json!({ "permissions": { "contents": "write", "issues": "read" } }), "more permissions"),
        (json!({ "permissions": { "contents": "write", "metadata": "write" } }), "more permissions"),
        (json!({ "permissions": { "contents": "everything" } }), "more permissions"),
        (json!({ "permissions": { "contents": "read" } }), "fewer permissions"),
        (json!({ "permissions": {} }), "fewer permissions"),
        (json!({ "repository_selection": "all" }), "more repositories"),
        (json!({ "repositories": [repository("api"), repository("web")] }), "more repositories"),
        (json!({ "repositories": [repository("web")] }), "more repositories"),
        (json!({ "repositories": [] }), "fewer repositories"),
        (json!({ "repositories": null }), "fewer repositories"),
        (json!({ "repositories": [{ "name": "api", "owner": { "login": "evil" } }] }), "another account's"),
        (json!({ "expires_at": "2026-11-22T20:00:00Z" }), "an expiry that is over"),
        (json!({ "expires_at": "2016-07-11T22:14:10Z" }), "an expiry that is over"),
        (json!({ "expires_at": "2026-11-22T21:01:01Z" }), "beyond the hour"),
        (json!({ "expires_at": "tomorrow" }), "no usable expiry"),
        (json!({ "expires_at": "" }), "no usable expiry"),
    ] {
        let mut body = granted("ghs_1");
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let (error, is_given_back) = refused(&body).await;
        assert!(error.text.contains(expected), "{changes}: {error}");
        assert!(is_given_back && !error.maybe_minted, "{changes}");
    }
}

#[tokio::test]
async fn names_are_compared_as_github_compares_them() {
    let order = order("acme", scope(&[("repositories", &["API", "docs"]), ("permissions", &["contents:write"])]));
    let mut body = granted("ghs_1");
    let repository = |name: &str| json!({ "name": name, "owner": { "login": "Acme" } });
    body["repositories"] = json!([repository("api"), repository("Docs")]);
    let script = Script::of([created(&body)]);
    broker().mint(&order, &script.tools(), chance(NOW)).await.unwrap();
}

#[tokio::test]
async fn a_token_that_cannot_be_given_back_may_still_work() {
    let mut body = granted("ghs_1");
    body["permissions"]["administration"] = json!("write");
    let script = Script::of([created(&body), answer(503, "")]);
    let error = broker().mint(&narrow(), &script.tools(), chance(NOW)).await.unwrap_err();
    assert!(error.maybe_minted && error.text.contains("more permissions"), "{error:?}");
}

#[tokio::test]
async fn garbage_is_told_apart_from_a_token_and_not_repeated() {
    let huge = format!("{{\"token\":\"{}\"}}", "s3cret".repeat(1000));
    for body in ["", "s3cret", "{}", "[]", "{\"token\":7}", "{\"token\":\"\"}", "{\"token\":\"s3cret \\n\"}", &huge] {
        let script = Script::of([answer(201, body.to_owned())]);
        let error = broker().mint(&narrow(), &script.tools(), chance(NOW)).await.unwrap_err();
        assert!(error.maybe_minted && error.fault == Fault::Target, "{body:.20}: {error:?}");
        assert!(!error.text.contains("s3cret"), "{error}");
        assert_eq!(script.story().len(), 1);
    }
}

#[tokio::test]
async fn an_answer_past_its_bound_is_not_read() {
    let mut body = granted("ghs_1");
    body["padding"] = json!("x".repeat(super::super::limits::ANSWER_BYTES_MAX));
    let script = Script::of([created(&body)]);
    let error = broker().mint(&narrow(), &script.tools(), chance(NOW)).await.unwrap_err();
    assert!(error.text.contains("larger") && error.maybe_minted, "{error:?}");
}

#[tokio::test]
async fn refusals_say_whose_fault_it_is_and_what_to_do() {
    // status, whose fault, may it pass, may there be a token, and a word of the text
    for (status, fault, may_pass, maybe_minted, word) in [
        (401, Fault::Operator, false, false, "private_key"),
        (403, Fault::Target, false, false, "suspended"),
        (404, Fault::Operator, false, false, "installation_id"),
        (422, Fault::Target, false, false, "a permission is not the App's"),
        (429, Fault::Target, true, false, "rate limit"),
        (500, Fault::Target, true, true, "try again later"),
        (502, Fault::Target, true, true, "try again later"),
        (200, Fault::Target, false, true, "base_url"),
        (301, Fault::Target, false, false, "base_url"),
        (406, Fault::Target, false, false, "base_url"),
    ] {
        let script = Script::of([answer(status, "{\"message\":\"leaked\"}")]);
        let error = broker().mint(&narrow(), &script.tools(), chance(NOW)).await.unwrap_err();
        assert_eq!((error.fault, error.may_pass, error.maybe_minted), (fault, may_pass, maybe_minted), "{status}");
        assert!(error.text.contains(word) && !error.text.contains("leaked"), "{status}: {error}");
    }
}

#[tokio::test]
async fn a_rate_limit_is_known_by_its_headers() {
    for (name, value, word) in
        [("retry-after", "60", "60 s"), ("x-ratelimit-remaining", "0", "later"), ("retry-after", "99999999", "later")]
    {
        let mut limited = answer(403, "");
        limited.headers_mut().insert(name, value.parse().unwrap());
        let script = Script::of([limited]);
        let error = broker().mint(&narrow(), &script.tools(), chance(NOW)).await.unwrap_err();
        assert!(error.may_pass && error.text.contains("rate limit") && error.text.contains(word), "{error}");
    }
}

#[tokio::test]
async fn without_an_answer_it_is_known_whether_github_may_have_acted() {
    for (error, maybe_minted) in [
        (WireError::NotSent("cannot connect".to_owned()), false),
        (WireError::NoAnswer("no answer within 15 s".to_owned()), true),
    ] {
        let script = Script::of_any([Err(error)]);
        let error = broker().mint(&narrow(), &script.tools(), chance(NOW)).await.unwrap_err();
        assert!(error.may_pass);
        assert_eq!(error.maybe_minted, maybe_minted);
    }
}
