//! Erasing a person: their name is nowhere in the store, in answers or in what the live keys open; all proofs verify.

mod copies;
mod nodes;
mod upgrade;

use http::Method;
use serde_json::{Value, json};

use crate::support::process::PASSWORD;
use crate::support::{Caller, Opened, People, Writ, files, run, send};

const LOGIN: &str = "hopper-xyz-1906";
/// All of it, and parts of it, by which a person would be recognised.
const TRACES: [&str; 5] = [LOGIN, "hopper-xyz", "brewster", "murray", "rear.admiral"];

/// Somebody with distinctive names who worked here.
struct Hopper {
    id: String,
    caller: Caller,
    session: Opened,
}

impl Hopper {
    async fn register(people: &People) -> String {
        let added = people.ada.post("/v1/developers", hopper()).await;
        assert_eq!(added.status, 201, "{}", added.text());
        let joined = people.ada.put(&format!("/v1/teams/payments/members/{LOGIN}"), None).await;
        assert_eq!(joined.status, 200, "{}", joined.text());
        added.json()["id"].as_str().unwrap().to_owned()
    }

    /// Registers her; she signs in and works in two sessions, one of which is running still.
    async fn at_work(writ: &Writ, people: &People) -> Self {
        let id = Self::register(people).await;
        let caller = writ.sign_in(LOGIN).await;
        let over = caller.open(json!({"project": "checkout"})).await;
        assert_eq!(over.caller.message("hello", false).await.status, 200);
        caller.settled(&over.id, 1).await;
        let ended = caller.post(&format!("/v1/sessions/{}/end", over.id), json!({"exit_code": 0})).await;
        assert!(ended.status.is_success(), "{}", ended.text());
        let session = caller.open(json!({"project": "checkout"})).await;
        assert_eq!(session.caller.message("hello", true).await.status, 200);
        caller.settled(&session.id, 1).await;
        Self { id, caller, session }
    }
}

fn hopper() -> Value {
    json!({"login": LOGIN, "password": PASSWORD, "display_name": "Brewster Murray", "email": "rear.admiral@navy.example"})
}

async fn erase(ada: &Caller, key: &str) -> Value {
    let erased = ada.post(&format!("/v1/developers/{key}/erase"), json!({})).await;
    assert_eq!(erased.status, 200, "{}", erased.text());
    erased.json()
}

fn key_file(folder: &std::path::Path, id: &str) -> std::path::PathBuf {
    folder.join("people").join(format!("{id}.key"))
}

/// Every answer that an administrator can get, as one text.
async fn everything_told(url: &str, ada: &Caller) -> String {
    let token = ada.token.clone().unwrap();
    let (cookie, bearer) = (format!("writ_sign_in={token}"), format!("Bearer {token}"));
    let headers = [("cookie", cookie.as_str()), ("authorization", bearer.as_str())];
    let sessions = ada.at(url).get("/v1/sessions?limit=1000").await.json();
    let ids = sessions["sessions"].as_array().unwrap().iter().map(|session| session["id"].as_str().unwrap());
    let of_session = |id: &str| {
        let below = ["", "/calls?limit=1000", "/entries"].map(|below| format!("/v1/sessions/{id}{below}"));
        below.into_iter().chain([format!("/sessions/{id}")]).collect::<Vec<_>>()
    };
    let fixed = [
        "/v1/whoami",
        "/v1/developers",
        "/v1/teams",
        "/v1/projects",
        "/v1/sessions?limit=1000",
        "/v1/log/verify",
        "/v1/cost?by=developer",
        "/v1/cost?by=session,developer",
        "/sessions",
        "/cost",
        "/cost?by=developer",
        "/cost.csv",
        "/cost.json",
        "/metrics",
        "/readyz",
    ];
    let mut told = String::new();
    for path in fixed.into_iter().map(str::to_owned).chain(ids.flat_map(of_session)) {
        let answer = send(Method::GET, &format!("{url}{path}"), &headers, "").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        told.push_str(&format!("== {path}\n{:?}\n{}\n", answer.headers, answer.text()));
    }
    told
}

/// The data folder, the process's log and all answers.
async fn assert_nowhere(writ: &Writ, ada: &Caller) {
    assert_eq!(files::holding(&writ.path().join("data"), &TRACES), [""; 0]);
    assert_eq!(files::held(writ.log().as_bytes(), &TRACES), [""; 0], "{}", writ.log());
    let told = everything_told(&writ.url, ada).await;
    let held = files::held(told.as_bytes(), &TRACES);
    assert_eq!(held, [""; 0], "{told}");
}

