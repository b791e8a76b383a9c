//! `POST /v1/introspect` (RFC 7662).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use super::{AUDIENCE, accepted, grant, start, token};
use crate::support::{Answer, Writ, run, send};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

async fn asked(writ: &Writ, authorization: &str, token: &str) -> Answer {
    let headers = [("authorization", authorization), ("content-type", "application/x-www-form-urlencoded")];
    let body = format!("token={token}&token_type_hint=access_token");
    send(Method::POST, &format!("{}/v1/introspect", writ.url), &headers, body).await
}

fn inactive(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "active": false })), "{}", answer.text());
}

#[test]
fn a_relying_party_learns_of_its_own_tokens_while_they_are_alive() {
    run(async {
        let table = format!("[[introspection]]\naudience = \"{AUDIENCE}\"\nsecret_env = \"GIT_SECRET\"\n");
        let (writ, people) = start(&table, vec!["env".to_owned(), format!("GIT_SECRET={SECRET}")]).await;
        grant(&people.ada, json!({ "host": AUDIENCE }), &["read", "write"]).await;
        let session = people.grace.open(json!({ "project": "checkout" })).await;
        let (own, id) = token(&session, "git", &["read"]).await;
        let (foreign, _) = token(&session, "other", &["read"]).await;
        let (bearer, basic) =
            (format!("Bearer {SECRET}"), format!("Basic {}", STANDARD.encode(format!("git:{SECRET}"))));
        for authorization in [&bearer, &basic] {
            let answer = asked(&writ, authorization, &own).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert_eq!(answer.header("cache-control"), "no-store");
            let told = answer.json();
            let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
            assert_eq!(told["active"], json!(true));
            assert_eq!([text("aud"), text("username"), text("token_type")], [AUDIENCE, "grace", "Bearer"]);
            assert_eq!([text("session.id"), text("credential.id")], [session.id.clone(), id.clone()]);
            assert_eq!((text("project"), &told["access"]), ("checkout".to_owned(), &json!(["read"])));
            assert!(told["exp"].as_i64() > told["iat"].as_i64());
        }
        for strange in [foreign.as_str(), "garbage", "", session.caller.token.as_ref().unwrap(), &session.writ] {
            inactive(&asked(&writ, &bearer, strange).await);
        }
        accepted(&people.ada.post(&format!("/v1/credentials/{id}/revoke"), json!({ "reason": "a test" })).await);
        inactive(&asked(&writ, &bearer, &own).await);
        assert!(!writ.log().contains(SECRET));
    });
}

#[test]
fn people_ask_who_may_read_the_log_and_nobody_else() {
    run(async {
        let (writ, people) = start("", Vec::new()).await;
        grant(&people.ada, json!({ "host": AUDIENCE }), &["read"]).await;
        let session = people.grace.open(json!({ "project": "checkout" })).await;
        let (one, _) = token(&session, "git", &["read"]).await;
        let (other, _) = token(&session, "other", &["read"]).await;
        let bearer = |token: &Option<String>| format!("Bearer {}", token.as_ref().unwrap());
        for token in [&one, &other] {
            let answer = asked(&writ, &bearer(&people.ada.token), token).await;
            assert_eq!(answer.json()["active"], json!(true), "{}", answer.text());
        }
        inactive(&asked(&writ, &bearer(&people.ada.token), "a.b.c").await);
        assert_eq!(asked(&writ, &bearer(&people.grace.token), &one).await.status, 403);
        for stranger in [format!("Bearer {SECRET}"), format!("Bearer {one}"), bearer(&session.caller.token)] {
            let answer = asked(&writ, &stranger, &one).await;
            assert_eq!(answer.status, 401, "{}", answer.text());
        }
        let empty: Value = people.ada.post("/v1/introspect", json!({})).await.json();
        assert_eq!(empty["code"], json!("invalid_request"));
    });
}
