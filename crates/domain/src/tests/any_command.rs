//! Arbitrary steps over the furnished house: a small universe, so that commands meet each other's traces.

use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;

use super::house::{
    MORNING, cal, configure, cre, dev, digest, landing, name, nod, prj, pushing, request, resource, rooms, ses,
    settlement, sin, tkt, tm,
};
use super::run::Run;
use crate::call::{Abandon, Reserve, Settle};
use crate::credential::{Finish, How, MintResult, NoteStalled, PublicName, RecordMint};
use crate::developer::Developer;
use crate::lock::{Acquire, Break, Choice, Holder, Mode, Patience, Phase, Priority, Release, Want, Wants};
use crate::session::{Claims, End, Lapse, Open, Recover, Revoke};
use crate::sign_in::{SignIn, SignOut};
use crate::{
    Actor, ArtifactKind, Command, Event, Refusal, Role, Roles, Scope, SessionId, Span, Time, Usd, artifact, broker,
    certificate, credential, developer, freeze, grant, key, limits, lock, node, project, team, write,
};

/// Who proposes a command.
#[derive(Debug, Clone)]
pub(crate) enum Who {
    /// Whoever may, most of the time: or else nearly everything would be refused.
    Rightful,
    /// Anybody.
    Stranger(Actor),
}

/// One step of a history.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) who: Who,
    pub(crate) command: Command,
    /// Which of the things that are there a rightful step is aimed at.
    pub(crate) aim: usize,
    /// How the clock of the deciding process moves first, in milliseconds: it may be set back.
    pub(crate) clock: i64,
}

impl Step {
    /// Takes the step; gives the events or the refusal.
    pub(crate) fn take(&self, run: &mut Run) -> Result<Vec<Event>, Refusal> {
        let (by, command) = self.propose(run);
        run.step(by, &command)
    }

    /// Moves the clock; gives the command as it is proposed to this history, and by whom.
    pub(crate) fn propose(&self, run: &mut Run) -> (Actor, Command) {
        run.clock = Time::from_unix_millis(run.clock.unix_millis() + self.clock);
        let mut command = self.command.clone();
        match self.who {
            Who::Stranger(by) => (by, command),
            Who::Rightful => {
                let by = rightful(run, &mut command, self.aim);
                (by, command)
            }
        }
    }
}

