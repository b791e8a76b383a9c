#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::{Observed, Observer};
use crate::limits::{EVENT_BYTES_MAX, JSON_BYTES_MAX};

const START: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"m\",\"usage\":{\"input_tokens\":5,\"output_tokens\":1}}}\n\n";
const STOP: &str = "data: {\"type\":\"message_stop\"}\n\n";

fn stream() -> Observer {
    Observer::for_content_type(Some("text/event-stream; charset=utf-8"), false)
}

fn observe(bytes: &[u8], is_stream: bool, splits: &[usize]) -> Observed {
    let mut observer = Observer::for_content_type(None, is_stream);
    let mut from = 0;
    for &split in splits.iter().chain([&bytes.len()]) {
        let to = split.clamp(from, bytes.len());
        observer.feed(&bytes[from..to]);
        from = to;
    }
    observer.finish(true)
}

fn tokens(observed: &Observed) -> (u64, u64) {
    let attempt = &observed.usage.as_ref().unwrap().attempts[0];
    (attempt.input, attempt.output)
}

#[test]
fn the_content_type_decides_then_the_request() {
    let is_json = |kind, requested| {
        let mut observer = Observer::for_content_type(kind, requested);
        observer.feed(br#"{"model":"m","usage":{}}"#);
        observer.finish(true).complete
    };
    assert!(is_json(Some("Application/JSON ; charset=utf-8"), true));
    assert!(!is_json(Some("text/event-stream"), false));
    assert!(is_json(None, false) && !is_json(Some("text/html"), true));
}

#[test]
fn an_endless_header_line_is_dropped() {
    let mut observer = stream();
    observer.feed(b"event: ");
    for _ in 0..64 {
        observer.feed(&[b'x'; 65_536]);
        assert!(observer.held_bytes() <= 2 * 65_536, "{}", observer.held_bytes());
    }
    observer.feed(b"\n\n");
    observer.feed(START.as_bytes());
    assert!(observer.started());
    let observed = observer.finish(true);
    assert!(!observed.lost && tokens(&observed) == (5, 1));
}

#[test]
fn an_endless_event_is_dropped_and_marked() {
    let mut observer = stream();
    observer.feed(START.as_bytes());
    observer.feed(b"data: {\"type\":\"message_delta\",\"x\":\"");
    for _ in 0..64 {
        observer.feed(&[b'x'; 65_536]);
        assert!(observer.held_bytes() <= EVENT_BYTES_MAX, "{}", observer.held_bytes());
    }
    observer.feed(b"\"}\n\n");
    observer.feed(STOP.as_bytes());
    let observed = observer.finish(true);
    assert!(observed.lost && observed.complete);
}

#[test]
fn an_event_of_endless_lines_is_dropped_and_marked() {
    let mut observer = stream();
    let line = format!("data: {}\n", "x".repeat(1000));
    for _ in 0..4000 {
        observer.feed(line.as_bytes());
        assert!(observer.held_bytes() <= EVENT_BYTES_MAX);
    }
    assert!(observer.finish(false).lost);
}

#[test]
fn a_large_content_block_is_dropped_but_nothing_is_lost() {
    let mut observer = stream();
    observer.feed(START.as_bytes());
    observer.feed(
        b"data: {\"type\":\"content_block_start\",\"content_block\":{\"type\":\"web_fetch_tool_result\",\"x\":\"",
    );
    for _ in 0..64 {
        observer.feed(&[b'x'; 65_536]);
    }
    observer.feed(b"\"}}\n\n");
    observer.feed(STOP.as_bytes());
    let observed = observer.finish(true);
    assert!(!observed.lost && observed.complete && tokens(&observed) == (5, 1));
}

#[test]
fn a_json_body_beyond_its_bound_is_dropped_and_marked() {
    let mut observer = Observer::for_content_type(Some("application/json"), false);
    for _ in 0..200 {
        observer.feed(&[b' '; 65_536]);
        assert!(observer.held_bytes() <= JSON_BYTES_MAX);
    }
    let observed = observer.finish(true);
    assert!(observed.lost && !observed.complete);
}

#[test]
fn too_many_iterations_are_not_believed() {
    let entry = r#"{"type":"message","input_tokens":1}"#;
    let observe_many = |count| {
        let list = vec![entry; count].join(",");
        observe(format!(r#"{{"model":"m","usage":{{"iterations":[{list}]}}}}"#).as_bytes(), false, &[])
    };
    assert!(!observe_many(256).lost);
    assert!(observe_many(257).lost);
}

#[test]
fn only_what_a_human_sees_is_counted() {
    let count = |delta: &str| {
        let event = format!("data: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{delta}}}\n\n");
        let spaced = event.replace("{\"type\":\"content_block_delta\",", "{ \"type\":\"content_block_delta\",");
        let slow = observe(spaced.as_bytes(), true, &[]).visible_chars;
        let quick = observe(event.as_bytes(), true, &[]).visible_chars;
        assert_eq!(quick, slow, "{delta}");
        quick
    };
    assert_eq!(count(r#"{"type":"text_delta","text":"Grüße: ja"}"#), 9);
    assert_eq!(count(r#"{"type":"input_json_delta","partial_json":"{\"a\":"}"#), 7);
    assert_eq!(count(r#"{"type":"thinking_delta","thinking":"hm"}"#), 2);
    assert_eq!(count(r#"{"type":"signature_delta","signature":"abcdefgh"}"#), 0);
    assert_eq!(count(r#"{"type":"citations_delta","citation":{"a_b":"c"}}"#), 0);
}

/// Pieces that streams are made of, whole and broken.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<Vec<u8>> = [
        START,
        STOP,
        "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\"},\"usage\":{\"output_tokens\":9,\"iterations\":[{\"type\":\"message\",\"input_tokens\":3}]}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}}\n\n",
        "data: {\"type\":\"content_block_start\",\"content_block\":{\"type\":\"fallback\",\"from\":{\"model\":\"a\"},\"to\":{\"model\":\"b\"}}}\r\n\r\n",
        "event: error\rdata: {\"error\":{\"type\":\"overloaded_error\"}}\r\r",
        ": comment\n", "\n", "\r", "\r\n", "data", "data:", "event:message_delta\n", "\u{feff}", "{\"usage\":", "\"message_",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    prop_oneof![4 => proptest::sample::select(known), 1 => proptest::collection::vec(any::<u8>(), 0..20)]
}

proptest! {
    #[test]
    fn every_split_shows_the_same(
        pieces in proptest::collection::vec(piece(), 0..12),
        mut splits in proptest::collection::vec(0_usize..2000, 0..12),
    ) {
        splits.sort_unstable();
        let bytes = pieces.concat();
        prop_assert_eq!(observe(&bytes, true, &splits), observe(&bytes, true, &[]));
        let each: Vec<usize> = (1..bytes.len()).collect();
        prop_assert_eq!(observe(&bytes, true, &each), observe(&bytes, true, &[]));
    }

    #[test]
    fn every_split_at_the_bound_shows_the_same(over in 0_usize..20, split in 1_usize..200, is_block in any::<bool>()) {
        let kind = if is_block { "content_block_delta" } else { "message_delta" };
        let head = format!("data: {{\"type\":\"{kind}\",\"x\":\"");
        let body = "x".repeat(EVENT_BYTES_MAX - head.len() - 12 + over);
        let bytes = [START.as_bytes(), head.as_bytes(), body.as_bytes(), b"\"}\n\n", STOP.as_bytes()].concat();
        let whole = observe(&bytes, true, &[]);
        prop_assert!(whole.complete);
        prop_assert_eq!(observe(&bytes, true, &[START.len() + split, bytes.len() - split]), whole);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), is_stream in any::<bool>()) {
        let _ = observe(&bytes, is_stream, &[]);
    }
}
