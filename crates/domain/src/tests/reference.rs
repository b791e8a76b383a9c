//! A naive reference of the table of locks: a list that is gone through whole for every question. It has no index, and
//! shares no code with the law but the types: what it says comes from the rules as they are written in the module of locks.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::run::Run;
use crate::lock::{Acquire, Choice, Holder, Mode, Patience, Phase, Priority, Ticket, Wants};
use crate::session::How;
use crate::{Actor, Command, Event, Refusal, SessionId, State, TicketId, Time, limits};

/// Which modes go together, in the order of [`Mode::ALL`]: N, IS, IX, S, SIX, X.
const MATRIX: [&str; 6] = ["111111", "111110", "111000", "110100", "110000", "100000"];

/// A resource as text, and a mode.
pub(crate) type Part = (String, Mode);

pub(crate) fn parts(wants: &Wants) -> Vec<Part> {
    wants.iter().map(|want| (want.resource.to_string(), want.mode)).collect()
}

fn is_in_matrix(one: Mode, other: Mode) -> bool {
    let place = |mode| Mode::ALL.iter().position(|known| *known == mode).unwrap();
    MATRIX[place(one)].as_bytes()[place(other)] == b'1'
}

/// What holding something below means above.
fn intent(mode: Mode) -> Mode {
    match mode {
        Mode::X | Mode::IX | Mode::SIX => Mode::IX,
        Mode::S | Mode::IS => Mode::IS,
        Mode::N => Mode::N,
    }
}

fn is_above(above: &str, below: &str) -> bool {
    below.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'))
}

fn overlaps(one: &str, other: &str) -> bool {
    one == other || is_above(one, other) || is_above(other, one)
}

/// Whether two may not have both at the same time.
pub(crate) fn conflict(one: &Part, other: &Part) -> bool {
    if one.0 == other.0 {
        !is_in_matrix(one.1, other.1)
    } else if is_above(&one.0, &other.0) {
        !is_in_matrix(one.1, intent(other.1))
    } else if is_above(&other.0, &one.0) {
        !is_in_matrix(intent(one.1), other.1)
    } else {
        false
    }
}

fn passes(mode: Mode) -> bool {
    matches!(mode, Mode::N | Mode::IS)
}

fn changes(mode: Mode) -> bool {
    matches!(mode, Mode::X | Mode::IX | Mode::SIX)
}

/// Whether a change of it comes by no gate.
fn is_ungated(part: &Part) -> bool {
    changes(part.1) && !part.0.starts_with("path:") && !part.0.starts_with("ref:")
}

/// Whether two holders are one piece of work.
pub(crate) fn kin(state: &State, one: Holder, other: Holder) -> bool {
    let climbs_to = |from: SessionId, to: SessionId| {
        let parent = |id: &SessionId| state.sessions.get(id).and_then(|live| live.parent);
        std::iter::successors(parent(&from), parent).any(|above| above == to && state.sessions.contains_key(&to))
    };
    match (one, other) {
        _ if one == other => true,
        (Holder::Session(one), Holder::Session(other)) => climbs_to(one, other) || climbs_to(other, one),
        _ => false,
    }
}

/// Whether it wants to change something that is frozen.
pub(crate) fn is_frozen(state: &State, wants: &[Part]) -> bool {
    let frozen: Vec<_> = state.freezes.keys().map(ToString::to_string).collect();
    wants.iter().any(|want| frozen.iter().any(|at| is_frozen_at(want, at)))
}

/// Whether a want is to change something at, above or below what is frozen.
pub(crate) fn is_frozen_at(want: &Part, frozen: &str) -> bool {
    changes(want.1) && overlaps(&want.0, frozen)
}

/// The order of one that was offered and waits again: before all others.
pub(crate) fn first_again(order: (i64, u64)) -> (i64, u64) {
    (i64::MIN, order.1)
}

/// The order of waiting: by time, with so much taken off for each step of priority; then as they came.
pub(crate) fn order(priority: Priority, at: Time, arrival: u64) -> (i64, u64) {
    let steps = match priority {
        Priority::Low => 0,
        Priority::Normal => 1,
        Priority::High => 2,
        Priority::Urgent => 3,
    };
    (at.unix_millis() - steps * limits::LOCK_AGING_STEP.as_millis() as i64, arrival)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Waiting,
    Offered(Time),
    Held(u64),
    Resting(Time),
}

