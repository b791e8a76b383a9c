#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::{RequestFacts, ScanError};
use crate::limits;

fn scan(body: &str) -> Result<RequestFacts, ScanError> {
    RequestFacts::scan(body.as_bytes())
}

fn with(rest: &str) -> RequestFacts {
    scan(&format!(r#"{{"model":"m",{rest}}}"#)).unwrap()
}

#[test]
fn the_real_client_s_body_is_read() {
    let body = r#"{"model":"claude-opus-5-5","max_tokens": 128000 ,"stream":true,
        "tools":[{"name":"Bash","input_schema":{"type":"object","properties":{"url":{"type":"string"}}}}],
        "thinking":{"type":"enabled","budget_tokens":31999},
        "system":[{"type":"text","text":"a \"quoted\" \\ text","cache_control":{"type":"ephemeral","ttl":"1h"}}],
        "messages":[{"role":"user","content":"hi \u00e9"},{"role":"system","content":[]}],
        "metadata":{"user_id":"{\"device_id\":\"d\",\"account_uuid\":\"\",\"session_id\":\"0b5e\"}"}}"#;
    let facts = scan(body).unwrap();
    assert_eq!(facts.model, "claude-opus-5-5");
    assert_eq!(facts.max_tokens, Some(128_000));
    assert_eq!(&body[facts.max_tokens_span.clone().unwrap()], "128000");
    assert_eq!(facts.thinking_budget_tokens, Some(31_999));
    assert_eq!(facts.metadata_session_id.as_deref(), Some("0b5e"));
    assert_eq!(facts.prompt_bytes, body.len());
    assert!(facts.stream && facts.cache_ttl_1h && facts.has_tools);
    assert!(!facts.fast && !facts.inference_geo_us && !facts.has_opaque_sources && !facts.has_uncapped_tools);
    assert_eq!((facts.web_search_max_uses, facts.typed_tools, facts.server_loops()), (None, 0, 1));
}

#[test]
fn other_user_ids_are_tolerated() {
    for user_id in [r#""plain""#, "7", "null", r#""{\"session_id\":7}""#, r#""{\"session_id\":\"\"}""#, "{}"] {
        let facts = with(&format!(r#""metadata":{{"user_id":{user_id}}}"#));
        assert_eq!(facts.metadata_session_id, None, "{user_id}");
    }
    assert_eq!(with(r#""metadata":null"#).metadata_session_id, None);
}

#[test]
fn modifiers_are_read() {
    assert!(with(r#""speed":"fast""#).fast);
    assert!(!with(r#""speed":"standard""#).fast);
    assert!(with(r#""inference_geo":"us""#).inference_geo_us);
    assert!(with(r#""inference_geo":"global""#).inference_geo_global);
    assert!(!with(r#""inference_geo":"eu""#).inference_geo_global);
    assert!(!with(r#""stream":null"#).stream);
}

#[test]
fn server_tools_are_bounded() {
    let facts = with(
        r#""tools":[{"type":"web_search_20260209","name":"web_search","max_uses":3},
        {"type":"advisor_20260301","name":"advisor","model":"claude-opus-5-5","max_uses":2,"max_tokens":2048},
        {"type":"bash_20250124","name":"bash"},{"type":"custom","name":"mine","input_schema":{}}]"#,
    );
    assert_eq!(facts.web_search_max_uses, Some(3));
    assert_eq!(facts.advisor_output_tokens_max, 4096);
    assert_eq!((facts.typed_tools, facts.server_tool_uses, facts.server_loops()), (3, 5, 6));
    assert!(!facts.has_uncapped_tools);
    let facts = with(r#""tools":[{"type":"web_search_20250305"},{"type":"advisor_20260301"}]"#);
    assert_eq!(facts.web_search_max_uses, Some(limits::WEB_SEARCH_USES_CAP));
    assert_eq!(facts.advisor_output_tokens_max, limits::ADVISOR_USES_CAP * limits::ADVISOR_OUTPUT_TOKENS_CAP);
    assert!(facts.has_uncapped_tools);
    assert_eq!(facts.server_loops(), limits::SERVER_LOOP_MAX);
}

#[test]
fn fallbacks_are_read_and_bounded() {
    let facts = with(r#""fallbacks":["a",{"model":"b","max_tokens":9,"speed":"fast"},{}]"#);
    assert_eq!(facts.fallback_models, ["a", "b", "fallback"]);
    assert_eq!((facts.fallback_max_tokens, facts.fast), (Some(9), true));
    let nine = format!(r#"{{"model":"m","fallbacks":[{}]}}"#, [r#""x""#; 9].join(","));
    assert_eq!(scan(&nine), Err(ScanError::TooMany { key: "fallbacks", max: 8 }));
}

#[test]
fn prompts_larger_than_their_bytes_are_noticed() {
    let content = |block: &str| with(&format!(r#""messages":[{{"role":"user","content":[{block}]}}]"#));
    assert!(content(r#"{"type":"document","source":{"type":"url","url":"https://x"}}"#).has_opaque_sources);
    assert!(content(r#"{"type":"image","source":{"type":"file","file_id":"f"}}"#).has_opaque_sources);
    assert!(
        content(r#"{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":""}}"#)
            .has_opaque_sources
    );
    let images = content(r#"{"type":"image","source":{"type":"base64"}},{"type":"image","source":{"type":"base64"}}"#);
    assert_eq!((images.images, images.has_opaque_sources), (2, false));
}

#[test]
fn letters_written_as_escapes_are_taken_for_the_worst() {
    let facts = with(r#""system":[{"text":"x","cache_control":{"ttl":"\u0031h"}}]"#);
    assert!(facts.cache_ttl_1h && facts.has_opaque_sources);
    assert_eq!(scan(r#"{"mod\u0065l":"a","max_tokens":1}"#).unwrap().model, "a");
}

#[test]
fn duplicates_are_refused_however_they_are_spelled() {
    assert_eq!(scan(r#"{"model":"a","model":"b"}"#), Err(ScanError::Duplicate("model")));
    assert_eq!(scan(r#"{"model":"a","mod\u0065l":"b"}"#), Err(ScanError::Duplicate("model")));
    assert_eq!(scan(r#"{"model":"a","max_tokens":1,"max_tokens":2}"#), Err(ScanError::Duplicate("max_tokens")));
    let tool = r#"{"model":"a","tools":[{"type":"web_search_1","max_uses":1,"max_uses":1000}]}"#;
    assert_eq!(scan(tool), Err(ScanError::Duplicate("max_uses")));
    assert!(scan(r#"{"model":"a","x":1,"x":2}"#).is_ok());
}

#[test]
fn bad_bodies_are_told_why() {
    let cases = [
        ("", "request body is not a JSON object"),
        ("[]", "request body is not a JSON object"),
        (r#"{"max_tokens":1}"#, "request body needs `model`, a string of 1 to 128 characters"),
        (r#"{"model":""}"#, "request body needs `model`, a string of 1 to 128 characters"),
        (r#"{"model":7}"#, "request body needs `model`, a string of 1 to 128 characters"),
        (r#"{"model":"m"} x"#, "request body goes on after its JSON object ends (byte 14)"),
        (r#"{"model":"m","max_tokens":1.5}"#, "`max_tokens` in the request body must be a whole number"),
        (r#"{"model":"m","max_tokens":-1}"#, "`max_tokens` in the request body must be a whole number"),
        (r#"{"model":"m","stream":"yes"}"#, "`stream` in the request body must be true or false"),
        (r#"{"model":"m""#, "request body is not valid JSON: expected `,` or `}` at byte 12"),
        (r#"{"model":"m","x":[1,}"#, "request body is not valid JSON: expected a value at byte 20"),
        (
            r#"{"model":"m","x":[1}"#,
            "request body is not valid JSON: expected `,` or the end of an object or array at byte 19",
        ),
        (r#"{"model":"m","x":"\q"}"#, "request body is not valid JSON: expected an escape at byte 18"),
        (r#"{"model":"m","x":01}"#, "request body is not valid JSON: expected `,` or `}` at byte 18"),
        (r#"{"model":"m",}"#, "request body is not valid JSON: expected a string at byte 13"),
    ];
    for (body, why) in cases {
        assert_eq!(scan(body).unwrap_err().to_string(), why, "{body}");
    }
    assert_eq!(RequestFacts::scan(b"{\"model\":\"\xff\"}"), Err(ScanError::NotUtf8 { at: 10 }));
    assert_eq!(scan(&format!(r#"{{"model":"{}"}}"#, "m".repeat(129))), Err(ScanError::Model));
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| format!(r#"{{"model":"m","x":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    assert!(scan(&nested(limits::DEPTH_MAX as usize - 1)).is_ok());
    assert_eq!(scan(&nested(limits::DEPTH_MAX as usize)), Err(ScanError::TooDeep));
    assert_eq!(scan(&nested(1_000_000)), Err(ScanError::TooDeep));
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            proptest::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_serde_writes_is_accepted(value in json(), pretty in any::<bool>()) {
        let body = serde_json::json!({ "a": value, "model": "m", "max_tokens": 7 });
        let text = if pretty { serde_json::to_string_pretty(&body) } else { serde_json::to_string(&body) }.unwrap();
        let facts = scan(&text).unwrap();
        prop_assert_eq!((facts.model.as_str(), facts.max_tokens), ("m", Some(7)));
    }

    #[test]
    fn whatever_is_accepted_is_json(text in r#"\{"model":"m","x":[ \[\]{}:,"a0-9.eE+\-tfnul\\]{0,24}\}"#) {
        // Numbers beyond f64 are grammar, but serde refuses them; the strategy is too short to write one but `1e999`.
        if scan(&text).is_ok() && !text.contains(['e', 'E']) {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{}", text);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = RequestFacts::scan(&bytes);
    }
}
