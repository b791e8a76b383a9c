//! Expiry, under a clock that the test sets: the shortest life of a session is a minute.

use std::process::{Child, Stdio};

use domain::Span;
use domain::limits::{BEAT_EXPIRE_AFTER, BEAT_SUSPECT_AFTER};
use serde_json::json;

use super::{assert_settled_as_revoked, refusal, stream_of};
use crate::support::process::signed_in;
use crate::support::timed::Timed;
use crate::support::{run, until, within};

#[test]
fn a_session_whose_time_is_over_is_cut_like_a_revoked_one() {
    run(async {
        let timed = Timed::start().await;
        let short = timed.ada.open(json!({"ttl_seconds": 60})).await;
        let long = timed.ada.open(json!({"ttl_seconds": 600})).await;
        let (mut cut, mut kept) = (stream_of(&short, "gate").await, stream_of(&long, "gate").await);
        timed.pass(Span::from_secs(60));
        let words = refusal(&short).await;
        assert!(words.contains("expired: its time to live ran out"), "{words}");
        // Noticed by the watch, which looks once a second.
        assert!(!within("the expired session's stream to be cut", cut.rest()).await.1);
        assert_settled_as_revoked(&timed.ada.settled(&short.id, 1).await[0]);
        assert_eq!(timed.ada.session(&short.id).await["status"], "expired");
        timed.simulator.open_gate();
        assert!(within("the other stream's end", kept.rest()).await.1);
        timed.ada.settled(&long.id, 1).await;
        timed.ada.assert_sums_agree().await;
        timed.end().await;
    });
}

#[test]
fn a_launcher_that_is_killed_leaves_a_session_that_lapses() {
    run(async {
        let timed = Timed::start().await;
        let mut launcher = launcher(&timed);
        let session = until("the session", || async {
            let sessions = timed.ada.get("/v1/sessions").await.json();
            sessions["sessions"][0]["id"].as_str().map(str::to_owned)
        })
        .await;
        launcher.kill().unwrap();
        launcher.wait().unwrap();
        timed.pass(BEAT_SUSPECT_AFTER);
        timed.until_status(&session, "suspect").await;
        timed.pass(BEAT_EXPIRE_AFTER);
        let shown = timed.until_status(&session, "expired").await;
        assert_eq!(shown["over"]["how"], "missed_beats", "{shown:#}");
        let text = shown["over"]["text"].as_str().unwrap();
        assert!(text.contains("expired: its launcher fell silent"), "{text}");
        timed.end().await;
    });
}

/// `writ run` of a command that ends with its standard input, which dies with the launcher's: nothing is left behind.
fn launcher(timed: &Timed) -> Child {
    let mut command = signed_in(&timed.ada, timed.folder.path());
    command.args(["run", "--", "cat"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}
