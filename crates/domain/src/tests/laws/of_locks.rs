//! Laws of locks: what one state shows, and what a history shows. What goes with what is asked of the naive reference.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::lock::{Holder, How, Locks, Mode, Phase, Rank, Release, Row, Ticket};
use crate::tests::reference::{self, Part, conflict, is_frozen, kin, parts};
use crate::{Actor, Command, Event, SessionId, State, TicketId, Time, decide, limits};

type Log = [(Event, Time)];

/// A ticket with what it wants, spelled out once.
struct Seen<'a> {
    id: TicketId,
    ticket: &'a Ticket,
    wants: Vec<Part>,
}

fn seen(state: &State) -> Vec<Seen<'_>> {
    let see = |(id, ticket): (&TicketId, _)| (*id, ticket);
    let tickets = state.locks.tickets.iter().map(see);
    tickets.map(|(id, ticket): (TicketId, &Ticket)| Seen { id, ticket, wants: parts(&ticket.wants) }).collect()
}

/// All laws of one state.
pub(crate) fn all(state: &State) {
    let seen = seen(state);
    lock_indices_agree(state);
    no_two_hold_what_does_not_go_together(state, &seen);
    whoever_waits_is_kept_waiting(state, &seen);
    nobody_waits_for_themselves(state, &seen);
    tickets_belong_to_the_living(state);
    tokens_are_positions(state);
    what_rests_on_a_lock_ends_with_it(state);
    lock_bounds_are_kept(state);
    writes_and_freezes_are_bounded(state);
}

/// Every derived map of the table says what the tickets say.
pub(crate) fn lock_indices_agree(state: &State) {
    let mut told = Locks::default();
    for (id, ticket) in &state.locks.tickets {
        for want in &ticket.wants {
            let place = Mode::ALL.iter().position(|mode| *mode == want.mode).unwrap();
            if ticket.phase.blocks() {
                let row = told.held.entry(want.resource.clone()).or_default();
                assert!(row.keys.insert(*id), "{id} wants {want:?} twice");
                row.modes[place] += 1;
            } else {
                let row = told.waiting.entry(want.resource.clone()).or_default();
                assert!(row.keys.insert((ticket.rank, *id)), "{id} wants {want:?} twice");
                row.modes[place] += 1;
            }
        }
        match ticket.phase {
            Phase::Offered { until } | Phase::Resting { until } => drop(told.timers.insert((until, *id))),
            Phase::Waiting | Phase::Held { .. } => {}
        }
        told.by_holder.entry(ticket.holder).or_default().insert(*id);
        assert!(!state.locks.over.contains(id), "{id} is over");
        assert!(ticket.wants.iter().is_sorted_by_key(|want| &want.resource), "{id} is not in canonical order");
    }
    told.tickets.clone_from(&state.locks.tickets);
    told.over.clone_from(&state.locks.over);
    assert_eq!(state.locks, told, "the table's indices");
}

/// What keeps others out goes together, but for what kin have, and for what a vanished session had beside its kin.
fn no_two_hold_what_does_not_go_together(state: &State, seen: &[Seen]) {
    let holds = |one: &&Seen| one.ticket.phase.blocks() && !matches!(one.ticket.phase, Phase::Resting { .. });
    let holders: Vec<_> = seen.iter().filter(holds).collect();
    for (index, one) in holders.iter().enumerate() {
        for other in &holders[index + 1..] {
            let clash = one.wants.iter().any(|want| other.wants.iter().any(|theirs| conflict(want, theirs)));
            assert!(!clash || kin(state, one.ticket.holder, other.ticket.holder), "{} and {}", one.id, other.id);
        }
    }
}

