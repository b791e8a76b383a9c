//! Deadlock: refused to the one whose request would close the circle. An agent cannot be rolled back cheaply, so nobody is
//! made to give up what they have.
//!
//! Who waits for whom changes when somebody asks, and must not change to the worse when nobody does: handing on may move a
//! ticket that waited into the way of others that wait. So one that waits counts as standing in the way of all that it may
//! get ahead of: those behind it, and, in a mode that passes those who wait, everybody. With that no hand-off adds a step
//! to the graph, and it is enough to look when a ticket is queued or granted at once.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use super::{Holder, Phase, Rank, Ticket, Want, Wants};
use crate::{Refusal, Resource, State, TicketId, Time, limits};

/// One step of a circle: who waits for what, and who stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Who waits.
    pub waits: Holder,
    /// For what.
    pub resource: Resource,
    /// Who stands in the way.
    pub ahead: Holder,
}

/// What is about to wait or to be granted.
pub(super) struct Asked<'a> {
    /// Who asks.
    pub(super) holder: Holder,
    /// For what.
    pub(super) wants: &'a Wants,
    /// Its place in the queue; none if it is free, and will not wait.
    pub(super) rank: Option<Rank>,
}

/// Refuses what would close a circle.
///
/// # Errors
/// [`Refusal::WouldDeadlock`] with the circle, from the one who asks back to them; [`Refusal::LimitReached`] when so many
/// wait for each other that nobody can say.
pub(super) fn check(state: &State, asked: &Asked) -> Result<(), Refusal> {
    let behind = behind(state, asked);
    let has_tickets = family(state, asked.holder).into_iter().any(|one| state.locks.of(one).next().is_some());
    // Without either nobody waits for the one who asks; and who is granted something closes a circle only by it.
    if behind.is_empty() && (asked.rank.is_none() || !has_tickets) {
        return Ok(());
    }
    let (from, next, seen) = (BTreeMap::new(), VecDeque::new(), BTreeMap::new());
    Search { state, asked, behind, from, next, seen, looked_at: 0 }.run()
}

/// Who waits and would find the one who asks in the way from now on, and where.
fn behind(state: &State, asked: &Asked) -> BTreeMap<TicketId, Resource> {
    let mut found = BTreeMap::new();
    for want in asked.wants {
        // Whoever waits already and is passed, or else whoever comes later.
        let from = match asked.rank.filter(|_| !want.mode.passes()) {
            Some(rank) => Bound::Included((rank, first_id())),
            None => Bound::Unbounded,
        };
        for (resource, row) in want.resource.around(&state.locks.waiting, want.mode.looks_below()) {
            if row.goes_with(resource, want) {
                continue;
            }
            for (_, id) in row.keys.range((from, Bound::Unbounded)) {
                let ticket = state.locks.tickets.get(id);
                if ticket.is_some_and(|ticket| conflict(state, ticket, resource, asked.holder, want).is_some()) {
                    found.entry(*id).or_insert_with(|| want.resource.clone());
                }
            }
        }
    }
    found
}

/// What a ticket has or wants at a resource that does not go with a want of somebody else's, who is no kin.
fn conflict<'a>(
    state: &State,
    ticket: &'a Ticket,
    resource: &Resource,
    holder: Holder,
    want: &Want,
) -> Option<&'a Want> {
    ticket.against(resource, want).filter(|_| !state.are_kin(ticket.holder, holder))
}

/// Breadth first from the one who asks, to whoever waits for them.
struct Search<'a> {
    state: &'a State,
    asked: &'a Asked<'a>,
    behind: BTreeMap<TicketId, Resource>,
    /// The step by which each holder was found.
    from: BTreeMap<Holder, Step>,
    next: VecDeque<Holder>,
    /// What has been looked at: a queue is gone through once, however many of those in it are searched from.
    seen: BTreeMap<(Part, Resource, Want), Seen>,
    /// How many tickets that was.
    looked_at: usize,
}

/// Which tickets at a resource.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// Those that have it.
    Held,
    /// Those that wait and came before.
    Before,
    /// Those that wait in a mode that passes others.
    Passing,
}

/// How far a row has been looked at, and who was left out then, as kin of the one who waited.
#[derive(Default)]
struct Seen {
    up_to: Option<(Rank, TicketId)>,
    left_out: Vec<(Rank, TicketId)>,
}

/// One that waits, and for what.
struct Waiter<'a> {
    holder: Holder,
    want: &'a Want,
    rank: Rank,
}

impl<'a> Search<'a> {
    fn run(mut self) -> Result<(), Refusal> {
        let asker = self.asked.holder;
        let asked = self.asked.rank.map(|rank| (asker, self.asked.wants, rank));
        let family = waiting_of(self.state, asker).map(|(_, ticket)| (ticket.holder, &ticket.wants, ticket.rank));
        let waits: Vec<_> = asked.into_iter().chain(family).collect();
        for (holder, wants, rank) in waits {
            for found in self.ahead_of(holder, wants, rank, true) {
                self.visit(Step { waits: asker, ..found });
            }
        }
        while let Some(current) = self.next.pop_front() {
            self.look_from(current)?;
        }
        Ok(())
    }

