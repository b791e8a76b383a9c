//! Whose turn it is: what a decision frees is offered to those who wait for it, in the same append.

use std::collections::BTreeSet;

use super::acquire::grant_of;
use super::over::rests_until;
use super::table::Change;
use super::{Holder, Offered, Rank, Ticket};
use crate::{Event, Resource, State, TicketId, Time, limits};

/// Adds the offers that a decision's events bring about.
///
/// Those who wait are looked at in their order. One whose turn it is keeps others out from then on, and one whose turn it is
/// not keeps those behind it waiting who do not go with it: nobody is passed.
pub(crate) fn complete(state: &State, events: &mut Vec<Event>, now: Time) {
    let (mut change, touched) = freed(state, events, now);
    if touched.is_empty() {
        return;
    }
    let mut waiting: BTreeSet<(Rank, TicketId)> = BTreeSet::new();
    for resource in &touched {
        waiting.extend(resource.around(&state.locks.waiting, true).flat_map(|(_, row)| row.keys.iter().copied()));
    }
    for (rank, id) in waiting {
        let Some(ticket) = state.locks.tickets.get(&id).filter(|_| !change.gone.contains(&id)) else { continue };
        if is_frozen(state, ticket, events) || !state.is_free(&change, ticket.holder, &ticket.wants, rank) {
            continue;
        }
        for want in &ticket.wants {
            change.held.entry(want.resource.clone()).or_default().add(id, want.mode);
        }
        change.moved.insert(id);
        events.push(turn(id, ticket, now));
    }
}

/// What is over after these events, and which resources that touches.
fn freed(state: &State, events: &[Event], now: Time) -> (Change, BTreeSet<Resource>) {
    let mut change = Change::default();
    let mut touched = BTreeSet::new();
    let mut over_sessions = BTreeSet::new();
    let mut end = |id: TicketId, ticket: &Ticket| {
        touched.extend(ticket.wants.iter().map(|want| want.resource.clone()));
        change.gone.insert(id);
    };
    let mut thawed = None;
    for event in events {
        match event {
            Event::LockOver(over) => {
                if let Some(ticket) = state.locks.tickets.get(&over.ticket) {
                    end(over.ticket, ticket);
                }
            }
            Event::SessionOver(over) => {
                over_sessions.insert(over.session);
                let of = state.locks.of(Holder::Session(over.session));
                of.filter(|(_, ticket)| rests_until(ticket, &over.how, now).is_none())
                    .for_each(|(id, one)| end(id, one));
            }
            Event::ResourceThawed(event) => thawed = Some(event.resource.clone()),
            _ => {}
        }
    }
    touched.extend(thawed);
    change.over = over_sessions;
    (change, touched)
}

/// Whether it wants to change something that is frozen, and still is after these events.
fn is_frozen(state: &State, ticket: &Ticket, events: &[Event]) -> bool {
    let thawed = events.iter().find_map(|event| match event {
        Event::ResourceThawed(event) => Some(&event.resource),
        _ => None,
    });
    let mut changed = ticket.wants.iter().filter(|want| want.mode.changes());
    changed.any(|want| state.frozen_at_but(&want.resource, thawed).is_some())
}

/// A session has a while to take it up, for its agent may be in the middle of something; a human has it at once.
fn turn(ticket: TicketId, waiting: &Ticket, now: Time) -> Event {
    let holder = waiting.holder;
    match holder {
        Holder::Session(_) => Event::LockOffered(Offered { ticket, holder, until: now + limits::LOCK_OFFER }),
        Holder::Developer(_) => grant_of(ticket, waiting),
    }
}
