//! Arbitrary events. Shared, by path, with the tests of the ledger, which encodes what this crate makes happen.
//!
//! Ids come from a universe of a chosen size: a small one makes events meet each other, a large one tries every digit.

use std::collections::BTreeSet;

use domain::call::{self, Dimensions, Outcome, Quality, Settlement};
use domain::lock::{self, Holder, Mode, Priority, Want, Wants};
use domain::session::{self, Claims, How, Mismatch};
use domain::{
    Actor, ArtifactKind, BrokerKind, CallId, CredentialId, DeveloperId, Digest, Event, Name, NodeId, ProjectId,
    Resource, Role, Roles, Scope, SessionId, SignInId, Span, TeamId, TicketId, Time, Usage, Usd, artifact, broker,
    certificate, credential, developer, freeze, grant, limits, node, project, sign_in, team, write,
};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;

/// How many different ids of one kind there are.
#[derive(Clone, Copy)]
pub(crate) struct Universe(pub(crate) u128);

macro_rules! ids {
    ($($function:ident: $id:ident),*) => {
        impl Universe {
            $(fn $function(self) -> impl Strategy<Value = $id> + Clone {
                (0..self.0).prop_map(|n| $id::new(Time::from_unix_millis((n >> 80) as i64), n))
            })*
        }
    };
}

ids!(
    session: SessionId, developer: DeveloperId, project: ProjectId, team: TeamId, call: CallId, node: NodeId,
    sign_in: SignInId, credential: CredentialId, ticket: TicketId
);

impl Universe {
    fn digest(self) -> impl Strategy<Value = Digest> + Clone {
        (0..self.0).prop_map(|n| Digest::of(&n.to_be_bytes()))
    }

    fn actor(self) -> impl Strategy<Value = Actor> {
        prop_oneof![
            Just(Actor::System),
            Just(Actor::Bootstrap),
            self.developer().prop_map(Actor::Developer),
            self.session().prop_map(Actor::Session),
        ]
    }

    fn how(self) -> impl Strategy<Value = How> {
        prop_oneof![
            any::<Option<i32>>().prop_map(|exit_code| How::Ended { exit_code }),
            (self.actor(), text(limits::REASON_CHARS_MAX)).prop_map(|(by, reason)| How::Revoked { by, reason }),
            Just(How::ReachedExpiry),
            Just(How::MissedBeats),
            self.session().prop_map(|parent| How::ParentOver { parent }),
        ]
    }

    fn dimensions(self) -> impl Strategy<Value = Dimensions> {
        (self.developer(), option::of(self.project()), option::of(self.team()), text(limits::MODEL_CHARS_MAX))
            .prop_map(|(developer, project, team, model)| Dimensions { developer, project, team, model })
    }

    fn about_people(self) -> impl Strategy<Value = Event> {
        prop_oneof![
            (self.developer(), self.digest(), roles()).prop_map(|(developer, identity, roles)| {
                Event::DeveloperRegistered(developer::Registered { developer, identity, roles })
            }),
            (self.developer(), roles())
                .prop_map(|(developer, roles)| Event::DeveloperRolesSet(developer::RolesSet { developer, roles })),
            (self.developer(), text(limits::REASON_CHARS_MAX)).prop_map(|(developer, reason)| {
                Event::DeveloperDisabled(developer::Disabled { developer, reason })
            }),
            self.developer().prop_map(|developer| Event::DeveloperErased(developer::Erased { developer })),
            (self.team(), name()).prop_map(|(team, name)| Event::TeamCreated(team::Created { team, name })),
            (self.team(), self.developer())
                .prop_map(|(team, developer)| Event::TeamMemberAdded(team::MemberAdded { team, developer })),
            (self.team(), self.developer())
                .prop_map(|(team, developer)| Event::TeamMemberRemoved(team::MemberRemoved { team, developer })),
            (self.project(), name(), btree_set(self.team(), 0..=limits::TEAMS_PER_PROJECT_MAX))
                .prop_map(|(project, name, teams)| Event::ProjectCreated(project::Created { project, name, teams })),
            (self.project(), text(200))
                .prop_map(|(project, rules)| Event::LockRulesSet(project::LockRulesSet { project, rules })),
            (self.sign_in(), self.developer(), self.digest(), time()).prop_map(
                |(sign_in, developer, token, expires_at)| {
                    Event::SignInStarted(sign_in::Started { sign_in, developer, token, expires_at })
                }
            ),
            self.sign_in().prop_map(|sign_in| Event::SignInEnded(sign_in::Ended { sign_in })),
        ]
    }

