//! The github broker: every call is one that GitHub's own description knows, and every token dies with its session.

mod stand_in;

use std::process::Command;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{Answer, Caller, People, Writ, files, run, until};
use stand_in::GitHub;

/// An App's key as GitHub gives it, from a program that is not ours.
fn app_key(folder: &std::path::Path) -> String {
    let path = folder.join("app.pem");
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f"]).arg(&path);
    assert!(keygen.status().unwrap().success());
    let pem = std::fs::read_to_string(&path).unwrap();
    assert!(pem.starts_with("-----BEGIN RSA PRIVATE KEY-----"));
    std::fs::remove_file(&path).unwrap();
    pem
}

fn settings(github: &GitHub, permissions: Value) -> Value {
    json!({
        "app_id": 123_456,
        "base_url": github.url,
        // Prism gives nothing but plain JSON.
        "accept": "application/vnd.github+json, application/json;q=0.9",
        "targets": {
            "acme": {
                "installation_id": 77,
                "owner": "octocat",
                "repositories": ["api", "web"],
                "permissions": permissions,
            },
        },
    })
}

async fn configure(writ: &Writ, people: &People, settings: Value) -> Answer {
    let secrets = json!({ "private_key": app_key(writ.path()) });
    let body = json!({ "kind": "github", "settings": settings, "secrets": secrets });
    people.ada.put("/v1/brokers/github", Some(body)).await
}

async fn grant(ada: &Caller, scope: Value) -> Answer {
    ada.put("/v1/projects/checkout/grants/github/acme", Some(json!({ "scope": scope }))).await
}

async fn ask(session: &crate::support::Opened, scope: Value) -> Answer {
    let body = json!({ "broker": "github", "target": "acme", "scope": scope });
    session.caller.post(&format!("/v1/sessions/{}/credentials", session.id), body).await
}

struct Scene {
    github: GitHub,
    writ: Writ,
    people: People,
}

impl Scene {
    /// A broker for two repositories, and a grant of one of them.
    async fn start() -> Self {
        let (github, writ) = (GitHub::start().await, Writ::start().await);
        let people = writ.people().await;
        let permissions = json!({ "contents": "write", "pull_requests": "write" });
        let configured = configure(&writ, &people, settings(&github, permissions)).await;
        assert!(configured.status.is_success(), "{}", configured.text());
        let scope = json!({ "repositories": ["api"], "permissions": ["contents:read", "contents:write"] });
        let granted = grant(&people.ada, scope).await;
        assert!(granted.status.is_success(), "{}", granted.text());
        Self { github, writ, people }
    }
}

#[test]
fn every_call_is_one_that_github_describes_and_a_token_dies_with_its_session() {
    run(async {
        let Scene { github, writ, people } = Scene::start().await;
        let (made, ended) = ("POST /app/installations/77/access_tokens", "DELETE /installation/token");
        assert_eq!(github.story(), [(made.to_owned(), 201), (ended.to_owned(), 204)], "the canary");
        assert_eq!(github.alive(), 0);

        let session = people.grace.open(json!({ "project": "checkout" })).await;
        let answer = ask(&session, json!({ "permissions": ["contents:read"] })).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let credential = answer.json();
        let token = credential["secret"]["token"].as_str().unwrap().to_owned();
        assert!(github.is_alive(&token));
        let scope = json!({ "permissions": ["contents:read"], "repositories": ["api"] });
        assert_eq!(credential["scope"], scope);
        let git = &credential["delivery"]["git"];
        assert_eq!((&git["host"], &git["path_prefix"]), (&json!("github.com"), &json!("octocat/")));

        // What GitHub's audit log would show leads to the session.
        let hash = STANDARD.encode(digest::digest(&digest::SHA256, token.as_bytes()));
        assert_eq!(credential["names"], json!([{ "kind": "token_hash", "value": hash }]));
        let query: String = hash.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let who = people.ada.get(&format!("/v1/who?thing={query}&kind=token_hash")).await;
        assert!(who.text().contains(&session.id), "{}", who.text());

        let over = session.caller.post(&format!("/v1/sessions/{}/end", session.id), json!({})).await;
        assert!(over.status.is_success(), "{}", over.text());
        until("the token to be ended at GitHub", || async { (!github.is_alive(&token)).then_some(()) }).await;
        let id = credential["id"].as_str().unwrap();
        until("the log to say so", || async {
            let shown = people.ada.get(&format!("/v1/credentials/{id}")).await.json();
            (shown["status"] == "revoked").then_some(())
        })
        .await;
        assert!(github.story().iter().all(|(_, status)| matches!(status, 201 | 204)), "{:?}", github.story());

        // Neither the token nor the App's key is anywhere in what writ keeps or says.
        assert_eq!(files::holding(writ.path(), &[&token, "RSA PRIVATE KEY"]), Vec::<String>::new());
    });
}

#[test]
fn what_is_not_granted_is_neither_asked_for_nor_given() {
    run(async {
        let Scene { github, people, writ: _writ } = Scene::start().await;
        let session = people.grace.open(json!({ "project": "checkout" })).await;
        let before = github.story().len();
        for (scope, allowed) in [
            (json!({ "repositories": ["web"] }), "api"),
            (json!({ "permissions": ["pull_requests:write"] }), "contents:write"),
            (json!({ "repositories": ["*"] }), "api"),
        ] {
            let answer = ask(&session, scope.clone()).await;
            assert_eq!(answer.status, 403, "{scope}: {}", answer.text());
            assert!(answer.text().contains(allowed), "{scope}: {}", answer.text());
        }
        for scope in [
            json!({ "repositories": ["billing"] }),
            json!({ "permissions": ["contents:admin"] }),
            json!({ "branches": ["main"] }),
        ] {
            let answer = grant(&people.ada, scope.clone()).await;
            assert_eq!(answer.status, 400, "{scope}: {}", answer.text());
        }
        assert_eq!(github.story().len(), before);
    });
}

#[test]
fn more_than_was_asked_for_is_given_back() {
    run(async {
        let Scene { github, people, writ: _writ } = Scene::start().await;
        github.grant_more("administration", "write");
        let session = people.grace.open(json!({ "project": "checkout" })).await;
        let answer = ask(&session, json!({})).await;
        assert!(answer.status.is_server_error(), "{}", answer.text());
        assert!(answer.text().contains("more permissions than were asked for"), "{}", answer.text());
        assert_eq!(github.alive(), 0);
    });
}

#[test]
fn settings_that_github_refuses_are_refused_when_they_are_made() {
    run(async {
        let (github, writ) = (GitHub::start().await, Writ::start().await);
        let people = writ.people().await;
        // GitHub knows `read` and `write` of this one.
        let answer = configure(&writ, &people, settings(&github, json!({ "contents": "admin" }))).await;
        assert!(!answer.status.is_success() && answer.text().contains("(422)"), "{}", answer.text());
        let none = people.ada.get("/v1/brokers/github").await;
        assert_eq!(none.status, 404);
        let log = github.prism.file("log");
        assert!(log.contains("access_tokens"), "{log}");
        // Nobody there at all.
        let mut away = settings(&github, json!({ "contents": "write" }));
        away["base_url"] = json!(crate::support::canned::nobody().await);
        let answer = configure(&writ, &people, away).await;
        assert!(!answer.status.is_success(), "{}", answer.text());
    });
}