#[test]
fn an_erased_person_is_nowhere_and_every_proof_holds() {
    run(async {
        let mut writ = Writ::start().await;
        let people = writ.people().await;
        let hopper = Hopper::at_work(&writ, &people).await;
        let keys = writ.path().join("data/keys");
        assert!(key_file(&keys, &hopper.id).exists());
        // In no file in the clear even while she is known; in the answers, so that this test can fail.
        assert_eq!(files::holding(&writ.path().join("data"), &TRACES), [""; 0]);
        let told = everything_told(&writ.url, &people.ada).await;
        assert_eq!(files::held(told.as_bytes(), &TRACES), TRACES);
        let before = people.ada.entries(&hopper.session.id, "session.opened").await;

        let erased = erase(&people.ada, LOGIN).await;
        assert_eq!((&erased["disabled"], erased["erased_at"].is_string()), (&json!(true), true), "{erased}");
        let stand_in = format!("erased-{}", hopper.id[hopper.id.len() - 6..].to_lowercase());
        assert_eq!(erased["login"], stand_in.as_str());
        assert!(erased["display_name"].as_str().unwrap().starts_with("erased on 20"), "{erased}");
        assert!(!key_file(&keys, &hopper.id).exists());
        assert_nowhere(&writ, &people.ada).await;
        proofs_hold(&writ, &people.ada).await;
        assert_eq!(people.ada.entries(&hopper.session.id, "session.opened").await, before);
        dead(&writ, &hopper).await;

        // After a stop, which saves a snapshot, and a start, which reads it.
        assert!(writ.terminate().success());
        assert_eq!(files::holding(&writ.path().join("data"), &TRACES), [""; 0]);
        writ.restart().await;
        let ada = people.ada.at(&writ.url);
        assert_nowhere(&writ, &ada).await;
        proofs_hold(&writ, &ada).await;
        ada.assert_sums_agree().await;
        dead(&writ, &hopper).await;
        let cost = ada.get(&format!("/v1/cost?by=session&developer={stand_in}")).await;
        assert_eq!(cost.json()["rows"].as_array().unwrap().len(), 2, "found by the stand-in: {}", cost.text());

        // The name is free for somebody new, who inherits nothing.
        let again = ada.post("/v1/developers", super::erase::hopper()).await;
        assert_eq!(again.status, 201, "{}", again.text());
        assert_ne!(again.json()["id"], hopper.id.as_str());
        let caller = writ.sign_in(LOGIN).await;
        assert_eq!(caller.get("/v1/sessions").await.json()["sessions"], json!([]));
    });
}

async fn proofs_hold(writ: &Writ, ada: &Caller) {
    let verified = ada.at(&writ.url).get("/v1/log/verify").await.json();
    assert_eq!(verified["verified"], true, "{verified}");
}

/// She cannot sign in, and neither her browser nor her agent does anything.
async fn dead(writ: &Writ, hopper: &Hopper) {
    let body = json!({"login": LOGIN, "password": PASSWORD});
    assert_eq!(writ.anonymous().post("/v1/sign-ins", body).await.status, 401);
    assert_eq!(hopper.caller.at(&writ.url).get("/v1/whoami").await.status, 401);
    let answer = hopper.session.caller.at(&writ.url).message("hello", false).await;
    assert_eq!(answer.status, 402, "{}", answer.text());
    let text = answer.text();
    assert!(text.contains("was revoked by ada (the developer was erased)"), "{text}");
}

#[test]
fn only_administrators_erase_and_never_the_last_one() {
    run(async {
        let writ = Writ::start().await;
        let people = writ.people().await;
        let refused = people.grace.post("/v1/developers/ada/erase", json!({})).await;
        insta::assert_snapshot!(refused.shown(), @"403 forbidden: you may not manage developers and teams: this needs the role `admin` → ask an administrator for the role `admin`");
        let refused = people.ada.post("/v1/developers/ada/erase", json!({})).await;
        insta::assert_snapshot!(refused.shown(), @"409 last_admin: this would leave no administrator");
        let refused = people.ada.post("/v1/developers/nobody/erase", json!({})).await;
        insta::assert_snapshot!(refused.shown(), @"404 not_found: no developer `nobody`");
        let reserved = json!({"login": "erased-abc", "password": PASSWORD});
        let refused = people.ada.post("/v1/developers", reserved).await;
        insta::assert_snapshot!(refused.shown(), @"400 invalid_request: names that start with `erased-` stand for people who were erased");
    });
}

#[test]
fn the_address_is_for_administrators_auditors_and_oneself() {
    run(async {
        let writ = Writ::start().await;
        let people = writ.people().await;
        let hopper = Hopper::at_work(&writ, &people).await;
        let email = "rear.admiral@navy.example";
        let listed = people.ada.get("/v1/developers").await.text();
        assert!(listed.contains(email), "{listed}");
        assert_eq!(hopper.caller.get("/v1/whoami").await.json()["developer"]["email"], email);
        let agent = hopper.session.caller.get("/v1/whoami").await;
        assert!(agent.status == 200 && !agent.text().contains(email), "{}", agent.text());
        let bad = json!({"login": "lin", "password": PASSWORD, "email": "nobody"});
        let refused = people.ada.post("/v1/developers", bad).await;
        insta::assert_snapshot!(refused.shown(), @"400 invalid_request: an e-mail address looks like `name@example.com` and has at most 254 bytes");
    });
}

#[test]
fn the_command_asks_and_says_what_stays() {
    run(async {
        let writ = Writ::start().await;
        let people = writ.people().await;
        let id = Hopper::register(&people).await;
        let erase = |more: &[&str]| {
            let mut command = writ.command(&people.ada, "ada");
            let output = command.args(["admin", "erase", LOGIN]).args(more).output().unwrap();
            (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
        };
        let (code, said) = erase(&[]);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("no terminal to ask on") && said.contains("--yes"), "{said}");
        assert_eq!(people.ada.get("/v1/developers").await.text().matches(LOGIN).count(), 1, "nothing was erased");
        let (code, said) = erase(&["--yes"]);
        assert_eq!(code, Some(0), "{said}");
        for part in ["is now erased-", "destroyed:", "stays:", &id, "keys_dir"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        let listed = writ.command(&people.ada, "ada").args(["developer", "list"]).output().unwrap();
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        assert!(listed.contains("erased on 20") && !listed.contains(LOGIN), "{listed}");
    });
}
