//! One state of the model: the law's own state, the writes on their way, and what the gate let through.

use std::collections::{BTreeMap, BTreeSet};

use super::super::house::{MORNING, dev, digest, is_current, pushing, ses, tkt};
use super::super::laws::of_locks;
use super::super::reference::{conflict, kin, parts};
use super::mutant::Law;
use crate::developer::Registered;
use crate::lock::{
    Acquire, Break, Choice, Holder, Lapse, Mode, Patience, Phase, Priority, Release, Ticket, Want, Wants,
};
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
    /// What is written.
    pub(super) target: &'static str,
}

/// What a gate asks before it lets a write through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// Whether its token is the one of the lock that is held now: the law.
    Token,
    /// What the check at `git push` asks: the law, in a repository.
    Push,
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
    Claim(TicketId),
    LetGo(TicketId),
    /// A human takes it away: it is lost while its holder goes on.
    LoseIt(TicketId),
    /// An offer was not taken up, or a rest is over.
    Lapse(TicketId),
    /// A session misses its beats.
    Vanish(u128),
    /// A write reaches the gate: whenever, and however often.
    Arrive(Write),
    /// So much time goes by that what the gate let through has arrived.
    Land(u128),
}

/// A write that a session may have sent while it held the token, and that reaches the gate whenever it likes, or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Write {
    session: u128,
    token: u64,
}