    fn look_from(&mut self, current: Holder) -> Result<(), Refusal> {
        let asker = self.asked.holder;
        let waiting: Vec<_> = waiting_of(self.state, current).collect();
        for (id, ticket) in waiting {
            self.looked_at += 1;
            if let Some(resource) = self.behind.get(&id).cloned() {
                return Err(self.closed(Step { waits: current, resource, ahead: asker }));
            }
            for found in self.ahead_of(ticket.holder, &ticket.wants, ticket.rank, false) {
                let found = Step { waits: current, ..found };
                if self.state.are_kin(found.ahead, asker) {
                    return Err(self.closed(found));
                }
                self.visit(found);
            }
            if self.looked_at > limits::LOCK_CYCLE_SEARCH_MAX {
                let what = "tickets that wait for each other";
                return Err(Refusal::LimitReached { what, max: limits::LOCK_CYCLE_SEARCH_MAX });
            }
        }
        Ok(())
    }

    fn visit(&mut self, found: Step) {
        if !self.from.contains_key(&found.ahead) {
            self.next.push_back(found.ahead);
            self.from.insert(found.ahead, found);
        }
    }

    /// Who stands, or may come to stand, in the way of a ticket that waits; not those who were found before. Kin of the one
    /// who asks are no step from them: they are one piece of work.
    fn ahead_of(&mut self, holder: Holder, wants: &Wants, rank: Rank, is_first: bool) -> Vec<Step> {
        let mut found = Vec::new();
        let locks = &self.state.locks;
        for want in wants {
            let (below, waiter) = (want.mode.looks_below(), Waiter { holder, want, rank });
            for (resource, row) in want.resource.around(&locks.held, below) {
                if !row.goes_with(resource, want) {
                    let keys = row.keys.iter().map(|id| (Rank::default(), *id));
                    self.scan(Part::Held, resource, keys, &waiter, is_first, &mut found);
                }
            }
            for (resource, row) in want.resource.around(&locks.waiting, below) {
                let hinders = |mode| !want.goes_with_mode(resource, mode);
                if row.all_modes(|mode| !hinders(mode)) {
                    continue;
                }
                let before = row.keys.range(..(rank, first_id())).copied();
                self.scan(Part::Before, resource, before, &waiter, is_first, &mut found);
                if !row.all_modes(|mode| !(mode.passes() && hinders(mode))) {
                    self.scan(Part::Passing, resource, row.keys.iter().copied(), &waiter, is_first, &mut found);
                }
            }
        }
        found
    }

    /// Goes through what was not looked at yet of one part of a row.
    fn scan(
        &mut self,
        part: Part,
        resource: &Resource,
        keys: impl DoubleEndedIterator<Item = (Rank, TicketId)>,
        waiter: &Waiter,
        is_first: bool,
        found: &mut Vec<Step>,
    ) {
        let (state, asker) = (self.state, self.asked.holder);
        let seen = self.seen.entry((part, resource.clone(), waiter.want.clone())).or_default();
        let up_to = seen.up_to;
        let new: Vec<_> = keys.rev().take_while(|key| up_to.is_none_or(|up_to| *key > up_to)).collect();
        seen.up_to = up_to.max(new.first().copied());
        let left_out = std::mem::take(&mut seen.left_out);
        for key in left_out.into_iter().chain(new) {
            self.looked_at += 1;
            let Some(ticket) = state.locks.tickets.get(&key.1) else { continue };
            let is_kin = state.are_kin(ticket.holder, waiter.holder) || is_first && state.are_kin(ticket.holder, asker);
            if is_kin || part == Part::Before && key.0 >= waiter.rank {
                seen.left_out.push(key);
                continue;
            }
            let theirs = conflict(state, ticket, resource, waiter.holder, waiter.want);
            if theirs.is_some_and(|theirs| part != Part::Passing || theirs.mode.passes()) {
                found.push(Step { waits: waiter.holder, resource: resource.clone(), ahead: ticket.holder });
            }
        }
    }

    fn closed(&self, last: Step) -> Refusal {
        Refusal::WouldDeadlock { cycle: self.path(last) }
    }

    /// The steps from the one who asks to the one that closes the circle; at most [`limits::LOCK_AHEAD_SHOWN_MAX`].
    fn path(&self, last: Step) -> Vec<Step> {
        let mut steps = vec![last];
        while let Some(step) = steps.last().and_then(|step| self.from.get(&step.waits)) {
            let is_first = step.waits == self.asked.holder;
            steps.push(step.clone());
            if is_first || steps.len() >= limits::LOCK_AHEAD_SHOWN_MAX {
                break;
            }
        }
        steps.reverse();
        steps
    }
}

/// Lower than every id that anybody makes.
fn first_id() -> TicketId {
    TicketId::new(Time::default(), 0)
}

/// What a holder and its kin wait for.
fn waiting_of(state: &State, holder: Holder) -> impl Iterator<Item = (TicketId, &Ticket)> {
    let all = family(state, holder).into_iter().flat_map(|one| state.locks.of(one));
    all.filter(|(_, ticket)| ticket.phase == Phase::Waiting)
}

/// A session with those it descends from and that descend from it.
fn family(state: &State, holder: Holder) -> Vec<Holder> {
    match holder {
        Holder::Session(session) => state.family(session).into_iter().map(Holder::Session).collect(),
        Holder::Developer(_) => vec![holder],
    }
}
