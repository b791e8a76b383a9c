//! `/.well-known/openid-configuration`, `/.well-known/jwks.json`, `/v1/issuer`, `/v1/keys`.

use http::Method;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{published, verified};
use crate::routes::tested;
use crate::support::{Writ, WritOptions, run, send};

const TABLES: &str = r#"
[issuer]
url = "https://id.example.com"
algorithm = "ES256"
x5c = true

[[issuer.audiences]]
name = "sts.amazonaws.com"

[[issuer.audiences]]
name = "cluster"
kind = "kubernetes"
subject = "session:{session.id}"
"#;

async fn configured() -> Writ {
    Writ::start_with(WritOptions { tables: TABLES.to_owned(), ..WritOptions::default() }).await
}

#[test]
fn discovery_names_the_issuer_and_where_its_keys_are() {
    tested(async |writ, people| {
        let answer = writ.anonymous().get("/.well-known/openid-configuration").await;
        assert_eq!((answer.status, answer.header("content-type")), (200.try_into().unwrap(), "application/json"));
        let document = answer.json();
        assert_eq!(document["issuer"], json!(writ.url));
        assert_eq!(document["jwks_uri"], json!(format!("{}/.well-known/jwks.json", writ.url)));
        assert_eq!(document["id_token_signing_alg_values_supported"], json!(["RS256"]));
        let session = people.grace.open(json!({})).await;
        let claims = verified(&published(&people.grace).await, &session.writ, "writ").unwrap();
        assert_eq!(claims["iss"], document["issuer"]);
        for claim in claims.as_object().unwrap().keys() {
            let told = document["claims_supported"].as_array().unwrap();
            assert!(told.contains(&json!(claim)), "{claim} is not told of");
        }
    });
}

#[test]
fn who_has_the_documents_learns_cheaply_that_they_are_the_same() {
    tested(async |writ, people| {
        for path in ["/.well-known/jwks.json", "/.well-known/openid-configuration"] {
            let url = format!("{}{path}", writ.url);
            let ask = async |tag: &str| send(Method::GET, &url, &[("if-none-match", tag)], "").await;
            let answer = writ.anonymous().get(path).await;
            assert_eq!(answer.header("cache-control"), "public, max-age=300");
            let tag = answer.header("etag").to_owned();
            for known in [tag.as_str(), &format!("W/{tag}"), &format!("\"other\", {tag}"), "*"] {
                let same = ask(known).await;
                assert_eq!((same.status.as_u16(), same.body.len()), (304, 0), "{known}");
                assert_eq!(same.header("etag"), tag);
            }
            assert_eq!(ask("\"other\"").await.body, answer.body);
        }
        let tag = async || writ.anonymous().get("/.well-known/jwks.json").await.header("etag").to_owned();
        let before = tag().await;
        people.ada.post("/v1/keys/rotate", json!({})).await;
        assert_ne!(tag().await, before, "there is another key");
    });
}

