//! One state of the model: the law's own state, the writes on their way, and what the gate let through.

use std::collections::{BTreeMap, BTreeSet};

use super::super::house::{MORNING, dev, digest, ses, tkt};
use super::super::laws::of_locks;
use super::super::reference::{conflict, kin, parts};
use crate::developer::Registered;
use crate::lock::{Acquire, Break, Choice, Holder, Lapse, Mode, Patience, Phase, Priority, Release, Want, Wants};
use crate::session::{Lapse as LapseSession, Opened};
use crate::{Actor, Command, Event, Refusal, Resource, Role, Roles, State, TicketId, Time, decide, limits};

/// How much there is of everything.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope {
    pub(super) sessions: u128,
    /// Tickets of each session in its life.
    pub(super) tickets: u128,
    /// Whether the second session is a child of the first.
    pub(super) kin: bool,
    /// What may be asked for, with modes.
    pub(super) wants: &'static [(&'static str, &'static str)],
}

/// What a gate asks before it lets a write through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// Whether its token is the one of the lock that is held now: the law.
    Token,
    /// Whether its session holds the lock now: a mutant.
    Holder,
    /// Nothing: a mutant.
    Nobody,
}

/// Something that happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// A session asks for one of the wants.
    Ask(u128, usize),
    /// The same request again: it claims what is offered.
    Retry(TicketId),
    LetGo(TicketId),
    /// A human takes it away: it is lost while its holder goes on.
    LoseIt(TicketId),
    /// An offer was not taken up, or a rest is over.
    Lapse(TicketId),
    /// A session misses its beats.
    Vanish(u128),
    /// A session sends a write with the token it has.
    Send(TicketId),
    /// A write reaches the gate: whenever, and however often.
    Arrive(Write),
}

/// A write on its way, for ever: it may arrive again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Write {
    session: u128,
    token: u64,
}

/// Everything there is.
#[derive(Clone)]
pub(super) struct World {
    state: State,
    clock: Time,
    /// What each ticket asked for.
    asked: BTreeMap<TicketId, usize>,
    writes: BTreeSet<Write>,
    /// The newest token that the gate let through, of each session.
    through: BTreeMap<u128, u64>,
}

/// What is written.
const TARGET: &str = "env:p/c";

impl World {
    /// Sessions without anything.
    pub(super) fn new(scope: &Scope) -> Self {
        let mut state = State::default();
        let roles = Roles::from([Role::Member, Role::Admin]);
        let registered = Registered { developer: dev(0), identity: digest("identity", 0), roles };
        state.apply(&Event::DeveloperRegistered(registered), MORNING);
        for n in 0..scope.sessions {
            let opened = Opened {
                session: ses(n),
                parent: (scope.kin && n == 1).then(|| ses(0)),
                agent: None,
                developer: dev(0),
                project: None,
                team: None,
                profile: "default".parse().unwrap(),
                token: digest("session", n),
                expires_at: MORNING + limits::SESSION_TTL_MAX,
                beats: true,
                budget: None,
            };
            state.apply(&Event::SessionOpened(Box::new(opened)), MORNING);
        }
        // Late enough for every session to be silent for too long, if it is.
        let clock = MORNING + limits::BEAT_EXPIRE_AFTER;
        Self { state, clock, asked: BTreeMap::new(), writes: BTreeSet::new(), through: BTreeMap::new() }
    }

    /// Whatever may happen.
    pub(super) fn actions(&self, scope: &Scope) -> Vec<Action> {
        let mut all = Vec::new();
        for n in (0..scope.sessions).filter(|n| self.state.sessions.contains_key(&ses(*n))) {
            if self.asked_by(scope, n) < scope.tickets {
                all.extend((0..scope.wants.len()).map(|want| Action::Ask(n, want)));
            }
            all.push(Action::Vanish(n));
        }
        for (id, ticket) in &self.state.locks.tickets {
            match ticket.phase {
                Phase::Waiting => all.push(Action::LetGo(*id)),
                Phase::Offered { .. } => all.extend([Action::Retry(*id), Action::LetGo(*id), Action::Lapse(*id)]),
                Phase::Held { .. } => all.extend([Action::LetGo(*id), Action::LoseIt(*id), Action::Send(*id)]),
                Phase::Resting { .. } => all.push(Action::Lapse(*id)),
            }
        }
        all.extend(self.writes.iter().map(|write| Action::Arrive(*write)));
        all
    }

    fn asked_by(&self, scope: &Scope, session: u128) -> u128 {
        let id = |k| ticket_id(scope, session, k);
        (0..scope.tickets).filter(|k| self.asked.contains_key(&id(*k))).count() as u128
    }

