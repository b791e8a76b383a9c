//! Asking for resources: at once, or by waiting in the queue.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::cycle::{self, Asked};
use super::table::Change;
use super::{Holder, How, Over, Phase, Priority, Rank, Ticket, Want, Wants};
use crate::refusal::room_for_one;
use crate::{Actor, Event, Refusal, Role, State, TicketId, Time, limits, text};

/// Ask for resources, or claim what was offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acquire {
    /// The ticket: asked twice, it is the same request.
    pub ticket: TicketId,
    /// For what.
    pub wants: Wants,
    /// All of it, or whichever is free first.
    pub choice: Choice,
    /// What to do when it is not free.
    pub patience: Patience,
    /// How urgently.
    pub priority: Priority,
    /// What for, in the holder's words.
    pub intent: Option<String>,
}

/// Which of the wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// All, together.
    All,
    /// The first that is free: a port, a slot.
    Any,
}

/// What to do when it is not free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Wait in the queue.
    Queue,
    /// Be refused.
    None,
    /// Be refused; and when it is free, let it go at once: the token says that nobody held it then.
    Pass,
}

/// Entry: a ticket waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    /// Which.
    pub ticket: TicketId,
    /// Who asked.
    pub holder: Holder,
    /// For what.
    pub wants: Wants,
    /// How urgently.
    pub priority: Priority,
    /// What for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
}

/// Entry: a ticket holds what it wants. Its fencing token is this entry's position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// Which.
    pub ticket: TicketId,
    /// Who holds.
    pub holder: Holder,
    /// What.
    pub wants: Wants,
    /// How urgently it was asked.
    pub priority: Priority,
    /// What for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
}

/// Entry: it is a ticket's turn; what it wants is set aside for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offered {
    /// Which.
    pub ticket: TicketId,
    /// Who may claim.
    pub holder: Holder,
    /// Until when.
    pub until: Time,
}

pub(crate) fn acquire(state: &State, by: Actor, command: &Acquire, now: Time) -> Result<Vec<Event>, Refusal> {
    let holder = current_holder(state, by, now)?;
    text::check_some("the intent", command.intent.as_ref(), limits::REASON_CHARS_MAX)?;
    if state.locks.tickets.contains_key(&command.ticket) || state.locks.over.contains(&command.ticket) {
        return again(state, holder, command);
    }
    if command.priority == Priority::Urgent && holder.session().is_some() {
        return Err(Refusal::Forbidden { needs: Role::Approver.as_str() });
    }
    check_bounds(state, holder)?;
    let rank = (rank_at(command.priority, now), u64::MAX);
    match command.choice {
        Choice::All => all(state, holder, command, rank),
        Choice::Any => any(state, holder, command, rank),
    }
}

/// Who asks, if they may hold anything now: nothing new is granted to a session that missed its beats.
pub(crate) fn current_holder(state: &State, by: Actor, now: Time) -> Result<Holder, Refusal> {
    let holder = Holder::of(by).ok_or(Refusal::Forbidden { needs: Role::Member.as_str() })?;
    match holder {
        Holder::Developer(_) => state.require(by, Role::Member)?,
        Holder::Session(id) => {
            let session = state.unexpired_session(id, now)?;
            if let Some(since) = session.suspect_since {
                return Err(Refusal::SessionSuspect { session: id, since });
            }
        }
    }
    Ok(holder)
}

/// Where waiting from a moment on puts a ticket of some priority.
pub(crate) fn rank_at(priority: Priority, at: Time) -> i64 {
    let step = i64::try_from(limits::LOCK_AGING_STEP.as_millis()).unwrap_or(i64::MAX);
    at.unix_millis().saturating_sub(priority.steps().saturating_mul(step))
}

/// The same ticket again: a retry, or the claim of what was offered.
fn again(state: &State, holder: Holder, command: &Acquire) -> Result<Vec<Event>, Refusal> {
    let ticket = state.locks.ticket(command.ticket)?;
    let same = match command.choice {
        Choice::All => ticket.wants == command.wants,
        Choice::Any => ticket.wants.iter().all(|want| command.wants.iter().any(|asked| asked == want)),
    };
    if ticket.holder != holder || !same {
        return Err(Refusal::IdTaken);
    }
    match ticket.phase {
        Phase::Offered { .. } => Ok(vec![grant_of(command.ticket, ticket)]),
        Phase::Waiting | Phase::Held { .. } | Phase::Resting { .. } => Ok(Vec::new()),
    }
}

