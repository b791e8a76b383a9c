//! A log as the scribe writes it: chained, with its tiles and signed checkpoints, and something in every read table.

use std::collections::BTreeSet;

use domain::artifact::Recorded;
use domain::credential::{Issued, PublicName, Requested};
use domain::lock::{self, Holder, Mode, Priority, Want, Wants};
use domain::session::{AliasClaimed, Closed, How, Over, Recovered, Suspected};
use domain::{
    Actor, ArtifactKind, BrokerKind, CredentialId, Digest, Event, ProjectId, Role, Scope, Span, TeamId, TicketId,
    broker, credential, developer as humans, freeze, node, project, team, write,
};
use ledger::{Chains, Checkpoint, Entry, RightEdge, Signer, VerifierKey, tile_bytes};

use super::support::{
    NOW, append, developer, login, name, node as this_node, open, opened, reserve, reserved, roles, session, settle,
    settled,
};
use crate::{CheckpointRow, NewEntry, Store, TileRow};

/// Writes a log.
pub(super) struct Scribe {
    chains: Chains,
    edge: RightEdge,
    signer: Signer,
}

impl Scribe {
    pub(super) fn new() -> Self {
        let signer = Signer::from_seed("store.example.test/writ", &[3; 32]).unwrap();
        Self { chains: Chains::default(), edge: RightEdge::new(), signer }
    }

    pub(super) fn key(&self) -> VerifierKey {
        self.signer.verifier_key().clone()
    }

    pub(super) fn size(&self) -> u64 {
        self.edge.size()
    }

    /// Appends events in one transaction, and writes the tiles that are full then.
    pub(super) async fn write(&mut self, store: &Store, events: Vec<Event>) {
        let (mut entries, mut tiles) = (Vec::new(), Vec::new());
        for event in events {
            let position = self.edge.size();
            let time = NOW + Span::from_millis(position * 10);
            let chain = self.chains.place(&event);
            let request = Some(domain::RequestId::new(time, position.into()));
            let entry = Entry { time, actor: Actor::System, node: this_node(), request, chain, event };
            let bytes = ledger::encode(&entry).unwrap();
            let leaf = ledger::leaf_hash(&bytes);
            self.chains.follow(&entry, leaf);
            for filled in self.edge.push(leaf) {
                let (level, number) = (filled.tile.level(), filled.tile.index());
                tiles.push(TileRow { level, number, root: filled.root(), hashes: tile_bytes(&filled.hashes) });
            }
            entries.push(NewEntry { position, bytes, leaf, entry });
        }
        append(store, &entries, &[]).await;
        store.put_tiles(tiles).await.unwrap();
    }

    /// Signs the log as it is.
    pub(super) async fn sign(&self, store: &Store) {
        let (size, root) = (self.edge.size(), self.edge.root());
        let note = Checkpoint::new(self.key().name(), size, root).sign(&self.signer).unwrap().to_string();
        store.put_checkpoint(&CheckpointRow { size, at: NOW, note }).await.unwrap();
    }

    /// A day's work: people, sessions with calls and traces, some of them closed. Signed on the way and at the end.
    pub(super) async fn work(store: &Store, sessions: u64, calls: u64) -> Self {
        let mut scribe = Self::new();
        scribe.write(store, people()).await;
        scribe.sign(store).await;
        for number in 0..sessions {
            let under = opened(number, number % 3);
            let mut events = vec![open(number, number % 3)];
            for call in 0..calls {
                let call = reserved(number * calls + call, &under, ["model-a", "model-b"][call as usize % 2], 100);
                events.extend([reserve(&call), settle(&settled(&call, NOW, 10))]);
                if call.call == reserved(number * calls, &under, "", 0).call {
                    let (session, value) = (session(number), format!("{number:040x}"));
                    events.push(Event::ArtifactRecorded(Recorded { session, kind: ArtifactKind::Commit, value }));
                    let client_session = format!("client-{number}");
                    events.push(Event::AliasClaimed(AliasClaimed { session, client_session }));
                }
            }
            events.extend(vended(number));
            events.extend(locked(number));
            let session = session(number);
            events.push(Event::SessionSuspected(Suspected { session, last_beat: NOW }));
            match number % 3 {
                0 => events.push(Event::SessionRecovered(Recovered { session })),
                1 => {}
                _ => {
                    events.push(Event::SessionOver(Over { session, how: How::MissedBeats }));
                    events.push(Event::SessionClosed(Closed { session }));
                }
            }
            scribe.write(store, events).await;
            scribe.sign(store).await;
        }
        scribe
    }
}

