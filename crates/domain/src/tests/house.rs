//! A small furnished installation, and short names for its inhabitants.

use crate::broker::{Configure, Target};
use crate::call::{Outcome, Quality, Reserve, Settle, Settlement};
use crate::credential::Request;
use crate::grant::{Grant, Set};
use crate::lock::{Acquire, Choice, Holder, Locks, Mode, Patience, Priority, Release, Ticket, Want, Wants};
use crate::push::{Check, Kind, Land, Paths, Proof, Update, own_refs};
use crate::session::{Claims, Open};
use crate::{
    Actor, BrokerKind, CallId, Command, CredentialId, DeveloperId, Digest, Name, NodeId, ProjectId, Resource, Role,
    Roles, Scope, SessionId, SignInId, Span, TeamId, TicketId, Time, Usage, Usd, developer, node, project, team,
};

/// When the house was furnished.
pub(crate) const MORNING: Time = Time::from_unix_millis(1_790_000_000_000);

macro_rules! short {
    ($($name:ident: $id:ident),*) => {
        $(pub(crate) fn $name(n: u128) -> $id {
            $id::new(MORNING, n)
        })*
    };
}

short!(
    dev: DeveloperId,
    ses: SessionId,
    prj: ProjectId,
    tm: TeamId,
    cal: CallId,
    nod: NodeId,
    sin: SignInId,
    cre: CredentialId,
    tkt: TicketId
);

/// The administrator.
pub(crate) fn ada() -> Actor {
    Actor::Developer(dev(0))
}

/// A member of the team.
pub(crate) fn bob() -> Actor {
    Actor::Developer(dev(1))
}

/// A member of no team.
pub(crate) fn eve() -> Actor {
    Actor::Developer(dev(2))
}

pub(crate) fn digest(kind: &str, n: u128) -> Digest {
    Digest::of(format!("{kind} {n}").as_bytes())
}

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub(crate) fn nanos(nanos: i64) -> Usd {
    Usd::from_nanos(nanos)
}

pub(crate) fn roles<const N: usize>(roles: [Role; N]) -> Roles {
    Roles::from(roles)
}

pub(crate) fn register(n: u128, roles: Roles) -> Command {
    Command::RegisterDeveloper(developer::Register { developer: dev(n), identity: digest("identity", n), roles })
}

pub(crate) fn disable(n: u128) -> Command {
    Command::DisableDeveloper(developer::Disable { developer: dev(n), reason: "left".to_owned() })
}

pub(crate) fn erase(n: u128) -> Command {
    Command::EraseDeveloper(developer::Erase { developer: dev(n) })
}

pub(crate) fn create_team(n: u128, text: &str) -> Command {
    Command::CreateTeam(team::Create { team: tm(n), name: name(text) })
}

pub(crate) fn join(team: u128, developer: u128) -> Command {
    Command::AddMember(team::AddMember { team: tm(team), developer: dev(developer) })
}

pub(crate) fn leave(team: u128, developer: u128) -> Command {
    Command::RemoveMember(team::RemoveMember { team: tm(team), developer: dev(developer) })
}

pub(crate) fn create_project(n: u128, text: &str, teams: &[u128]) -> Command {
    let teams = teams.iter().map(|&n| tm(n)).collect();
    Command::CreateProject(project::Create { project: prj(n), name: name(text), teams })
}

pub(crate) fn start_node(n: u128) -> Command {
    Command::StartNode(node::Start { node: nod(n), version: "0.0.0".to_owned() })
}

/// A root session of bob for the project.
pub(crate) fn open(n: u128) -> Open {
    Open {
        session: ses(n),
        parent: None,
        agent: None,
        developer: dev(1),
        project: Some(prj(0)),
        profile: name("default"),
        token: digest("session", n),
        ttl: Span::from_secs(8 * 3600),
        beats: true,
        budget: None,
    }
}

/// A child session of the same work.
pub(crate) fn child(n: u128, parent: u128) -> Open {
    Open { parent: Some(ses(parent)), ..open(n) }
}

pub(crate) fn opening(open: Open) -> Command {
    Command::OpenSession(Box::new(open))
}

/// A call that has not contacted its upstream yet.
pub(crate) fn reserve(call: u128, session: u128, hold: i64) -> Reserve {
    Reserve {
        call: cal(call),
        session: ses(session),
        node: nod(0),
        model: "claude-test".to_owned(),
        hold: nanos(hold),
        claims: Claims::default(),
        upstream_contacted: false,
    }
}

pub(crate) fn reserving(reserve: Reserve) -> Command {
    Command::ReserveCall(Box::new(reserve))
}

pub(crate) fn settlement(cost: i64) -> Settlement {
    Settlement {
        outcome: Outcome::Completed,
        cost: nanos(cost),
        list: nanos(cost),
        quality: Quality::Exact,
        unpriced: false,
        usage: Usage::default(),
        model: None,
        upstream: None,
        status: Some(200),
        upstream_request: None,
        book: "2026-11".to_owned(),
    }
}

pub(crate) fn settling(call: u128, settlement: Settlement) -> Command {
    Command::SettleCall(Box::new(Settle { call: cal(call), settlement }))
}

