//! One event of every type. Shared, by path, with the tests of the exports in `control`.

use domain::call::{self, Dimensions, Outcome, Quality, Settlement};
use domain::lock::{self, Holder, Mode, Priority, Want, Wants};
use domain::session::{self, Claims, How, Mismatch};
use domain::{
    Actor, ArtifactKind, BrokerKind, CallId, CredentialId, DeveloperId, Digest, Event, Name, NodeId, ProjectId,
    RequestId, Resource, Role, Roles, Scope, SessionId, SignInId, Span, TeamId, TicketId, Time, Usage, Usd, artifact,
    broker, certificate, credential, developer, freeze, grant, key, node, project, push, sign_in, team, write,
};

use ledger::{Entry, Link};

const AT: Time = Time::from_unix_millis(1_790_000_000_000);

pub(super) fn node_id() -> NodeId {
    NodeId::new(AT, 1)
}

/// The event as a developer's request made it happen.
pub(super) fn entry(event: Event) -> Entry {
    Entry {
        time: AT,
        actor: Actor::Developer(developer()),
        node: node_id(),
        request: Some(RequestId::new(AT, 2)),
        chain: event.session().map(|_| Link { seq: 3, prev: Some(Digest::of(b"before")) }),
        event,
    }
}

fn developer() -> DeveloperId {
    DeveloperId::new(AT, 3)
}

fn session() -> SessionId {
    SessionId::new(AT, 4)
}

pub(super) fn samples() -> Vec<Event> {
    let mut events = people();
    events.extend(sessions());
    events.extend(calls());
    events.extend(traces());
    events.extend(brokers());
    events.extend(credentials());
    events.extend(locks());
    events.extend(writes());
    events.extend(pushes());
    events.extend(keys());
    events.push(Event::NodeStarted(node::Started { node: node_id(), version: "0.1.0".to_owned() }));
    events.push(Event::NodeLost(node::Lost { node: node_id() }));
    let mut seen = [false; TYPES];
    events.iter().for_each(|event| seen[number(event)] = true);
    assert_eq!(seen, [true; TYPES], "a sample of every type");
    events
}

const TYPES: usize = 48;

/// A new type fails to compile here: give it a sample, too.
fn number(event: &Event) -> usize {
    match event {
        Event::DeveloperRegistered(_) => 0,
        Event::DeveloperRolesSet(_) => 1,
        Event::DeveloperDisabled(_) => 2,
        Event::DeveloperErased(_) => 23,
        Event::TeamCreated(_) => 3,
        Event::TeamMemberAdded(_) => 4,
        Event::TeamMemberRemoved(_) => 5,
        Event::ProjectCreated(_) => 6,
        Event::SignInStarted(_) => 7,
        Event::SignInEnded(_) => 8,
        Event::SessionOpened(_) => 9,
        Event::SessionSuspected(_) => 10,
        Event::SessionRecovered(_) => 11,
        Event::SessionOver(_) => 12,
        Event::AliasClaimed(_) => 13,
        Event::ClaimMismatched(_) => 14,
        Event::CallReserved(_) => 15,
        Event::CallSettled(_) => 16,
        Event::CallRefused(_) => 17,
        Event::NodeStarted(_) => 18,
        Event::NodeLost(_) => 19,
        Event::SessionClosed(_) => 20,
        Event::ArtifactRecorded(_) => 21,
        Event::CertificateIssued(_) => 22,
        Event::BrokerConfigured(_) => 24,
        Event::BrokerSwitched(_) => 25,
        Event::BrokerRemoved(_) => 26,
        Event::GrantSet(_) => 27,
        Event::GrantRemoved(_) => 28,
        Event::CredentialRequested(_) => 29,
        Event::CredentialIssued(_) => 30,
        Event::RevocationAsked(_) => 31,
        Event::CredentialStalled(_) => 32,
        Event::CredentialOver(_) => 33,
        Event::LockQueued(_) => 34,
        Event::LockOffered(_) => 35,
        Event::LockGranted(_) => 36,
        Event::LockOver(_) => 37,
        Event::ResourceWritten(_) => 38,
        Event::ResourceFrozen(_) => 39,
        Event::ResourceThawed(_) => 40,
        Event::LockRulesSet(_) => 41,
        Event::PushAdmitted(_) => 42,
        Event::PushRefused(_) => 43,
        Event::KeyRotationAsked(_) => 44,
        Event::KeyRotated(_) => 45,
        Event::LockResting(_) => 46,
        Event::PushLanded(_) => 47,
    }
}

