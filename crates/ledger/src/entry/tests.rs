#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]
//! The log's format, as a contract: canonical bytes, their round trips, their bounds, their leaf hashes.

#[path = "../../../domain/src/tests/any_event.rs"]
mod any_event;
mod largest;
mod samples;

use any_event::{Universe, any_event};
use domain::{SessionId, Time, node};
use proptest::prelude::*;

use super::*;
use samples::{entry, samples};

/// One entry of every type. A change here changes what auditors read: a new shape needs a new version and an upcast.
#[test]
fn canonical_bytes_of_every_type() {
    let lines: Vec<_> = samples().into_iter().map(|event| encode(&entry(event)).unwrap()).collect();
    let text = lines.iter().map(|line| std::str::from_utf8(line).unwrap()).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!("entries", text);
}

/// Also the other shapes of the envelope.
#[test]
fn envelope() {
    let lost = Event::NodeLost(node::Lost { node: samples::node_id() });
    let session = SessionId::new(Time::from_unix_millis(0), 7);
    let text = |entry: &Entry| String::from_utf8(encode(entry).unwrap()).unwrap();
    for (actor, expected) in [
        (Actor::System, r#""system""#),
        (Actor::Bootstrap, r#""bootstrap""#),
        (Actor::Session(session), r#"{"session":"ses_00000000000000000000000007"}"#),
    ] {
        let entry = Entry { actor, request: None, ..entry(lost.clone()) };
        let expected = format!(
            r#"{{"actor":{expected},"body":{{"node":"{id}"}},"node":"{id}","time":1790000000000,"type":"node.lost","v":2}}"#,
            id = samples::node_id()
        );
        assert_eq!(text(&entry), expected);
    }
}

/// RFC 8785 §3.2.2.2: the two-character escapes where there are some, lower-case `\u00xx` for the other control
/// characters, and everything else as it is. The text is the one of its §3.2.2 example.
#[test]
fn strings_are_escaped_as_in_rfc_8785() {
    let escaped = |text: &str| {
        let event = Event::NodeStarted(node::Started { node: samples::node_id(), version: text.to_owned() });
        let line = String::from_utf8(encode(&entry(event)).unwrap()).unwrap();
        let (_, rest) = line.split_once(r#""version":"#).unwrap();
        rest.split_once(r#"},"node""#).unwrap().0.to_owned()
    };
    assert_eq!(escaped("\u{20ac}$\u{000F}\u{000a}A'\u{0042}\u{0022}\u{005c}\\\"/"), r#""€$\u000f\nA'B\"\\\\\"/""#);
    assert_eq!(escaped("\u{8}\t\n\u{c}\r\"\\"), r#""\b\t\n\f\r\"\\""#);
    assert_eq!(escaped("\0\u{1}\u{b}\u{1f}"), r#""\u0000\u0001\u000b\u001f""#);
    assert_eq!(
        escaped("\u{7f}\u{80}\u{2028}\u{2029}\u{fb33}😂</script>"),
        "\"\u{7f}\u{80}\u{2028}\u{2029}\u{fb33}😂</script>\""
    );
}

/// RFC 8785 §3.2.3: keys are sorted, at every depth.
fn assert_sorted(value: &Value, text: &str) {
    // Each object is written with its keys in ascending order: find them in the text in that order.
    if let Value::Object(fields) = value {
        let mut keys: Vec<_> = fields.keys().collect();
        keys.sort();
        let sorted: Vec<_> = keys.iter().map(|key| format!("\"{key}\":{}", fields[*key])).collect();
        assert!(text.contains(&format!("{{{}}}", sorted.join(","))), "not sorted: {text}");
        fields.values().for_each(|field| assert_sorted(field, text));
    }
}

#[test]
fn keys_are_sorted_and_nothing_is_between() {
    for event in samples() {
        let bytes = encode(&entry(event)).unwrap();
        let text = std::str::from_utf8(&bytes).unwrap();
        let value: Value = serde_json::from_str(text).unwrap();
        assert_sorted(&value, text);
        assert!(!text.contains("\": ") && !text.contains(", \"") && !text.contains('\n'));
    }
}

/// RFC 6962 §2.1, and the reference trees of its public implementations.
#[test]
fn leaf_hashes() {
    let hash = |bytes: &[u8]| leaf_hash(bytes).to_string();
    assert_eq!(hash(b""), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    assert_eq!(hash(&[0]), "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7");
    assert_eq!(hash(b"L123456"), "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
}

/// What version 1 wrote is read for ever: entries without a place in a chain.
#[test]
fn version_1_is_read() {
    let session = SessionId::new(Time::from_unix_millis(1_790_000_000_000), 4);
    let node = samples::node_id();
    let line = format!(
        r#"{{"actor":"system","body":{{"session":"{session}"}},"node":"{node}","time":1790000000000,"type":"session.recovered","v":1}}"#
    );
    let entry = decode(line.as_bytes()).unwrap();
    assert_eq!((entry.chain, entry.event.session()), (None, Some(session)));
}

#[test]
fn newer_versions_are_refused_by_number() {
    let line = String::from_utf8(encode(&entry(samples().remove(0))).unwrap()).unwrap();
    let with = |v: &str| decode(line.replace("\"v\":2", &format!("\"v\":{v}")).as_bytes());
    assert!(with("1").is_ok() && with("2").is_ok());
    assert_eq!(with("3"), Err(DecodeError::Newer { found: 3 }));
    assert_eq!(with("18446744073709551615"), Err(DecodeError::Newer { found: u64::MAX }));
    assert_eq!(with("3").unwrap_err().to_string(), "the entry has version 3, this writ reads up to 2: upgrade it");
    for v in ["0", "-1", "1.0", "null", "\"1\"", "18446744073709551616"] {
        assert!(matches!(with(v), Err(DecodeError::Malformed(_))), "{v}");
    }
    // A newer version may have any shape: the version is read first.
    assert_eq!(decode(br#"{"v":3,"anything":[]}"#), Err(DecodeError::Newer { found: 3 }));
}

#[test]
fn what_is_no_entry_is_malformed() {
    let line = String::from_utf8(encode(&entry(samples().remove(0))).unwrap()).unwrap();
    for text in [
        "",
        "{",
        "[]",
        "null",
        "{}",
        r#"{"v":1}"#,
        &line.replace("developer.registered", "developer.unheard_of"),
        &line.replace("\"time\":1790000000000", "\"time\":\"now\""),
        &line.replace("\"roles\"", "\"rules\""),
        &line[..line.len() - 1],
        &format!("{line}{line}"),
    ] {
        assert!(matches!(decode(text.as_bytes()), Err(DecodeError::Malformed(_))), "{text}");
    }
    assert!(matches!(decode(b"\xff\xfe"), Err(DecodeError::Malformed(_))));
}

/// What the first writ wrote: a digest of the sign-in name, in the place of today's commitment.
#[test]
fn an_old_registration_is_read() {
    let line = String::from_utf8(encode(&entry(samples().remove(0))).unwrap()).unwrap();
    let old = line.replace("\"identity\":", "\"login\":");
    assert_ne!(old, line);
    assert_eq!(decode(old.as_bytes()).unwrap(), decode(line.as_bytes()).unwrap());
}

#[test]
fn size_is_bounded_both_ways() {
    let of_length = |version: usize| {
        let event = Event::NodeStarted(node::Started { node: samples::node_id(), version: "x".repeat(version) });
        encode(&entry(event))
    };
    let frame = of_length(0).unwrap().len();
    let most = ENTRY_BYTES_MAX - frame;
    let largest = of_length(most).unwrap();
    assert_eq!(largest.len(), ENTRY_BYTES_MAX);
    assert!(decode(&largest).is_ok());
    assert_eq!(of_length(most + 1), Err(EncodeError::TooLong { bytes: ENTRY_BYTES_MAX + 1 }));
    let spaces = [largest.as_slice(), b" "].concat();
    assert_eq!(decode(&spaces), Err(DecodeError::TooLong { bytes: ENTRY_BYTES_MAX + 1 }));
}

/// RFC 8785 numbers are doubles: beyond 2⁵³ − 1 they would change their value.
#[test]
fn numbers_are_exact_or_refused() {
    let at = |millis| {
        let time = Time::from_unix_millis(millis);
        encode(&Entry { time, ..entry(Event::NodeLost(node::Lost { node: samples::node_id() })) })
    };
    for exact in [0, -1, ENTRY_USD_NANOS_MAX, -ENTRY_USD_NANOS_MAX] {
        let bytes = at(exact).unwrap();
        assert_eq!(decode(&bytes).unwrap().time.unix_millis(), exact);
    }
    for inexact in [ENTRY_USD_NANOS_MAX + 1, -ENTRY_USD_NANOS_MAX - 1, i64::MAX, i64::MIN] {
        assert_eq!(at(inexact), Err(EncodeError::Number));
    }
    // At every depth, also beyond what an `i64` holds.
    assert!(!numbers_are_exact(&serde_json::json!({"a": [1, {"b": u64::MAX}]})));
    assert!(!numbers_are_exact(&serde_json::json!([0.5])));
    assert!(numbers_are_exact(&serde_json::json!({"a": [1, {"b": -5}], "c": [null, true, "x"]})));
}

proptest! {
    #[test]
    fn decode_after_encode_is_the_entry(event in any_event(Universe(u128::MAX)), with_request: bool) {
        let mut entry = entry(event);
        entry.request = entry.request.filter(|_| with_request);
        let bytes = encode(&entry).unwrap();
        let back = decode(&bytes).unwrap();
        prop_assert_eq!(&back, &entry);
        prop_assert_eq!(encode(&back).unwrap(), bytes);
    }

    #[test]
    fn canonical_bytes_are_sorted(event in any_event(Universe(3))) {
        let bytes = encode(&entry(event)).unwrap();
        let text = std::str::from_utf8(&bytes).unwrap();
        assert_sorted(&serde_json::from_str(text).unwrap(), text);
    }

    #[test]
    fn decoding_never_panics(bytes: Vec<u8>, text: String) {
        let _ = decode(&bytes);
        let _ = decode(text.as_bytes());
        let _ = decode(format!(r#"{{"v":1,{text}"#).as_bytes());
    }
}
