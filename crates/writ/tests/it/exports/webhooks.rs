//! Webhooks: signed, retried, given up on, tried again, and never lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::leaks::Folder;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{assert_complete, entries, export, passed_all, position, work};
use crate::support::receiver::{Post, Receiver, Reply};
use crate::support::{Writ, WritOptions, run, until};

const SECRET: &[u8] = b"a secret of thirty-two bytes ...";

/// A folder with the secret, and the table of an export that goes to an address.
pub(super) fn webhook(address: &str, more: &str) -> (Folder, String) {
    let folder = crate::support::leaks::folder();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, format!("whsec_{}\n", STANDARD.encode(SECRET))).unwrap();
    let table = format!(
        "[[exports]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"http://{address}/in\"\nsecret_file = \"{}\"\n{more}\n",
        secret.display()
    );
    (folder, table)
}

async fn start(table: &str) -> Writ {
    let more = "log_origin = \"writ.test/log\"".to_owned();
    Writ::start_with(WritOptions { tables: table.to_owned(), more, ..WritOptions::default() }).await
}

pub(super) fn bodies(posts: &[Post]) -> Vec<Value> {
    posts.iter().map(Post::json).collect()
}

fn assert_signed(post: &Post) {
    let signed = [post.header("webhook-id"), ".", post.header("webhook-timestamp"), "."].concat();
    let signed = [signed.as_bytes(), &post.body].concat();
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
    let signature = post.header("webhook-signature").strip_prefix("v1,").unwrap();
    hmac::verify(&key, &signed, &STANDARD.decode(signature).unwrap()).unwrap();
}

#[test]
fn every_entry_arrives_signed_in_order_although_the_receiver_stumbles() {
    run(async {
        let receiver = Receiver::start(|number, _| Reply::Status(if number < 2 { 500 } else { 200 })).await;
        let (_folder, table) = webhook(&receiver.address, "");
        let writ = start(&table).await;
        let people = writ.people().await;
        work(&people.grace).await;
        let state = passed_all(&people.ada, "hook").await;
        assert_eq!((&state["dead"], &state["last_error"]), (&json!(0), &Value::Null), "{state}");

        let posts = receiver.posts();
        posts.iter().for_each(assert_signed);
        let first: Vec<_> = posts[..3].iter().map(|post| (post.header("webhook-id"), post.answered)).collect();
        let id = "writ.test/log/0";
        assert_eq!(first, [(id, Some(500)), (id, Some(500)), (id, Some(200))], "the same delivery, again and again");
        let taken = bodies(&receiver.taken());
        assert_complete(&taken, entries(&writ, &people.ada).await);
        assert_eq!(taken.len() as u64, entries(&writ, &people.ada).await, "nothing came twice");
        for (post, event) in receiver.taken().iter().zip(&taken) {
            assert_eq!(post.header("content-type"), "application/cloudevents+json");
            assert_eq!(post.header("webhook-id"), event["id"]);
            assert_eq!((post.path.as_str(), &event["source"]), ("/in", &json!("//writ.test/log")));
        }
        let settled = taken.iter().find(|event| event["type"] == "dev.writ.call.settled.v1").unwrap();
        assert_eq!(settled["subject"], settled["data"]["body"]["session"]);
        let text: String = posts.iter().map(|post| String::from_utf8_lossy(&post.body).into_owned()).collect();
        for name in ["Lovelace", "Hopper", "\"ada\"", "\"grace\"", "correct horse"] {
            assert!(!text.contains(name), "{name} left the house");
        }
    });
}

#[test]
fn a_list_of_events_is_one_request_and_a_refused_one_of_them_is_given_up_alone() {
    run(async {
        let refuses = |post: &Post| post.body.windows(14).any(|part| part == b"session.opened");
        let receiver = Receiver::start(move |_, post| Reply::Status(if refuses(post) { 422 } else { 200 })).await;
        let (_folder, table) = webhook(&receiver.address, "batch = 50\ntypes = [\"session.\", \"call.\"]");
        let writ = start(&table).await;
        let people = writ.people().await;
        work(&people.grace).await;
        let state = passed_all(&people.ada, "hook").await;
        assert_eq!(state["dead"], 1, "{state}");
        let dead = people.ada.get("/v1/exports/hook/dead").await.json();
        assert_eq!(dead["dead"][0]["error"], "the receiver answered 422 Unprocessable Entity", "{dead}");
        let lists: Vec<_> = bodies(&receiver.taken());
        let kinds: Vec<_> =
            lists.iter().flat_map(|list| list.as_array().unwrap()).map(|event| &event["type"]).collect();
        assert!(kinds.iter().any(|kind| *kind == "dev.writ.session.over.v1"), "{kinds:?}");
        assert!(kinds.iter().all(|kind| !kind.as_str().unwrap().starts_with("dev.writ.node.")), "{kinds:?}");
        receiver.posts().iter().for_each(|post| {
            assert_signed(post);
            assert_eq!(post.header("content-type"), "application/cloudevents-batch+json");
        });
    });
}