    /// The world after it, or what is wrong with it.
    pub(super) fn step(
        &self,
        scope: &Scope,
        gate: Gate,
        action: Action,
        sometimes: &mut BTreeSet<&'static str>,
    ) -> Result<Self, String> {
        let mut after = self.clone();
        match action {
            Action::Ask(n, want) => {
                let id = ticket_id(scope, n, self.asked_by(scope, n));
                match after.decree(Actor::Session(ses(n)), &asking(scope, id, want)) {
                    Err(Refusal::WouldDeadlock { .. }) => drop(sometimes.insert("circle refused")),
                    answer => {
                        answer.map_err(|refusal| refusal.to_string())?;
                        after.asked.insert(id, want);
                    }
                }
            }
            Action::Retry(id) => {
                after.decree(self.actor(id), &asking(scope, id, self.asked[&id])).unwrap();
                sometimes.insert("handed on");
            }
            Action::LetGo(id) => {
                let token = self.state.locks.tickets[&id].phase.token();
                after.decree(self.actor(id), &Command::ReleaseLock(Release { ticket: id, token })).unwrap();
            }
            Action::LoseIt(id) => {
                let lose = Break { ticket: id, reason: "lost".to_owned(), revoke: false };
                after.decree(Actor::Developer(dev(0)), &Command::BreakLock(lose)).unwrap();
            }
            Action::Lapse(id) => {
                let Some((until, _)) = self.state.locks.timers.iter().find(|(_, other)| *other == id) else {
                    return Err(format!("{id} has no timer"));
                };
                after.clock = after.clock.max(*until);
                after.decree(Actor::System, &Command::LapseLock(Lapse { ticket: id })).unwrap();
                let rested = matches!(self.state.locks.tickets[&id].phase, Phase::Resting { .. });
                sometimes.insert(if rested { "rested" } else { "not taken up" });
            }
            Action::Vanish(n) => {
                let lapse = LapseSession { session: ses(n), last_beat: Time::default() };
                after.decree(Actor::System, &Command::LapseSession(lapse)).unwrap();
            }
            Action::Send(id) => {
                let ticket = &self.state.locks.tickets[&id];
                let covers = ticket.wants.iter().any(|want| want.covers(&target(), Mode::X));
                if let (Holder::Session(session), Some(token), true) = (ticket.holder, ticket.phase.token(), covers) {
                    let n = (0..scope.sessions).find(|n| ses(*n) == session).unwrap();
                    after.writes.insert(Write { session: n, token });
                }
            }
            Action::Arrive(write) => after.arrive(scope, gate, write, sometimes)?,
        }
        after.look(self, sometimes);
        Ok(after)
    }

    /// A gate lets a write through, or not. What is let through must not overwrite what a later lock's holder wrote.
    fn arrive(
        &mut self,
        scope: &Scope,
        gate: Gate,
        write: Write,
        sometimes: &mut BTreeSet<&'static str>,
    ) -> Result<(), String> {
        let holder = Holder::Session(ses(write.session));
        let locks = &self.state.locks;
        let is_current = locks.is_current(holder, &target(), Mode::X, write.token);
        let lets_through = match gate {
            Gate::Token => is_current,
            Gate::Holder => locks.covering(holder, &target(), Mode::X).is_some(),
            Gate::Nobody => true,
        };
        if !lets_through {
            sometimes.insert("kept out");
            return Ok(());
        }
        sometimes.insert("let through");
        let is_held = |token: u64| locks.tickets.values().any(|ticket| ticket.phase.token() == Some(token));
        let is_one_work = |other: u128| other == write.session || (scope.kin && other.max(write.session) <= 1);
        let is_newer = |other: u128, token: u64| {
            // Who holds two locks there at a time, alone or with a child, writes under either as they like.
            token > write.token && !(is_one_work(other) && is_held(write.token))
        };
        if let Some((other, token)) = self.through.iter().find(|(other, token)| is_newer(**other, **token)) {
            return Err(format!("{write:?} overwrites what session {other} wrote with the token {token}"));
        }
        if gate == Gate::Token && !is_held(write.token) {
            return Err(format!("{write:?} is let through, and nobody holds that lock"));
        }
        let through = self.through.entry(write.session).or_default();
        *through = (*through).max(write.token);
        Ok(())
    }

    /// Decides and applies; what was to be checked between two states is.
    fn decree(&mut self, by: Actor, command: &Command) -> Result<Vec<Event>, Refusal> {
        let before = self.state.locks.tickets.clone();
        let events = decide(&self.state, by, command, self.clock)?;
        let at = self.clock.max(self.state.last_time);
        for event in &events {
            self.state.apply(event, at);
        }
        self.passes_nobody(&before, &events);
        self.loses_nothing(&before, &events);
        Ok(events)
    }

    /// Who waits still and came before is passed by nobody who has now what they had not.
    fn passes_nobody(&self, before: &BTreeMap<TicketId, crate::lock::Ticket>, events: &[Event]) {
        for event in events {
            let (id, is_new) = match event {
                Event::LockOffered(event) => (event.ticket, false),
                Event::LockGranted(event) => (event.ticket, !before.contains_key(&event.ticket)),
                _ => continue,
            };
            let Some(ticket) = self.state.locks.tickets.get(&id) else { continue };
            let was_offered = before.get(&id).is_some_and(|ticket| ticket.phase.blocks());
            for (other, waits) in self.state.locks.tickets.iter().filter(|(_, other)| other.phase == Phase::Waiting) {
                let came_before = !was_offered && (is_new || waits.rank < ticket.rank);
                let clash = parts(&ticket.wants).iter().any(|want| {
                    let passes = matches!(want.1, Mode::N | Mode::IS);
                    !passes && parts(&waits.wants).iter().any(|theirs| conflict(want, theirs))
                });
                let passed = came_before && clash && !kin(&self.state, ticket.holder, waits.holder);
                assert!(!passed, "{id} passes {other}");
            }
        }
    }

