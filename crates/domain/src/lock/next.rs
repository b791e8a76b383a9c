//! Whose turn it is: what a decision frees is offered to those who wait for it, in the same append.

use std::collections::BTreeSet;

use super::acquire::grant_of;
use super::over::rests_until;
use super::table::Change;
use super::{Holder, Offered, Phase, Rank, Ticket};
use crate::{Event, Resource, SessionId, State, TicketId, Time, limits, session};

/// What a decision's events come to, for those who wait.
#[derive(Default)]
struct After {
    /// Who is over, and who waits again.
    change: Change,
    /// What that touches, or what is frozen no longer.
    touched: BTreeSet<Resource>,
    /// What is frozen from now on.
    frozen: BTreeSet<Resource>,
    /// What is frozen no longer.
    thawed: BTreeSet<Resource>,
}

/// Adds the offers that a decision's events bring about.
///
/// Those who wait are looked at in their order. One whose turn it is keeps others out from then on, and one whose turn it is
/// not keeps those behind it waiting who do not go with it: nobody is passed.
pub(crate) fn complete(state: &State, events: &mut Vec<Event>, now: Time) {
    let mut after = After::of(state, events, now);
    if after.touched.is_empty() {
        return;
    }
    let mut waiting: BTreeSet<(Rank, TicketId)> = BTreeSet::new();
    for resource in &after.touched {
        waiting.extend(resource.around(&state.locks.waiting, true).flat_map(|(_, row)| row.keys.iter().copied()));
    }
    for (rank, id) in waiting {
        let Some(ticket) = state.locks.tickets.get(&id).filter(|_| !after.change.gone.contains(&id)) else { continue };
        if after.is_frozen(state, ticket) || !state.is_free(&after.change, ticket.holder, &ticket.wants, rank) {
            continue;
        }
        for want in &ticket.wants {
            after.change.held.entry(want.resource.clone()).or_default().add(id, want.mode);
        }
        after.change.moved.insert(id);
        events.push(turn(id, ticket, now));
    }
}

/// To whom a change of a resource, or of something around it, is offered that is not taken up yet: a freeze of the resource
/// withdraws that.
pub(crate) fn withdrawn_by(state: &State, frozen: &Resource) -> Vec<TicketId> {
    let is_offered = |id: &&TicketId| {
        state.locks.tickets.get(id).is_some_and(|ticket| {
            let changes = ticket.wants.iter().any(|want| want.mode.changes() && want.resource.overlaps(frozen));
            changes && matches!(ticket.phase, Phase::Offered { .. })
        })
    };
    let rows = frozen.around(&state.locks.held, true);
    let found: BTreeSet<TicketId> = rows.flat_map(|(_, row)| &row.keys).filter(is_offered).copied().collect();
    found.into_iter().collect()
}

/// The place of a ticket whose offer is withdrawn: before all others, for it was its turn. That it waits again makes it wait
/// for nobody who waited for it, so it closes no circle.
pub(crate) fn first_again(rank: Rank) -> Rank {
    (i64::MIN, rank.1)
}

impl After {
    fn of(state: &State, events: &[Event], now: Time) -> Self {
        let mut after = Self::default();
        for event in events {
            match event {
                Event::LockOver(over) => after.end(state, over.ticket),
                Event::SessionOver(over) => after.end_session(state, over.session, &over.how, now),
                Event::ResourceFrozen(frozen) => after.freeze(state, &frozen.resource),
                Event::ResourceThawed(thawed) => {
                    after.touched.insert(thawed.resource.clone());
                    after.thawed.insert(thawed.resource.clone());
                }
                _ => {}
            }
        }
        after
    }

    fn end(&mut self, state: &State, id: TicketId) {
        if let Some(ticket) = state.locks.tickets.get(&id) {
            self.touched.extend(ticket.wants.iter().map(|want| want.resource.clone()));
            self.change.gone.insert(id);
        }
    }

    fn end_session(&mut self, state: &State, session: SessionId, how: &session::How, now: Time) {
        self.change.over.insert(session);
        let of = state.locks.of(Holder::Session(session));
        of.filter(|(_, ticket)| rests_until(ticket, how, now).is_none()).for_each(|(id, _)| self.end(state, id));
    }

    fn freeze(&mut self, state: &State, resource: &Resource) {
        self.frozen.insert(resource.clone());
        for id in withdrawn_by(state, resource) {
            let Some(ticket) = state.locks.tickets.get(&id) else { continue };
            if !self.change.withdrawn.insert(id) {
                continue;
            }
            for want in &ticket.wants {
                self.touched.insert(want.resource.clone());
                let row = self.change.waiting.entry(want.resource.clone()).or_default();
                row.add((first_again(ticket.rank), id), want.mode);
            }
        }
    }

    /// Whether a ticket wants to change something that is frozen after the events.
    fn is_frozen(&self, state: &State, ticket: &Ticket) -> bool {
        let mut changed = ticket.wants.iter().filter(|want| want.mode.changes()).map(|want| &want.resource);
        changed.any(|resource| {
            let is_new = self.frozen.iter().any(|frozen| frozen.overlaps(resource));
            let mut before = resource.around(&state.freezes, true);
            is_new || before.any(|(frozen, _)| !self.thawed.contains(frozen))
        })
    }
}

/// A session has a while to take it up, for its agent may be in the middle of something; a human has it at once.
fn turn(ticket: TicketId, waiting: &Ticket, now: Time) -> Event {
    let holder = waiting.holder;
    match holder {
        Holder::Session(_) => Event::LockOffered(Offered { ticket, holder, until: now + limits::LOCK_OFFER }),
        Holder::Developer(_) => grant_of(ticket, waiting),
    }
}