/// The entry by which a ticket that waited holds what it wants.
pub(super) fn grant_of(id: TicketId, ticket: &Ticket) -> Event {
    Event::LockGranted(Box::new(Granted {
        ticket: id,
        holder: ticket.holder,
        wants: ticket.wants.clone(),
        priority: ticket.priority,
        intent: ticket.intent.clone(),
    }))
}

fn all(state: &State, holder: Holder, command: &Acquire, rank: Rank) -> Result<Vec<Event>, Refusal> {
    check_frozen(state, &command.wants)?;
    if state.is_free(&Change::default(), holder, &command.wants, rank) {
        check_circle(state, holder, command, &command.wants)?;
        return Ok(granted(holder, command, command.wants.clone()));
    }
    if command.patience != Patience::Queue {
        return Err(held(state, holder, &command.wants, rank));
    }
    check_queue(state, holder, &command.wants)?;
    cycle::check(state, &Asked { holder, wants: &command.wants, rank: Some(rank) })?;
    Ok(vec![Event::LockQueued(Box::new(Queued {
        ticket: command.ticket,
        holder,
        wants: command.wants.clone(),
        priority: command.priority,
        intent: command.intent.clone(),
    }))])
}

fn any(state: &State, holder: Holder, command: &Acquire, rank: Rank) -> Result<Vec<Event>, Refusal> {
    for want in &command.wants {
        let one = Wants::new([want.clone()])?;
        // A sibling's slot is taken, though siblings go together: whoever asks for any of several wants one of its own.
        let is_own = state.locks.held.contains_key(&want.resource);
        if !is_own
            && check_frozen(state, &one).is_ok()
            && state.is_free(&Change::default(), holder, &one, rank)
            && check_circle(state, holder, command, &one).is_ok()
        {
            return Ok(granted(holder, command, one));
        }
    }
    Err(held(state, holder, &command.wants, rank))
}

/// Also what is free may close a circle: of those who wait, some are passed, and will wait for the one who asks.
fn check_circle(state: &State, holder: Holder, command: &Acquire, wants: &Wants) -> Result<(), Refusal> {
    match command.patience {
        Patience::Pass => Ok(()),
        Patience::Queue | Patience::None => cycle::check(state, &Asked { holder, wants, rank: None }),
    }
}

fn granted(holder: Holder, command: &Acquire, wants: Wants) -> Vec<Event> {
    let (ticket, priority, intent) = (command.ticket, command.priority, command.intent.clone());
    let mut events = vec![Event::LockGranted(Box::new(Granted { ticket, holder, wants, priority, intent }))];
    if command.patience == Patience::Pass {
        events.push(Event::LockOver(Over { ticket, holder, how: How::Passed }));
    }
    events
}

fn held(state: &State, holder: Holder, wants: &Wants, rank: Rank) -> Refusal {
    Refusal::LockHeld { ahead: state.locks_ahead(holder, wants, rank) }
}

pub(crate) fn check_frozen(state: &State, wants: &Wants) -> Result<(), Refusal> {
    let frozen =
        wants.iter().filter(|want| want.mode.changes()).find_map(|want: &Want| state.frozen_at(&want.resource));
    match frozen {
        Some((resource, _)) => Err(Refusal::ResourceFrozen(resource.clone())),
        None => Ok(()),
    }
}

fn check_bounds(state: &State, holder: Holder) -> Result<(), Refusal> {
    room_for_one("locks", state.locks.tickets.len(), limits::TICKETS_MAX)?;
    let of_holder = state.locks.by_holder.get(&holder).map_or(0, BTreeSet::len);
    room_for_one("locks of one session", of_holder, limits::TICKETS_PER_HOLDER_MAX)
}

fn check_queue(state: &State, holder: Holder, wants: &Wants) -> Result<(), Refusal> {
    // What is offered may have to wait again: a freeze withdraws it.
    let waits = |(_, ticket): &(TicketId, &Ticket)| matches!(ticket.phase, Phase::Waiting | Phase::Offered { .. });
    let of_holder = state.locks.of(holder).filter(waits).count();
    room_for_one("waiting locks of one session", of_holder, limits::TICKETS_WAITING_PER_HOLDER_MAX)?;
    let rows = wants.iter().filter_map(|want| state.locks.waiting.get(&want.resource));
    let longest = rows.map(|row| row.keys.len()).max().unwrap_or_default();
    room_for_one("tickets waiting for one resource", longest, limits::TICKETS_WAITING_PER_RESOURCE_MAX)
}
