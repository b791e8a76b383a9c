//! How long locks were held lately: what is known of how long it will take.
//!
//! No decision depends on it, so it is not in the log's state: each process counts what it has seen since it started, and
//! says nothing of what it has not seen.

use std::collections::{BTreeMap, VecDeque};

use domain::lock::{Ahead, Holder, How, Mode, Phase, Ticket};
use domain::{Event, Resource, Span, State, TicketId, Time};

use crate::limits::{HOLDS_REMEMBERED_PER_RESOURCE_MAX, RESOURCES_HELD_REMEMBERED_MAX};

/// The last holds of resources; those that were held longest ago are forgotten first.
#[derive(Debug, Default)]
pub(crate) struct LockHolds {
    by_resource: BTreeMap<Resource, Holds>,
    order: BTreeMap<u64, Resource>,
    next: u64,
}

#[derive(Debug, Default)]
struct Holds {
    /// Its place in the order.
    at: u64,
    spans: VecDeque<Span>,
}

impl LockHolds {
    /// Notes the holds that an entry ends, which state has not been folded with yet.
    pub(crate) fn see(&mut self, state: &State, at: Time, event: &Event) {
        let one = |id: &TicketId| state.locks.tickets.get(id);
        match event {
            Event::LockOver(over) if over.how != How::Passed => self.end(one(&over.ticket), at),
            Event::LockResting(rests) => self.end(one(&rests.ticket), at),
            Event::SessionOver(over) => {
                state.locks.of(Holder::Session(over.session)).for_each(|(_, ticket)| self.end(Some(ticket), at));
            }
            _ => {}
        }
    }

    fn end(&mut self, ticket: Option<&Ticket>, at: Time) {
        let Some((ticket, Phase::Held { since, .. })) = ticket.map(|ticket| (ticket, ticket.phase)) else { return };
        for want in ticket.wants.iter().filter(|want| want.mode != Mode::N) {
            self.add(&want.resource, at.since(since));
        }
    }

    fn add(&mut self, resource: &Resource, span: Span) {
        let holds = self.by_resource.entry(resource.clone()).or_default();
        self.order.remove(&holds.at);
        self.next += 1;
        holds.at = self.next;
        self.order.insert(self.next, resource.clone());
        holds.spans.push_back(span);
        if holds.spans.len() > HOLDS_REMEMBERED_PER_RESOURCE_MAX {
            holds.spans.pop_front();
        }
        if self.order.len() > RESOURCES_HELD_REMEMBERED_MAX
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.by_resource.remove(&oldest);
        }
    }

    /// How long a ticket will wait, by the last holds of what is in its way: until those who have it let go, and then as long
    /// again for each who waits before it. None where that cannot be told: nobody held it lately, or whoever has it has had
    /// it longer than anybody before.
    pub(crate) fn estimate(&self, state: &State, ahead: &[Ahead], position: usize, now: Time) -> Option<Span> {
        let mut longest = Span::default();
        for one in ahead.iter().filter(|one| !one.waits) {
            longest =
                longest.max(self.rest_of(state.locks.tickets.get(&one.ticket)?.phase, &one.want.resource, now)?);
        }
        if position == 0 {
            return (!ahead.is_empty()).then_some(longest);
        }
        let each = self.longer_than(&ahead.iter().find(|one| one.waits)?.want.resource, Span::default())?;
        let all = each.as_millis().checked_mul(u64::try_from(position).ok()?)?;
        Some(Span::from_millis(longest.as_millis().checked_add(all)?))
    }

    fn rest_of(&self, phase: Phase, resource: &Resource, now: Time) -> Option<Span> {
        match phase {
            Phase::Resting { until } => Some(until.since(now)),
            Phase::Waiting | Phase::Offered { .. } => self.longer_than(resource, Span::default()),
            Phase::Held { since, .. } => {
                let had = now.since(since);
                let whole = self.longer_than(resource, had)?;
                Some(Span::from_millis(whole.as_millis().saturating_sub(had.as_millis())))
            }
        }
    }

    /// The median of the holds that lasted at least so long.
    fn longer_than(&self, resource: &Resource, least: Span) -> Option<Span> {
        let mut spans: Vec<Span> = self.by_resource.get(resource)?.spans.iter().copied().collect();
        spans.retain(|span| *span >= least);
        spans.sort_unstable();
        spans.get(spans.len() / 2).copied()
    }
}

#[cfg(test)]
mod tests;