/// Aims the command at something that is there, and says who may propose it.
fn rightful(run: &Run, command: &mut Command, aim: usize) -> Actor {
    let state = &run.state;
    let nth = |count: usize| aim.checked_rem(count).unwrap_or_default();
    let live = state.sessions.iter().nth(nth(state.sessions.len())).map(|(id, live)| (*id, live));
    let aim_at = |target: &mut SessionId| {
        *target = live.map_or(*target, |(id, _)| id);
        Actor::Session(*target)
    };
    match command {
        Command::OpenSession(open) => match (&mut open.parent, live) {
            (Some(parent), Some((id, live))) => {
                (*parent, open.developer, open.project) = (id, live.developer, live.project);
                Actor::Session(id)
            }
            _ => Actor::Developer(open.developer),
        },
        Command::EndSession(end) => aim_at(&mut end.session),
        Command::RecoverSession(recover) => aim_at(&mut recover.session),
        Command::RevokeSession(revoke) => {
            aim_at(&mut revoke.session);
            live.map_or(Actor::System, |(_, live)| Actor::Developer(live.developer))
        }
        Command::LapseSession(lapse) => {
            aim_at(&mut lapse.session);
            lapse.last_beat = run.clock - MORNING.since(lapse.last_beat);
            Actor::System
        }
        Command::ReserveCall(reserve) => aim_at(&mut reserve.session),
        Command::RecordArtifact(record) => aim_at(&mut record.session),
        Command::IssueCertificate(issue) => aim_at(&mut issue.session),
        Command::SettleCall(settle) => {
            let open = state.calls.keys().nth(nth(state.calls.len()));
            settle.call = open.copied().unwrap_or(settle.call);
            Actor::System
        }
        Command::CheckPush(check) => {
            // Whoever holds what is pushed.
            let covers =
                |ticket: &lock::Ticket| ticket.wants.iter().any(|want| want.covers(&check.touched[0], Mode::X));
            let holds = |ticket: &lock::Ticket| {
                Some((ticket.holder.session()?, ticket.phase.token()?)).filter(|_| covers(ticket))
            };
            if let Some((session, token)) = state.locks.tickets.values().find_map(holds) {
                let Command::CheckPush(known) = pushing(session, check.touched[0].clone(), token) else { panic!() };
                *check = known;
            }
            Actor::Session(check.session)
        }
        Command::LandPush(land) => {
            let mut pinned =
                state.locks.tickets.iter().filter_map(|(id, one)| Some((*id, one.holder.session()?, one.pinned_by?)));
            if let Some((id, session, pin)) = pinned.nth(nth(pinned.clone().count())) {
                (land.session, land.push, land.locks) = (session, pin.push, vec![id]);
            }
            Actor::System
        }
        Command::RequestCredential(request) => {
            let by = aim_at(&mut request.session);
            // Whoever holds the lock that the grant may ask for, now and then.
            let holds =
                |id: &SessionId| state.locks.covering(Holder::Session(*id), &resource("env:p/a"), Mode::X).is_some();
            let granted = state.projects.get(&prj(0)).map(|project| &project.grants);
            let locked = granted.into_iter().flatten().find(|grant| grant.lock.is_some());
            match (locked, state.sessions.keys().copied().find(holds)) {
                (Some(grant), Some(holder)) if aim.is_multiple_of(2) => {
                    (request.broker, request.target) = (grant.broker.clone(), grant.target.clone());
                    request.session = holder;
                    Actor::Session(holder)
                }
                _ => by,
            }
        }
        Command::RecordMint(RecordMint { credential, .. })
        | Command::RevokeCredential(credential::Revoke { credential, .. })
        | Command::NoteStalled(NoteStalled { credential, .. })
        | Command::FinishCredential(Finish { credential, .. }) => {
            let alive = state.credentials.keys().nth(nth(state.credentials.len()));
            *credential = alive.copied().unwrap_or(*credential);
            Actor::System
        }
        Command::AcquireLock(_) | Command::ReleaseLock(_) | Command::BreakLock(_) | Command::LapseLock(_) => {
            rightful_of_locks(run, command, aim)
        }
        Command::RecordWrite(record) => aim_at(&mut record.session),
        Command::ThawResource(thaw) => {
            let frozen = state.freezes.keys().nth(nth(state.freezes.len()));
            thaw.resource = frozen.unwrap_or(&thaw.resource).clone();
            Actor::System
        }
        Command::SignOut(_)
        | Command::SetRoles(_)
        | Command::DisableDeveloper(_)
        | Command::EraseDeveloper(_)
        | Command::AskKeyRotation(_)
        | Command::NoteKeyRotation(_)
        | Command::ConfigureBroker(_)
        | Command::SwitchBroker(_)
        | Command::RemoveBroker(_)
        | Command::SetGrant(_)
        | Command::RemoveGrant(_) => {
            let is_admin = |developer: &Developer| developer.roles.contains(&Role::Admin) && !developer.disabled;
            let admin = state.developers.iter().find(|(_, developer)| is_admin(developer));
            admin.map_or(Actor::System, |(id, _)| Actor::Developer(*id))
        }
        _ => Actor::System,
    }
}

