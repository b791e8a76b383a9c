//! Two processes on one PostgreSQL have one ring of keys.

use serde_json::{Value, json};

use super::{published, verified};
use crate::support::postgres::{self, Database};
use crate::support::{Caller, Writ, WritOptions, run, until};

fn kids(keys: &Value) -> Vec<String> {
    keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// The served keys, in the order of a list: the set begins with the one that signs.
async fn served(caller: &Caller) -> Vec<String> {
    sorted(kids(&caller.get("/.well-known/jwks.json").await.json()))
}

fn sorted(mut kids: Vec<String>) -> Vec<String> {
    kids.sort_unstable();
    kids
}

#[test]
fn a_key_made_at_one_is_published_and_signs_at_the_other() {
    run(async {
        let Some(server) = postgres::server() else { return };
        let database = Database::create(&server, "issuer_nodes");
        let keys = tempfile::tempdir().unwrap();
        let options = || WritOptions {
            database: Some(database.url()),
            more: format!("keys_dir = {:?}\n", keys.path()),
            ..WritOptions::default()
        };
        let (a, b) = tokio::join!(Writ::start_with(options()), Writ::start_with(options()));
        let ada = a.people().await.ada;
        let at_b = ada.at(&b.url);
        assert_eq!(served(&ada).await, served(&at_b).await);

        let rotated = ada.post("/v1/keys/rotate", json!({"when": "now"})).await;
        assert_eq!(rotated.status, 200, "{}", rotated.text());
        let made = kids(&rotated.json());
        assert_eq!(made.len(), 2);
        until("B to publish what A made", async || (served(&at_b).await == sorted(made.clone())).then_some(())).await;
        until("B to sign with it", async || {
            let session = at_b.open(json!({})).await;
            let head = jsonwebtoken::decode_header(&session.writ).unwrap();
            // Whoever signs, with whichever key: both publish it.
            for caller in [&ada, &at_b] {
                assert!(verified(&published(caller).await, &session.writ, "writ").is_some());
            }
            (head.kid.as_deref() == Some(made[1].as_str())).then_some(())
        })
        .await;

        // A new seal key at B, and A still reads and changes the ring.
        let sealed = at_b.post("/v1/keys/seal/rotate", json!({})).await;
        assert_eq!(sealed.status, 200, "{}", sealed.text());
        let rotated = ada.post("/v1/keys/rotate", json!({"when": "leaked"})).await;
        assert_eq!(rotated.status, 200, "{}", rotated.text());
        let made = kids(&rotated.json());
        assert_eq!(made.len(), 1);
        until("B to forget what leaked", async || (served(&at_b).await == made).then_some(())).await;
    });
}