#[test]
fn what_is_refused_is_listed_and_can_be_tried_again() {
    run(async {
        let refusing = Arc::new(AtomicBool::new(true));
        let refuses = Arc::clone(&refusing);
        let receiver = Receiver::start(move |_, post| {
            let is_bad = post.json()["type"] == "dev.writ.team.created.v1" && refuses.load(Ordering::Relaxed);
            Reply::Status(if is_bad { 400 } else { 200 })
        })
        .await;
        let (_folder, table) = webhook(&receiver.address, "");
        let writ = start(&table).await;
        let people = writ.people().await;
        assert_eq!(passed_all(&people.ada, "hook").await["dead"], 1);
        let dead = people.ada.get("/v1/exports/hook/dead").await.json()["dead"][0].clone();
        assert_eq!((&dead["attempts"], &dead["due"]), (&json!(1), &json!(false)), "{dead}");
        assert_eq!(dead["error"], "the receiver answered 400 Bad Request");
        let team = dead["position"].as_u64().unwrap();
        assert!(bodies(&receiver.taken()).iter().all(|event| position(event) != team), "the rest went on without it");

        // Still refused: it stays, with one more try.
        let asked = people.ada.post("/v1/exports/hook/retry", json!({"positions": [team]})).await;
        assert_eq!((asked.status.as_u16(), &asked.json()["due"]), (200, &json!(1)));
        until("the second try", || async {
            let dead = people.ada.get("/v1/exports/hook/dead").await.json()["dead"][0].clone();
            (dead["attempts"] == 2 && dead["due"] == false).then_some(())
        })
        .await;

        refusing.store(false, Ordering::Relaxed);
        let output = writ.command(&people.ada, "home").args(["export", "retry", "hook"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "1 entries will be tried again\n", "{output:?}");
        until("the dead entry to be delivered", || async {
            (export(&people.ada, "hook").await["dead"] == 0).then_some(())
        })
        .await;
        assert_eq!(receiver.taken().last().unwrap().json()["type"], "dev.writ.team.created.v1");
    });
}

#[test]
fn what_does_not_pass_in_time_is_given_up_and_the_rest_goes_on() {
    run(async {
        let receiver = Receiver::start(|_, post| {
            Reply::Status(if post.json()["type"] == "dev.writ.team.created.v1" { 503 } else { 200 })
        })
        .await;
        let (_folder, table) = webhook(&receiver.address, "retry_for = \"1s\"");
        let writ = start(&table).await;
        let people = writ.people().await;
        assert_eq!(passed_all(&people.ada, "hook").await["dead"], 1);
        let dead = people.ada.get("/v1/exports/hook/dead").await.json()["dead"][0].clone();
        assert!(dead["attempts"].as_u64().unwrap() > 1, "{dead}");
        assert_eq!(dead["error"], "the receiver answered 503 Service Unavailable");
    });
}

#[test]
fn a_receiver_that_is_not_there_loses_nothing() {
    run(async {
        let gone = Receiver::start(|_, _| Reply::Status(200)).await;
        let address = gone.address.clone();
        drop(gone);
        let (_folder, table) = webhook(&address, "retry_for = \"1s\"");
        let writ = start(&table).await;
        let people = writ.people().await;
        work(&people.grace).await;
        let state = until("the export to say what is in its way", || async {
            let state = export(&people.ada, "hook").await;
            (!state["last_error"].is_null()).then_some(state)
        })
        .await;
        assert!(state["last_error"].as_str().unwrap().starts_with("cannot connect"), "{state}");
        assert!(state["lag"].as_u64().unwrap() > 0);

        let receiver = Receiver::start_at(&address, |_, _| Reply::Status(200)).await;
        let state = passed_all(&people.ada, "hook").await;
        assert_eq!((&state["dead"], &state["last_error"]), (&json!(0), &Value::Null), "{state}");
        assert_complete(&bodies(&receiver.taken()), entries(&writ, &people.ada).await);
    });
}

#[test]
fn a_kill_in_the_middle_loses_nothing_and_repeats_only_what_is_the_same() {
    run(async {
        let holding = Arc::new(AtomicBool::new(true));
        let holds = Arc::clone(&holding);
        let receiver = Receiver::start(move |number, _| match number {
            5.. if holds.load(Ordering::Relaxed) => Reply::Hold,
            _ => Reply::Status(200),
        })
        .await;
        let (_folder, table) = webhook(&receiver.address, "");
        let mut writ = start(&table).await;
        let people = writ.people().await;
        until("a delivery that is not answered", || async {
            receiver.posts().iter().any(|post| post.answered.is_none()).then_some(())
        })
        .await;
        writ.kill();
        holding.store(false, Ordering::Relaxed);
        writ.restart().await;
        let ada = people.ada.at(&writ.url);
        work(&people.grace.at(&writ.url)).await;
        passed_all(&ada, "hook").await;
        let taken = receiver.taken();
        assert_complete(&bodies(&taken), entries(&writ, &ada).await);
        let all = bodies(&receiver.posts());
        assert!(all.len() > taken.len(), "the held one was sent again");
        for post in &taken {
            assert_signed(post);
            assert_eq!(post.header("webhook-id"), post.json()["id"]);
        }
    });
}

#[test]
fn a_stop_in_good_order_repeats_nothing() {
    run(async {
        let receiver = Receiver::start(|_, _| Reply::Status(200)).await;
        let (_folder, table) = webhook(&receiver.address, "");
        let mut writ = start(&table).await;
        let people = writ.people().await;
        passed_all(&people.ada, "hook").await;
        assert!(writ.terminate().success());
        writ.restart().await;
        let ada = people.ada.at(&writ.url);
        passed_all(&ada, "hook").await;
        let taken = bodies(&receiver.taken());
        assert_eq!(taken.len() as u64, entries(&writ, &ada).await);
        assert_complete(&taken, taken.len() as u64);
    });
}