fn keys() -> Vec<Event> {
    let signing = key::Which::Signing;
    let name = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs".to_owned();
    vec![
        Event::KeyRotationAsked(key::RotationAsked { key: signing, when: key::When::Planned }),
        Event::KeyRotated(key::Rotated { key: signing, name, from: AT + Span::from_secs(86_400) }),
        Event::KeyRotationAsked(key::RotationAsked { key: key::Which::Seal, when: key::When::Now }),
    ]
}

fn people() -> Vec<Event> {
    let (developer, team) = (developer(), TeamId::new(AT, 5));
    let (identity, token) = (Digest::of(b"identity"), Digest::of(b"token"));
    let (sign_in, expires_at) = (SignInId::new(AT, 7), Time::from_unix_millis(1_790_000_060_000));
    let roles = Roles::from([Role::Admin, Role::Approver, Role::Auditor, Role::Member]);
    let teams = [TeamId::new(AT, 6), team].into();
    vec![
        Event::DeveloperRegistered(developer::Registered { developer, identity, roles: roles.clone() }),
        Event::DeveloperRolesSet(developer::RolesSet { developer, roles }),
        Event::DeveloperDisabled(developer::Disabled { developer, reason: "left the company".to_owned() }),
        Event::DeveloperErased(developer::Erased { developer }),
        Event::TeamCreated(team::Created { team, name: "core".parse().unwrap() }),
        Event::TeamMemberAdded(team::MemberAdded { team, developer }),
        Event::TeamMemberRemoved(team::MemberRemoved { team, developer }),
        Event::ProjectCreated(project::Created {
            project: ProjectId::new(AT, 8),
            name: "writ".parse().unwrap(),
            teams,
        }),
        Event::LockRulesSet(project::LockRulesSet {
            project: ProjectId::new(AT, 8),
            rules: "[[path]]\nunder = [\"infra\"]\nmode = \"X\"\n".to_owned(),
        }),
        Event::SignInStarted(sign_in::Started { sign_in, developer, token, expires_at }),
        Event::SignInEnded(sign_in::Ended { sign_in }),
    ]
}

fn sessions() -> Vec<Event> {
    let session = session();
    let root = session::Opened {
        session,
        parent: None,
        agent: None,
        developer: developer(),
        project: Some(ProjectId::new(AT, 8)),
        team: Some(TeamId::new(AT, 5)),
        profile: "default".parse().unwrap(),
        token: Digest::of(b"token"),
        expires_at: Time::from_unix_millis(1_790_028_800_000),
        beats: true,
        budget: Some(Usd::from_nanos(5_000_000_000)),
    };
    let child = SessionId::new(AT, 9);
    let unattributed = session::Opened {
        session: child,
        parent: Some(session),
        agent: Some("a0123456789abcdef".to_owned()),
        project: None,
        team: None,
        beats: false,
        budget: None,
        ..root.clone()
    };
    let over = |how| Event::SessionOver(session::Over { session, how });
    vec![
        Event::SessionOpened(Box::new(root)),
        Event::SessionOpened(Box::new(unattributed)),
        Event::SessionSuspected(session::Suspected { session, last_beat: AT }),
        Event::SessionRecovered(session::Recovered { session }),
        over(How::Ended { exit_code: Some(-1) }),
        over(How::Ended { exit_code: None }),
        over(How::Revoked { by: Actor::Developer(developer()), reason: "runs wild".to_owned() }),
        over(How::ReachedExpiry),
        over(How::MissedBeats),
        over(How::ParentOver { parent: session }),
        Event::AliasClaimed(session::AliasClaimed { session, client_session: "0b5c".to_owned() }),
        Event::ClaimMismatched(session::ClaimMismatched {
            session,
            call: CallId::new(AT, 10),
            mismatch: Mismatch::HeaderAndMetadataDiffer,
            claimed: "0b5c".to_owned(),
        }),
        Event::ClaimMismatched(session::ClaimMismatched {
            session,
            call: CallId::new(AT, 10),
            mismatch: Mismatch::BelongsToAnotherSession,
            claimed: "0b5c".to_owned(),
        }),
    ]
}

