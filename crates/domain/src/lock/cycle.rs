//! Deadlock: refused to the one whose request would close the circle. An agent cannot be rolled back cheaply, so nobody is
//! made to give up what they have.
//!
//! Who waits for whom changes when somebody asks, and must not change to the worse when nobody does: handing on may move a
//! ticket that waited into the way of others that wait. So one that waits counts as standing in the way of all that it may
//! get ahead of: those behind it, and, in a mode that passes those who wait, everybody. With that no hand-off adds a step
//! to the graph, and it is enough to look when a ticket is queued or granted at once.
//!
//! A ticket that gets ahead of others has what it wants and waits no longer: whoever would wait for it then would wait for
//! what else its holder waits for, and for nothing that it waits for itself now.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use super::{Holder, Phase, Rank, Ticket, Want, Wants};
use crate::refusal::at_most;
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
    /// With which ticket: one that they hold, or that waits too and came before; none for what is being asked for.
    pub ticket: Option<TicketId>,
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
    if asked.rank.is_some() {
        let behind =
            behind.iter().filter(|(_, found)| !found.is_passed).map(|(id, found)| (*id, found.clone())).collect();
        Search::new(state, asked, behind).look_by_what_is_asked()?;
    }
    Search::new(state, asked, behind).look_by_what_its_family_waits_for()
}

/// What somebody wants who waits, and would find the one who asks in the way from now on.
#[derive(Clone)]
struct Behind {
    resource: Resource,
    /// Whether the one who asks would get ahead of them: not while they wait themselves.
    is_passed: bool,
}

/// Who waits and would find the one who asks in the way from now on, and where.
fn behind(state: &State, asked: &Asked) -> BTreeMap<TicketId, Behind> {
    let mut found = BTreeMap::<TicketId, Behind>::new();
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
            for (theirs, id) in row.keys.range((from, Bound::Unbounded)) {
                let ticket = state.locks.tickets.get(id);
                if ticket.is_some_and(|ticket| conflict(state, ticket, resource, asked.holder, want).is_some()) {
                    let is_passed = asked.rank.is_some_and(|rank| *theirs < rank);
                    let known =
                        found.entry(*id).or_insert_with(|| Behind { resource: want.resource.clone(), is_passed });
                    known.is_passed &= is_passed;
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
    behind: BTreeMap<TicketId, Behind>,
    /// Whether what the one who asks has already closes a circle, too, and not only what they ask for.
    counts_known: bool,
    /// The step by which each was found, and from where.
    from: BTreeMap<Node, (Step, Option<Node>)>,
    next: VecDeque<Node>,
    /// What has been looked at: a queue is gone through once, however many of those in it are searched from.
    seen: BTreeMap<(Part, Resource, Want), Seen>,
    /// How many tickets that was.
    looked_at: usize,
}

/// Somebody who may wait, but for that ticket, by which they were found to get ahead.
type Node = (Holder, Option<TicketId>);

/// A step, and the ticket by which whoever is ahead gets there though they wait.
type Found = (Step, Option<TicketId>);

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
    fn new(state: &'a State, asked: &'a Asked<'a>, behind: BTreeMap<TicketId, Behind>) -> Self {
        let (from, next, seen) = (BTreeMap::new(), VecDeque::new(), BTreeMap::new());
        Self { state, asked, behind, counts_known: false, from, next, seen, looked_at: 0 }
    }

    /// The one who asks would wait for what is asked: a circle closes by whatever they have, or would get.
    fn look_by_what_is_asked(mut self) -> Result<(), Refusal> {
        self.counts_known = true;
        let rank = self.asked.rank.unwrap_or_default();
        self.start(self.asked.holder, self.asked.wants, rank);
        self.run()
    }

    /// The one who asks and their kin wait already: a new circle closes by what is asked alone.
    fn look_by_what_its_family_waits_for(mut self) -> Result<(), Refusal> {
        for (_, ticket) in waiting_of(self.state, self.asked.holder) {
            self.start(ticket.holder, &ticket.wants, ticket.rank);
        }
        self.run()
    }

    fn start(&mut self, holder: Holder, wants: &Wants, rank: Rank) {
        for (step, but) in self.ahead_of(holder, wants, rank, true) {
            self.visit((Step { waits: self.asked.holder, ..step }, but), None);
        }
    }

    fn run(mut self) -> Result<(), Refusal> {
        while let Some(current) = self.next.pop_front() {
            self.look_from(current)?;
        }
        Ok(())
    }

    fn look_from(&mut self, current: Node) -> Result<(), Refusal> {
        let (asker, (waits, but)) = (self.asked.holder, current);
        let waiting: Vec<_> = waiting_of(self.state, waits).filter(|(id, _)| Some(*id) != but).collect();
        for (id, ticket) in waiting {
            self.looked_at += 1;
            if let Some(found) = self.behind.get(&id) {
                let resource = found.resource.clone();
                return Err(self.closed(Step { waits, resource, ahead: asker, ticket: None }, current));
            }
            for (step, but) in self.ahead_of(ticket.holder, &ticket.wants, ticket.rank, false) {
                let step = Step { waits, ..step };
                if !self.state.are_kin(step.ahead, asker) {
                    self.visit((step, but), Some(current));
                } else if self.counts_known {
                    return Err(self.closed(step, current));
                }
            }
            at_most("tickets that wait for each other", self.looked_at, limits::LOCK_CYCLE_SEARCH_MAX)?;
        }
        Ok(())
    }

    fn visit(&mut self, (step, but): Found, from: Option<Node>) {
        let (whole, node) = ((step.ahead, None), (step.ahead, but));
        if !self.from.contains_key(&whole) && !self.from.contains_key(&node) {
            self.next.push_back(node);
            self.from.insert(node, (step, from));
        }
    }

    /// Who stands, or may come to stand, in the way of a ticket that waits; not those who were found before. Kin of the one
    /// who asks are no step from them: they are one piece of work.
    fn ahead_of(&mut self, holder: Holder, wants: &Wants, rank: Rank, is_first: bool) -> Vec<Found> {
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
        found: &mut Vec<Found>,
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
            if matches!(ticket.phase, Phase::Resting { .. }) {
                // It ends by itself, whatever its holder waits for.
                continue;
            }
            let is_kin = state.are_kin(ticket.holder, waiter.holder) || is_first && state.are_kin(ticket.holder, asker);
            if is_kin || part == Part::Before && key.0 >= waiter.rank {
                seen.left_out.push(key);
                continue;
            }
            let theirs = conflict(state, ticket, resource, waiter.holder, waiter.want);
            if theirs.is_some_and(|theirs| part != Part::Passing || theirs.mode.passes()) {
                let (resource, ahead, ticket) = (resource.clone(), ticket.holder, Some(key.1));
                let step = Step { waits: waiter.holder, resource, ahead, ticket };
                found.push((step, ticket.filter(|_| part == Part::Passing)));
            }
        }
    }

    /// The steps from the one who asks to the one that closes the circle; at most [`limits::LOCK_AHEAD_SHOWN_MAX`].
    fn closed(&self, last: Step, from: Node) -> Refusal {
        let mut cycle = vec![last];
        let mut next = Some(from);
        while let Some((step, from)) = next.and_then(|node| self.from.get(&node)) {
            if cycle.len() >= limits::LOCK_AHEAD_SHOWN_MAX {
                break;
            }
            cycle.push(step.clone());
            next = *from;
        }
        cycle.reverse();
        Refusal::WouldDeadlock { cycle }
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