/// Nobody has, beside one that may have a change on its way, what does not go with it; but what the kin of a session had when
/// that vanished.
pub(crate) fn nobody_meets_a_change_on_its_way(state: &State, now: Time) {
    let seen = seen(state);
    for one in seen.iter().filter(|one| one.ticket.pinned_at(now).is_some()) {
        for other in seen.iter().filter(|other| other.id != one.id && other.ticket.phase.blocks()) {
            let clash = one.wants.iter().any(|want| other.wants.iter().any(|theirs| conflict(want, theirs)));
            let ended = one.ticket.holder.session().and_then(|session| state.past.get(&session));
            let had = ended.is_some_and(|past| {
                matches!(other.ticket.phase, Phase::Held { since, .. } if since <= past.ending.at)
                    || matches!(other.ticket.phase, Phase::Resting { .. })
            });
            let goes = !clash || had || kin(state, one.ticket.holder, other.ticket.holder);
            assert!(goes, "{} meets {}", other.id, one.id);
        }
    }
}

/// Who stands in the way of one that waits, in truth: who has what does not go with it, or waits for it and came before.
fn ahead<'a>(state: &State, seen: &'a [Seen<'a>], one: &Seen) -> Vec<&'a Seen<'a>> {
    let is_ahead = |other: &&Seen| {
        one.wants.iter().any(|want| {
            let came_before = other.ticket.rank < one.ticket.rank && !matches!(want.1, Mode::N | Mode::IS);
            (other.ticket.phase.blocks() || came_before) && other.wants.iter().any(|theirs| conflict(want, theirs))
        })
    };
    let others = seen.iter().filter(|other| other.id != one.id).filter(is_ahead);
    others.filter(|other| !kin(state, one.ticket.holder, other.ticket.holder)).collect()
}

fn waiting<'a>(seen: &'a [Seen<'a>]) -> impl Iterator<Item = &'a Seen<'a>> {
    seen.iter().filter(|one| one.ticket.phase == Phase::Waiting)
}

/// No wake-up is lost: whoever waits is kept waiting by somebody, or by a freeze.
fn whoever_waits_is_kept_waiting(state: &State, seen: &[Seen]) {
    for one in waiting(seen) {
        let kept = is_frozen(state, &one.wants) || !ahead(state, seen, one).is_empty();
        assert!(kept, "{} is free and waits: {:?}", one.id, one.ticket);
    }
}

/// From whoever somebody waits for, with their kin, on to whom those wait for: it never leads back. What rests ends by
/// itself.
fn nobody_waits_for_themselves(state: &State, seen: &[Seen]) {
    let mut steps = BTreeMap::<Holder, BTreeSet<Holder>>::new();
    for one in waiting(seen) {
        let ahead =
            ahead(state, seen, one).into_iter().filter(|other| !matches!(other.ticket.phase, Phase::Resting { .. }));
        let ahead = ahead.map(|other| other.ticket.holder);
        steps.entry(one.ticket.holder).or_default().extend(ahead);
    }
    let waits_of = |holder: Holder| {
        let of_kin = steps.iter().filter(move |(other, _)| kin(state, **other, holder));
        of_kin.flat_map(|(_, ahead)| ahead.iter().copied()).collect::<Vec<_>>()
    };
    for asker in steps.keys() {
        let mut found = BTreeSet::new();
        let mut next: VecDeque<_> = steps[asker].iter().copied().collect();
        while let Some(current) = next.pop_front() {
            assert!(!kin(state, current, *asker), "{asker} waits for themselves: {steps:?}");
            if found.insert(current) {
                next.extend(waits_of(current));
            }
        }
    }
}

/// A session that is over has nothing but what rests; what rests is of such a session, or was let go while a change was on
/// its way.
fn tickets_belong_to_the_living(state: &State) {
    for (id, ticket) in &state.locks.tickets {
        let rests = matches!(ticket.phase, Phase::Resting { .. });
        match ticket.holder {
            Holder::Session(session) => {
                let is_live = state.sessions.contains_key(&session);
                let is_pinned = matches!(ticket.phase, Phase::Resting { until } if ticket.pinned_until == Some(until));
                assert!(if rests { !is_live || is_pinned } else { is_live }, "{id}: {ticket:?}");
                let is_closed = !is_live && !state.closing.contains_key(&session);
                assert!(!(rests && is_closed), "{session} is closed and {id} rests");
            }
            Holder::Developer(_) => assert!(!rests, "{id} of a human rests"),
        }
    }
}