fn traces() -> Vec<Event> {
    let session = session();
    vec![
        Event::ArtifactRecorded(artifact::Recorded {
            session,
            kind: ArtifactKind::Commit,
            value: "1f2e3d4c5b6a79880123456789abcdef01234567".to_owned(),
        }),
        Event::CertificateIssued(certificate::Issued {
            session,
            serial: 4711,
            purpose: certificate::Purpose::GitSigning,
            key: "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU".to_owned(),
            valid_until: Time::from_unix_millis(1_790_028_800_000),
        }),
        Event::SessionClosed(session::Closed { session }),
    ]
}

fn scope() -> Scope {
    let values = ["contents:read".to_owned(), "contents:write".to_owned()].into();
    Scope::new([("permissions".parse().unwrap(), values)].into())
}

fn brokers() -> Vec<Event> {
    let (broker, target): (Name, Name) = ("github".parse().unwrap(), "api".parse().unwrap());
    let project = ProjectId::new(AT, 8);
    let law = broker::Target {
        life_min: Span::from_secs(60),
        life_default: Span::from_secs(3600),
        life_max: Span::from_secs(3600),
        is_revocable: true,
        is_local: false,
    };
    let grant = grant::Grant {
        broker: broker.clone(),
        target: target.clone(),
        profile: None,
        scope: scope(),
        life_max: Span::from_secs(3600),
        lock: None,
    };
    vec![
        Event::BrokerConfigured(Box::new(broker::Configured {
            broker: broker.clone(),
            kind: BrokerKind::Github,
            settings: r#"{"app_id":"7"}"#.to_owned(),
            targets: [(target.clone(), law)].into(),
            revision: 1,
        })),
        Event::BrokerSwitched(broker::Switched { broker: broker.clone(), is_on: false, reason: "leak".to_owned() }),
        Event::BrokerRemoved(broker::Removed { broker: broker.clone() }),
        Event::GrantSet(Box::new(grant::GrantSet { project, grant: grant.clone() })),
        Event::GrantSet(Box::new(grant::GrantSet {
            project,
            grant: grant::Grant { lock: Some(resource("env:prod/payments")), ..grant },
        })),
        Event::GrantRemoved(grant::GrantRemoved { project, broker, target, profile: Some("review".parse().unwrap()) }),
    ]
}

fn credentials() -> Vec<Event> {
    let (credential, session, reason) = (CredentialId::new(AT, 11), session(), "leak".to_owned());
    let over = |how| Event::CredentialOver(credential::Over { credential, session, how });
    let requested = credential::Requested {
        credential,
        session,
        sequence: 7,
        node: node_id(),
        project: ProjectId::new(AT, 8),
        broker: "github".parse().unwrap(),
        target: "api".parse().unwrap(),
        granted_to: None,
        scope: scope(),
        public_key: Some("ssh-ed25519 AAAA".to_owned()),
        lock: None,
        expires_at: Time::from_unix_millis(1_790_003_600_000),
    };
    let with_lock = credential::Requested { public_key: None, lock: Some(ticket()), ..requested.clone() };
    vec![
        Event::CredentialRequested(Box::new(requested)),
        Event::CredentialRequested(Box::new(with_lock)),
        Event::CredentialIssued(credential::Issued {
            credential,
            session,
            names: vec![credential::PublicName {
                kind: ArtifactKind::TokenHash,
                value: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".to_owned(),
            }],
            expires_at: Time::from_unix_millis(1_790_003_600_000),
        }),
        Event::RevocationAsked(credential::RevocationAsked { credential, session, reason: reason.clone() }),
        Event::CredentialStalled(credential::Stalled {
            credential,
            session,
            attempts: 6,
            reason: reason.clone(),
            lives_until: Time::from_unix_millis(1_790_003_600_000),
        }),
        over(credential::How::Revoked { attempts: 1 }),
        over(credential::How::Expired),
        over(credential::How::NotMade { reason }),
    ]
}