    fn opened(self) -> impl Strategy<Value = Event> {
        let who =
            (self.session(), option::of(self.session()), option::of(text(limits::CLAIM_CHARS_MAX)), self.developer());
        let what = (option::of(self.project()), option::of(self.team()), name(), self.digest());
        (who, what, time(), any::<bool>(), option::of(usd())).prop_map(
            |((session, parent, agent, developer), (project, team, profile, token), expires_at, beats, budget)| {
                Event::SessionOpened(Box::new(session::Opened {
                    session,
                    parent,
                    agent,
                    developer,
                    project,
                    team,
                    profile,
                    token,
                    expires_at,
                    beats,
                    budget,
                }))
            },
        )
    }

    fn about_sessions(self) -> impl Strategy<Value = Event> {
        let mismatch = prop_oneof![Just(Mismatch::HeaderAndMetadataDiffer), Just(Mismatch::BelongsToAnotherSession)];
        prop_oneof![
            4 => self.opened(),
            1 => (self.session(), time())
                .prop_map(|(session, last_beat)| Event::SessionSuspected(session::Suspected { session, last_beat })),
            1 => self.session().prop_map(|session| Event::SessionRecovered(session::Recovered { session })),
            1 => (self.session(), self.how())
                .prop_map(|(session, how)| Event::SessionOver(session::Over { session, how })),
            1 => (self.session(), text(limits::CLAIM_CHARS_MAX)).prop_map(|(session, client_session)| {
                Event::AliasClaimed(session::AliasClaimed { session, client_session })
            }),
            1 => self.session().prop_map(|session| Event::SessionClosed(session::Closed { session })),
            1 => self.traces().boxed(),
            1 => (self.session(), self.call(), mismatch, text(limits::CLAIM_CHARS_MAX)).prop_map(
                |(session, call, mismatch, claimed)| {
                    Event::ClaimMismatched(session::ClaimMismatched { session, call, mismatch, claimed })
                }
            ),
        ]
    }

    fn traces(self) -> impl Strategy<Value = Event> {
        let kind = proptest::sample::select(ArtifactKind::ALL.to_vec());
        let recorded = (self.session(), kind, text(limits::ARTIFACT_CHARS_MAX));
        let issued = (self.session(), 0..=limits::ENTRY_COUNT_MAX, text(limits::LABEL_CHARS_MAX), time());
        prop_oneof![
            recorded.prop_map(|(session, kind, value)| {
                Event::ArtifactRecorded(artifact::Recorded { session, kind, value })
            }),
            issued.prop_map(|(session, serial, key, valid_until)| {
                let purpose = certificate::Purpose::GitSigning;
                Event::CertificateIssued(certificate::Issued { session, serial, purpose, key, valid_until })
            }),
        ]
    }

    fn about_brokers(self) -> impl Strategy<Value = Event> {
        let targets = || proptest::collection::btree_map(name(), target(), 0..4);
        let kind = proptest::sample::select(BrokerKind::ALL.to_vec());
        let configured = (name(), kind, text(200), targets(), 0..=limits::ENTRY_COUNT_MAX);
        let grant = (name(), name(), option::of(name()), scope(), span(), option::of(resource()));
        prop_oneof![
            configured.prop_map(|(broker, kind, settings, targets, revision)| {
                Event::BrokerConfigured(Box::new(broker::Configured { broker, kind, settings, targets, revision }))
            }),
            (name(), any::<bool>(), text(limits::REASON_CHARS_MAX)).prop_map(|(broker, is_on, reason)| {
                Event::BrokerSwitched(broker::Switched { broker, is_on, reason })
            }),
            name().prop_map(|broker| Event::BrokerRemoved(broker::Removed { broker })),
            (self.project(), grant).prop_map(|(project, (broker, target, profile, scope, life_max, lock))| {
                let grant = grant::Grant { broker, target, profile, scope, life_max, lock };
                Event::GrantSet(Box::new(grant::GrantSet { project, grant }))
            }),
            (self.project(), name(), name(), option::of(name())).prop_map(|(project, broker, target, profile)| {
                Event::GrantRemoved(grant::GrantRemoved { project, broker, target, profile })
            }),
        ]
    }

