//! A server whose clock goes back an hour. The log's time does not; the witness's clock, which nobody here can set, says
//! when a checkpoint was there at the latest.

use std::sync::atomic::{AtomicI64, Ordering};

use control::seam::Clock;
use control::{Server, Settings};
use serde_json::json;
use tokio::sync::oneshot;

use super::{until_shown, work};
use crate::support::witness::Watched;
use crate::support::{in_process, run, within};

const HOUR_MS: i64 = 3_600_000;

fn settings(watched: &Watched) -> Settings {
    let folder = watched.folder.path();
    Settings {
        keys_dir: Some(folder.join("keys")),
        trust_policy: Some(watched.policy_path()),
        publish_without_quorum: false,
        ..in_process::settings(folder)
    }
}

#[test]
fn a_clock_that_goes_back_an_hour_moves_no_entry_and_is_told_by_the_witness() {
    run(async {
        let watched = Watched::new("", "w1").await;
        let now = Clock::System.now().unix_millis();
        let clock = Clock::Manual(AtomicI64::new(now));
        let server = Server::start_with_clock(settings(&watched), clock).await.unwrap();
        let plane = std::sync::Arc::clone(server.plane());
        let (url, token) = (server.public_url().to_owned(), server.bootstrap_token().unwrap().expose().to_owned());
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(server.run_until(async { drop(stopped.await) }));
        let ada = in_process::administrator(&url, &token).await;
        let first = ada.open(json!({})).await;
        let is_met = |shown: &serde_json::Value| shown["witnesses"]["quorum_met"] == true;
        let shown = until_shown(&ada, "a cosigned checkpoint", is_met).await;
        assert_eq!(shown["witnesses"]["skewed"], json!([]), "the clocks agree");

        let Clock::Manual(millis) = &*plane.clock else { unreachable!() };
        millis.store(now - HOUR_MS, Ordering::Relaxed);
        let second = ada.open(json!({})).await;
        work(&ada).await;
        let opened = async |id: &str| ada.session(id).await["opened_at"].as_str().unwrap().to_owned();
        assert!(opened(&second.id).await >= opened(&first.id).await, "the log's time never runs backwards");
        assert_eq!(ada.get("/v1/log/verify").await.json()["verified"], true);
        let is_told = |shown: &serde_json::Value| shown["witnesses"]["skewed"] != json!([]) && is_met(shown);
        let shown = until_shown(&ada, "the disagreement to be told", is_told).await;
        let ahead = shown["witnesses"]["skewed"][0]["ahead_seconds"].as_i64().unwrap();
        assert!((3600 - 60..=3600 + 600).contains(&ahead), "{shown}");
        // The time that counts for outsiders is the witness's.
        let checkpoint = ledger::SignedCheckpoint::parse(shown["checkpoint"].as_str().unwrap().as_bytes()).unwrap();
        let cosigned = watched.policy().check(&checkpoint).unwrap();
        assert!(i64::try_from(cosigned[0].time_s).unwrap() >= now / 1000, "{cosigned:?}");
        drop(stop);
        within("the server to stop", serving).await.unwrap();
    });
}