/// A broker `vault` whose target `far` is somewhere else and whose target `near` is made by writ alone.
pub(crate) fn configure(text: &str) -> Command {
    let target = |is_local| Target {
        life_min: Span::from_secs(60),
        life_default: Span::from_secs(600),
        life_max: Span::from_secs(3600),
        is_revocable: true,
        is_local,
    };
    Command::ConfigureBroker(Box::new(Configure {
        broker: name(text),
        kind: BrokerKind::Exec,
        settings: "{}".to_owned(),
        targets: [(name("far"), target(false)), (name("near"), target(true))].into(),
    }))
}

/// A scope with values of the dimension `rooms`; none says nothing.
pub(crate) fn rooms(values: &[&str]) -> Scope {
    let values = values.iter().map(|&value| value.to_owned()).collect::<std::collections::BTreeSet<_>>();
    Scope::new(if values.is_empty() { Default::default() } else { [(name("rooms"), values)].into() })
}

/// Grants the project `vault` at a target, for two rooms.
pub(crate) fn grant(target: &str, life_max: Span) -> Command {
    let (broker, target, scope) = (name("vault"), name(target), rooms(&["a", "b"]));
    Command::SetGrant(Box::new(Set {
        project: prj(0),
        grant: Grant { broker, target, profile: None, scope, life_max, lock: None },
    }))
}

/// Asks for a credential of `vault`.
pub(crate) fn request(credential: u128, session: u128, target: &str) -> Request {
    Request {
        credential: cre(credential),
        session: ses(session),
        node: nod(0),
        broker: name("vault"),
        target: name(target),
        scope: rooms(&[]),
        life: None,
        public_key: None,
        names: Vec::new(),
    }
}

pub(crate) fn requesting(request: Request) -> Command {
    Command::RequestCredential(Box::new(request))
}

/// A session that asks.
pub(crate) fn agent(n: u128) -> Actor {
    Actor::Session(ses(n))
}

pub(crate) fn resource(text: &str) -> Resource {
    text.parse().unwrap()
}

pub(crate) fn wants(wants: &[(&str, Mode)]) -> Wants {
    Wants::new(wants.iter().map(|(text, mode)| Want::new(resource(text), *mode))).unwrap()
}

/// Asks for all of it, and waits.
pub(crate) fn acquire(ticket: u128, list: &[(&str, Mode)]) -> Acquire {
    Acquire {
        ticket: tkt(ticket),
        wants: wants(list),
        choice: Choice::All,
        patience: Patience::Queue,
        priority: Priority::Normal,
        intent: None,
    }
}

pub(crate) fn acquiring(acquire: Acquire) -> Command {
    Command::AcquireLock(Box::new(acquire))
}

pub(crate) fn asking(ticket: u128, list: &[(&str, Mode)]) -> Command {
    acquiring(acquire(ticket, list))
}

pub(crate) fn release(ticket: u128, token: Option<u64>) -> Command {
    Command::ReleaseLock(Release { ticket: tkt(ticket), token })
}

/// Whether a gate that compares tokens lets a change of a resource through: the ticket that was granted there is held still,
/// by this holder, and covers the resource.
pub(crate) fn is_current(locks: &Locks, holder: Holder, resource: &Resource, token: u64) -> bool {
    let covers = |ticket: &Ticket| ticket.wants.iter().any(|want| want.covers(resource, Mode::X));
    let is_it = |ticket: &&Ticket| ticket.holder == holder && ticket.phase.token() == Some(token);
    locks.tickets.values().find(is_it).is_some_and(covers)
}

/// A push to a branch of the session's own, of something that the rules ask a lock for.
pub(crate) fn pushing(session: SessionId, target: Resource, token: u64) -> Command {
    let update = Update {
        name: format!("{}fix", own_refs(session)),
        old: "0".repeat(40),
        new: "a".repeat(40),
        kind: Kind::Create,
        protected: false,
    };
    Command::CheckPush(Box::new(Check {
        session,
        claimed: None,
        proof: Proof::Bearer,
        gate: None,
        repository: "r".to_owned(),
        updates: vec![update],
        touched: vec![target.clone()],
        whole: Vec::new(),
        needs: vec![Want::new(target, Mode::X)],
        paths: Paths { count: 1, digest: digest("paths", 1) },
        tokens: vec![token],
        commits: 1,
        flaw: None,
    }))
}

/// A push that was let in at a position has arrived.
pub(crate) fn landing(session: SessionId, push: u64, locks: &[TicketId]) -> Command {
    Command::LandPush(Land { session, push, locks: locks.to_vec() })
}

pub(crate) fn freezing(text: &str) -> Command {
    let ask = crate::freeze::Ask { resource: resource(text), reason: "look".to_owned() };
    Command::FreezeResource(Box::new(ask))
}

/// The commands that furnish the house: ada (administrator), bob (in the team), eve (in none), a project with a grant for
/// each target of a broker, a node.
pub(crate) fn furniture() -> Vec<(Actor, Command)> {
    vec![
        (Actor::Bootstrap, register(0, roles([Role::Admin]))),
        (ada(), register(1, roles([Role::Member]))),
        (ada(), register(2, roles([Role::Member]))),
        (ada(), create_team(0, "core")),
        (ada(), join(0, 1)),
        (ada(), create_project(0, "writ", &[0])),
        (Actor::System, start_node(0)),
        (ada(), configure("vault")),
        (ada(), grant("far", Span::from_secs(1800))),
        (ada(), grant("near", Span::from_secs(1800))),
    ]
}