#[derive(Debug, Clone)]
struct Line {
    id: TicketId,
    holder: Holder,
    wants: Vec<Part>,
    place: Place,
    order: (i64, u64),
    /// Until when a change under it may be on its way.
    pinned: Time,
    /// The newest of those, and until when others may be.
    newest: Option<(u64, Option<Time>)>,
}

/// The list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reference {
    lines: Vec<Line>,
    over: BTreeSet<TicketId>,
    arrivals: u64,
}

/// What the reference says of a request.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    Granted(Vec<Part>),
    Passed,
    Queued,
    Refused(&'static str),
}

impl Reference {
    /// Decides a step, as the law does, checks what the law says of it, and follows.
    pub(crate) fn step(&mut self, run: &mut Run, by: Actor, command: &Command) {
        let before = run.state.clone();
        let now = run.clock.max(before.last_time);
        let answer = run.step(by, command);
        match command {
            Command::AcquireLock(asked) => self.acquire(&before, by, asked, now, &answer),
            Command::ReleaseLock(asked) if answer.is_ok() => {
                let line = self.lines.iter().find(|line| line.id == asked.ticket);
                let resting = |line: &&Line| !matches!(line.place, Place::Resting(_));
                let token = |line: &&Line| match line.place {
                    Place::Held(token) => asked.token.is_none_or(|asked| asked == token),
                    _ => asked.token.is_none(),
                };
                if let Some(line) = line.filter(resting).filter(token).cloned() {
                    self.let_go(&line, now);
                }
            }
            Command::BreakLock(asked) if answer.is_ok() => self.end(asked.ticket),
            Command::LapseLock(asked) => {
                let line = self.lines.iter().find(|line| line.id == asked.ticket);
                let is_due = line.is_some_and(|line| match line.place {
                    Place::Offered(until) | Place::Resting(until) => until <= now,
                    _ => false,
                });
                assert_eq!(answer.is_ok(), is_due, "{command:?}: {answer:?}");
                if is_due {
                    self.end(asked.ticket);
                }
            }
            _ => {}
        }
        let events = answer.unwrap_or_default();
        for (position, event) in (before.next..).zip(&events) {
            match event {
                Event::SessionOver(over) => self.end_session(over.session, &over.how, now),
                Event::PushAdmitted(push) => self.pin(&push.locks, position, now),
                Event::PushLanded(landed) => self.unpin(&before, landed.push, now),
                Event::ResourceFrozen(frozen) => self.withdraw(&frozen.resource.to_string()),
                Event::DeveloperDisabled(gone) => self.lock_out(gone.developer),
                Event::DeveloperErased(gone) => self.lock_out(gone.developer),
                _ => {}
            }
        }
        self.hand_on(&before, &run.state, &events, now);
        self.check(&run.state);
    }

