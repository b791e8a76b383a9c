use super::client::*;
use crate::{Config, Simulator};

#[tokio::test]
async fn the_json_answer_is_about_one_and_a_half_kilobytes() {
    let running = start().await;
    let got = ask(&running, "SCENARIO:bench_json", false).await;
    assert!((1_450..1_600).contains(&got.body.len()), "{}", got.body.len());
    assert_eq!(got.json()["usage"]["cache_read_input_tokens"], 14_000);
}

#[tokio::test]
async fn the_stream_has_the_events_asked_for_and_ends_with_usage() {
    let running = start().await;
    for events in [60, 7, 60] {
        let got = ask(&running, &format!("SCENARIO:bench_sse(events={events})"), true).await;
        let got = got.events();
        let deltas = got.iter().filter(|(name, _)| name == "content_block_delta");
        assert_eq!(deltas.count(), events);
        let (name, end) = &got[got.len() - 2];
        assert_eq!(name, "message_delta");
        assert_eq!(end["usage"]["input_tokens"], 12);
    }
}

#[tokio::test]
async fn nothing_is_remembered_when_recording_is_off() {
    let config = Config { record: false, ..Config::default() };
    let running = Simulator::start(config).await.unwrap();
    ask(&running, "SCENARIO:bench_sse", true).await;
    assert!(running.requests().is_empty());
    assert_eq!(running.arrived(), 1);
}