    fn about_credentials(self) -> impl Strategy<Value = Event> {
        let id = || (self.credential(), self.session());
        let reason = || text(limits::REASON_CHARS_MAX);
        let count = || 0..=limits::ENTRY_COUNT_MAX;
        let known_as = (proptest::sample::select(ArtifactKind::ALL.to_vec()), text(limits::ARTIFACT_CHARS_MAX))
            .prop_map(|(kind, value)| credential::PublicName { kind, value });
        let how = prop_oneof![
            count().prop_map(|attempts| credential::How::Revoked { attempts }),
            Just(credential::How::Expired),
            reason().prop_map(|reason| credential::How::NotMade { reason }),
        ];
        let what = (name(), name(), option::of(name()), scope(), option::of(text(limits::PUBLIC_KEY_CHARS_MAX)));
        prop_oneof![
            2 => (id(), count(), self.node(), self.project(), what, (option::of(self.ticket()), time())).prop_map(
                |(
                    (credential, session),
                    sequence,
                    node,
                    project,
                    (broker, target, granted_to, scope, public_key),
                    (lock, expires_at),
                )| {
                    Event::CredentialRequested(Box::new(credential::Requested {
                        credential,
                        session,
                        sequence,
                        node,
                        project,
                        broker,
                        target,
                        granted_to,
                        scope,
                        public_key,
                        lock,
                        expires_at,
                    }))
                }
            ),
            2 => (id(), vec(known_as, 0..=3), time()).prop_map(|((credential, session), names, expires_at)| {
                Event::CredentialIssued(credential::Issued { credential, session, names, expires_at })
            }),
            1 => (id(), reason()).prop_map(|((credential, session), reason)| {
                Event::RevocationAsked(credential::RevocationAsked { credential, session, reason })
            }),
            1 => (id(), count(), reason(), time()).prop_map(|((credential, session), attempts, reason, lives_until)| {
                let stalled = credential::Stalled { credential, session, attempts, reason, lives_until };
                Event::CredentialStalled(stalled)
            }),
            2 => (id(), how).prop_map(|((credential, session), how)| {
                Event::CredentialOver(credential::Over { credential, session, how })
            }),
        ]
    }

    fn holder(self) -> impl Strategy<Value = Holder> + Clone {
        prop_oneof![4 => self.session().prop_map(Holder::Session), 1 => self.developer().prop_map(Holder::Developer)]
    }

    fn about_locks(self) -> impl Strategy<Value = Event> {
        let ticket = || (self.ticket(), self.holder());
        let reason = || text(limits::REASON_CHARS_MAX);
        let what = || (ticket(), wants(), priority(), option::of(reason()));
        let how = prop_oneof![
            Just(lock::How::Released),
            Just(lock::How::Passed),
            Just(lock::How::Unclaimed),
            Just(lock::How::Rested),
            reason().prop_map(|reason| lock::How::Broken { reason }),
        ];
        prop_oneof![
            2 => what().prop_map(|((ticket, holder), wants, priority, intent)| {
                Event::LockQueued(Box::new(lock::Queued { ticket, holder, wants, priority, intent }))
            }),
            2 => what().prop_map(|((ticket, holder), wants, priority, intent)| {
                Event::LockGranted(Box::new(lock::Granted { ticket, holder, wants, priority, intent }))
            }),
            2 => (ticket(), time()).prop_map(|((ticket, holder), until)| {
                Event::LockOffered(lock::Offered { ticket, holder, until })
            }),
            2 => (ticket(), how).prop_map(|((ticket, holder), how)| {
                Event::LockOver(lock::Over { ticket, holder, how })
            }),
        ]
    }

