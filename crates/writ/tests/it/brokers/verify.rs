//! Relying parties that ask writ about a token, instead of believing its signature until it expires.

mod git;
mod introspection;

use serde_json::{Value, json};

use crate::support::{Answer, Caller, Opened, People, Writ, WritOptions, run, send};

/// For whom tokens are made here.
pub(crate) const AUDIENCE: &str = "git.example.com";
const OTHER: &str = "registry.example.com";

/// A server that makes tokens for two relying parties, with people on it.
async fn start(tables: &str, within: Vec<String>) -> (Writ, People) {
    let audiences = [AUDIENCE, OTHER].map(|name| format!("[[issuer.audiences]]\nname = \"{name}\"\n")).concat();
    let options = WritOptions { tables: format!("{audiences}{tables}"), within, ..WritOptions::default() };
    let writ = Writ::start_with(options).await;
    let people = writ.people().await;
    (writ, people)
}

/// A broker `internal` whose targets `git` and `other` are the two relying parties, and grants of both.
async fn grant(ada: &Caller, git: Value, access: &[&str]) {
    let settings = json!({
        "targets": {
            "git": { "audience": AUDIENCE, "introspects": true, "delivery": { "git": git } },
            "other": { "audience": OTHER, "introspects": true },
        },
    });
    let body = json!({ "kind": "token", "settings": settings });
    accepted(&ada.put("/v1/brokers/internal", Some(body)).await);
    for target in ["git", "other"] {
        let path = format!("/v1/projects/checkout/grants/internal/{target}");
        accepted(&ada.put(&path, Some(json!({ "scope": { "access": access } }))).await);
    }
}

fn accepted(answer: &Answer) {
    assert!(answer.status.is_success(), "{}: {}", answer.status, answer.text());
}

/// A token of a session, and the credential's id.
async fn token(session: &Opened, target: &str, access: &[&str]) -> (String, String) {
    let body = json!({ "broker": "internal", "target": target, "scope": { "access": access } });
    let answer = session.caller.post(&format!("/v1/sessions/{}/credentials", session.id), body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let body = answer.json();
    (body["secret"]["token"].as_str().unwrap().to_owned(), body["id"].as_str().unwrap().to_owned())
}

/// What writ says of a request with this header, for an audience.
pub(crate) async fn verified(writ: &Writ, query: &str, headers: &[(&str, &str)]) -> Answer {
    send(http::Method::GET, &format!("{}/v1/verify?{query}", writ.url), headers, "").await
}

#[test]
fn a_live_token_is_told_whose_it_is_and_every_other_gets_one_answer() {
    run(async {
        let (writ, people) = start("", Vec::new()).await;
        grant(&people.ada, json!({ "host": AUDIENCE }), &["read", "write"]).await;
        let session = people.grace.open(json!({ "project": "checkout" })).await;
        let (live, id) = token(&session, "git", &["read"]).await;
        let (foreign, _) = token(&session, "other", &["read"]).await;
        let (revoked, revoked_id) = token(&session, "git", &["write"]).await;
        let over = people.grace.open(json!({ "project": "checkout" })).await;
        let (ended, _) = token(&over, "git", &["read"]).await;

        let query = format!("audience={AUDIENCE}");
        let bearer = |token: &str| format!("Bearer {token}");
        for token in [&live, &revoked, &ended] {
            let answer = verified(&writ, &query, &[("authorization", &bearer(token))]).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        let answer = verified(&writ, &query, &[("authorization", &bearer(&live))]).await;
        let told =
            ["session", "developer", "project", "credential"].map(|name| answer.header(&format!("x-writ-{name}")));
        assert_eq!(told, [session.id.as_str(), "grace", "checkout", &id]);
        assert!(answer.body.is_empty() && answer.header("cache-control") == "no-store");

        let reason = json!({ "reason": "a test" });
        accepted(&people.ada.post(&format!("/v1/credentials/{revoked_id}/revoke"), reason).await);
        accepted(&over.caller.post(&format!("/v1/sessions/{}/end", over.id), json!({})).await);
        let cut = &live[..live.len() - 8];
        let unsigned = format!("{}.", live.rsplit_once('.').unwrap().0);
        let sign_in = people.ada.token.clone().unwrap();
        let other_session = session.caller.token.clone().unwrap();
        let mut answers = Vec::new();
        for token in
            [&revoked, &ended, &foreign, cut, &unsigned, &sign_in, &other_session, "garbage", "", &session.writ]
        {
            let answer = verified(&writ, &query, &[("authorization", &bearer(token))]).await;
            assert_eq!(answer.status, 401, "{token}: {}", answer.text());
            let challenges: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
            assert_eq!(challenges, ["Basic realm=\"writ\"", "Bearer realm=\"writ\""]);
            let mut body = answer.json();
            body.as_object_mut().unwrap().remove("request_id");
            answers.push(body);
        }
        let mut none = verified(&writ, &query, &[]).await.json();
        none.as_object_mut().unwrap().remove("request_id");
        assert!(answers.iter().all(|answer| *answer == none), "{answers:#?}");

        // A session's own writ is for writ itself.
        let writ_itself = verified(&writ, "audience=writ", &[("authorization", &bearer(&session.writ))]).await;
        assert_eq!((writ_itself.status.as_u16(), writ_itself.header("x-writ-session")), (200, session.id.as_str()));
    });
}

#[test]
fn writing_takes_a_token_that_may_write() {
    run(async {
        let (writ, people) = start("", Vec::new()).await;
        grant(&people.ada, json!({ "host": AUDIENCE }), &["read", "write"]).await;
        let session = people.grace.open(json!({ "project": "checkout" })).await;
        let (reading, _) = token(&session, "git", &["read"]).await;
        let (writing, _) = token(&session, "git", &["read", "write"]).await;
        let look = format!("audience={AUDIENCE}");
        let change = format!("{look}&access=write");
        let push = "/payments.git/git-receive-pack";
        // what the proxy says, and what becomes of a token for reading and one for writing
        for (query, headers, expected) in [
            (&look, vec![], [200, 200]),
            (&look, vec![("x-original-uri", "/payments.git/info/refs?service=git-upload-pack")], [200, 200]),
            (&change, vec![], [403, 200]),
            (&look, vec![("x-original-uri", push)], [403, 200]),
            (&look, vec![("x-forwarded-uri", push)], [403, 200]),
            (&look, vec![("x-original-uri", "/payments.git/git%2dreceive%2Dpack")], [403, 200]),
            (&look, vec![("x-original-uri", "/"), ("x-original-uri", push)], [403, 200]),
        ] {
            for (token, expected) in [(&reading, expected[0]), (&writing, expected[1])] {
                let bearer = format!("Bearer {token}");
                let mut headers = headers.clone();
                headers.push(("authorization", &bearer));
                let answer = verified(&writ, query, &headers).await;
                assert_eq!(answer.status, expected, "{query} {headers:?}: {}", answer.text());
                assert_eq!(answer.header("x-writ-session"), session.id);
            }
        }
        for query in ["", "audience=", "audience=a&access=all", "audience=a&other=1"] {
            let answer = verified(&writ, query, &[]).await;
            let expected = if query == "audience=" { 401 } else { 400 };
            assert_eq!(answer.status, expected, "{query}: {}", answer.text());
        }
    });
}