fn tokens_are_positions(state: &State) {
    let tokens: Vec<_> = state.locks.tickets.values().filter_map(|ticket| ticket.phase.token()).collect();
    let unique: BTreeSet<_> = tokens.iter().collect();
    assert_eq!(unique.len(), tokens.len(), "a token was given twice");
    assert!(tokens.iter().all(|token| *token < state.next), "a token that is no position: {tokens:?}");
}

/// A credential that was issued because a lock is held is to be ended when it is not.
fn what_rests_on_a_lock_ends_with_it(state: &State) {
    for (id, credential) in &state.credentials {
        let Some(lock) = credential.lock else { continue };
        let is_held = state.locks.tickets.get(&lock).is_some_and(|ticket| ticket.phase.token().is_some());
        assert!(is_held || credential.due.is_some(), "{id} rests on {lock}, which is not held");
    }
}

fn lock_bounds_are_kept(state: &State) {
    let locks = &state.locks;
    assert!(locks.tickets.len() <= limits::TICKETS_MAX && locks.over.len() <= limits::TICKETS_OVER_REMEMBERED_MAX);
    for (holder, tickets) in &locks.by_holder {
        assert!(tickets.len() <= limits::TICKETS_PER_HOLDER_MAX, "{holder}");
        let waiting = tickets.iter().filter(|id| locks.tickets[id].phase == Phase::Waiting).count();
        assert!(waiting <= limits::TICKETS_WAITING_PER_HOLDER_MAX, "{holder}");
    }
    // Those whose offer a freeze withdrew come on top, whoever was queued meanwhile.
    let queued = |row: &Row<(Rank, TicketId)>| row.keys.iter().filter(|((at, _), _)| *at > i64::MIN).count();
    assert!(locks.waiting.values().all(|row| queued(row) <= limits::TICKETS_WAITING_PER_RESOURCE_MAX));
}

pub(crate) fn writes_and_freezes_are_bounded(state: &State) {
    assert!(state.freezes.len() <= limits::FREEZES_MAX);
    assert!(state.writes.len() <= limits::WRITTEN_RESOURCES_REMEMBERED_MAX);
    let newest = |changes: &[crate::write::Recent]| changes.last().unwrap().position;
    let order: BTreeMap<_, _> = state.writes.iter().map(|(at, changes)| (newest(changes), at.clone())).collect();
    assert_eq!(state.write_order, order, "the order of changes");
    assert!(state.writes.values().all(|changes| {
        changes.len() <= limits::WRITES_REMEMBERED_PER_RESOURCE_MAX && changes.is_sorted_by_key(|one| one.position)
    }));
}

/// Whoever lets go with another token than the one they hold lets nothing go.
pub(crate) fn a_release_with_an_old_token_is_nothing(state: &State, now: Time) {
    let release = |ticket, by, token| {
        let command = Command::ReleaseLock(Release { ticket, token: Some(token) });
        let events = decide(state, by, &command, now);
        assert_eq!(events, Ok(Vec::new()), "{ticket} with the token {token}");
    };
    for (id, ticket) in &state.locks.tickets {
        let by = match ticket.holder {
            Holder::Session(session) => Actor::Session(session),
            Holder::Developer(developer) => Actor::Developer(developer),
        };
        let current = ticket.phase.token();
        let around = current.map_or(0, |token| token.saturating_sub(1))..=current.map_or(2, |token| token + 1);
        around.filter(|token| Some(*token) != current).for_each(|token| release(*id, by, token));
    }
    for id in state.locks.over.iter().take(8) {
        release(*id, Actor::System, 0);
    }
}

