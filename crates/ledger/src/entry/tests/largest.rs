//! The largest entry of every type that decisions can make happen fits its bound.
//!
//! Texts are at their bounds and full of control characters, which JSON escapes to six bytes (a four-byte character stays
//! four); numbers and optional fields are at their longest.

use domain::call::{self, Dimensions, Outcome, Quality, Settlement};
use domain::limits::{
    ARTIFACT_CHARS_MAX, BROKER_SETTINGS_BYTES_MAX, BROKER_TARGETS_MAX, CLAIM_CHARS_MAX, CREDENTIAL_NAMES_MAX,
    ENTRY_BYTES_MAX, ENTRY_COUNT_MAX, ENTRY_USD_NANOS_MAX, HUNKS_PER_WRITE_MAX, LABEL_CHARS_MAX, LOCK_RULES_BYTES_MAX,
    LOCK_WANTS_BYTES_MAX, LOCK_WANTS_MAX, MODEL_CHARS_MAX, NAME_CHARS_MAX, PUBLIC_KEY_CHARS_MAX, REASON_CHARS_MAX,
    RESOURCE_BYTES_MAX, SCOPE_BYTES_MAX, SCOPE_VALUE_CHARS_MAX, TEAMS_PER_PROJECT_MAX,
    WRITES_REMEMBERED_PER_RESOURCE_MAX,
};
use domain::lock::{self, Holder, Mode, Priority, Want, Wants};
use domain::session::{self, Claims, How, Mismatch};
use domain::{
    Actor, ArtifactKind, BrokerKind, CallId, CredentialId, DeveloperId, Digest, Event, Name, NodeId, ProjectId,
    Resource, Scope, SessionId, Span, TeamId, TicketId, Time, Usage, Usd, artifact, broker, certificate, credential,
    developer, freeze, grant, node, project, write,
};

use super::samples::{entry, samples};
use crate::encode;

const AT: Time = Time::from_unix_millis(ENTRY_USD_NANOS_MAX);

fn worst(chars: usize) -> String {
    "\u{1}".repeat(chars)
}

fn most() -> Usd {
    Usd::from_nanos(ENTRY_USD_NANOS_MAX)
}

fn dimensions() -> Dimensions {
    Dimensions {
        developer: DeveloperId::new(AT, 0),
        project: Some(ProjectId::new(AT, 0)),
        team: Some(TeamId::new(AT, 0)),
        model: worst(MODEL_CHARS_MAX),
    }
}

fn settlement() -> Settlement {
    let usage = Usage {
        input_tokens: ENTRY_COUNT_MAX,
        cache_write_5m_tokens: ENTRY_COUNT_MAX,
        cache_write_1h_tokens: ENTRY_COUNT_MAX,
        cache_read_tokens: ENTRY_COUNT_MAX,
        output_tokens: ENTRY_COUNT_MAX,
        web_searches: ENTRY_COUNT_MAX,
    };
    Settlement {
        outcome: Outcome::UpstreamUnreachable,
        cost: most(),
        list: most(),
        quality: Quality::Estimated,
        unpriced: false,
        usage,
        model: Some(worst(MODEL_CHARS_MAX)),
        upstream: Some(worst(LABEL_CHARS_MAX)),
        status: Some(u16::MAX),
        upstream_request: Some(worst(LABEL_CHARS_MAX)),
        book: worst(LABEL_CHARS_MAX),
    }
}

fn name(n: usize) -> Name {
    format!("{n:0width$}", width = NAME_CHARS_MAX).parse().unwrap()
}

fn longest() -> Span {
    Span::from_millis(ENTRY_COUNT_MAX)
}

fn target() -> broker::Target {
    let life = longest();
    broker::Target { life_min: life, life_default: life, life_max: life, is_revocable: false, is_local: false }
}

