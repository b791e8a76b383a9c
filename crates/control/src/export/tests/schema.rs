//! OCSF against the published schema 1.8.0, by a checker that shares no code with us: `scripts/ocsf-check`.

use std::io::Write;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;

use super::any_event::{Universe, any_event};
use super::*;

/// Arbitrary events checked beside the samples: every variant many times over.
const ARBITRARY: usize = 400;

/// The checker; none, with a line that says so, when it was not set up; in CI it must be.
fn checker() -> Option<String> {
    let checker = std::env::var("WRIT_TEST_OCSF").ok();
    if checker.is_none() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI must set WRIT_TEST_OCSF");
        println!("WRIT_TEST_OCSF is not set: no event is checked against the schema");
    }
    checker
}

/// Whether all events pass, and what the checker said.
fn check(checker: &str, events: &[Value]) -> (bool, String) {
    let mut child =
        Command::new(checker).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let text: String = events.iter().map(|event| format!("{event}\n")).collect();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), said)
}

#[test]
fn every_type_follows_the_published_schema() {
    let Some(checker) = checker() else { return };
    let mut events: Vec<_> = lines().iter().map(|line| ocsf::event(ORIGIN, line)).collect();
    let mut runner = TestRunner::default();
    let actors = prop_oneof![
        Just(Actor::System),
        Just(Actor::Bootstrap),
        Just(Actor::Session(SessionId::new(AT, 4))),
        Just(Actor::Developer(DeveloperId::new(AT, 3)))
    ];
    let any = (any_event(Universe(9)), actors);
    for position in 0..ARBITRARY as u64 {
        let (event, actor) = any.new_tree(&mut runner).unwrap().current();
        events.push(ocsf::event(ORIGIN, &line(position, event, actor)));
    }
    let (passed, said) = check(&checker, &events);
    assert!(passed, "{said}");
    assert!(said.starts_with(&format!("{} events checked against OCSF 1.8.0, 0 violations", events.len())), "{said}");
}

/// The checker can fail: each of these is one violation of the schema.
#[test]
fn a_violation_of_the_schema_is_named() {
    let Some(checker) = checker() else { return };
    let settled = lines().into_iter().find(|line| line.kind() == "call.settled").unwrap();
    let good = ocsf::event(ORIGIN, &settled);
    let without = |name: &str| {
        let mut event = good.clone();
        event.as_object_mut().unwrap().remove(name);
        event
    };
    let with = |name: &str, value: Value| {
        let mut event = good.clone();
        event[name] = value;
        event
    };
    let with_metadata = |name: &str, value: Value| {
        let mut event = good.clone();
        event["metadata"][name] = value;
        event
    };
    assert!(check(&checker, std::slice::from_ref(&good)).0);
    for (bad, expected) in [
        (without("severity_id"), "'severity_id' is a required property"),
        (without("src_endpoint"), "'src_endpoint' is a required property"),
        (without("metadata"), "metadata.version is None"),
        (with("hold", json!(1)), "'hold' was unexpected"),
        (with("activity_id", json!(17)), "17 is not one of"),
        (with("class_uid", json!(6002)), "type_uid"),
        (with("time", json!("now")), "'now' is not of type 'integer'"),
        (with("severity", json!("High")), "severity_id is 1 (Informational), but severity says High"),
        (with("actor", json!({"user": {"nickname": "ada"}})), "'nickname' was unexpected"),
        (with_metadata("version", json!("1.9.0")), "metadata.version is 1.9.0"),
        (with_metadata("profiles", json!([])), "'ai_model'"),
    ] {
        let (passed, said) = check(&checker, &[good.clone(), bad]);
        assert!(!passed && said.contains(expected), "expected {expected}: {said}");
        assert!(said.contains("line 2: ") && !said.contains("line 1: "), "{said}");
    }
}