#[test]
fn the_configuration_names_address_algorithm_and_audiences() {
    run(async {
        let writ = configured().await;
        let people = writ.people().await;
        let document = writ.anonymous().get("/.well-known/openid-configuration").await.json();
        assert_eq!(document["issuer"], "https://id.example.com");
        assert_eq!(document["id_token_signing_alg_values_supported"], json!(["ES256"]));
        let session = people.grace.open(json!({})).await;
        let keys = published(&people.grace).await;
        let claims = verified(&keys, &session.writ, "writ").unwrap();
        assert_eq!(claims["iss"], "https://id.example.com");
        assert_eq!(keys.keys[0].common.x509_chain.as_ref().unwrap().len(), 1);
        let mut shown = people.grace.get("/v1/issuer").await.json();
        for (member, length) in [("kid", 43), ("thumbprint", 40)] {
            assert_eq!(shown["keys"][0][member].as_str().unwrap().len(), length);
            shown["keys"][0][member] = json!("…");
        }
        for time in ["made_at", "signs_from"] {
            shown["keys"][0][time] = json!("TIME");
        }
        assert_snapshot!(format!("{shown:#}"), @r#"
        {
          "audiences": [
            {
              "audience": "sts.amazonaws.com",
              "kind": "aws",
              "subject": "project:{project.id}:profile:{profile}",
              "warnings": []
            },
            {
              "audience": "cluster",
              "kind": "kubernetes",
              "subject": "session:{session.id}",
              "warnings": [
                "it names the session: Entra takes 20 subjects per application, and Ceph keeps a user for every subject for ever"
              ]
            }
          ],
          "issuer": "https://id.example.com",
          "keys": [
            {
              "algorithm": "ES256",
              "kid": "…",
              "made_at": "TIME",
              "published_until": null,
              "signs_from": "TIME",
              "signs_until": null,
              "standing": "active",
              "thumbprint": "…"
            }
          ],
          "warnings": [],
          "x5c": true
        }
        "#);
    });
}

#[test]
fn a_session_in_a_subject_is_warned_of_at_start() {
    run(async {
        let writ = configured().await;
        let said = writ.log();
        assert!(said.contains("the subject for `cluster`: it names the session: Entra takes 20 subjects"), "{said}");
    });
}

#[test]
fn keys_are_seen_by_auditors_and_replaced_by_administrators() {
    tested(async |_writ, people| {
        let ask = async |path: &str, body| people.grace.post(path, body).await.shown();
        assert_snapshot!(people.grace.get("/v1/keys").await.shown(), @"403 forbidden: you may not see keys: this needs the role `auditor` → ask an administrator for the role `auditor`");
        assert_snapshot!(ask("/v1/keys/rotate", json!({})).await, @"403 forbidden: you may not replace keys: this needs the role `admin` → ask an administrator for the role `admin`");
        assert_snapshot!(ask("/v1/keys/seal/rotate", json!({})).await, @"403 forbidden: you may not replace keys: this needs the role `admin` → ask an administrator for the role `admin`");
        let rotated = people.ada.post("/v1/keys/rotate", json!({})).await.json();
        let standings: Vec<_> = rotated["keys"].as_array().unwrap().iter().map(|key| &key["standing"]).collect();
        assert_eq!(standings, ["active", "next"]);
        assert_eq!(rotated, people.ada.get("/v1/keys").await.json());
        let again = people.ada.post("/v1/keys/rotate", json!({"when": "planned"})).await;
        let kid = rotated["keys"][1]["kid"].as_str().unwrap();
        let said = again.shown().replace(kid, "KID");
        let (said, _) = said.split_once(" → it signs from 20").unwrap();
        assert_snapshot!(said, @"409 rotation_under_way: the next key, KID, is published already and has not begun to sign");
        let unknown = people.ada.post("/v1/keys/rotate", json!({"when": "soon"})).await;
        assert_eq!(unknown.status, 400);
        assert!(unknown.text().contains("expected one of `planned`, `now`, `leaked`"), "{}", unknown.text());
        assert_eq!(people.ada.post("/v1/keys/seal/rotate", json!({})).await.status, 200);
        let seal = people.ada.get("/v1/keys").await.json()["seal"]["sealing"].clone();
        let found = people.ada.get("/v1/audit/search?kind=key.").await.json();
        let entries = found["entries"].as_array().unwrap();
        let told: Vec<_> =
            entries.iter().map(|one| (&one["type"], &one["body"]["key"], &one["body"]["name"])).collect();
        let (asked, rotated) = (&json!("key.rotation_asked"), &json!("key.rotated"));
        let (signing, sealing) = (&json!("signing"), &json!("seal"));
        let wanted = [
            (asked, signing, &Value::Null),
            (rotated, signing, &json!(kid)),
            // The one that was refused, since one was under way.
            (asked, signing, &Value::Null),
            (asked, sealing, &Value::Null),
            (rotated, sealing, &seal),
        ];
        assert_eq!(told, wanted);
        assert!(entries.iter().all(|one| one["actor"]["developer"].is_string()), "{found}");
    });
}

#[test]
fn a_new_seal_key_is_taken_up_and_survives_a_restart() {
    run(async {
        let mut writ = Writ::start().await;
        let people = writ.people().await;
        let before = people.ada.get("/v1/keys").await.json();
        let after = people.ada.post("/v1/keys/seal/rotate", json!({})).await.json();
        assert_eq!(after["seal"]["opening"], json!([before["seal"]["sealing"]]));
        assert_ne!(after["seal"]["sealing"], before["seal"]["sealing"]);
        assert!(writ.path().join("data/keys/seal.key.1").exists());
        writ.kill();
        // Everything in the database is sealed with the new one.
        std::fs::remove_file(writ.path().join("data/keys/seal.key")).unwrap();
        writ.restart().await;
        let ada = people.ada.at(&writ.url);
        let restarted = ada.get("/v1/keys").await.json();
        assert_eq!((&restarted["keys"], &restarted["seal"]["opening"]), (&before["keys"], &json!([])));
    });
}