/// Claims what is offered, every other time; lets go of what is there; lapses what is due.
fn rightful_of_locks(run: &Run, command: &mut Command, aim: usize) -> Actor {
    let locks = &run.state.locks;
    let nth = |count: usize| aim.checked_rem(count).unwrap_or_default();
    let some = locks.tickets.iter().nth(nth(locks.tickets.len()));
    match command {
        Command::AcquireLock(acquire) => {
            let is_offered = |ticket: &lock::Ticket| matches!(ticket.phase, Phase::Offered { .. });
            if let Some((id, ticket)) =
                locks.tickets.iter().find(|(_, ticket)| aim.is_multiple_of(2) && is_offered(ticket))
            {
                (acquire.ticket, acquire.wants) = (*id, ticket.wants.clone());
                return actor(ticket.holder);
            }
            let live = run.state.sessions.keys().nth(nth(run.state.sessions.len()));
            live.filter(|_| aim % 8 != 7).map_or(Actor::Developer(dev(1)), |id| Actor::Session(*id))
        }
        Command::ReleaseLock(release) => match some {
            Some((id, ticket)) => {
                release.ticket = *id;
                release.token = release.token.filter(|_| aim.is_multiple_of(4)).or(ticket.phase.token());
                actor(ticket.holder)
            }
            None => Actor::System,
        },
        Command::BreakLock(breaking) => {
            breaking.ticket = some.map_or(breaking.ticket, |(id, _)| *id);
            Actor::System
        }
        Command::LapseLock(lapse) => {
            let due = locks.timers.iter().nth(nth(locks.timers.len()));
            lapse.ticket = due.map_or(lapse.ticket, |(_, id)| *id);
            Actor::System
        }
        _ => Actor::System,
    }
}

fn actor(holder: Holder) -> Actor {
    match holder {
        Holder::Session(session) => Actor::Session(session),
        Holder::Developer(developer) => Actor::Developer(developer),
    }
}

/// A history's worth of steps.
pub(crate) fn any_steps() -> impl Strategy<Value = Vec<Step>> {
    steps(any_command(), 200)
}

/// The same, mostly about locks.
pub(crate) fn any_steps_of_locks() -> impl Strategy<Value = Vec<Step>> {
    let command = prop_oneof![
        3 => any_open().prop_map(|open| Command::OpenSession(Box::new(open))),
        2 => any_session_end(),
        20 => any_locks(),
        3 => (0..24_u128, 0..300_u64).prop_map(|(n, token)| pushing(ses(n), resource("path:r//f"), token)),
        2 => (0..24_u128, 0..300_u64).prop_map(|(n, at)| landing(ses(n), at, &[])),
        1 => any_freezes(),
        1 => any_people(),
    ];
    // Somebody is there: two of one team who have nothing to do with each other, a child, and somebody else.
    let open = |session: u128, parent: Option<u128>, developer| {
        let open = Open { developer: dev(developer), parent: parent.map(ses), ..super::house::open(session) };
        let by = parent.map_or(Actor::Developer(dev(developer)), |parent| Actor::Session(ses(parent)));
        Step { who: Who::Stranger(by), command: Command::OpenSession(Box::new(open)), aim: 0, clock: 0 }
    };
    let first = [open(0, None, 1), open(1, None, 1), open(2, Some(0), 1), open(3, None, 1)];
    steps(command, 120).prop_map(move |steps| first.iter().cloned().chain(steps).collect())
}

fn steps(command: impl Strategy<Value = Command>, most: usize) -> impl Strategy<Value = Vec<Step>> {
    vec(any_step(command), 0..most)
}

fn any_step(command: impl Strategy<Value = Command>) -> impl Strategy<Value = Step> {
    let who = prop_oneof![4 => Just(Who::Rightful), 1 => any_actor().prop_map(Who::Stranger)];
    (who, command, 0..64_usize, any_clock()).prop_map(|(who, command, aim, clock)| Step { who, command, aim, clock })
}

fn any_clock() -> impl Strategy<Value = i64> {
    prop_oneof![
        24 => Just(0),
        24 => 1..5_000_i64,
        3 => 60_000..80_000_i64,
        2 => 890_000..910_000_i64,
        1 => Just(3_600_000_i64),
        1 => Just(-3_600_000_i64),
        1 => Just(8 * 3_600_000_i64),
    ]
}

