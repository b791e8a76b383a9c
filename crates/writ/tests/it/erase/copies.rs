//! Copies and crashes: an old copy of the database with the live keys, keys that are not there, a kill in between.

use std::path::Path;

use serde_json::Value;

use super::{Hopper, TRACES, erase, everything_told, key_file};
use crate::support::{Caller, Writ, WritOptions, files, run};

/// A server on a copy of another one's database, with keys of its choice.
async fn on_copy(database: &Path, keys: &Path) -> Writ {
    let options = WritOptions {
        database: Some(format!("sqlite:{}", database.display())),
        more: format!("keys_dir = \"{}\"", keys.display()),
        ..WritOptions::default()
    };
    Writ::start_with(options).await
}

async fn developer(writ: &Writ, ada: &Caller, id: &str) -> Value {
    let listed = ada.at(&writ.url).get("/v1/developers").await.json();
    let all = listed["developers"].as_array().unwrap();
    all.iter().find(|one| one["id"] == id).unwrap().clone()
}

#[test]
fn a_copy_of_the_database_from_before_is_not_opened_by_the_live_keys() {
    run(async {
        let mut writ = Writ::start().await;
        let people = writ.people().await;
        let hopper = Hopper::at_work(&writ, &people).await;
        let (data, copies) = (writ.path().join("data"), crate::support::leaks::folder());
        let copy = |name: &str| {
            let to = copies.path().join(name);
            std::fs::copy(data.join("writ.db"), &to).unwrap();
            to
        };
        assert!(writ.terminate().success());
        let (before, with_old_keys) = (copy("before.db"), copy("with_old_keys.db"));
        let old_keys = crate::support::leaks::folder();
        copy_folder(&data.join("keys"), old_keys.path());
        writ.restart().await;
        let ada = people.ada.at(&writ.url);
        erase(&ada, &hopper.id).await;
        assert!(writ.terminate().success());

        // With the keys of that time it would: the test can fail, and backups of keys must expire.
        let then = on_copy(&with_old_keys, old_keys.path()).await;
        assert_eq!(developer(&then, &ada, &hopper.id).await["login"], super::LOGIN);
        drop(then);

        // The notary would refuse a log that ends before what it signed: whoever looks removes that.
        std::fs::remove_file(data.join("keys/log.head")).unwrap();
        let now = on_copy(&before, &data.join("keys")).await;
        let shown = developer(&now, &ada, &hopper.id).await;
        assert_eq!((&shown["login"], &shown["display_name"]), (&shown["id"], &shown["id"]), "{shown}");
        let told = everything_told(&now.url, &ada.at(&now.url)).await;
        assert_eq!(files::held(told.as_bytes(), &TRACES), [""; 0], "{told}");
        let warned = now.log().matches("no key here opens this developer's names").count();
        assert_eq!(warned, 1, "{}", now.log());
        assert_eq!(files::holding(copies.path(), &TRACES), [""; 0]);
        drop(now);
    });
}

pub(super) fn copy_folder(from: &Path, to: &Path) {
    for file in files::below(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(file, target).unwrap();
    }
}

/// `kill -9` after the entry is durable and before the key is destroyed: as if the key were still there.
#[test]
fn a_key_that_outlived_its_entry_is_destroyed_at_the_next_start() {
    run(async {
        let mut writ = Writ::start().await;
        let people = writ.people().await;
        let id = Hopper::register(&people).await;
        let path = key_file(&writ.path().join("data/keys"), &id);
        let key = std::fs::read(&path).unwrap();
        erase(&people.ada, &id).await;
        writ.kill();
        std::fs::write(&path, &key).unwrap();
        writ.restart().await;
        assert!(!path.exists());
        super::assert_nowhere(&writ, &people.ada.at(&writ.url)).await;
        let again = people.ada.at(&writ.url);
        erase(&again, &id).await;
    });
}

#[test]
fn a_folder_of_other_keys_is_refused_with_its_name() {
    run(async {
        let writ = Writ::start().await;
        writ.people().await;
        assert!(writ.terminate().success());
        std::fs::rename(writ.path().join("data/keys/login.key"), writ.path().join("elsewhere")).unwrap();
        let output = writ.serve().output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success());
        assert!(said.contains("`keys_dir`") && said.contains("is not the folder of keys"), "{said}");
        assert!(!writ.path().join("data/keys/login.key").exists(), "none was made in its place");
    });
}
