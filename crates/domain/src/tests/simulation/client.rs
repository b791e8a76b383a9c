//! What people, launchers and agents ask for.

use super::locks;
use super::promise::Request;
use super::world::World;
use crate::call::{Reserve, Settle};
use crate::session::{Claims, End, Open, Recover, Revoke};
use crate::sign_in::{SignIn, SignOut};
use crate::tests::house::{MORNING, ada, digest, name, prj, roles, settlement};
use crate::{Actor, CallId, Command, DeveloperId, Role, SessionId, SignInId, Span, Time, Usd, developer, limits, team};

/// Developers who are not disabled; below this, new ones are registered.
const POPULATION: usize = 5;

/// Somebody wants something.
pub(super) fn think(world: &mut World) -> Request {
    let (by, command) = match world.chance.below(130) {
        0..4 => change_people(world),
        4..8 => sign_in_or_out(world),
        8..30 => open(world),
        30..38 => end(world),
        38..66 => reserve(world),
        66..97 => settle(world),
        97..100 => recover(world),
        100..126 => locks::some_lock(world),
        _ => locks::some_write(world),
    };
    Request { by, command, in_doubt: false }
}

fn people(world: &World) -> Vec<DeveloperId> {
    world.truth.developers.iter().filter(|(_, developer)| !developer.disabled).map(|(id, _)| *id).collect()
}

pub(super) fn someone(world: &mut World) -> DeveloperId {
    let people = people(world);
    world.chance.one_of(&people).unwrap()
}

/// A live session, or, now and then, one that is over: its agent does not know yet.
pub(super) fn some_session(world: &mut World) -> Option<SessionId> {
    let past = &world.truth.past_order;
    let recent: Vec<_> = past.iter().rev().take(8).copied().collect();
    let live: Vec<_> = world.truth.sessions.keys().copied().collect();
    if world.chance.percent(12) { world.chance.one_of(&recent) } else { world.chance.one_of(&live) }
}

fn change_people(world: &mut World) -> (Actor, Command) {
    if people(world).len() < POPULATION {
        let n = world.fresh();
        let role = if world.chance.percent(20) { Role::Admin } else { Role::Member };
        let developer = DeveloperId::new(Time::from_unix_millis(world.clock), n);
        let identity = digest("identity", n);
        let register = developer::Register { developer, identity, roles: roles([role]) };
        return (ada(), Command::RegisterDeveloper(register));
    }
    let developer = someone(world);
    let team = *world.truth.teams.first_key_value().unwrap().0;
    let reason = "left".to_owned();
    match world.chance.below(10) {
        0 => (ada(), Command::DisableDeveloper(developer::Disable { developer, reason })),
        // Rarely: nobody comes back from it, and the simulation is to have people.
        1 if world.chance.percent(30) => (ada(), Command::EraseDeveloper(developer::Erase { developer })),
        1 => (Actor::System, Command::SetRoles(developer::SetRoles { developer, roles: roles([Role::Member]) })),
        2 => (Actor::System, Command::SetRoles(developer::SetRoles { developer, roles: roles([Role::Admin]) })),
        3 => (Actor::System, Command::RemoveMember(team::RemoveMember { team, developer })),
        _ => (Actor::System, Command::AddMember(team::AddMember { team, developer })),
    }
}

fn sign_in_or_out(world: &mut World) -> (Actor, Command) {
    let held: Vec<_> = world.truth.sign_ins.keys().copied().collect();
    if world.chance.percent(40)
        && let Some(sign_in) = world.chance.one_of(&held)
    {
        return (Actor::System, Command::SignOut(SignOut { sign_in }));
    }
    let n = world.fresh();
    let developer = someone(world);
    let sign_in = SignInId::new(MORNING, n);
    (Actor::System, Command::SignIn(SignIn { sign_in, developer, token: digest("sign-in", n) }))
}

fn open(world: &mut World) -> (Actor, Command) {
    let n = world.fresh();
    let parent = if world.chance.percent(55) { some_session(world) } else { None };
    let of_parent = parent.and_then(|parent| world.truth.sessions.get(&parent));
    let (developer, project) = match of_parent {
        Some(live) => (live.developer, live.project),
        None => (someone(world), world.chance.percent(70).then(|| prj(0))),
    };
    let ttls = [limits::SESSION_TTL_MIN, Span::from_secs(300), Span::from_secs(3600), limits::SESSION_TTL_MAX];
    let open = Open {
        session: SessionId::new(Time::from_unix_millis(world.clock), n),
        parent,
        agent: None,
        developer,
        project,
        profile: name("default"),
        token: digest("session", n),
        ttl: world.chance.one_of(&ttls).unwrap(),
        beats: world.chance.percent(70),
        budget: world.chance.percent(50).then(|| some_money(world, 3_000)),
    };
    let by = parent.map_or(Actor::Developer(developer), Actor::Session);
    (by, Command::OpenSession(Box::new(open)))
}

fn end(world: &mut World) -> (Actor, Command) {
    let Some(session) = some_session(world) else {
        return sign_in_or_out(world);
    };
    if world.chance.percent(50) {
        return (Actor::Session(session), Command::EndSession(End { session, exit_code: Some(0) }));
    }
    let by = if world.chance.percent(50) { ada() } else { Actor::System };
    (by, Command::RevokeSession(Revoke { session, reason: "stop".to_owned() }))
}

fn recover(world: &mut World) -> (Actor, Command) {
    match some_session(world) {
        Some(session) => (Actor::Session(session), Command::RecoverSession(Recover { session })),
        None => open(world),
    }
}

fn reserve(world: &mut World) -> (Actor, Command) {
    let Some(session) = some_session(world) else {
        return open(world);
    };
    let n = world.fresh();
    let node = world.any_node();
    let claimed = ["x", "y", "z"];
    let claim = world.chance.one_of(&claimed).filter(|_| world.chance.percent(20)).map(str::to_owned);
    let reserve = Reserve {
        call: CallId::new(Time::from_unix_millis(world.clock), n),
        session,
        node: world.nodes[node].id,
        model: "claude-test".to_owned(),
        hold: some_money(world, 900),
        claims: Claims { client_session: claim, ..Claims::default() },
        upstream_contacted: world.chance.percent(50),
    };
    (Actor::Session(session), Command::ReserveCall(Box::new(reserve)))
}

/// A gateway settles what it was allowed to begin, at the hold at most. It may have begun the settlement twice.
fn settle(world: &mut World) -> (Actor, Command) {
    let running = std::mem::take(&mut world.running);
    let Some(call) = world.chance.one_of(&running) else {
        return reserve(world);
    };
    let twice = world.chance.percent(5);
    world.running = running.into_iter().filter(|&other| twice || other != call).collect();
    let hold = world.truth.calls.get(&call).map_or(Usd::ZERO, |call| call.hold);
    let cost = some_money(world, 900).min(hold).nanos();
    (Actor::System, Command::SettleCall(Box::new(Settle { call, settlement: settlement(cost) })))
}

fn some_money(world: &mut World, most: u64) -> Usd {
    Usd::from_nanos(i64::try_from(world.chance.below(most)).unwrap())
}