    fn about_writes(self) -> impl Strategy<Value = Event> {
        let reason = || text(limits::REASON_CHARS_MAX);
        let hunk = (self.digest(), self.digest()).prop_map(|(old, new)| write::Hunk { old, new });
        let change = (resource(), option::of(self.digest()), option::of(self.digest()), vec(hunk, 0..3))
            .prop_map(|(resource, before, after, hunks)| write::Change { resource, before, after, hunks });
        let cause = prop_oneof![
            (option::of(self.developer()), reason()).prop_map(|(by, reason)| freeze::Cause::Asked { by, reason }),
            vec(self.session(), 0..=limits::WRITES_REMEMBERED_PER_RESOURCE_MAX + 1)
                .prop_map(|sessions| freeze::Cause::PingPong { sessions }),
            (self.session(), self.session()).prop_map(|(session, of)| freeze::Cause::Reverted { session, of }),
        ];
        prop_oneof![
            2 => (self.session(), change, option::of(reason())).prop_map(|(session, change, intent)| {
                Event::ResourceWritten(Box::new(write::Written { session, change, intent }))
            }),
            1 => (resource(), option::of(self.project()), cause).prop_map(|(resource, project, cause)| {
                Event::ResourceFrozen(Box::new(freeze::Frozen { resource, project, cause }))
            }),
            1 => (resource(), reason()).prop_map(|(resource, reason)| {
                Event::ResourceThawed(freeze::Thawed { resource, reason })
            }),
        ]
    }

    fn about_calls(self) -> impl Strategy<Value = Event> {
        prop_oneof![
            2 => (self.call(), self.session(), self.node(), usd(), self.dimensions(), claims()).prop_map(
                |(call, session, node, hold, dimensions, claims)| {
                    Event::CallReserved(Box::new(call::Reserved { call, session, node, hold, dimensions, claims }))
                }
            ),
            2 => (self.call(), self.session(), time(), usd(), self.dimensions(), settlement()).prop_map(
                |(call, session, reserved_at, hold, dimensions, settlement)| {
                    let settled = call::Settled { call, session, reserved_at, hold, dimensions, settlement };
                    Event::CallSettled(Box::new(settled))
                }
            ),
            1 => (self.call(), self.session(), "[a-z_]{1,30}", text(limits::MODEL_CHARS_MAX), usd()).prop_map(
                |(call, session, code, model, hold)| {
                    Event::CallRefused(call::Refused { call, session, code, model, hold })
                }
            ),
        ]
    }

    fn about_nodes(self) -> impl Strategy<Value = Event> {
        prop_oneof![
            (self.node(), text(limits::LABEL_CHARS_MAX))
                .prop_map(|(node, version)| Event::NodeStarted(node::Started { node, version })),
            self.node().prop_map(|node| Event::NodeLost(node::Lost { node })),
        ]
    }
}

/// Any event at all, within the bounds that decisions keep.
pub(crate) fn any_event(universe: Universe) -> impl Strategy<Value = Event> {
    // Boxed: together they are larger than the stack of a test.
    prop_oneof![
        universe.about_people().boxed(),
        universe.about_sessions().boxed(),
        universe.about_calls().boxed(),
        universe.about_nodes().boxed(),
        universe.about_brokers().boxed(),
        universe.about_credentials().boxed(),
        universe.about_locks().boxed(),
        universe.about_writes().boxed(),
    ]
}

/// Few, so that they overlap; and some that JSON must escape.
fn resource() -> impl Strategy<Value = Resource> {
    let named = proptest::sample::select(vec![
        "env:prod",
        "env:prod/db",
        "env:prod2",
        "path:github.com/acme/api//src/main.rs",
        "path:github.com/acme/api",
    ])
    .prop_map(str::to_owned);
    let segment = "[a-z\"\\\\é\u{2028}]{1,8}";
    let other = vec(segment, 1..6).prop_map(|segments| format!("slot:{}", segments.join("/")));
    prop_oneof![3 => named, 1 => other].prop_map(|text| text.parse().unwrap())
}

fn wants() -> impl Strategy<Value = Wants> {
    let mode = proptest::sample::select(Mode::ALL.to_vec());
    let want = (resource(), mode).prop_map(|(resource, mode)| Want::new(resource, mode));
    vec(want, 1..4).prop_map(|wants| Wants::new(wants).unwrap())
}

