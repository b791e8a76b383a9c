//! Secrets are handed out once, to whom they are for, and nowhere else.

use http::Method;
use serde_json::json;

use crate::routes::tested;
use crate::support::process::{PASSWORD, UPSTREAM_KEY};
use crate::support::{Writ, files, send};

/// The bootstrap token is printed by design; nothing else may be.
pub(super) fn assert_none_in_log(writ: &Writ) {
    let log = writ.log();
    for secret in ["writ_ses_", "writ_sin_", UPSTREAM_KEY, PASSWORD, "$argon2", "eyJ"] {
        assert!(!log.contains(secret), "the log holds `{secret}`:\n{log}");
    }
}

#[test]
fn tokens_hashes_and_keys_are_in_no_later_answer_and_in_no_file_in_clear() {
    tested(async |writ, people| {
        let session = people.grace.open(json!({"project": "checkout"})).await;
        session.caller.message("hello", true).await;
        let child = session.caller.open(json!({"parent": session.id})).await;
        let tokens = [&people.ada, &people.grace, &session.caller, &child.caller].map(|one| one.token.clone().unwrap());
        let secrets: Vec<&str> = tokens.iter().map(String::as_str).chain([UPSTREAM_KEY, PASSWORD, "$argon2"]).collect();
        let path = format!("/v1/sessions/{}", session.id);
        let below = ["", "/calls", "/entries"].map(|below| format!("{path}{below}"));
        let plain = ["/v1/whoami", "/v1/developers", "/v1/teams", "/v1/projects", "/v1/sessions", "/v1/log/verify"];
        let others =
            ["/v1/cost", "/metrics", "/openapi.json", "/.well-known/jwks.json", "/readyz", "/v1/keys", "/v1/issuer"];
        let pages = ["/sessions", "/cost", "/cost.csv", "/cost.json"];
        let cookie = format!("writ_sign_in={}", tokens[0]);
        let bearer = format!("Bearer {}", tokens[0]);
        let headers = [("cookie", cookie.as_str()), ("authorization", bearer.as_str())];
        let page = format!("/sessions/{}", session.id);
        let all = plain.iter().chain(&others).chain(&pages).map(|path| (*path).to_owned()).chain(below).chain([page]);
        for path in all {
            let answer = send(Method::GET, &format!("{}{path}", writ.url), &headers, "").await;
            assert_eq!(answer.status, 200, "{path}");
            let text = format!("{:?}\n{}", answer.headers, answer.text());
            secrets.iter().for_each(|secret| assert!(!text.contains(secret), "{path} shows `{secret}`"));
        }
        let searched: Vec<&str> = tokens.iter().map(String::as_str).chain([UPSTREAM_KEY, PASSWORD]).collect();
        assert_eq!(files::holding(&writ.path().join("data"), &searched), [""; 0]);
    });
}

#[test]
fn the_upstream_sees_its_own_key_and_nothing_of_ours() {
    tested(async |writ, people| {
        let session = people.grace.open(json!({})).await;
        session.caller.message("hello", true).await;
        let seen = writ.simulator().requests().pop().unwrap();
        assert_eq!(seen.header("x-api-key"), Some(UPSTREAM_KEY));
        let all = format!("{:?}", seen.headers);
        assert!(!all.contains("writ_ses_") && !all.contains("authorization"), "{all}");
    });
}

#[test]
fn errors_do_not_repeat_secrets_that_were_sent() {
    tested(async |writ, people| {
        let token = people.grace.token.clone().unwrap();
        let anonymous = writ.anonymous();
        let path = format!("/v1/sessions/{token}");
        for answer in [
            anonymous.post("/v1/sign-ins", json!({"login": "grace", "password": "hunter2-hunter2", "x": 1})).await,
            anonymous.post("/v1/sign-ins", json!({"login": "grace", "password": ["hunter2-hunter2"]})).await,
            anonymous.post("/v1/bootstrap", json!({"token": token, "login": "x", "password": PASSWORD})).await,
            anonymous.get(&path).await,
        ] {
            assert!(answer.status.is_client_error(), "{}", answer.text());
            assert!(!answer.text().contains("hunter2") && !answer.text().contains(PASSWORD), "{}", answer.text());
        }
    });
}
