//! How the events of locks, writes and freezes change state.

use super::State;
use crate::credential::Cause;
use crate::freeze::{Freeze, Frozen};
use crate::lock::{self, Granted, Holder, Offered, Phase, Queued, Resting, Ticket};
use crate::session;
use crate::write::{Recent, Written};
use crate::{CredentialId, Resource, SessionId, TicketId, Time, limits};

impl State {
    pub(super) fn queue_ticket(&mut self, event: &Queued, at: Time) {
        if self.is_known(event.ticket) {
            return;
        }
        let ticket = Ticket {
            holder: event.holder,
            wants: event.wants.clone(),
            priority: event.priority,
            intent: event.intent.clone(),
            asked_at: at,
            phase: Phase::Waiting,
            rank: (lock::rank_at(event.priority, at), self.next),
            pinned_until: None,
            pinned_by: None,
        };
        self.locks.insert(event.ticket, ticket);
    }

    pub(super) fn offer_ticket(&mut self, event: &Offered) {
        self.move_ticket(event.ticket, Phase::Offered { until: event.until });
    }

    pub(super) fn grant_ticket(&mut self, event: &Granted, at: Time) {
        if self.locks.over.contains(&event.ticket) {
            return;
        }
        let phase = Phase::Held { token: self.next, since: at };
        let before = self.locks.remove(event.ticket);
        let (asked_at, rank) = before.map_or((at, (0, 0)), |before| (before.asked_at, before.rank));
        let ticket = Ticket {
            holder: event.holder,
            wants: event.wants.clone(),
            priority: event.priority,
            intent: event.intent.clone(),
            asked_at,
            phase,
            rank,
            pinned_until: None,
            pinned_by: None,
        };
        self.locks.insert(event.ticket, ticket);
    }

    /// Nothing that was issued because it was held has any ground from now on.
    pub(super) fn rest_ticket(&mut self, event: &Resting, at: Time) {
        self.move_ticket(event.ticket, Phase::Resting { until: event.until });
        self.end_what_rests_on(event.ticket, event.holder.session(), at);
    }

    fn move_ticket(&mut self, id: TicketId, phase: Phase) {
        if let Some(ticket) = self.locks.remove(id) {
            self.locks.insert(id, Ticket { phase, ..ticket });
        }
    }

    pub(super) fn end_ticket(&mut self, id: TicketId, at: Time) {
        let holder = self.locks.finish(id).map(|ticket| ticket.holder);
        self.end_what_rests_on(id, holder.and_then(Holder::session), at);
    }

    /// Every ticket of a session that is over is over, or rests for a while. Its credentials are due already, all of them.
    pub(super) fn end_tickets_of(&mut self, event: &session::Over, at: Time) {
        let ids: Vec<TicketId> = self.locks.of(Holder::Session(event.session)).map(|(id, _)| id).collect();
        for id in ids {
            let Some(mut ticket) = self.locks.remove(id) else { continue };
            match lock::rests_until(&ticket, &event.how, at) {
                Some(until) => {
                    ticket.phase = Phase::Resting { until };
                    self.locks.insert(id, ticket);
                }
                None => drop(self.locks.finish(id)),
            }
        }
    }

    /// What was issued to its holder because a ticket was held has no ground any more.
    fn end_what_rests_on(&mut self, id: TicketId, session: Option<SessionId>, at: Time) {
        let ids = session.and_then(|session| self.session_credentials.get(&session));
        let rests = |one: &CredentialId| self.credentials.get(one).is_some_and(|found| found.lock == Some(id));
        let resting: Vec<_> = ids.into_iter().flatten().copied().filter(rests).collect();
        for credential in resting {
            self.make_one_due(credential, Cause::LockOver, at);
        }
    }

    /// Whoever was offered a change of it, and had not taken that up, waits again, before all others.
    pub(super) fn freeze(&mut self, event: &Frozen, at: Time) {
        for id in lock::withdrawn_by(self, &event.resource) {
            if let Some(ticket) = self.locks.remove(id) {
                let rank = lock::first_again(ticket.rank);
                self.locks.insert(id, Ticket { phase: Phase::Waiting, rank, ..ticket });
            }
        }
        let freeze = Freeze { since: at, project: event.project, cause: event.cause.clone() };
        self.freezes.entry(event.resource.clone()).or_insert(freeze);
    }

    /// A human has looked: what was changed before is no struggle any more.
    pub(super) fn thaw(&mut self, resource: &Resource) {
        self.freezes.remove(resource);
        if let Some(newest) = self.writes.remove(resource).and_then(|changes| changes.last().map(|one| one.position)) {
            self.write_order.remove(&newest);
        }
    }

    pub(super) fn write(&mut self, event: &Written, at: Time) {
        let (change, position) = (&event.change, self.next);
        let recent = self.writes.entry(change.resource.clone()).or_default();
        if let Some(before) = recent.last() {
            self.write_order.remove(&before.position);
        }
        recent.push(Recent {
            position,
            at,
            session: event.session,
            before: change.before,
            after: change.after,
            hunks: change.hunks.clone(),
            lines: change.lines.clone(),
        });
        if recent.len() > limits::WRITES_REMEMBERED_PER_RESOURCE_MAX {
            recent.remove(0);
        }
        self.write_order.insert(position, change.resource.clone());
        if self.write_order.len() > limits::WRITTEN_RESOURCES_REMEMBERED_MAX
            && let Some((_, resource)) = self.write_order.pop_first()
        {
            self.writes.remove(&resource);
        }
    }

    fn is_known(&self, id: TicketId) -> bool {
        self.locks.tickets.contains_key(&id) || self.locks.over.contains(&id)
    }
}
