//! Stopping in order: answers under way finish within the grace, the rest is cut, and every settlement is durable.

use serde_json::json;

use crate::support::caller::request;
use crate::support::http::Streaming;
use crate::support::{Opened, People, Writ, run, within};

/// A stream under way, with bytes that have reached the client.
async fn stream(session: &Opened, scenario: &str) -> Streaming {
    let mut stream = within("the head", session.caller.call(request(scenario, true))).await.unwrap();
    assert_eq!(stream.status, 200);
    within("the first bytes", stream.next()).await.unwrap().unwrap();
    stream
}

async fn start() -> (Writ, People, Opened) {
    let writ = Writ::start().await;
    let people = writ.people().await;
    let session = people.grace.open(json!({"project": "checkout"})).await;
    (writ, people, session)
}

#[test]
fn a_stop_lets_streams_finish_and_their_settlements_are_durable() {
    run(async {
        let (mut writ, people, session) = start().await;
        let mut streams = Vec::new();
        for _ in 0..4 {
            streams.push(stream(&session, "long(events=100,delay_ms=10)").await);
        }
        let finishing = tokio::spawn(async move {
            let mut whole = 0;
            for mut stream in streams {
                let (bytes, is_whole) = within("a stream to finish", stream.rest()).await;
                whole += usize::from(is_whole && String::from_utf8_lossy(&bytes).contains("message_stop"));
            }
            whole
        });
        let stopped = tokio::task::block_in_place(|| writ.terminate());
        assert!(stopped.success(), "{stopped}\n{}", writ.log());
        assert_eq!(finishing.await.unwrap(), 4, "every stream finished");
        let refused = session.caller.call(request("hello", true)).await;
        assert!(refused.is_err(), "nobody listens any more");

        writ.restart().await;
        let grace = people.grace.at(&writ.url);
        for call in grace.calls(&session.id).await {
            assert_eq!((&call["outcome"], &call["quality"]), (&json!("completed"), &json!("exact")), "{call:#}");
        }
        assert_eq!(grace.calls(&session.id).await.len(), 4);
        people.ada.at(&writ.url).assert_sums_agree().await;
    });
}

#[test]
fn a_stop_cuts_what_outlasts_the_grace_and_accounts_for_it() {
    run(async {
        let (mut writ, people, session) = start().await;
        // A shorter grace, for a shorter test.
        let file = writ.path().join("writ.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains("shutdown_grace = \"5s\""), "{text}");
        std::fs::write(&file, text.replace("shutdown_grace = \"5s\"", "shutdown_grace = \"1s\"")).unwrap();
        writ.kill();
        writ.restart().await;
        let session = Opened { caller: session.caller.at(&writ.url), ..session };
        let mut stream = stream(&session, "gate(events=4)").await;
        let cut = tokio::spawn(async move { within("the stream to be cut", stream.rest()).await.1 });
        let stopped = tokio::task::block_in_place(|| writ.terminate());
        assert!(stopped.success(), "{stopped}\n{}", writ.log());
        assert!(!cut.await.unwrap(), "a cut stream must not look like a whole answer");

        writ.restart().await;
        let calls = people.grace.at(&writ.url).calls(&session.id).await;
        assert_eq!(calls.len(), 1);
        assert_eq!(calls[0]["quality"], "estimated", "settled before the end, not by recovery: {:#}", calls[0]);
        people.ada.at(&writ.url).assert_sums_agree().await;
    });
}

#[test]
fn a_stop_while_nothing_is_under_way_is_quick_and_a_session_survives_it() {
    run(async {
        let (mut writ, people, session) = start().await;
        for _ in 0..3 {
            assert!(writ.terminate().success());
            writ.restart().await;
            let answer = session.caller.at(&writ.url).message("hello", true).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        assert!(!writ.log().contains("unreadable"), "each start used the snapshot of the stop before\n{}", writ.log());
        people.ada.at(&writ.url).settled(&session.id, 3).await;
        people.ada.at(&writ.url).assert_sums_agree().await;
    });
}