fn priority() -> impl Strategy<Value = Priority> {
    prop_oneof![Just(Priority::Low), Just(Priority::Normal), Just(Priority::High), Just(Priority::Urgent)]
}

fn roles() -> impl Strategy<Value = Roles> {
    let role = prop_oneof![Just(Role::Member), Just(Role::Approver), Just(Role::Auditor), Just(Role::Admin)];
    vec(role, 0..4).prop_map(BTreeSet::from_iter)
}

fn scope() -> impl Strategy<Value = Scope> {
    let values = btree_set(text(20), 1..3);
    proptest::collection::btree_map(name(), values, 0..3).prop_map(Scope::new)
}

fn span() -> impl Strategy<Value = Span> {
    (0..=limits::ENTRY_COUNT_MAX).prop_map(Span::from_millis)
}

fn target() -> impl Strategy<Value = broker::Target> {
    (span(), span(), span(), any::<bool>(), any::<bool>()).prop_map(
        |(life_min, life_default, life_max, is_revocable, is_local)| broker::Target {
            life_min,
            life_default,
            life_max,
            is_revocable,
            is_local,
        },
    )
}

fn name() -> impl Strategy<Value = Name> {
    "[a-z0-9][a-z0-9._-]{0,63}".prop_map(|text| text.parse().unwrap())
}

fn time() -> impl Strategy<Value = Time> {
    (0..=limits::ENTRY_USD_NANOS_MAX).prop_map(Time::from_unix_millis)
}

fn usd() -> impl Strategy<Value = Usd> {
    prop_oneof![0..=1000_i64, 0..=limits::ENTRY_USD_NANOS_MAX].prop_map(Usd::from_nanos)
}

/// Strangers' text: any character, also those that JSON must escape.
fn text(max: usize) -> impl Strategy<Value = String> {
    let character = prop_oneof![
        any::<char>(),
        (0..=0x20_u8).prop_map(char::from),
        Just('"'),
        Just('\\'),
        Just('\u{7f}'),
        Just('\u{2028}')
    ];
    prop_oneof![4 => vec(character.clone(), 0..=8), 1 => vec(character, max..=max)].prop_map(String::from_iter)
}

fn claims() -> impl Strategy<Value = Claims> {
    let claim = || option::of(text(limits::CLAIM_CHARS_MAX));
    (claim(), claim(), claim(), claim()).prop_map(|(client_session, metadata_session, agent, user_agent)| Claims {
        client_session,
        metadata_session,
        agent,
        user_agent,
    })
}

fn usage() -> impl Strategy<Value = Usage> {
    proptest::array::uniform6(0..=limits::ENTRY_COUNT_MAX).prop_map(|[a, b, c, d, e, f]| Usage {
        input_tokens: a,
        cache_write_5m_tokens: b,
        cache_write_1h_tokens: c,
        cache_read_tokens: d,
        output_tokens: e,
        web_searches: f,
    })
}

fn settlement() -> impl Strategy<Value = Settlement> {
    let outcome = prop_oneof![
        Just(Outcome::Completed),
        Just(Outcome::UpstreamRefused),
        Just(Outcome::UpstreamUnreachable),
        Just(Outcome::UpstreamCut),
        Just(Outcome::ClientLeft),
        Just(Outcome::Revoked),
        Just(Outcome::Abandoned),
    ];
    let quality = prop_oneof![Just(Quality::Exact), Just(Quality::Estimated), Just(Quality::Bound)];
    let label = || option::of(text(limits::LABEL_CHARS_MAX));
    let money = (usd(), usd(), quality, any::<bool>());
    let said = (label(), label(), any::<Option<u16>>(), label(), text(limits::LABEL_CHARS_MAX));
    (outcome, money, usage(), said).prop_map(
        |(outcome, (cost, list, quality, unpriced), usage, (model, upstream, status, upstream_request, book))| {
            Settlement {
                outcome,
                cost,
                list,
                quality,
                unpriced,
                usage,
                model,
                upstream,
                status,
                upstream_request,
                book,
            }
        },
    )
}
