//! The console as a browser finds it: every page that can be reached by links, signing in and out, forms of other sites.

mod crawl;
mod html;
mod locks;
mod sign_in;
mod slices;

use http::Method;
use serde_json::json;

use crate::support::process::PASSWORD;
use crate::support::scrub::scrubbed;
use crate::support::{Answer, Opened, People, Writ, run, send, until};

/// A browser with at most one cookie.
pub(crate) struct Browser {
    url: String,
    cookie: String,
}

fn tested(test: impl AsyncFnOnce(&Writ, &People)) {
    let _scrubbed = scrubbed();
    run(async {
        let writ = Writ::start().await;
        let people = writ.people().await;
        test(&writ, &people).await;
    });
}

impl Browser {
    fn anonymous(writ: &Writ) -> Self {
        Self { url: writ.url.clone(), cookie: String::new() }
    }

    async fn signed_in(writ: &Writ, login: &str) -> Self {
        let mut browser = Self::anonymous(writ);
        let answer = browser.sign_in(login, PASSWORD, "").await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        let cookie = answer.header("set-cookie").split(';').next().unwrap();
        cookie.clone_into(&mut browser.cookie);
        browser
    }

    async fn get(&self, path: &str) -> Answer {
        send(Method::GET, &format!("{}{path}", self.url), &[("cookie", &self.cookie)], "").await
    }

    /// Sends a form of this site.
    async fn post(&self, path: &str, form: &str) -> Answer {
        self.post_from(path, form, &[("sec-fetch-site", "same-origin")]).await
    }

    /// Sends a form with these headers saying where it comes from.
    async fn post_from(&self, path: &str, form: &str, from: &[(&str, &str)]) -> Answer {
        let mut headers = vec![("cookie", self.cookie.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        headers.extend(from);
        send(Method::POST, &format!("{}{path}", self.url), &headers, form.to_owned()).await
    }

    async fn sign_in(&self, login: &str, password: &str, return_to: &str) -> Answer {
        let form = [("login", login), ("password", password), ("return_to", return_to)];
        self.post("/sign-in", &encoded(&form)).await
    }
}

/// A form, every byte escaped.
fn encoded(form: &[(&str, &str)]) -> String {
    let escape = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    form.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect::<Vec<_>>().join("&")
}

/// Sessions of every kind with calls: live, ended, revoked, a child, unattributed, with a budget, and more than a page.
async fn populate(people: &People) {
    let budget = json!({"project": "checkout", "budget_usd_nanos": 2_000_000_000});
    let live = people.grace.open(budget).await;
    live.caller.message("cache(input=1000,output=100)", true).await;
    let child = live.caller.open(json!({"parent": live.id})).await;
    child.caller.message("hello", false).await;
    let ended = people.ada.open(json!({})).await;
    ended.caller.message("hello", false).await;
    ended.caller.post(&format!("/v1/sessions/{}/end", ended.id), json!({"exit_code": 0})).await;
    let revoked = people.grace.open(json!({"project": "checkout"})).await;
    let reason = json!({"reason": "<script>alert(\"1\")</script> & more"});
    people.ada.post(&format!("/v1/sessions/{}/revoke", revoked.id), reason).await;
    for _ in 0..100 {
        people.grace.open(json!({})).await;
    }
    lock(people, &live).await;
    until("three settled calls", async || {
        let report = people.ada.get("/v1/cost").await.json();
        (report["total"]["calls"] == 3 && report["total"]["held_usd_nanos"] == 0).then_some(())
    })
    .await;
}

/// Somebody holds, somebody waits, two work on one file, and that is frozen.
async fn lock(people: &People, of_grace: &Opened) {
    let of_ada = people.ada.open(json!({"project": "checkout"})).await;
    let file = "path:github.com/acme/api//config/pool.toml";
    let want = |resource: &str, mode: &str| json!([{"resource": resource, "mode": mode}]);
    for (by, wants) in
        [(&of_ada, want("env:prod", "X")), (of_grace, want("env:prod", "X")), (&of_ada, want(file, "IX"))]
    {
        let body = json!({"wants": wants, "wait": true, "intent": "<b>raise</b> the pool size"});
        assert_eq!(by.caller.post("/v1/locks", body).await.status, 200);
    }
    let sha = |text: &str| format!("sha256:{}", domain::Digest::of(text.as_bytes()));
    for (by, before, after) in [(&of_ada, "a", "b"), (of_grace, "b", "a")] {
        let write = json!({"resource": file, "before": sha(before), "after": sha(after)});
        assert_eq!(by.caller.post("/v1/writes", json!({"writes": [write]})).await.status, 200);
    }
}