/// Everything there is.
#[derive(Clone)]
pub(super) struct World {
    pub(super) state: State,
    pub(super) clock: Time,
    /// What each ticket asked for.
    asked: BTreeMap<TicketId, usize>,
    /// One for each token that anybody ever had for what is written.
    writes: BTreeSet<Write>,
    /// The newest token that the gate let through, of each session.
    through: BTreeMap<u128, u64>,
    /// Until when what the gate at the push let through may be on its way, of each session.
    flying: BTreeMap<u128, Time>,
}

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
        let (asked, writes) = (BTreeMap::new(), BTreeSet::new());
        Self { state, clock, asked, writes, through: BTreeMap::new(), flying: BTreeMap::new() }
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
                Phase::Offered { .. } => all.extend([Action::Claim(*id), Action::LetGo(*id), Action::Lapse(*id)]),
                Phase::Held { .. } => all.extend([Action::LetGo(*id), Action::LoseIt(*id)]),
                Phase::Resting { .. } => all.push(Action::Lapse(*id)),
            }
        }
        all.extend(self.writes.iter().map(|write| Action::Arrive(*write)));
        all.extend(self.on_their_way().map(Action::Land));
        all
    }

    /// Whose writes may be between the gate and where they go.
    fn on_their_way(&self) -> impl Iterator<Item = u128> {
        self.flying.iter().filter(|(_, until)| **until > self.clock).map(|(n, _)| *n)
    }

    fn asked_by(&self, scope: &Scope, session: u128) -> u128 {
        let id = |k| ticket_id(scope, session, k);
        (0..scope.tickets).filter(|k| self.asked.contains_key(&id(*k))).count() as u128
    }

    /// The world after it, if it is another; or what is wrong with it.
    pub(super) fn step(
        &self,
        scope: &Scope,
        (gate, law): (Gate, Law),
        action: Action,
        sometimes: &mut BTreeSet<&'static str>,
    ) -> Result<Option<Self>, String> {
        if let Action::Arrive(write) = action {
            return self.arrive(scope, (gate, law), write, sometimes);
        }
        let mut after = self.clone();
        match action {
            Action::Ask(n, want) => {
                let id = ticket_id(scope, n, self.asked_by(scope, n));
                match after.decree(law, Actor::Session(ses(n)), &asking(scope, id, want)) {
                    Err(Refusal::WouldDeadlock { .. }) => drop(sometimes.insert("circle refused")),
                    answer => {
                        answer.map_err(|refusal| refusal.to_string())?;
                        after.asked.insert(id, want);
                    }
                }
            }
            Action::Claim(id) => {
                after.decree(law, self.actor(id), &asking(scope, id, self.asked[&id])).unwrap();
                sometimes.insert("handed on");
            }
            Action::LetGo(id) => {
                let token = self.state.locks.tickets[&id].phase.token();
                let release = Command::ReleaseLock(Release { ticket: id, token });
                let events = after.decree(law, self.actor(id), &release).unwrap();
                if events.iter().any(|event| matches!(event, Event::LockResting(_))) {
                    sometimes.insert("let go while a write was on its way");
                }
            }
            Action::LoseIt(id) => {
                let lose = Break { ticket: id, reason: "lost".to_owned(), revoke: false };
                match after.decree(law, Actor::Developer(dev(0)), &Command::BreakLock(lose)) {
                    Err(Refusal::LockPinned { .. }) => return Ok(None),
                    answer => drop(answer.unwrap()),
                }
            }
            Action::Lapse(id) => {
                let Some((until, _)) = self.state.locks.timers.iter().find(|(_, other)| *other == id) else {
                    return Err(format!("{id} has no timer"));
                };
                after.clock = after.clock.max(*until);
                after.decree(law, Actor::System, &Command::LapseLock(Lapse { ticket: id })).unwrap();
                let rested = matches!(self.state.locks.tickets[&id].phase, Phase::Resting { .. });
                sometimes.insert(if rested { "rested" } else { "not taken up" });
            }
            Action::Vanish(n) => {
                let lapse = LapseSession { session: ses(n), last_beat: Time::default() };
                after.decree(law, Actor::System, &Command::LapseSession(lapse)).unwrap();
            }
            Action::Land(n) => after.clock = self.flying[&n],
            Action::Arrive(_) => {}
        }
        after.write_under_new_locks(scope);
        after.look(self, sometimes);
        Ok(Some(after))
    }

    /// Whoever has a token may write with it, and that may take its time.
    fn write_under_new_locks(&mut self, scope: &Scope) {
        for ticket in self.state.locks.tickets.values() {
            let covers = ticket.wants.iter().any(|want| want.covers(&target(scope), Mode::X));
            if let (Holder::Session(session), Some(token), true) = (ticket.holder, ticket.phase.token(), covers) {
                let n = (0..scope.sessions).find(|n| ses(*n) == session).unwrap();
                self.writes.insert(Write { session: n, token });
            }
        }
    }

    /// A gate lets a write through, or not. What is let through must not overwrite what a later lock's holder wrote.
    fn arrive(
        &self,
        scope: &Scope,
        (gate, law): (Gate, Law),
        write: Write,
        sometimes: &mut BTreeSet<&'static str>,
    ) -> Result<Option<Self>, String> {
        let holder = Holder::Session(ses(write.session));
        let locks = &self.state.locks;
        let target = target(scope);
        let mut admitted = None;
        let lets_through = match gate {
            Gate::Token => is_current(locks, holder, &target, write.token),
            Gate::Push => {
                let push = pushing(ses(write.session), target.clone(), write.token);
                admitted = law.admits(&self.state, decide(&self.state, Actor::System, &push, self.clock));
                admitted.is_some()
            }
            Gate::Holder => locks.covering(holder, &target, Mode::X).is_some(),
            Gate::Nobody => true,
        };
        if !lets_through {
            sometimes.insert("kept out");
            return Ok(None);
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
        if matches!(gate, Gate::Token | Gate::Push) && !is_held(write.token) {
            return Err(format!("{write:?} is let through, and nobody holds that lock"));
        }
        let is_known = self.through.get(&write.session).is_some_and(|through| *through >= write.token);
        let flies = admitted.is_some();
        if is_known && (!flies || self.on_their_way().any(|n| n == write.session)) {
            return Ok(None);
        }
        let mut after = self.clone();
        let through = after.through.entry(write.session).or_default();
        *through = (*through).max(write.token);
        if let Some(event) = admitted {
            after.flying.insert(write.session, self.clock + limits::LOCK_PIN_MAX);
            if law != Law::LetsGoOfWhatIsPinned {
                after.state.apply(&event, self.clock.max(self.state.last_time));
            }
        }
        Ok(Some(after))
    }

    /// Decides and applies; what was to be checked between two states is.
    fn decree(&mut self, law: Law, by: Actor, command: &Command) -> Result<Vec<Event>, Refusal> {
        let before = self.state.locks.tickets.clone();
        let events = law.decide(&self.state, by, command, self.clock)?;
        let at = self.clock.max(self.state.last_time);
        for event in &events {
            self.state.apply(event, at);
        }
        law.applied(&mut self.state, &events);
        self.passes_nobody(&before, &events);
        self.loses_nothing(&before, &events);
        Ok(events)
    }

    /// Who waits still and came before is passed by nobody who has now what they had not.
    fn passes_nobody(&self, before: &BTreeMap<TicketId, Ticket>, events: &[Event]) {
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
    fn loses_nothing(&self, before: &BTreeMap<TicketId, Ticket>, events: &[Event]) {
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

    /// The laws of one state; that a change on its way meets nobody; and that requests that come again or too late, and
    /// releases with old tokens, change nothing.
    pub(super) fn check(&self, scope: &Scope) {
        of_locks::all(&self.state);
        of_locks::a_release_with_an_old_token_is_nothing(&self.state, self.clock);
        self.meets_nobody(scope);
        for (id, ticket) in self.state.locks.tickets.iter().filter(|(id, _)| self.asked.contains_key(id)) {
            let is_live = ticket.holder.session().is_some_and(|session| self.state.sessions.contains_key(&session));
            if is_live && !matches!(ticket.phase, Phase::Offered { .. }) {
                let again = decide(&self.state, self.actor(*id), &asking(scope, *id, self.asked[id]), self.clock);
                assert_eq!(again, Ok(Vec::new()), "{id} asked again");
            }
        }
        for id in &self.state.locks.over {
            let acquire = acquire(*id, Want::new("slot:late".parse().unwrap(), Mode::X));
            let late = decide(&self.state, Actor::Developer(dev(0)), &acquire, self.clock);
            assert_eq!(late, Err(Refusal::TicketOver(*id)));
        }
    }

    fn meets_nobody(&self, scope: &Scope) {
        let written = (target(scope).to_string(), Mode::X);
        for n in self.on_their_way() {
            let is_one_work = |holder: Holder| {
                let kin = if scope.kin && n <= 1 { vec![0, 1] } else { vec![n] };
                kin.into_iter().any(|n| holder == Holder::Session(ses(n)))
            };
            for (id, ticket) in self.state.locks.tickets.iter().filter(|(_, ticket)| ticket.phase.blocks()) {
                let is_other = !is_one_work(ticket.holder);
                let clash = parts(&ticket.wants).iter().any(|want| conflict(want, &written));
                assert!(!(is_other && clash), "{id} meets a write of session {n} on its way");
            }
        }
    }

    fn actor(&self, id: TicketId) -> Actor {
        match self.state.locks.tickets[&id].holder {
            Holder::Session(session) => Actor::Session(session),
            Holder::Developer(developer) => Actor::Developer(developer),
        }
    }

    /// Everything that what may happen next depends on: tokens and ranks by their order alone, no times, of tickets that are
    /// over their number, and of sessions that are alike not which is which.
    pub(super) fn key(&self, scope: &Scope) -> Vec<u8> {
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
        let block = |n: u128| {
            let ids = (0..scope.tickets).map(|k| ticket_id(scope, n, k)).filter(|id| self.asked.contains_key(id));
            let mut block = vec![u8::from(self.state.sessions.contains_key(&ses(n)))];
            let mut all: Vec<_> = ids.map(|id| self.ticket_key(id, token, rank)).collect();
            all.sort_unstable();
            all.iter().for_each(|one| block.extend(one));
            block.push(0xFF);
            let own = self.writes.iter().filter(|write| write.session == n);
            block.extend(own.map(|write| token(write.token)));
            block.push(0xFF);
            block.extend(self.through.get(&n).map(|through| token(*through)));
            block.push(if self.on_their_way().any(|one| one == n) { 0xFE } else { 0xFF });
            block
        };
        let mut blocks: Vec<_> = (0..scope.sessions).map(block).collect();
        let alike = if scope.kin { 2 } else { 0 };
        blocks[alike..].sort_unstable();
        blocks.concat()
    }

    fn ticket_key(&self, id: TicketId, token: impl Fn(u64) -> u8, rank: impl Fn((i64, u64)) -> u8) -> [u8; 4] {
        let Some(ticket) = self.state.locks.tickets.get(&id) else { return [0; 4] };
        let pinned = u8::from(ticket.pinned_at(self.clock).is_some());
        let want = self.asked[&id] as u8;
        match ticket.phase {
            Phase::Waiting => [1, want, rank(ticket.rank), pinned],
            Phase::Offered { .. } => [2, want, 0, pinned],
            Phase::Held { token: held, .. } => [3, want, token(held), pinned],
            Phase::Resting { .. } => [4, want, 0, pinned],
        }
    }
}

pub(super) fn target(scope: &Scope) -> Resource {
    scope.target.parse().unwrap()
}

fn ticket_id(scope: &Scope, session: u128, k: u128) -> TicketId {
    tkt(session * scope.tickets + k)
}

fn asking(scope: &Scope, ticket: TicketId, want: usize) -> Command {
    let (resource, mode) = scope.wants[want];
    acquire(ticket, Want::new(resource.parse().unwrap(), mode.parse().unwrap()))
}

fn acquire(ticket: TicketId, want: Want) -> Command {
    Command::AcquireLock(Box::new(Acquire {
        ticket,
        wants: Wants::new([want]).unwrap(),
        choice: Choice::All,
        patience: Patience::Queue,
        priority: Priority::Normal,
        intent: None,
    }))
}