/// A credential of a session: made, and dead in every other session.
fn vended(number: u64) -> Vec<Event> {
    let (id, session) = (CredentialId::new(NOW, number.into()), session(number));
    let values = BTreeSet::from(["api".to_owned()]);
    let requested = Requested {
        credential: id,
        session,
        sequence: 1,
        node: this_node(),
        project: ProjectId::new(NOW, 0),
        broker: name("github"),
        target: name("acme"),
        granted_to: Some(name("default")),
        scope: Scope::new([(name("repositories"), values)].into()),
        public_key: None,
        lock: None,
        expires_at: NOW,
    };
    let names = vec![PublicName { kind: ArtifactKind::TokenHash, value: format!("hash-{number}") }];
    let mut events = vec![
        Event::CredentialRequested(Box::new(requested)),
        Event::CredentialIssued(Issued { credential: id, session, names, expires_at: NOW }),
    ];
    if number.is_multiple_of(2) {
        let how = credential::How::Revoked { attempts: 1 };
        events.push(Event::CredentialOver(credential::Over { credential: id, session, how }));
    }
    events
}

/// A lock of a session, waited for and let go, a change under it, and a freeze after it.
fn locked(number: u64) -> Vec<Event> {
    let (ticket, holder) = (TicketId::new(NOW, number.into()), Holder::Session(session(number)));
    let resource: domain::Resource = format!("env:prod/{number}").parse().unwrap();
    let wants = Wants::new([Want::new(resource.clone(), Mode::X)]).unwrap();
    let (priority, intent) = (Priority::Normal, Some("raise the pool size".to_owned()));
    let change = write::Change {
        resource: resource.clone(),
        before: None,
        after: Some(Digest::of(b"after")),
        hunks: Vec::new(),
    };
    let cause = freeze::Cause::Asked { by: None, reason: "look".to_owned() };
    vec![
        Event::LockQueued(Box::new(lock::Queued {
            ticket,
            holder,
            wants: wants.clone(),
            priority,
            intent: intent.clone(),
        })),
        Event::LockOffered(lock::Offered { ticket, holder, until: NOW }),
        Event::LockGranted(Box::new(lock::Granted { ticket, holder, wants, priority, intent })),
        Event::ResourceWritten(Box::new(write::Written { session: session(number), change, intent: None })),
        Event::LockOver(lock::Over { ticket, holder, how: lock::How::Released }),
        Event::ResourceFrozen(Box::new(freeze::Frozen { resource: resource.clone(), project: None, cause })),
        Event::ResourceThawed(freeze::Thawed { resource, reason: "seen".to_owned() }),
    ]
}

/// A broker, once configured anew.
fn brokers() -> Vec<Event> {
    let law = broker::Target {
        life_min: Span::from_secs(3600),
        life_default: Span::from_secs(3600),
        life_max: Span::from_secs(3600),
        is_revocable: true,
        is_local: false,
    };
    let configured = |revision| {
        Event::BrokerConfigured(Box::new(broker::Configured {
            broker: name("github"),
            kind: BrokerKind::Github,
            settings: "{}".to_owned(),
            targets: [(name("acme"), law)].into(),
            revision,
        }))
    };
    let switched =
        Event::BrokerSwitched(broker::Switched { broker: name("github"), is_on: false, reason: "leak".to_owned() });
    vec![configured(1), configured(2), switched]
}

fn people() -> Vec<Event> {
    let team = TeamId::new(NOW, 0);
    let mut events = vec![Event::NodeStarted(node::Started { node: this_node(), version: "1".to_owned() })];
    for number in 0..3 {
        events.push(Event::DeveloperRegistered(humans::Registered {
            developer: developer(number),
            identity: login(&number.to_string()),
            roles: roles(Role::Member),
        }));
    }
    events.push(Event::TeamCreated(team::Created { team, name: name("payments") }));
    events.push(Event::TeamMemberAdded(team::MemberAdded { team, developer: developer(0) }));
    events.push(Event::ProjectCreated(project::Created {
        project: ProjectId::new(NOW, 0),
        name: name("checkout"),
        teams: BTreeSet::from([team]),
    }));
    events.extend(brokers());
    events
}
