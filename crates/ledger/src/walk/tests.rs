#![allow(clippy::unwrap_used)]
use domain::session::{Closed, Opened};
use domain::{Actor, DeveloperId, Event, NodeId, SessionId, Time};

use super::*;
use crate::{Frontier, encode};

fn at(millis: i64) -> Time {
    Time::from_unix_millis(millis)
}

fn entry(time: i64, chain: Option<Link>, event: Event) -> Vec<u8> {
    let entry =
        Entry { time: at(time), actor: Actor::System, node: NodeId::new(at(0), 1), request: None, chain, event };
    encode(&entry).unwrap()
}

fn opened() -> Event {
    Event::SessionOpened(Box::new(Opened {
        session: SessionId::new(at(1), 1),
        parent: None,
        agent: None,
        developer: DeveloperId::new(at(1), 1),
        project: None,
        team: None,
        profile: "default".parse().unwrap(),
        token: Digest::of(b"token"),
        expires_at: at(99),
        beats: false,
        budget: None,
    }))
}

fn closed() -> Event {
    Event::SessionClosed(Closed { session: SessionId::new(at(1), 1) })
}

fn started() -> Event {
    Event::NodeStarted(domain::node::Started { node: NodeId::new(at(0), 1), version: "1".to_owned() })
}

const FIRST: Link = Link { seq: 0, prev: None };

#[test]
fn an_honest_log_is_walked_to_its_root() {
    let mut walk = Walk::new();
    let mut frontier = Frontier::new();
    let leaf = walk.step(&entry(1, Some(FIRST), opened())).unwrap().leaf;
    frontier.push(leaf);
    frontier.push(walk.step(&entry(1, Some(Link { seq: 1, prev: Some(leaf) }), closed())).unwrap().leaf);
    let mut filled = Vec::new();
    while walk.size() < 256 {
        let step = walk.step(&entry(2, None, started())).unwrap();
        frontier.push(step.leaf);
        filled.extend(step.filled);
    }
    assert_eq!((walk.size(), walk.root()), (256, frontier.root()));
    assert_eq!(filled.len(), 1);
    assert_eq!(filled[0].root(), walk.root());
}

#[test]
fn what_cannot_stand_there_is_named() {
    let mut walk = Walk::new();
    assert!(matches!(walk.clone().step(b"{}"), Err(WalkError::Decode(_))));
    let unlinked = walk.clone().step(&entry(1, None, opened()));
    assert_eq!(unlinked, Err(WalkError::Chain { found: None, expected: Some(FIRST) }));
    let leaf = walk.step(&entry(5, Some(FIRST), opened())).unwrap().leaf;
    let earlier = walk.clone().step(&entry(4, None, started()));
    assert_eq!(earlier, Err(WalkError::Time { found: at(4), above: at(5) }));
    let expected = Some(Link { seq: 1, prev: Some(leaf) });
    for wrong in [None, Some(FIRST), Some(Link { seq: 2, prev: Some(leaf) }), Some(Link { seq: 1, prev: None })] {
        let found = walk.clone().step(&entry(5, wrong, closed()));
        assert_eq!(found, Err(WalkError::Chain { found: wrong, expected }));
    }
    assert!(walk.step(&entry(5, expected, closed())).is_ok());
}

/// Version 1 had no chains, and its sessions live on without.
#[test]
fn version_1_is_walked_over() {
    let as_version_1 = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace("\"v\":2", "\"v\":1").into_bytes();
    let mut walk = Walk::new();
    walk.step(&as_version_1(entry(1, None, opened()))).unwrap();
    walk.step(&entry(1, None, closed())).unwrap();
    let late = walk.step(&as_version_1(entry(1, Some(FIRST), opened())));
    assert_eq!(late, Err(WalkError::Chain { found: Some(FIRST), expected: None }));
}