/// How a ticket fared, by the entries alone.
#[derive(Debug, Clone)]
struct Fate {
    holder: Holder,
    wants: Vec<Part>,
    /// Its place in the queue, if it waited.
    order: Option<(i64, u64)>,
    came: Came,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    Waits,
    Offered(Time),
    Held,
    Rests(Time),
}

/// Each ticket is queued once at most, offered when it waited, granted once, and over once; a human who waited has it at
/// once. What is granted to whom it was not offered passes nobody, and what is offered neither: grants of what does not go
/// together come in the order of waiting.
pub(crate) fn tickets_come_in_their_order(log: &Log) {
    let mut sessions = State::default();
    let mut fates = BTreeMap::<TicketId, Fate>::new();
    let mut over = BTreeSet::new();
    // The tickets for which a change has arrived, and when: what rested for nothing else is over with it.
    let mut landed = BTreeMap::new();
    for (position, (event, at)) in log.iter().enumerate() {
        let position = position as u64;
        match event {
            Event::PushLanded(push) => landed.extend(push.locks.iter().map(|lock| (*lock, *at))),
            Event::LockQueued(queued) => {
                let order = Some(reference::order(queued.priority, *at, position));
                let fate = Fate { holder: queued.holder, wants: parts(&queued.wants), order, came: Came::Waits };
                assert!(!over.contains(&queued.ticket), "over, and queued: {event:?}");
                assert!(fates.insert(queued.ticket, fate).is_none(), "queued twice: {event:?}");
            }
            Event::LockOffered(offered) => {
                passes_nobody(&sessions, &fates, offered.ticket, fates[&offered.ticket].order, event);
                let fate = fates.get_mut(&offered.ticket).expect("offered to one who did not wait");
                assert_eq!((fate.came, fate.holder), (Came::Waits, offered.holder), "{event:?}");
                fate.came = Came::Offered(offered.until);
            }
            Event::LockGranted(granted) => {
                assert!(!over.contains(&granted.ticket), "over, and granted: {event:?}");
                let new = Fate { holder: granted.holder, wants: parts(&granted.wants), order: None, came: Came::Held };
                let order = reference::order(granted.priority, *at, position);
                let before = fates.insert(granted.ticket, new);
                match before.map(|fate| (fate.came, fate.order)) {
                    Some((Came::Offered(_), _)) => {}
                    Some((Came::Waits, order)) => {
                        assert!(granted.holder.session().is_none(), "a session has to claim: {event:?}");
                        passes_nobody(&sessions, &fates, granted.ticket, order, event);
                    }
                    Some((Came::Held | Came::Rests(_), _)) => panic!("granted twice: {event:?}"),
                    None => passes_nobody(&sessions, &fates, granted.ticket, Some(order), event),
                }
            }
            Event::LockResting(rests) => {
                let fate = fates.get_mut(&rests.ticket).expect("it rests, and never was");
                assert_eq!((fate.came, fate.holder), (Came::Held, rests.holder), "{event:?}");
                fate.came = Came::Rests(rests.until);
            }
            Event::ResourceFrozen(frozen) => {
                let at = frozen.resource.to_string();
                for fate in fates.values_mut().filter(|fate| matches!(fate.came, Came::Offered(_))) {
                    if fate.wants.iter().any(|want| reference::is_frozen_at(want, &at)) {
                        fate.came = Came::Waits;
                        fate.order = fate.order.map(reference::first_again);
                    }
                }
            }
            Event::LockOver(ended) => {
                let fate = fates.remove(&ended.ticket).unwrap_or_else(|| panic!("over, and never was: {event:?}"));
                assert!(over.insert(ended.ticket), "over twice: {event:?}");
                let is_due = match ended.how {
                    How::Unclaimed => matches!(fate.came, Came::Offered(until) if until <= *at),
                    How::Rested => {
                        let session = fate.holder.session().expect("a human's rests");
                        let has_landed = landed.get(&ended.ticket) == Some(at);
                        sessions.past.contains_key(&session)
                            || matches!(fate.came, Came::Rests(until) if until <= *at || has_landed)
                    }
                    How::Passed => fate.came == Came::Held,
                    How::Released | How::Broken { .. } => true,
                };
                assert!(is_due, "{event:?} of {fate:?}");
            }
            _ => {}
        }
        // Who descends from whom is asked of the state that the log makes of sessions alone.
        if matches!(event, Event::SessionOpened(_) | Event::SessionOver(_)) {
            sessions.apply(event, *at);
        }
        if let Event::SessionOver(ended) = event {
            let rests = |id: &TicketId| log.iter().skip(position as usize).any(|(later, _)| later_over(later, *id));
            fates.retain(|id, fate| fate.holder != Holder::Session(ended.session) || rests(id));
        }
    }
}

