//! The table of locks: who holds what, who waits, and who stands in whose way.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Holder, Mode, Phase, Rank, Ticket, Want, Wants};
use crate::{Refusal, Resource, SessionId, State, TicketId, Time, limits};

/// Everything about locks that decisions depend on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locks {
    /// Tickets that are not over.
    pub tickets: BTreeMap<TicketId, Ticket>,
    /// Those that keep others out (offered, held, resting), by what they have.
    pub held: BTreeMap<Resource, Row<TicketId>>,
    /// Those that wait, by what they want, in the order of waiting.
    pub waiting: BTreeMap<Resource, Row<(Rank, TicketId)>>,
    /// Tickets by who asked.
    pub by_holder: BTreeMap<Holder, BTreeSet<TicketId>>,
    /// When something is to be looked at: an offer that nobody takes up, a rest that is over.
    pub timers: BTreeSet<(Time, TicketId)>,
    /// Tickets that are over, the last [`limits::TICKETS_OVER_REMEMBERED_MAX`] of them: a late retry revives none.
    pub over: BTreeSet<TicketId>,
}

/// The tickets at one resource, and how many there are of each mode: most questions need no more than that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row<Key: Ord> {
    /// The tickets.
    pub keys: BTreeSet<Key>,
    /// How many, by [`Mode`] in its order.
    pub modes: [usize; 6],
}

/// A ticket that stands in the way of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ahead {
    /// Which.
    pub ticket: TicketId,
    /// Whose.
    pub holder: Holder,
    /// Which of what it has or wants.
    pub want: Want,
    /// Whether it waits itself.
    pub waits: bool,
}

/// What is to be thought away, and what to be added, when it is asked who stands in the way.
#[derive(Default)]
pub(super) struct Change {
    /// Tickets that are over.
    pub(super) gone: BTreeSet<TicketId>,
    /// Tickets that waited and do so no longer.
    pub(super) moved: BTreeSet<TicketId>,
    /// What those have.
    pub(super) held: BTreeMap<Resource, Row<TicketId>>,
    /// Tickets to which something was offered, and that wait again.
    pub(super) withdrawn: BTreeSet<TicketId>,
    /// What those want.
    pub(super) waiting: BTreeMap<Resource, Row<(Rank, TicketId)>>,
    /// Sessions that are over: they are nobody's kin any more, and what they had rests for everybody.
    pub(super) over: BTreeSet<SessionId>,
}

impl<Key: Ord> Default for Row<Key> {
    fn default() -> Self {
        Self { keys: BTreeSet::new(), modes: [0; 6] }
    }
}

impl<Key: Ord> Row<Key> {
    pub(super) fn add(&mut self, key: Key, mode: Mode) {
        if self.keys.insert(key) {
            self.modes[mode as usize] += 1;
        }
    }

    fn remove(&mut self, key: &Key, mode: Mode) {
        if self.keys.remove(key) {
            self.modes[mode as usize] = self.modes[mode as usize].saturating_sub(1);
        }
    }

    /// Whether everything in the row of a resource goes with a want.
    pub(super) fn goes_with(&self, resource: &Resource, want: &Want) -> bool {
        self.all_modes(|mode| want.goes_with_mode(resource, mode))
    }

    /// Whether every mode in it lets the test pass.
    pub(super) fn all_modes(&self, test: impl Fn(Mode) -> bool) -> bool {
        Mode::ALL.into_iter().zip(self.modes).all(|(mode, count)| count == 0 || test(mode))
    }
}

impl Locks {
    /// A ticket that is not over.
    ///
    /// # Errors
    /// It is over, or nobody knows it.
    pub fn ticket(&self, id: TicketId) -> Result<&Ticket, Refusal> {
        self.tickets
            .get(&id)
            .ok_or_else(|| if self.over.contains(&id) { Refusal::TicketOver(id) } else { Refusal::TicketUnknown(id) })
    }

