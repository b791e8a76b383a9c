//! Databases from before seals, and seal keys that are not the database's.

use std::path::Path;

use brokers::{SigningAlgorithm, SigningKey};
use serde_json::json;
use store::{DatabaseUrl, Options, Store};

use crate::support::{Writ, run};

async fn open(data: &Path) -> Store {
    let url: DatabaseUrl = format!("sqlite:{}", data.join("writ.db").display()).parse().unwrap();
    Store::open(&Options::new(url)).await.unwrap()
}

/// What an earlier version had in its database: the key that signs and the seed of the SSH authority, in the clear.
async fn make_old(writ: &Writ) -> SigningKey {
    let key = SigningKey::generate(SigningAlgorithm::Rs256).unwrap();
    let data = writ.path().join("data");
    let store = open(&data).await;
    for name in ["seal-mark", "signing-keys", "ssh-authority"] {
        store.forget_secret(name).await.unwrap();
    }
    store.put_secret_if_absent("signing-key", &key.to_pkcs8().unwrap()).await.unwrap();
    store.put_secret_if_absent("ssh-authority", &[7; 32]).await.unwrap();
    store.close().await;
    std::fs::remove_file(data.join("keys/seal.key")).unwrap();
    key
}

#[test]
fn an_earlier_version_s_keys_are_sealed_at_the_first_start_and_go_on_signing() {
    run(async {
        let mut writ = Writ::start().await;
        let people = writ.people().await;
        assert!(writ.terminate().success());
        let key = make_old(&writ).await;
        writ.restart().await;
        let ada = people.ada.at(&writ.url);
        let set = ada.get("/.well-known/jwks.json").await.json();
        assert_eq!(set["keys"][0]["kid"], key.kid());
        let signers = ada.get("/v1/git/allowed_signers").await.text();
        let session = ada.open(json!({})).await;
        let keys = super::published(&ada).await;
        assert!(super::verified(&keys, &session.writ, "writ").is_some());
        // Killed, not stopped: nothing is folded or closed that was not before.
        writ.kill();
        let secrets = [key.to_pkcs8().unwrap().to_vec(), vec![7; 32]];
        for file in ["writ.db", "writ.db-wal"] {
            let bytes = std::fs::read(writ.path().join("data").join(file)).unwrap_or_default();
            for secret in &secrets {
                assert!(
                    !bytes.windows(32).any(|window| window == &secret[secret.len() - 32..]),
                    "{file} has a key in the clear"
                );
            }
        }
        writ.restart().await;
        let again = people.ada.at(&writ.url);
        assert_eq!(again.get("/.well-known/jwks.json").await.json(), set);
        assert_eq!(again.get("/v1/git/allowed_signers").await.text(), signers);
    });
}

#[test]
fn killed_at_any_moment_of_that_start_the_next_one_goes_on() {
    run(async {
        let mut writ = Writ::start().await;
        let people = writ.people().await;
        assert!(writ.terminate().success());
        let key = make_old(&writ).await;
        for millis in [5, 20, 40, 60, 80, 100, 130, 160, 200] {
            writ.start_and_kill(std::time::Duration::from_millis(millis));
        }
        writ.restart().await;
        let set = people.ada.at(&writ.url).get("/.well-known/jwks.json").await.json();
        assert_eq!(set["keys"][0]["kid"], key.kid());
        let signers = people.ada.at(&writ.url).get("/v1/git/allowed_signers").await.text();
        let authority = brokers::ssh::SshAuthority::from_seed(&[7; 32]).unwrap();
        assert_eq!(signers, authority.allowed_signers());
    });
}

#[test]
fn another_seal_key_is_refused_with_its_place() {
    run(async {
        let mut writ = Writ::start().await;
        assert!(writ.terminate().success());
        let file = writ.path().join("data/keys/seal.key");
        let right = std::fs::read(&file).unwrap();
        std::fs::write(&file, [9; 32]).unwrap();
        let output = writ.serve().output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success());
        assert!(said.contains("`keys_dir`") && said.contains("was sealed with another key ("), "{said}");
        assert!(said.contains("data/keys/seal.key` has"), "{said}");
        std::fs::remove_file(&file).unwrap();
        let output = writ.serve().output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("is not the folder of keys that this database was made with"), "{said}");
        assert!(!file.exists(), "none was made in its place");
        std::fs::write(&file, right).unwrap();
        writ.restart().await;
    });
}

#[test]
fn a_command_prints_the_key_and_what_it_prints_is_never_told() {
    run(async {
        let secret = "a".repeat(64);
        let script = r#"seal_key_command = ["sh", "-c", "cat key; cat error >&2; test ! -e error"]"#;
        let options = crate::support::WritOptions {
            more: script.to_owned(),
            within: ["sh", "-c", &format!("echo {secret} > key; exec \"$@\""), "sh"].map(str::to_owned).to_vec(),
            ..Default::default()
        };
        let writ = Writ::start_with(options).await;
        assert!(!writ.path().join("data/keys/seal.key").exists(), "the key is in no file of ours");
        assert!(writ.terminate().success());
        std::fs::write(writ.path().join("error"), "hunter2").unwrap();
        let output = writ.serve().output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("`seal_key_command`"), "{said}");
        for hidden in [secret.as_str(), "hunter2"] {
            assert!(!said.contains(hidden), "{said}");
        }
    });
}
