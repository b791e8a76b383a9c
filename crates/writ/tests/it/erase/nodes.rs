//! Two processes on one PostgreSQL: one name has one holder, and who is erased at one is erased at both.

use serde_json::json;

use super::copies::copy_folder;
use super::{Hopper, LOGIN, erase, hopper, key_file};
use crate::support::postgres::{self, Database};
use crate::support::{Caller, People, Writ, WritOptions, run, until};

struct Pair {
    a: Writ,
    b: Writ,
    people: People,
    database: Database,
    keys: tempfile::TempDir,
}

impl Pair {
    async fn start(label: &str) -> Option<Self> {
        let database = Database::create(&postgres::server()?, label);
        let keys = tempfile::tempdir().unwrap();
        let options = || options(&database, keys.path());
        let a = Writ::start_with(options()).await;
        let people = a.people().await;
        let b = Writ::start_with(options()).await;
        Some(Self { a, b, people, database, keys })
    }
}

fn options(database: &Database, keys: &std::path::Path) -> WritOptions {
    let more = format!("keys_dir = \"{}\"", keys.display());
    WritOptions { database: Some(database.url()), more, ..WritOptions::default() }
}

async fn shown(ada: &Caller, id: &str) -> (String, bool) {
    let listed = ada.get("/v1/developers").await.json();
    let found = listed["developers"].as_array().unwrap().iter().find(|one| one["id"] == id).cloned();
    let found = found.unwrap_or_default();
    (found["login"].as_str().unwrap_or_default().to_owned(), found["erased_at"].is_string())
}

#[test]
fn two_nodes_give_one_name_to_one_person() {
    run(async {
        let Some(pair) = Pair::start("one_name").await else { return };
        for round in 0..8 {
            let body = json!({"login": format!("lin-{round}"), "password": crate::support::process::PASSWORD});
            let at_b = pair.people.ada.at(&pair.b.url);
            let (a, b) =
                tokio::join!(pair.people.ada.post("/v1/developers", body.clone()), at_b.post("/v1/developers", body));
            let mut statuses = [a.status.as_u16(), b.status.as_u16()];
            statuses.sort_unstable();
            assert_eq!(statuses, [201, 409], "{} {}", a.text(), b.text());
        }
    });
}

#[test]
fn who_is_erased_at_one_is_erased_at_both() {
    run(async {
        let Some(pair) = Pair::start("erased").await else { return };
        // A third process with a copy of the keys of its own, as when the folder is replicated and not shared.
        let id = Hopper::register(&pair.people).await;
        let copies = tempfile::tempdir().unwrap();
        copy_folder(pair.keys.path(), copies.path());
        let c = Writ::start_with(options(&pair.database, copies.path())).await;
        for node in [&pair.b, &c] {
            let ada = pair.people.ada.at(&node.url);
            until("the name on another node", || async { (shown(&ada, &id).await.0 == LOGIN).then_some(()) }).await;
        }
        erase(&pair.people.ada, LOGIN).await;
        assert!(!key_file(pair.keys.path(), &id).exists());
        for node in [&pair.b, &c] {
            let ada = pair.people.ada.at(&node.url);
            until("the stand-in on another node", || async {
                let (login, erased) = shown(&ada, &id).await;
                (login.starts_with("erased-") && erased).then_some(())
            })
            .await;
            let body = json!({"login": LOGIN, "password": crate::support::process::PASSWORD});
            assert_eq!(node.anonymous().post("/v1/sign-ins", body).await.status, 401);
        }
        until("the copy of the key to be destroyed", || async {
            (!key_file(copies.path(), &id).exists()).then_some(())
        })
        .await;
        let at_b = pair.people.ada.at(&pair.b.url);
        let again = at_b.post("/v1/developers", hopper()).await;
        assert_eq!(again.status, 201, "{}", again.text());
        assert_eq!(pair.people.ada.get("/v1/log/verify").await.json()["verified"], true);
        drop(pair.a);
    });
}