    /// The tickets of a holder that are not over.
    pub fn of(&self, holder: Holder) -> impl Iterator<Item = (TicketId, &Ticket)> {
        let ids = self.by_holder.get(&holder).into_iter().flatten();
        ids.filter_map(|id| Some((*id, self.tickets.get(id)?)))
    }

    /// The ticket, with its token, by which a holder may do with a resource what the mode says; the newest first: held at
    /// the resource or at what contains it, in a mode that is as good.
    pub fn covering(&self, holder: Holder, resource: &Resource, mode: Mode) -> Option<(TicketId, u64)> {
        let all = resource.around(&self.held, false).flat_map(|(_, row)| &row.keys).filter_map(move |id| {
            let ticket = self.tickets.get(id).filter(|ticket| ticket.holder == holder)?;
            let covers = ticket.wants.iter().any(|want| want.covers(resource, mode));
            ticket.phase.token().filter(|_| covers).map(|token| (*id, token))
        });
        all.max_by_key(|(_, token)| *token)
    }

    /// How many wait before a ticket at one of its resources, at most; zero if it does not wait.
    pub fn position(&self, id: TicketId) -> usize {
        let Some(ticket) = self.tickets.get(&id).filter(|ticket| ticket.phase == Phase::Waiting) else { return 0 };
        let rows = ticket.wants.iter().filter_map(|want| self.waiting.get(&want.resource));
        rows.map(|row| row.keys.range(..(ticket.rank, id)).count()).max().unwrap_or(0)
    }

    /// Every ticket that holds or wants something that overlaps a resource; at most `max`.
    pub fn at(&self, resource: &Resource, max: usize) -> Vec<TicketId> {
        let held = resource.around(&self.held, true).flat_map(|(_, row)| row.keys.iter().copied());
        let waiting = resource.around(&self.waiting, true).flat_map(|(_, row)| row.keys.iter().map(|(_, id)| *id));
        let found: BTreeSet<TicketId> = held.chain(waiting).take(max).collect();
        found.into_iter().collect()
    }

    pub(crate) fn insert(&mut self, id: TicketId, ticket: Ticket) {
        for want in &ticket.wants {
            if ticket.phase.blocks() {
                self.held.entry(want.resource.clone()).or_default().add(id, want.mode);
            } else {
                self.waiting.entry(want.resource.clone()).or_default().add((ticket.rank, id), want.mode);
            }
        }
        if let Some(at) = ticket.timer() {
            self.timers.insert((at, id));
        }
        self.by_holder.entry(ticket.holder).or_default().insert(id);
        self.tickets.insert(id, ticket);
    }

    pub(crate) fn remove(&mut self, id: TicketId) -> Option<Ticket> {
        let ticket = self.tickets.remove(&id)?;
        for want in &ticket.wants {
            if ticket.phase.blocks() {
                take(&mut self.held, &want.resource, &id, want.mode);
            } else {
                take(&mut self.waiting, &want.resource, &(ticket.rank, id), want.mode);
            }
        }
        if let Some(at) = ticket.timer() {
            self.timers.remove(&(at, id));
        }
        if let Some(ids) = self.by_holder.get_mut(&ticket.holder) {
            ids.remove(&id);
            if ids.is_empty() {
                self.by_holder.remove(&ticket.holder);
            }
        }
        Some(ticket)
    }

    pub(crate) fn finish(&mut self, id: TicketId) -> Option<Ticket> {
        let ticket = self.remove(id);
        self.over.insert(id);
        if self.over.len() > limits::TICKETS_OVER_REMEMBERED_MAX {
            self.over.pop_first();
        }
        ticket
    }
}

impl Ticket {
    /// What it has or wants at a resource that does not go with a want of somebody else's.
    pub(crate) fn against(&self, resource: &Resource, want: &Want) -> Option<&Want> {
        self.wants.iter().find(|theirs| theirs.resource == *resource && !theirs.goes_with(want))
    }

    /// When it is to be looked at, if ever.
    fn timer(&self) -> Option<Time> {
        match self.phase {
            Phase::Offered { until } | Phase::Resting { until } => Some(until),
            Phase::Waiting | Phase::Held { .. } => None,
        }
    }
}