fn any_actor() -> impl Strategy<Value = Actor> {
    prop_oneof![
        Just(Actor::System),
        Just(Actor::Bootstrap),
        (0..5_u128).prop_map(|n| Actor::Developer(dev(n))),
        (0..24_u128).prop_map(|n| Actor::Session(ses(n))),
    ]
}

fn any_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        1 => any_people(),
        1 => any_teams(),
        2 => any_sign_ins(),
        9 => any_open().prop_map(|open| Command::OpenSession(Box::new(open))),
        5 => any_session_end(),
        10 => any_reserve().prop_map(|reserve| Command::ReserveCall(Box::new(reserve))),
        8 => any_settle(),
        1 => any_nodes(),
        1 => any_trace(),
        1 => any_brokers(),
        5 => any_request().prop_map(|request| Command::RequestCredential(Box::new(request))),
        6 => any_mint_and_end(),
        14 => any_locks(),
        3 => any_writes(),
        1 => any_freezes(),
    ]
}

/// A small tree, in which most overlap: with a gate and without.
fn any_resource() -> impl Strategy<Value = crate::Resource> {
    let all = ["env:p", "env:p/a", "env:p/a", "env:p/a/x", "env:p/b", "path:r//f", "path:r//f/g", "slot:s"];
    proptest::sample::select(all.to_vec()).prop_map(resource)
}

fn any_wants() -> impl Strategy<Value = Wants> {
    let mode = prop_oneof![
        4 => Just(Mode::X),
        2 => Just(Mode::S),
        2 => Just(Mode::IX),
        1 => Just(Mode::SIX),
        2 => Just(Mode::IS),
        1 => Just(Mode::N),
    ];
    let want = (any_resource(), mode).prop_map(|(resource, mode)| Want::new(resource, mode));
    vec(want, 1..4).prop_map(|wants| Wants::new(wants).unwrap())
}

fn any_locks() -> impl Strategy<Value = Command> {
    let id = || (0..120_u128).prop_map(tkt);
    let choice = prop_oneof![6 => Just(Choice::All), 1 => Just(Choice::Any)];
    let patience = prop_oneof![8 => Just(Patience::Queue), 1 => Just(Patience::None), 1 => Just(Patience::Pass)];
    let priority = prop_oneof![
        1 => Just(Priority::Low),
        6 => Just(Priority::Normal),
        2 => Just(Priority::High),
        1 => Just(Priority::Urgent),
    ];
    let intent = option::weighted(0.2, "[a-z ]{0,9}");
    let acquire = (id(), any_wants(), choice, patience, priority, intent);
    prop_oneof![
        16 => acquire.prop_map(|(ticket, wants, choice, patience, priority, intent)| {
            Command::AcquireLock(Box::new(Acquire { ticket, wants, choice, patience, priority, intent }))
        }),
        3 => (id(), option::of(0..300_u64)).prop_map(|(ticket, token)| {
            Command::ReleaseLock(Release { ticket, token })
        }),
        1 => (id(), "[a-z ]{0,9}", any::<bool>()).prop_map(|(ticket, reason, revoke)| {
            Command::BreakLock(Break { ticket, reason, revoke })
        }),
        3 => id().prop_map(|ticket| Command::LapseLock(lock::Lapse { ticket })),
    ]
}

/// Two texts, so that they are undone often.
fn any_writes() -> impl Strategy<Value = Command> {
    let text = || option::weighted(0.8, (0..2_u128).prop_map(|n| digest("text", n)));
    let hunk = (0..2_u128, 0..2_u128).prop_map(|(a, b)| write::Hunk { old: digest("text", a), new: digest("text", b) });
    let at = prop_oneof![Just(resource("env:p/a")), Just(resource("path:r//f"))];
    let lines = (0..9_u32, 0..9_u32, 0..9_u32).prop_map(|(at, old, new)| write::Lines { at, old, new });
    let change = (at, text(), text(), vec(hunk, 0..2), vec(lines, 0..2));
    let change = change.prop_map(|(resource, before, after, hunks, lines)| write::Change {
        resource,
        before,
        after,
        hunks,
        lines,
    });
    let record = (0..24_u128, vec(change, 1..3), option::weighted(0.2, "[a-z ]{0,9}"), any::<bool>());
    record.prop_map(|(session, changes, intent, intended)| {
        Command::RecordWrite(Box::new(write::Record { session: ses(session), changes, intent, intended }))
    })
}