fn ticket() -> TicketId {
    TicketId::new(AT, 12)
}

fn resource(text: &str) -> Resource {
    text.parse().unwrap()
}

/// Locks of a session; what a human holds has the same shape.
fn pushes() -> Vec<Event> {
    let update = push::Update {
        name: "refs/heads/main".to_owned(),
        old: "0".repeat(40),
        new: "1".repeat(40),
        kind: push::Kind::Create,
        protected: true,
    };
    let asked = push::Push {
        session: session(),
        proof: push::Proof::Bearer,
        gate: Some("https://git.example.com".to_owned()),
        repository: "github.com/acme/api".to_owned(),
        updates: vec![update],
        paths: push::Paths { count: 2, digest: Digest::of(b"paths") },
        commits: 1,
    };
    let file = || resource("path:github.com/acme/api//infra/prod/main.tf");
    let refused = |why| Event::PushRefused(Box::new(push::Refused { push: asked.clone(), why }));
    vec![
        Event::PushAdmitted(Box::new(push::Admitted { push: asked.clone(), locks: vec![ticket()] })),
        Event::PushLanded(push::Landed { session: asked.session, push: 69, locks: vec![ticket()] }),
        refused(push::Why::SessionForeign { claimed: SessionId::new(AT, 44) }),
        refused(push::Why::RefForeign { name: "refs/heads/other".to_owned() }),
        refused(push::Why::RefProtected { name: "refs/heads/main".to_owned() }),
        refused(push::Why::RefRewritten { name: "refs/heads/main".to_owned() }),
        refused(push::Why::Frozen { resource: file() }),
        refused(push::Why::PathLocked {
            resource: file(),
            ticket: ticket(),
            holder: Holder::Session(SessionId::new(AT, 44)),
            held: resource("path:github.com/acme/api//infra"),
            mode: Mode::X,
        }),
        refused(push::Why::LockMissing { resource: file() }),
        refused(push::Why::TokenMissing { resource: file(), token: 7 }),
        refused(push::Why::TokenStale { token: 7 }),
        refused(push::Why::Unattributed { commit: "1".repeat(40) }),
        refused(push::Why::Unsigned { commit: "1".repeat(40), because: "it is not signed".to_owned() }),
    ]
}

fn locks() -> Vec<Event> {
    let (ticket, holder) = (ticket(), Holder::Session(session()));
    let queued = lock::Queued {
        ticket,
        holder,
        wants: Wants::new([
            Want::new(resource("path:github.com/acme/api//infra/prod"), Mode::IX),
            Want::new(resource("env:prod/payments"), Mode::X),
        ])
        .unwrap(),
        priority: Priority::High,
        intent: Some("raise the pool size".to_owned()),
    };
    let silent = lock::Queued { intent: None, priority: Priority::Normal, ..queued.clone() };
    let granted = |queued: &lock::Queued| {
        let (wants, priority, intent) = (queued.wants.clone(), queued.priority, queued.intent.clone());
        Event::LockGranted(Box::new(lock::Granted { ticket, holder, wants, priority, intent }))
    };
    let over = |how| Event::LockOver(lock::Over { ticket, holder, how });
    vec![
        granted(&queued),
        granted(&silent),
        Event::LockQueued(Box::new(queued)),
        Event::LockQueued(Box::new(silent)),
        Event::LockOffered(lock::Offered { ticket, holder, until: Time::from_unix_millis(1_790_000_060_000) }),
        Event::LockResting(lock::Resting { ticket, holder, until: Time::from_unix_millis(1_790_000_060_000) }),
        over(lock::How::Released),
        over(lock::How::Passed),
        over(lock::How::Unclaimed),
        over(lock::How::Rested),
        over(lock::How::Broken { reason: "gone home".to_owned() }),
    ]
}