fn take<Key: Ord>(rows: &mut BTreeMap<Resource, Row<Key>>, resource: &Resource, key: &Key, mode: Mode) {
    if let Some(row) = rows.get_mut(resource) {
        row.remove(key, mode);
        if row.keys.is_empty() {
            rows.remove(resource);
        }
    }
}

impl State {
    /// Who stands in the way of some wants of a holder: who has something that does not go with them, and who waits for it
    /// and came before. At most [`limits::LOCK_AHEAD_SHOWN_MAX`].
    pub fn locks_ahead(&self, holder: Holder, wants: &Wants, rank: Rank) -> Vec<Ahead> {
        let mut ahead = Vec::new();
        let nothing = Change::default();
        wants.iter().all(|want| {
            self.each_ahead(&nothing, holder, want, rank, |found| {
                ahead.push(found);
                ahead.len() < limits::LOCK_AHEAD_SHOWN_MAX
            })
        });
        ahead
    }

    /// Whether a holder could have this now, if some changes had been made.
    pub(super) fn is_free(&self, change: &Change, holder: Holder, wants: &Wants, rank: Rank) -> bool {
        wants.iter().all(|want| self.each_ahead(change, holder, want, rank, |_| false))
    }

    /// Shows everything that stands in the way of one want, until the answer is no; whether it never was.
    ///
    /// A session does not stand in the way of those it descends from or that descend from it: they are one piece of work.
    pub(super) fn each_ahead(
        &self,
        change: &Change,
        holder: Holder,
        want: &Want,
        rank: Rank,
        mut show: impl FnMut(Ahead) -> bool,
    ) -> bool {
        let below = want.mode.looks_below();
        let locks = &self.locks;
        let held = want.resource.around(&locks.held, below).chain(want.resource.around(&change.held, below));
        for (resource, row) in held {
            if row.goes_with(resource, want) {
                continue;
            }
            for id in &row.keys {
                let is_there = !change.gone.contains(id) && !change.withdrawn.contains(id);
                let counts = is_there && !self.is_kins(change, *id, holder);
                if counts && !self.pass(*id, resource, want, false, &mut show) {
                    return false;
                }
            }
        }
        if want.mode.passes() {
            return true;
        }
        let waiting = want.resource.around(&locks.waiting, below).chain(want.resource.around(&change.waiting, below));
        for (resource, row) in waiting {
            if row.goes_with(resource, want) {
                continue;
            }
            let before = row.keys.iter().take_while(|(theirs, _)| *theirs < rank);
            for (_, id) in before {
                let waits = !change.gone.contains(id) && !change.moved.contains(id);
                if waits && !self.is_kins(change, *id, holder) && !self.pass(*id, resource, want, true, &mut show) {
                    return false;
                }
            }
        }
        true
    }

    /// Shows a ticket if it stands in the way; whether to go on.
    fn pass(
        &self,
        id: TicketId,
        resource: &Resource,
        want: &Want,
        waits: bool,
        show: &mut impl FnMut(Ahead) -> bool,
    ) -> bool {
        let Some(ticket) = self.locks.tickets.get(&id) else { return true };
        let Some(theirs) = ticket.against(resource, want) else { return true };
        show(Ahead { ticket: id, holder: ticket.holder, want: theirs.clone(), waits })
    }

    /// Whether a ticket is a holder's own or of its kin, after some changes.
    fn is_kins(&self, change: &Change, id: TicketId, holder: Holder) -> bool {
        let theirs = self.locks.tickets.get(&id).map(|ticket| ticket.holder);
        let is_over = |holder: Holder| holder.session().is_some_and(|session| change.over.contains(&session));
        theirs.is_some_and(|theirs| !is_over(theirs) && self.are_kin(theirs, holder))
    }

    /// Whether two holders are one, or one session descends from the other.
    pub fn are_kin(&self, one: Holder, other: Holder) -> bool {
        match (one, other) {
            (Holder::Session(one), Holder::Session(other)) => self.are_family(one, other),
            _ => one == other,
        }
    }
}