fn any_freezes() -> impl Strategy<Value = Command> {
    let reason = || "[a-z]{1,9}".prop_map(String::from);
    prop_oneof![
        1 => (any_resource(), reason())
            .prop_map(|(resource, reason)| Command::FreezeResource(Box::new(freeze::Ask { resource, reason }))),
        4 => (any_resource(), reason())
            .prop_map(|(resource, reason)| Command::ThawResource(Box::new(freeze::Thaw { resource, reason }))),
    ]
}

fn any_brokers() -> impl Strategy<Value = Command> {
    let broker = || prop_oneof![3 => Just("vault"), 1 => Just("spare")].prop_map(name);
    let target = || prop_oneof![3 => Just("far"), 3 => Just("near"), 1 => Just("nowhere")].prop_map(name);
    let profile = || option::weighted(0.3, Just(name("default")));
    let locked = || option::weighted(0.5, Just(resource("env:p/a")));
    let grant = (broker(), target(), profile(), any_rooms(), 60..1900_u64, locked());
    prop_oneof![
        2 => prop_oneof![Just("vault"), Just("spare")].prop_map(configure),
        1 => (broker(), any::<bool>(), "[a-z ]{0,9}").prop_map(|(broker, is_on, reason)| {
            Command::SwitchBroker(broker::Switch { broker, is_on, reason })
        }),
        1 => broker().prop_map(|broker| Command::RemoveBroker(broker::Remove { broker })),
        3 => grant.prop_map(|(broker, target, profile, scope, seconds, lock)| {
            let grant = grant::Grant { broker, target, profile, scope, life_max: Span::from_secs(seconds), lock };
            Command::SetGrant(Box::new(grant::Set { project: prj(0), grant }))
        }),
        1 => (broker(), target(), profile()).prop_map(|(broker, target, profile)| {
            Command::RemoveGrant(grant::Remove { project: prj(0), broker, target, profile })
        }),
    ]
}

fn any_rooms() -> impl Strategy<Value = Scope> {
    prop_oneof![Just(rooms(&[])), Just(rooms(&["a"])), Just(rooms(&["a", "b"])), Just(rooms(&["*"]))]
}

fn any_request() -> impl Strategy<Value = credential::Request> {
    let target = prop_oneof![4 => Just("far"), 4 => Just("near"), 1 => Just("nowhere")];
    let scope = prop_oneof![3 => Just(rooms(&[])), 1 => any_rooms()];
    let life = option::weighted(0.3, (30..2000_u64).prop_map(Span::from_secs));
    (0..40_u128, 0..24_u128, target, scope, life, 0..3_u128).prop_map(|(n, session, target, scope, life, node)| {
        credential::Request { scope, life, node: nod(node), ..request(n, session, target) }
    })
}

fn any_mint_and_end() -> impl Strategy<Value = Command> {
    let id = || (0..40_u128).prop_map(cre);
    let names = || {
        proptest::collection::vec("[a-z]{1,4}", 0..2).prop_map(|values| {
            let named = |value| PublicName { kind: ArtifactKind::CredentialHandle, value };
            values.into_iter().map(named).collect::<Vec<_>>()
        })
    };
    let later = (0..2_000_000_i64).prop_map(|after| Time::from_unix_millis(MORNING.unix_millis() + after));
    let how = prop_oneof![
        2 => (1..9_u64).prop_map(|attempts| How::Revoked { attempts }),
        2 => Just(How::Expired),
        1 => Just(How::NotMade { reason: "away".to_owned() }),
    ];
    prop_oneof![
        4 => (id(), names(), later).prop_map(|(credential, names, expires_at)| {
            Command::RecordMint(RecordMint { credential, result: MintResult::Made { names, expires_at } })
        }),
        1 => id().prop_map(|credential| {
            let result = MintResult::NotMade { reason: "away".to_owned() };
            Command::RecordMint(RecordMint { credential, result })
        }),
        2 => (id(), "[a-z ]{0,9}").prop_map(|(credential, reason)| {
            Command::RevokeCredential(credential::Revoke { credential, reason })
        }),
        1 => (id(), 1..9_u64).prop_map(|(credential, attempts)| {
            Command::NoteStalled(NoteStalled { credential, attempts, reason: "away".to_owned() })
        }),
        4 => (id(), how).prop_map(|(credential, how)| Command::FinishCredential(Finish { credential, how })),
    ]
}

