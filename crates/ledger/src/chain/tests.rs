#![allow(clippy::unwrap_used)]
use domain::session::{Closed, How, Opened, Over, Recovered};
use domain::{Actor, DeveloperId, NodeId, SessionId, Time, node};

use super::*;
use crate::{encode, leaf_hash};

const AT: Time = Time::from_unix_millis(1);

fn session(n: u128) -> SessionId {
    SessionId::new(AT, n)
}

/// Appends an event as the scribe does; gives its place and its leaf hash.
fn append(chains: &mut Chains, event: Event) -> (Option<Link>, Digest) {
    let chain = chains.place(&event);
    let entry = Entry { time: AT, actor: Actor::System, node: NodeId::new(AT, 1), request: None, chain, event };
    let leaf = leaf_hash(&encode(&entry).unwrap());
    chains.follow(&entry, leaf);
    (chain, leaf)
}

fn opened(n: u128) -> Event {
    Event::SessionOpened(Box::new(Opened {
        session: session(n),
        parent: None,
        agent: None,
        developer: DeveloperId::new(AT, 1),
        project: None,
        team: None,
        profile: "default".parse().unwrap(),
        token: Digest::of(&n.to_be_bytes()),
        expires_at: Time::from_unix_millis(99),
        beats: false,
        budget: None,
    }))
}

#[test]
fn each_entry_of_a_session_points_at_the_one_before() {
    let mut chains = Chains::default();
    let (first, one) = append(&mut chains, opened(1));
    assert_eq!(first, Some(Link { seq: 0, prev: None }));
    // Another session, and an entry about none, are not in between.
    append(&mut chains, opened(2));
    assert_eq!(append(&mut chains, Event::NodeLost(node::Lost { node: NodeId::new(AT, 1) })).0, None);
    let (second, two) = append(&mut chains, Event::SessionRecovered(Recovered { session: session(1) }));
    assert_eq!(second, Some(Link { seq: 1, prev: Some(one) }));
    let (third, three) = append(&mut chains, Event::SessionOver(Over { session: session(1), how: How::MissedBeats }));
    assert_eq!(third, Some(Link { seq: 2, prev: Some(two) }));
    let (closing, _) = append(&mut chains, Event::SessionClosed(Closed { session: session(1) }));
    assert_eq!(closing, Some(Link { seq: 3, prev: Some(three) }));
    // What still asks in its name has no place any more.
    assert_eq!(chains.place(&Event::SessionRecovered(Recovered { session: session(1) })), None);
    assert_eq!(chains.next.len(), 1);
}

#[test]
fn a_snapshot_of_chains_reads_back() {
    let mut chains = Chains::default();
    append(&mut chains, opened(1));
    let text = serde_json::to_string(&chains).unwrap();
    assert_eq!(serde_json::from_str::<Chains>(&text).unwrap(), chains);
}