    fn acquire(&mut self, state: &State, by: Actor, asked: &Acquire, now: Time, answer: &Result<Vec<Event>, Refusal>) {
        // Who may ask at all is not the reference's business.
        let others = ["forbidden", "session_over", "session_unknown", "session_suspect"];
        if answer.as_ref().is_err_and(|refusal| others.contains(&refusal.code())) {
            return;
        }
        let holder = match by {
            Actor::Session(session) => Holder::Session(session),
            Actor::Developer(developer) => Holder::Developer(developer),
            Actor::System | Actor::Bootstrap => panic!("{by:?} holds nothing: {answer:?}"),
        };
        let order = order(asked.priority, now, self.arrivals + 1);
        let said = self.say(state, holder, asked, order);
        let is_granted = |event: &Event| matches!(event, Event::LockGranted(_));
        match (&said, answer) {
            (Said::Refused(code), Err(refusal)) => assert_eq!(refusal.code(), *code, "{asked:?}: {refusal}"),
            (Said::Nothing, Ok(events)) => assert!(events.is_empty(), "{asked:?}: {events:?}"),
            (Said::Granted(_), Ok(events)) => assert!(events.len() == 1 && is_granted(&events[0]), "{events:?}"),
            (Said::Passed, Ok(events)) => {
                assert!(matches!(&events[..], [Event::LockGranted(_), Event::LockOver(_)]), "{events:?}");
            }
            (Said::Queued, Ok(events)) => assert!(matches!(&events[..], [Event::LockQueued(_)]), "{events:?}"),
            _ => panic!("the reference says {said:?}, the law {answer:?} of {asked:?} by {holder} in {self:?}"),
        }
        let (token, pinned) = (Place::Held(state.next), Time::default());
        match said {
            Said::Granted(wants) => match self.lines.iter_mut().find(|line| line.id == asked.ticket) {
                Some(line) => line.place = token,
                None => {
                    self.lines.push(Line { id: asked.ticket, holder, wants, place: token, order, pinned, newest: None })
                }
            },
            Said::Queued => {
                self.arrivals += 1;
                let wants = parts(&asked.wants);
                self.lines.push(Line {
                    id: asked.ticket,
                    holder,
                    wants,
                    place: Place::Waiting,
                    order,
                    pinned,
                    newest: None,
                });
            }
            Said::Passed => {
                self.over.insert(asked.ticket);
            }
            Said::Nothing | Said::Refused(_) => {}
        }
    }

    fn say(&self, state: &State, holder: Holder, asked: &Acquire, order: (i64, u64)) -> Said {
        if self.over.contains(&asked.ticket) {
            return Said::Refused("ticket_over");
        }
        let wants = parts(&asked.wants);
        if let Some(line) = self.lines.iter().find(|line| line.id == asked.ticket) {
            let same = match asked.choice {
                Choice::All => line.wants == wants,
                Choice::Any => line.wants.iter().all(|want| wants.contains(want)),
            };
            return match line.place {
                _ if line.holder != holder || !same => Said::Refused("id_taken"),
                Place::Offered(_) => Said::Granted(line.wants.clone()),
                _ => Said::Nothing,
            };
        }
        let passed = asked.patience == Patience::Pass;
        let pinned = Time::default();
        let new = |wants: &[Part], place| {
            let wants = wants.to_vec();
            Line { id: asked.ticket, holder, wants, place, order, pinned, newest: None }
        };
        if asked.choice == Choice::Any {
            for want in &wants {
                let one = std::slice::from_ref(want);
                let is_taken = self.blocking().any(|line| line.wants.iter().any(|theirs| theirs.0 == want.0));
                let is_free = !is_taken && !is_frozen(state, one) && self.is_free(state, &new(one, Place::Waiting));
                if is_free && (passed || !self.closes_a_circle(state, new(one, Place::Held(0)))) {
                    return if passed { Said::Passed } else { Said::Granted(one.to_vec()) };
                }
            }
            return Said::Refused("lock_held");
        }
        if is_frozen(state, &wants) {
            return Said::Refused("resource_frozen");
        }
        let is_free = self.is_free(state, &new(&wants, Place::Waiting));
        match asked.patience {
            Patience::Pass if is_free => Said::Passed,
            Patience::Pass | Patience::None if !is_free => Said::Refused("lock_held"),
            _ => {
                let place = if is_free { Place::Held(0) } else { Place::Waiting };
                if self.closes_a_circle(state, new(&wants, place)) {
                    return Said::Refused("would_deadlock");
                }
                if is_free { Said::Granted(wants) } else { Said::Queued }
            }
        }
    }