/// As large as it may be; a quotation mark is the longest that a character becomes where control characters may not be.
fn scope() -> Scope {
    let count = SCOPE_BYTES_MAX / (NAME_CHARS_MAX + SCOPE_VALUE_CHARS_MAX);
    let value = |n: usize| format!("{n:03}{}", "\"".repeat(SCOPE_VALUE_CHARS_MAX - 3));
    let scope = Scope::new([(name(0), (0..count).map(value).collect())].into());
    scope.check().unwrap();
    scope
}

/// As long as it may be; a quotation mark is the longest that a character becomes where control characters may not be.
fn resource(bytes: usize, n: usize) -> Resource {
    let start = format!("path:{n:03}");
    format!("{start}{}", "\"".repeat(bytes - start.len())).parse().unwrap()
}

/// As many, and as much text, as there may be.
fn wants() -> Wants {
    let each = LOCK_WANTS_BYTES_MAX / LOCK_WANTS_MAX;
    Wants::new((0..LOCK_WANTS_MAX).map(|n| Want::new(resource(each, n), Mode::SIX))).unwrap()
}

/// Locks, writes and freezes at their largest.
fn locks() -> Vec<Event> {
    let (ticket, session, digest) = (TicketId::new(AT, 0), SessionId::new(AT, 0), Digest::of(b"text"));
    let (holder, priority) = (Holder::Session(session), Priority::Normal);
    let intent = || Some(worst(REASON_CHARS_MAX));
    let at = resource(RESOURCE_BYTES_MAX, 0);
    let change = write::Change {
        resource: at.clone(),
        before: Some(digest),
        after: Some(digest),
        hunks: vec![write::Hunk { old: digest, new: digest }; HUNKS_PER_WRITE_MAX],
    };
    let frozen = |cause| {
        let project = Some(ProjectId::new(AT, 0));
        Event::ResourceFrozen(Box::new(freeze::Frozen { resource: at.clone(), project, cause }))
    };
    // A human's reason is a line, without control characters.
    let reason = || "\"".repeat(REASON_CHARS_MAX);
    vec![
        Event::LockQueued(Box::new(lock::Queued { ticket, holder, wants: wants(), priority, intent: intent() })),
        Event::LockGranted(Box::new(lock::Granted { ticket, holder, wants: wants(), priority, intent: intent() })),
        Event::LockOver(lock::Over { ticket, holder, how: lock::How::Broken { reason: worst(REASON_CHARS_MAX) } }),
        Event::ResourceWritten(Box::new(write::Written { session, change, intent: intent() })),
        frozen(freeze::Cause::Asked { by: Some(DeveloperId::new(AT, 0)), reason: reason() }),
        frozen(freeze::Cause::PingPong { sessions: vec![session; WRITES_REMEMBERED_PER_RESOURCE_MAX + 1] }),
        Event::ResourceThawed(freeze::Thawed { resource: at.clone(), reason: reason() }),
        Event::LockRulesSet(project::LockRulesSet {
            project: ProjectId::new(AT, 0),
            rules: "\n".repeat(LOCK_RULES_BYTES_MAX),
        }),
    ]
}