    /// A ticket is there until an entry says that it is over, or that its session is.
    fn loses_nothing(&self, before: &BTreeMap<TicketId, crate::lock::Ticket>, events: &[Event]) {
        for (id, ticket) in before {
            let is_over = events.iter().any(|event| match event {
                Event::LockOver(over) => over.ticket == *id,
                Event::SessionOver(over) => ticket.holder == Holder::Session(over.session),
                _ => false,
            });
            let rests = self.state.locks.tickets.get(id).is_some_and(|now| matches!(now.phase, Phase::Resting { .. }));
            let is_there = self.state.locks.tickets.contains_key(id);
            assert!(is_there != is_over || rests, "{id} was lost, or lives on");
        }
    }

    fn look(&self, before: &Self, sometimes: &mut BTreeSet<&'static str>) {
        let held = self.state.locks.tickets.values().filter(|ticket| ticket.phase.token().is_some());
        if self.state.next > before.state.next && held.count() > 1 {
            sometimes.insert("beside each other");
        }
    }

    /// The laws of one state, and that requests that come too late, and releases with old tokens, change nothing.
    pub(super) fn check(&self) {
        of_locks::all(&self.state);
        of_locks::a_release_with_an_old_token_is_nothing(&self.state, self.clock);
        for id in &self.state.locks.over {
            let acquire = Acquire {
                ticket: *id,
                wants: Wants::new([Want::new(target(), Mode::X)]).unwrap(),
                choice: Choice::All,
                patience: Patience::Queue,
                priority: Priority::Normal,
                intent: None,
            };
            let late =
                decide(&self.state, Actor::Developer(dev(0)), &Command::AcquireLock(Box::new(acquire)), self.clock);
            assert_eq!(late, Err(Refusal::TicketOver(*id)));
        }
    }

    fn actor(&self, id: TicketId) -> Actor {
        match self.state.locks.tickets[&id].holder {
            Holder::Session(session) => Actor::Session(session),
            Holder::Developer(developer) => Actor::Developer(developer),
        }
    }

    /// Everything that what may happen next depends on: tokens and ranks by their order alone, and no times.
    pub(super) fn key(&self) -> Vec<u8> {
        let tickets = &self.state.locks.tickets;
        let held = tickets.values().filter_map(|ticket| ticket.phase.token());
        let mut tokens: Vec<_> = held.chain(self.writes.iter().map(|write| write.token)).collect();
        tokens.extend(self.through.values());
        tokens.sort_unstable();
        tokens.dedup();
        let token = |token: u64| tokens.binary_search(&token).unwrap() as u8;
        let waiting = tickets.values().filter(|ticket| ticket.phase == Phase::Waiting);
        let mut ranks: Vec<_> = waiting.map(|ticket| ticket.rank).collect();
        ranks.sort_unstable();
        let rank = |rank| ranks.binary_search(&rank).unwrap() as u8;
        let mut key = Vec::with_capacity(64);
        for session in self.state.sessions.keys() {
            key.push(session.as_u128() as u8);
        }
        key.push(0xFF);
        for (id, want) in &self.asked {
            key.extend([id.as_u128() as u8, *want as u8]);
            match tickets.get(id).map(|ticket| (ticket.phase, ticket.rank)) {
                None => key.push(0),
                Some((Phase::Waiting, at)) => key.extend([1, rank(at)]),
                Some((Phase::Offered { .. }, _)) => key.push(2),
                Some((Phase::Held { token: held, .. }, _)) => key.extend([3, token(held)]),
                Some((Phase::Resting { .. }, _)) => key.push(4),
            }
        }
        key.push(0xFF);
        self.writes.iter().for_each(|write| key.extend([write.session as u8, token(write.token)]));
        key.push(0xFF);
        self.through.iter().for_each(|(session, through)| key.extend([*session as u8, token(*through)]));
        key
    }
}

fn target() -> Resource {
    TARGET.parse().unwrap()
}

fn ticket_id(scope: &Scope, session: u128, k: u128) -> TicketId {
    tkt(session * scope.tickets + k)
}

fn asking(scope: &Scope, ticket: TicketId, want: usize) -> Command {
    let (resource, mode) = scope.wants[want];
    Command::AcquireLock(Box::new(Acquire {
        ticket,
        wants: Wants::new([Want::new(resource.parse().unwrap(), mode.parse().unwrap())]).unwrap(),
        choice: Choice::All,
        patience: Patience::Queue,
        priority: Priority::Normal,
        intent: None,
    }))
}