fn writes() -> Vec<Event> {
    let (session, of) = (session(), SessionId::new(AT, 9));
    let (before, after) = (Digest::of(b"before"), Digest::of(b"after"));
    let at = resource("path:github.com/acme/api//infra/prod/pool.tf");
    let changed = write::Change {
        resource: at.clone(),
        before: Some(before),
        after: Some(after),
        hunks: vec![write::Hunk { old: Digest::of(b"old"), new: Digest::of(b"new") }],
        lines: vec![write::Lines { at: 11, old: 1, new: 2 }],
    };
    let removed = write::Change { before: None, after: None, hunks: Vec::new(), lines: Vec::new(), ..changed.clone() };
    let written = |change, intent: Option<&str>| {
        Event::ResourceWritten(Box::new(write::Written { session, change, intent: intent.map(str::to_owned) }))
    };
    let frozen =
        |project, cause| Event::ResourceFrozen(Box::new(freeze::Frozen { resource: at.clone(), project, cause }));
    let project = Some(ProjectId::new(AT, 8));
    vec![
        written(changed, Some("raise the pool size")),
        written(removed, None),
        frozen(None, freeze::Cause::Asked { by: Some(DeveloperId::new(AT, 2)), reason: "under repair".to_owned() }),
        frozen(project, freeze::Cause::PingPong { sessions: vec![session, of, session] }),
        frozen(project, freeze::Cause::Reverted { session, of }),
        Event::ResourceThawed(freeze::Thawed { resource: at.clone(), reason: "they have talked".to_owned() }),
    ]
}

fn calls() -> Vec<Event> {
    let (call, session, hold) = (CallId::new(AT, 10), session(), Usd::from_nanos(75_000_000));
    let dimensions = Dimensions {
        developer: developer(),
        project: Some(ProjectId::new(AT, 8)),
        team: Some(TeamId::new(AT, 5)),
        model: "claude-test".to_owned(),
    };
    let claims = Claims {
        client_session: Some("0b5c".to_owned()),
        metadata_session: Some("0b5c".to_owned()),
        agent: Some("reviewer".to_owned()),
        user_agent: Some("claude-cli/2".to_owned()),
    };
    let reserved = call::Reserved { call, session, node: node_id(), hold, dimensions: dimensions.clone(), claims };
    let silent = call::Reserved {
        dimensions: Dimensions { project: None, team: None, ..dimensions.clone() },
        claims: Claims::default(),
        ..reserved.clone()
    };
    let settlement = Settlement {
        outcome: Outcome::Completed,
        cost: Usd::from_nanos(12_345_678),
        list: Usd::from_nanos(15_432_098),
        quality: Quality::Exact,
        unpriced: false,
        usage: Usage {
            input_tokens: 1,
            cache_write_5m_tokens: 2,
            cache_write_1h_tokens: 3,
            cache_read_tokens: 4,
            output_tokens: 5,
            web_searches: 6,
        },
        model: Some("claude-test".to_owned()),
        upstream: Some("anthropic".to_owned()),
        status: Some(200),
        upstream_request: Some("req_01".to_owned()),
        book: "2026-11".to_owned(),
    };
    let bare = Settlement {
        outcome: Outcome::Abandoned,
        quality: Quality::Bound,
        model: None,
        upstream: None,
        status: None,
        upstream_request: None,
        book: String::new(),
        ..settlement.clone()
    };
    let settled = |settlement| {
        let dimensions = dimensions.clone();
        Event::CallSettled(Box::new(call::Settled { call, session, reserved_at: AT, hold, dimensions, settlement }))
    };
    vec![
        Event::CallReserved(Box::new(reserved)),
        Event::CallReserved(Box::new(silent)),
        settled(settlement),
        settled(bare),
        Event::CallRefused(call::Refused {
            call,
            session,
            code: "session_over".to_owned(),
            model: "claude-test".to_owned(),
            hold,
        }),
    ]
}