fn any_roles() -> impl Strategy<Value = Roles> {
    let role = prop_oneof![4 => Just(Role::Member), 1 => Just(Role::Auditor), 2 => Just(Role::Admin)];
    btree_set(role, 0..3)
}

fn any_people() -> impl Strategy<Value = Command> {
    prop_oneof![
        (0..5_u128, 0..6_u128, any_roles()).prop_map(|(n, identity, roles)| {
            let identity = digest("identity", identity);
            Command::RegisterDeveloper(developer::Register { developer: dev(n), identity, roles })
        }),
        (0..5_u128, any_roles())
            .prop_map(|(n, roles)| Command::SetRoles(developer::SetRoles { developer: dev(n), roles })),
        (0..5_u128).prop_map(|n| {
            Command::DisableDeveloper(developer::Disable { developer: dev(n), reason: "left".to_owned() })
        }),
        (0..5_u128).prop_map(|n| Command::EraseDeveloper(developer::Erase { developer: dev(n) })),
    ]
}

fn any_teams() -> impl Strategy<Value = Command> {
    let any_name = || prop_oneof![Just("core"), Just("apps"), Just("ops")].prop_map(name);
    prop_oneof![
        (0..3_u128, any_name()).prop_map(|(n, name)| Command::CreateTeam(team::Create { team: tm(n), name })),
        (0..3_u128, 0..5_u128)
            .prop_map(|(n, who)| Command::AddMember(team::AddMember { team: tm(n), developer: dev(who) })),
        (0..3_u128, 0..5_u128)
            .prop_map(|(n, who)| Command::RemoveMember(team::RemoveMember { team: tm(n), developer: dev(who) })),
        (0..3_u128, any_name(), btree_set((0..3_u128).prop_map(tm), 0..3))
            .prop_map(|(n, name, teams)| { Command::CreateProject(project::Create { project: prj(n), name, teams }) }),
        (0..3_u128, "[a-z]{0,3}")
            .prop_map(|(n, rules)| Command::SetLockRules(project::SetLockRules { project: prj(n), rules })),
    ]
}

fn any_sign_ins() -> impl Strategy<Value = Command> {
    prop_oneof![
        2 => (0..16_u128, 0..5_u128, 0..16_u128).prop_map(|(n, who, token)| {
            Command::SignIn(SignIn { sign_in: sin(n), developer: dev(who), token: digest("sign-in", token) })
        }),
        1 => (0..16_u128).prop_map(|n| Command::SignOut(SignOut { sign_in: sin(n) })),
    ]
}

fn any_open() -> impl Strategy<Value = Open> {
    let ttl = prop_oneof![
        1 => Just(Span::from_secs(59)),
        2 => Just(limits::SESSION_TTL_MIN),
        4 => Just(Span::from_secs(3600)),
        4 => Just(limits::SESSION_TTL_MAX),
    ];
    let parent = prop_oneof![3 => Just(None), 4 => (0..24_u128).prop_map(Some)];
    let project = prop_oneof![3 => Just(Some(0)), 1 => option::of(0..3_u128)];
    let budget = option::of(prop_oneof![Just(0_i64), 1..40_i64, 40..400_i64]);
    let agent = option::weighted(0.3, "[pq]");
    (0..24_u128, parent, agent, 0..4_u128, project, ttl, any::<bool>(), budget).prop_map(
        |(n, parent, agent, developer, project, ttl, beats, budget)| Open {
            session: ses(n),
            parent: parent.map(ses),
            agent: parent.is_some().then_some(agent).flatten(),
            developer: dev(developer),
            project: project.map(prj),
            profile: name("default"),
            token: digest("session", n),
            ttl,
            beats,
            budget: budget.map(Usd::from_nanos),
        },
    )
}