/// Events with a text or a list in them, at their largest; the other types have fields of one size only.
fn largest() -> Vec<Event> {
    let (session, call, developer) = (SessionId::new(AT, 0), CallId::new(AT, 0), DeveloperId::new(AT, 0));
    let claim = || Some(worst(CLAIM_CHARS_MAX));
    let claims = Claims { client_session: claim(), metadata_session: claim(), agent: claim(), user_agent: claim() };
    let by = Actor::Developer(developer);
    let teams = (0..TEAMS_PER_PROJECT_MAX as u128).map(|n| TeamId::new(AT, n)).collect();
    let (node, hold) = (NodeId::new(AT, 0), most());
    vec![
        Event::DeveloperDisabled(developer::Disabled { developer, reason: worst(REASON_CHARS_MAX) }),
        Event::ProjectCreated(project::Created {
            project: ProjectId::new(AT, 0),
            name: "x".repeat(NAME_CHARS_MAX).parse().unwrap(),
            teams,
        }),
        Event::SessionOver(session::Over { session, how: How::Revoked { by, reason: worst(REASON_CHARS_MAX) } }),
        Event::AliasClaimed(session::AliasClaimed { session, client_session: worst(CLAIM_CHARS_MAX) }),
        Event::ClaimMismatched(session::ClaimMismatched {
            session,
            call,
            mismatch: Mismatch::HeaderAndMetadataDiffer,
            claimed: worst(CLAIM_CHARS_MAX),
        }),
        Event::CallReserved(Box::new(call::Reserved { call, session, node, hold, dimensions: dimensions(), claims })),
        Event::CallSettled(Box::new(call::Settled {
            call,
            session,
            reserved_at: AT,
            hold,
            dimensions: dimensions(),
            settlement: settlement(),
        })),
        Event::CallRefused(call::Refused {
            call,
            session,
            code: "project_forbidden".to_owned(),
            model: worst(MODEL_CHARS_MAX),
            hold,
        }),
        Event::ArtifactRecorded(artifact::Recorded {
            session,
            kind: ArtifactKind::CertificateSerial,
            value: worst(ARTIFACT_CHARS_MAX),
        }),
        Event::CertificateIssued(certificate::Issued {
            session,
            serial: ENTRY_COUNT_MAX,
            purpose: certificate::Purpose::GitSigning,
            key: worst(LABEL_CHARS_MAX),
            valid_until: AT,
        }),
        Event::NodeStarted(node::Started { node, version: worst(LABEL_CHARS_MAX) }),
        Event::BrokerConfigured(Box::new(broker::Configured {
            broker: name(0),
            kind: BrokerKind::Postgres,
            settings: "\"".repeat(BROKER_SETTINGS_BYTES_MAX),
            targets: (0..BROKER_TARGETS_MAX).map(|n| (name(n), target())).collect(),
            revision: ENTRY_COUNT_MAX,
        })),
        Event::GrantSet(Box::new(grant::GrantSet {
            project: ProjectId::new(AT, 0),
            grant: grant::Grant {
                broker: name(0),
                target: name(0),
                profile: Some(name(0)),
                scope: scope(),
                life_max: longest(),
                lock: Some(resource(RESOURCE_BYTES_MAX, 0)),
            },
        })),
        Event::CredentialRequested(Box::new(credential::Requested {
            credential: CredentialId::new(AT, 0),
            session,
            sequence: ENTRY_COUNT_MAX,
            node,
            project: ProjectId::new(AT, 0),
            broker: name(0),
            target: name(0),
            granted_to: Some(name(0)),
            scope: scope(),
            public_key: Some("\"".repeat(PUBLIC_KEY_CHARS_MAX)),
            lock: Some(TicketId::new(AT, 0)),
            expires_at: AT,
        })),
        Event::CredentialIssued(credential::Issued {
            credential: CredentialId::new(AT, 0),
            session,
            names: vec![
                credential::PublicName {
                    kind: ArtifactKind::CertificateSerial,
                    value: "\u{10ffff}".repeat(ARTIFACT_CHARS_MAX),
                };
                CREDENTIAL_NAMES_MAX
            ],
            expires_at: AT,
        }),
        Event::CredentialStalled(credential::Stalled {
            credential: CredentialId::new(AT, 0),
            session,
            attempts: ENTRY_COUNT_MAX,
            reason: worst(REASON_CHARS_MAX),
            lives_until: AT,
        }),
    ]
}

#[test]
fn the_largest_entries_fit() {
    let mut sizes = Vec::new();
    for event in largest().into_iter().chain(locks()).chain(samples()) {
        let bytes = encode(&entry(event)).unwrap();
        sizes.push(bytes.len());
    }
    let largest = sizes.into_iter().max().unwrap();
    assert!(largest <= ENTRY_BYTES_MAX, "the largest has {largest} bytes");
}
