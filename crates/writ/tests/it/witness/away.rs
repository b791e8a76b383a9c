//! Witnesses that are down, slow or lying.

use nix::sys::signal::Signal;

use super::{size, until_cosigned, until_shown, work};
use crate::support::canned::Canned;
use crate::support::run;
use crate::support::witness::Watched;

fn cosigner(name: &str) -> ledger::Cosigner {
    ledger::Cosigner::from_seed(name, domain::Digest::of(name.as_bytes()).as_bytes()).unwrap()
}

fn is_missed(shown: &serde_json::Value) -> bool {
    shown["witnesses"]["quorum_met"] == false
}

#[test]
fn without_its_witness_a_log_is_published_with_the_state_said() {
    run(async {
        let watched = Watched::new("", "w1").await;
        let writ = watched.serve("").await;
        let people = writ.people().await;
        let before = size(&until_cosigned(&people.ada).await);
        watched.witness.kill();
        work(&people.grace).await;
        let shown =
            until_shown(&people.ada, "the quorum to be missed", |shown| is_missed(shown) && size(shown) > before).await;
        assert_eq!(shown["witnesses"]["missing"][0]["witness"], "w1", "{shown}");
        assert!(shown["checkpoint"].as_str().unwrap().matches("— ").count() == 1, "published with the log's word only");
        assert_eq!(people.ada.get("/readyz").await.status, 200, "the log goes on");
        assert!(people.ada.get("/metrics").await.text().contains("\nwrit_log_quorum_met 0\n"));
        let verified = writ.command(&people.ada, "ada").args(["log", "verify"]).output().unwrap();
        let said = super::text(&verified);
        assert!(verified.status.success() && said.contains("witness w1 did not cosign: cannot connect"), "{said}");

        watched.witness.restart();
        until_cosigned(&people.ada).await;
    });
}

#[test]
fn without_its_witness_a_log_is_not_published_when_its_owner_chose_so() {
    run(async {
        let watched = Watched::new("", "w1").await;
        let mut writ = watched.serve("publish_without_quorum = false").await;
        let people = writ.people().await;
        let before = size(&until_cosigned(&people.ada).await);
        // It does not even go away: it only does not answer.
        watched.witness.signal(Signal::SIGSTOP);
        work(&people.grace).await;
        let shown = until_shown(&people.ada, "the quorum to be missed", is_missed).await;
        assert_eq!(size(&shown), before, "nothing new is published");
        assert!(shown["witnesses"]["signed_size"].as_u64().unwrap() > before, "{shown}");
        let reason = shown["witnesses"]["missing"][0]["reason"].as_str().unwrap();
        assert!(reason.contains("no whole answer") || reason.contains("no answer in time"), "{reason}");
        // A restart publishes nothing either, and still shows what was cosigned.
        assert!(writ.terminate().success());
        writ.restart().await;
        let ada = people.ada.at(&writ.url);
        let shown = until_shown(&ada, "the quorum to be missed", is_missed).await;
        assert_eq!(size(&shown), before);
        watched.witness.signal(Signal::SIGCONT);
        until_cosigned(&ada).await;
    });
}

#[test]
fn slow_and_lying_witnesses_are_named_beside_an_honest_one() {
    run(async {
        let answer = |body: &str| {
            let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            format!("{head}{body}").into_bytes()
        };
        let line = |name: &str, url: &str| format!("witness {name} {} {url}", cosigner(name).verifier_key());
        let lie = cosigner("liar").cosign("something else\n", 1).unwrap();
        let liar = Canned::to_any_request(answer(&format!("{lie}\n"))).await;
        // It accepts connections, and nobody ever takes them up.
        let slow = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let slow_url = format!("http://{}", slow.local_addr().unwrap());
        let more = [line("liar", &liar.url), line("slow", &slow_url)].join("\n");
        let watched = Watched::new(&format!("{more}\ngroup some 1 w1 liar slow"), "some").await;
        let writ = watched.serve("publish_without_quorum = false").await;
        let people = writ.people().await;
        let shown = until_cosigned(&people.ada).await;
        let missing = shown["witnesses"]["missing"].as_array().unwrap();
        let reason = |name: &str| {
            let one = missing.iter().find(|one| one["witness"] == name);
            one.unwrap_or_else(|| panic!("{shown}"))["reason"].as_str().unwrap().to_owned()
        };
        assert!(reason("liar").contains("is false"), "{shown}");
        assert!(reason("slow").contains("answer"), "{shown}");
        assert_eq!(missing.len(), 2, "{shown}");
        assert!(shown["witnesses"]["alarm"].is_null());
    });
}