    fn blocking(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.place != Place::Waiting)
    }

    /// Nobody has something that does not go with it, and nobody waits for such a thing who came before.
    fn is_free(&self, state: &State, line: &Line) -> bool {
        self.lines.iter().filter(|other| other.id != line.id && !kin(state, other.holder, line.holder)).all(|other| {
            line.wants.iter().all(|want| {
                let counts = other.place != Place::Waiting || (other.order < line.order && !passes(want.1));
                !counts || !other.wants.iter().any(|theirs| conflict(theirs, want))
            })
        })
    }

    /// Whether one more line makes somebody wait for themselves: counting as in the way whoever may come to be.
    fn closes_a_circle(&self, state: &State, new: Line) -> bool {
        let asker = new.holder;
        // What is granted closes a circle only by standing in somebody's way.
        let hinders = |line: &Line| line.wants.iter().any(|want| new.wants.iter().any(|theirs| conflict(theirs, want)));
        let waits = |line: &&Line| line.place == Place::Waiting && !kin(state, line.holder, asker);
        if new.place != Place::Waiting && !self.lines.iter().filter(waits).any(hinders) {
            return false;
        }
        let lines: Vec<&Line> = self.lines.iter().chain([&new]).collect();
        // Whom a line waits for, or may come to wait for: and whether only once that one has what it waits for itself.
        let ahead = |line: &Line| {
            let mut found = Vec::new();
            for other in lines.iter().filter(|other| !kin(state, line.holder, other.holder)) {
                let clash = |theirs: &&Part| line.wants.iter().any(|want| conflict(theirs, want));
                let before = other.place != Place::Waiting || other.order < line.order;
                // What rests ends by itself.
                let rests = matches!(other.place, Place::Resting(_));
                if !rests && before && other.wants.iter().any(|theirs| clash(&theirs)) {
                    found.push((*other, false));
                }
                if other.place == Place::Waiting && other.wants.iter().filter(clash).any(|theirs| passes(theirs.1)) {
                    found.push((*other, true));
                }
            }
            found
        };
        let waits_of = |holder: Holder, but: Option<TicketId>| {
            let waits = |line: &&&Line| line.place == Place::Waiting && kin(state, line.holder, holder);
            lines.iter().filter(waits).filter(move |line| Some(line.id) != but).copied().collect::<Vec<_>>()
        };
        let leads_back = |starts: Vec<&Line>, closes: &dyn Fn(&Line, bool) -> bool| {
            let (mut seen, mut next) = (BTreeSet::new(), VecDeque::new());
            let mut find = |next: &mut VecDeque<_>, other: &Line, gets_ahead: bool| {
                let node = (other.holder, Some(other.id).filter(|_| gets_ahead));
                if !kin(state, other.holder, asker) && seen.insert(node) {
                    next.push_back(node);
                }
            };
            starts.into_iter().flat_map(ahead).for_each(|(other, gets)| find(&mut next, other, gets));
            while let Some((holder, but)) = next.pop_front() {
                for (other, gets) in waits_of(holder, but).into_iter().flat_map(ahead) {
                    if kin(state, other.holder, asker) && closes(other, gets) {
                        return true;
                    }
                    find(&mut next, other, gets);
                }
            }
            false
        };
        let is_new = |line: &Line| line.id == new.id;
        let own = waits_of(asker, Some(new.id));
        let asked = if new.place == Place::Waiting { vec![&new] } else { Vec::new() };
        leads_back(asked, &|other, gets_ahead| !(is_new(other) && gets_ahead))
            || leads_back(own, &|other, _| is_new(other))
    }

    /// For a minute what a push relies on goes to nobody else.
    fn pin(&mut self, ids: &[TicketId], push: u64, now: Time) {
        for line in self.lines.iter_mut().filter(|line| ids.contains(&line.id)) {
            line.newest = Some((push, Some(line.pinned).filter(|until| *until > now)));
            line.pinned = now + limits::LOCK_PIN_MAX;
        }
    }

    /// It has arrived: what rests for nothing else is free.
    fn unpin(&mut self, state: &State, push: u64, now: Time) {
        let mut over = Vec::new();
        for line in &mut self.lines {
            let Some((_, before)) = line.newest.filter(|(newest, _)| *newest == push) else { continue };
            (line.newest, line.pinned) = (None, before.unwrap_or_default());
            let vanished = line.holder.session().is_some_and(|session| !state.sessions.contains_key(&session));
            let rests_on = vanished && line.wants.iter().any(is_ungated);
            if !matches!(line.place, Place::Resting(_)) || rests_on {
                continue;
            }
            match before.filter(|until| *until > now) {
                Some(until) => line.place = Place::Resting(until),
                None => over.push(line.id),
            }
        }
        over.into_iter().for_each(|id| self.end(id));
    }

    fn let_go(&mut self, line: &Line, now: Time) {
        if line.pinned > now {
            self.lines.iter_mut().find(|other| other.id == line.id).unwrap().place = Place::Resting(line.pinned);
        } else {
            self.end(line.id);
        }
    }

    /// Whoever was about to change what is frozen now waits, before all others.
    fn withdraw(&mut self, frozen: &str) {
        let changes = |line: &Line| line.wants.iter().any(|want| is_frozen_at(want, frozen));
        for line in self.lines.iter_mut().filter(|line| matches!(line.place, Place::Offered(_)) && changes(line)) {
            (line.place, line.order) = (Place::Waiting, first_again(line.order));
        }
    }

    fn end(&mut self, id: TicketId) {
        self.lines.retain(|line| line.id != id);
        self.over.insert(id);
    }

    /// Whoever is locked out waits for nothing.
    fn lock_out(&mut self, developer: crate::DeveloperId) {
        let waits = |line: &&Line| line.holder == Holder::Developer(developer) && line.place == Place::Waiting;
        let gone: Vec<_> = self.lines.iter().filter(waits).map(|line| line.id).collect();
        gone.into_iter().for_each(|id| self.end(id));
    }

    /// What a vanished session held where no gate looks rests for a while.
    fn end_session(&mut self, session: SessionId, how: &How, now: Time) {
        let vanished = matches!(how, How::MissedBeats | How::ParentOver { .. });
        let holder = Holder::Session(session);
        for line in self.lines.iter_mut().filter(|line| line.holder == holder && line.place != Place::Waiting) {
            let rest = (vanished && line.wants.iter().any(is_ungated)).then(|| now + limits::LOCK_REST);
            match rest.max(Some(line.pinned).filter(|until| *until > now)) {
                Some(until) => line.place = Place::Resting(until),
                // A rest that is over is no rest.
                None => line.place = Place::Waiting,
            }
        }
        let rests = |line: &Line| line.holder != holder || matches!(line.place, Place::Resting(_));
        self.over.extend(self.lines.iter().filter(|line| !rests(line)).map(|line| line.id));
        self.lines.retain(rests);
    }

    /// Everybody who waits is asked, in their order, whether it is their turn.
    fn hand_on(&mut self, before: &State, after: &State, events: &[Event], now: Time) {
        let mut waiting: Vec<_> = self.lines.iter().filter(|line| line.place == Place::Waiting).cloned().collect();
        waiting.sort_by_key(|line| line.order);
        for line in waiting {
            if is_frozen(after, &line.wants) || !self.is_free(after, &line) {
                continue;
            }
            let granted = |event: &Event| matches!(event, Event::LockGranted(granted) if granted.ticket == line.id);
            let place = match line.holder {
                Holder::Session(_) => Place::Offered(now + limits::LOCK_OFFER),
                Holder::Developer(_) => {
                    let index = events.iter().position(granted).expect("a human has at once what is free");
                    Place::Held(before.next + index as u64)
                }
            };
            self.lines.iter_mut().find(|other| other.id == line.id).unwrap().place = place;
        }
    }

    /// Whether the law's table says the same.
    fn check(&self, state: &State) {
        let place = |ticket: &Ticket| match ticket.phase {
            Phase::Waiting => Place::Waiting,
            Phase::Offered { until } => Place::Offered(until),
            Phase::Held { token, .. } => Place::Held(token),
            Phase::Resting { until } => Place::Resting(until),
        };
        let tickets = state.locks.tickets.iter();
        let law: BTreeMap<_, _> =
            tickets.map(|(id, ticket)| (*id, (ticket.holder, parts(&ticket.wants), place(ticket)))).collect();
        let own: BTreeMap<_, _> =
            self.lines.iter().map(|line| (line.id, (line.holder, line.wants.clone(), line.place))).collect();
        assert_eq!(law, own, "the law's table and the reference's");
        assert_eq!(state.locks.over, self.over, "what is over");
    }
}

proptest::proptest! {
    #[test]
    fn the_table_is_the_naive_one(steps in super::any_command::any_steps_of_locks()) {
        let mut run = Run::furnished();
        let mut reference = Reference::default();
        for step in &steps {
            let (by, command) = step.propose(&mut run);
            reference.step(&mut run, by, &command);
        }
    }
}