fn later_over(event: &Event, id: TicketId) -> bool {
    matches!(event, Event::LockOver(over) if over.ticket == id)
}

/// Nobody who waits and came before is passed by what does not go with their wants; nobody who holds is disturbed.
fn passes_nobody(
    sessions: &State,
    fates: &BTreeMap<TicketId, Fate>,
    id: TicketId,
    order: Option<(i64, u64)>,
    event: &Event,
) {
    let own = &fates[&id];
    for (other, fate) in fates.iter().filter(|(other, _)| **other != id) {
        if kin(sessions, own.holder, fate.holder) {
            continue;
        }
        let came_before = fate.came != Came::Waits || fate.order < order;
        let clash = own.wants.iter().any(|want| {
            let counts = fate.came != Came::Waits || !matches!(want.1, Mode::N | Mode::IS);
            counts && fate.wants.iter().any(|theirs| conflict(want, theirs))
        });
        assert!(!(came_before && clash), "{event:?} passes {other}: {fate:?}");
    }
}

/// Whom the history gave a token: the positions of its grants, each once, ever higher.
pub(crate) fn tokens_rise(log: &Log, state: &State) {
    let mut tokens = BTreeMap::<TicketId, u64>::new();
    for (position, (event, _)) in log.iter().enumerate() {
        if let Event::LockGranted(granted) = event {
            assert_eq!(tokens.insert(granted.ticket, position as u64), None, "granted twice: {event:?}");
        }
    }
    for (id, ticket) in &state.locks.tickets {
        if let Some(token) = ticket.phase.token() {
            assert_eq!(tokens.get(id), Some(&token), "the token of {id}");
        }
    }
}

/// What is offered or granted changes nothing that is frozen, whenever it was offered.
pub(crate) fn frozen_is_granted_to_nobody(log: &Log) {
    let mut state = State::default();
    let mut asked = BTreeMap::new();
    for (event, at) in log {
        match event {
            Event::LockQueued(queued) => drop(asked.insert(queued.ticket, parts(&queued.wants))),
            Event::LockOffered(event) => assert!(!is_frozen(&state, &asked[&event.ticket]), "{event:?}"),
            Event::LockGranted(granted) => assert!(!is_frozen(&state, &parts(&granted.wants)), "{event:?}"),
            Event::ResourceFrozen(_) | Event::ResourceThawed(_) => state.apply(event, *at),
            _ => {}
        }
    }
}

/// Which sessions have something that rests after their end, by what ends it later or by what is there still.
pub(crate) fn resting(log: &Log, state: &State) -> BTreeMap<SessionId, BTreeSet<TicketId>> {
    let mut over = BTreeSet::new();
    let mut found = BTreeMap::<SessionId, BTreeSet<TicketId>>::new();
    for (event, _) in log {
        match event {
            Event::SessionOver(ended) => drop(over.insert(ended.session)),
            Event::LockOver(ended) => {
                if let Some(session) = ended.holder.session().filter(|session| over.contains(session)) {
                    found.entry(session).or_default().insert(ended.ticket);
                }
            }
            _ => {}
        }
    }
    for (id, ticket) in &state.locks.tickets {
        if let Some(session) = ticket.holder.session().filter(|session| over.contains(session)) {
            found.entry(session).or_default().insert(*id);
        }
    }
    found
}
