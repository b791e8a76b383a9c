#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable, dead_code)]
//! Every type of entry in every shape, as a contract; OCSF against the published schema.

#[path = "../../../domain/src/tests/any_event.rs"]
mod any_event;
mod dictionary;
#[path = "../../../ledger/src/entry/tests/samples.rs"]
mod samples;
mod schema;

use domain::{Actor, DeveloperId, Event, ProjectId, SessionId, Time};
use insta::assert_snapshot;
use serde_json::Value;

use super::*;

const ORIGIN: &str = "writ.example";
const AT: Time = Time::from_unix_millis(1_790_000_000_000);

/// An entry of an event, at a position.
fn line(position: u64, event: Event, actor: Actor) -> Line {
    let entry = ledger::Entry { actor, ..samples::entry(event) };
    let bytes = ledger::encode(&entry).unwrap();
    let leaf = ledger::leaf_hash(&bytes);
    let owner = Owner { developer: DeveloperId::new(AT, 3), project: Some(ProjectId::new(AT, 8)), team: None };
    let owner = entry.event.session().map(|_| owner);
    Line::new(store::StoredEntry { position, bytes, leaf }, owner).unwrap()
}

/// One line of every sample, most by a developer, those of an agent by its session.
fn lines() -> Vec<Line> {
    let by = |event: &Event| match event {
        Event::CallReserved(_) | Event::AliasClaimed(_) | Event::ResourceWritten(_) => {
            Actor::Session(SessionId::new(AT, 4))
        }
        Event::CallSettled(_) | Event::NodeStarted(_) | Event::NodeLost(_) => Actor::System,
        Event::DeveloperRegistered(_) => Actor::Bootstrap,
        _ => Actor::Developer(DeveloperId::new(AT, 3)),
    };
    (7..).zip(samples::samples()).map(|(position, event)| line(position, event.clone(), by(&event))).collect()
}

fn pretty(values: impl Iterator<Item = Value>) -> String {
    values.map(|value| format!("{value}\n")).collect()
}

#[test]
fn every_type_in_ocsf() {
    assert_snapshot!(pretty(lines().iter().map(|line| ocsf::event(ORIGIN, line))));
}

#[test]
fn every_type_in_cloudevents() {
    assert_snapshot!(pretty(lines().iter().map(|line| cloudevents::event(ORIGIN, line))));
}

/// What leaves can be checked against the log: canonical JSON of the entry inside has the leaf hash beside it.
#[test]
fn a_copy_is_checked_by_its_leaf_hash() {
    let hash = |entry: &Value| ledger::leaf_hash(entry.to_string().as_bytes()).to_string();
    for line in lines() {
        let (event, finding) = (cloudevents::event(ORIGIN, &line), ocsf::event(ORIGIN, &line));
        assert_eq!(hash(&event["data"]), event["leaf"]);
        let writ = &finding["unmapped"]["writ"];
        assert_eq!(hash(&writ["entry"]), writ["leaf"]);
        assert_eq!(writ["position"], line.position);
    }
}

/// CloudEvents 1.0.2, section 3: names of attributes, and the required ones.
#[test]
fn cloudevents_attributes_are_well_formed() {
    for line in lines() {
        let event = cloudevents::event(ORIGIN, &line);
        let object = event.as_object().unwrap();
        for name in object.keys() {
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{name}");
            assert!(name.len() <= 20, "{name}");
        }
        for name in ["id", "source", "specversion", "type"] {
            assert!(object[name].as_str().is_some_and(|text| !text.is_empty()), "{name}");
        }
        assert!(object.iter().all(|(name, value)| name == "data" || value.is_string()), "{event}");
    }
}