fn any_session_end() -> impl Strategy<Value = Command> {
    let id = || (0..24_u128).prop_map(ses);
    prop_oneof![
        1 => (id(), any::<Option<i32>>())
            .prop_map(|(session, exit_code)| Command::EndSession(End { session, exit_code })),
        1 => (id(), "[a-z ]{0,9}")
            .prop_map(|(session, reason)| Command::RevokeSession(Revoke { session, reason })),
        6 => (id(), -1_000_000..100_000_i64).prop_map(|(session, beat)| {
            let last_beat = Time::from_unix_millis(MORNING.unix_millis() + beat);
            Command::LapseSession(Lapse { session, last_beat })
        }),
        4 => id().prop_map(|session| Command::RecoverSession(Recover { session })),
    ]
}

fn any_reserve() -> impl Strategy<Value = Reserve> {
    let claim = || option::weighted(0.3, "[xyz]");
    let claims = (claim(), claim()).prop_map(|(client_session, metadata_session)| Claims {
        client_session,
        metadata_session,
        ..Claims::default()
    });
    (0..16_u128, 0..24_u128, 0..3_u128, -1..30_i64, claims, any::<bool>()).prop_map(
        |(call, session, node, hold, claims, upstream_contacted)| Reserve {
            call: cal(call),
            session: ses(session),
            node: nod(node),
            model: "claude-test".to_owned(),
            hold: Usd::from_nanos(hold),
            claims,
            upstream_contacted,
        },
    )
}

fn any_trace() -> impl Strategy<Value = Command> {
    let kind = prop_oneof![3 => Just(ArtifactKind::Commit), 1 => Just(ArtifactKind::AwsAccessKey)];
    let until = (0..100_000_000_i64).prop_map(|after| Time::from_unix_millis(MORNING.unix_millis() + after));
    prop_oneof![
        (0..24_u128, kind, "[0-9a-f]{4}").prop_map(|(n, kind, value)| {
            Command::RecordArtifact(artifact::Record { session: ses(n), kind, value })
        }),
        (0..24_u128, any::<u32>(), until).prop_map(|(n, serial, valid_until)| {
            Command::IssueCertificate(certificate::Issue {
                session: ses(n),
                serial: serial.into(),
                purpose: certificate::Purpose::GitSigning,
                key: "SHA256:key".to_owned(),
                valid_until,
            })
        }),
    ]
}

fn any_settle() -> impl Strategy<Value = Command> {
    (0..16_u128, 0..40_i64).prop_map(|(call, cost)| {
        Command::SettleCall(Box::new(Settle { call: cal(call), settlement: settlement(cost) }))
    })
}

fn any_nodes() -> impl Strategy<Value = Command> {
    prop_oneof![
        2 => (0..3_u128).prop_map(|n| Command::AbandonCalls(Abandon { node: nod(n) })),
        1 => (0..3_u128)
            .prop_map(|n| Command::StartNode(node::Start { node: nod(n), version: "0.0.0".to_owned() })),
        1 => (0..3_u128).prop_map(|n| Command::LoseNode(node::Lose { node: nod(n) })),
        1 => Just(Command::AskKeyRotation(key::RotationAsked { key: key::Which::Seal, when: key::When::Now })),
        1 => ("[a-z]{0,70}").prop_map(|name| {
            Command::NoteKeyRotation(key::Rotated { key: key::Which::Signing, name, from: MORNING })
        }),
    ]
}
