//! The decision.

use std::collections::BTreeSet;

use super::refs::{Owner, is_kept, owner};
use super::{Admitted, Check, Kind, Land, Landed, Push, Refused, Update, Why};
use crate::lock::{self, Holder, Mode, Phase, Pin, Ticket, Want};
use crate::refusal::at_most;
use crate::{Actor, Event, Refusal, Resource, Role, State, TicketId, Time, limits, text};

/// The tickets whose tokens a push names, and that are held.
type Named<'a> = Vec<(TicketId, &'a Ticket)>;

pub(crate) fn check(state: &State, by: Actor, command: &Check, now: Time) -> Result<Vec<Event>, Refusal> {
    if by != Actor::System && by != Actor::Session(command.session) {
        return Err(Refusal::Forbidden { needs: Role::Admin.as_str() });
    }
    state.unexpired_session(command.session, now)?;
    check_bounds(command)?;
    let push = Push {
        session: command.session,
        proof: command.proof,
        gate: command.gate.clone(),
        repository: command.repository.clone(),
        updates: command.updates.clone(),
        paths: command.paths,
        commits: command.commits,
    };
    Ok(vec![match verdict(state, command) {
        Ok(locks) => Event::PushAdmitted(Box::new(Admitted { push, locks: locks.into_iter().collect() })),
        Err(why) => Event::PushRefused(Box::new(Refused { push, why })),
    }])
}

/// What still waits for the push is free; a push that nothing waits for any more, or a newer one of the same session
/// covers, is no news.
pub(crate) fn land(state: &State, by: Actor, command: &Land, now: Time) -> Result<Vec<Event>, Refusal> {
    if by != Actor::System {
        return Err(Refusal::Forbidden { needs: Role::Admin.as_str() });
    }
    at_most("locks of one push", command.locks.len(), limits::PUSH_PATHS_MAX)?;
    let is_kept_by_it = |id: &TicketId| {
        let ticket = state.locks.tickets.get(id);
        ticket.and_then(|ticket| ticket.pinned_by).is_some_and(|pin| pin.push == command.push)
    };
    let locks: Vec<TicketId> = command.locks.iter().copied().filter(is_kept_by_it).collect();
    if locks.is_empty() {
        return Ok(Vec::new());
    }
    let over = lock::rested(state, &locks, now);
    let landed = Event::PushLanded(Landed { session: command.session, push: command.push, locks });
    Ok([vec![landed], over].concat())
}

fn check_bounds(command: &Check) -> Result<(), Refusal> {
    if command.updates.is_empty() {
        return Err(Refusal::TextMalformed { what: "the list of refs" });
    }
    text::check_line("the repository", &command.repository, limits::PUSH_REPOSITORY_CHARS_MAX)?;
    text::check_some("the gate", command.gate.as_ref(), limits::LABEL_CHARS_MAX)?;
    at_most("refs of one push", command.updates.len(), limits::PUSH_UPDATES_MAX)?;
    let names = command.updates.iter().map(|update| update.name.len()).sum();
    at_most("bytes of the names of refs of one push", names, limits::PUSH_REF_BYTES_MAX)?;
    for update in &command.updates {
        text::check_line("the name of a ref", &update.name, limits::PUSH_REF_BYTES_MAX)?;
        text::check_line("the id of an object", &update.old, limits::PUSH_OBJECT_CHARS_MAX)?;
        text::check_line("the id of an object", &update.new, limits::PUSH_OBJECT_CHARS_MAX)?;
    }
    at_most("paths of one push", command.touched.len().max(command.needs.len()), limits::PUSH_PATHS_MAX)?;
    at_most("tokens of one push", command.tokens.len(), limits::PUSH_TOKENS_MAX)
}

/// The tickets that the push relies on, or why it may not go in.
fn verdict(state: &State, command: &Check) -> Result<BTreeSet<TicketId>, Why> {
    let me = Holder::Session(command.session);
    if let Some(claimed) = command.claimed.filter(|claimed| !state.are_kin(Holder::Session(*claimed), me)) {
        return Err(Why::SessionForeign { claimed });
    }
    let named = named(state, command);
    let mut relied = BTreeSet::new();
    for update in &command.updates {
        relied.extend(may_move(state, command, update, &named)?);
    }
    check_frozen(state, command)?;
    check_others(state, command)?;
    let current: BTreeSet<u64> = named.iter().filter_map(|(_, ticket)| ticket.phase.token()).collect();
    if let Some(&token) = command.tokens.iter().find(|token| !current.contains(token)) {
        return Err(Why::TokenStale { token });
    }
    for need in &command.needs {
        relied.insert(covered(state, command, need, &named)?);
    }
    command.flaw.clone().map_or(Ok(relied), Err)
}

/// The tickets of the session, and of those that it is one piece of work with.
fn family(state: &State, command: &Check) -> Vec<(TicketId, u64)> {
    let tickets =
        state.family(command.session).into_iter().flat_map(|session| state.locks.of(Holder::Session(session)));
    tickets.filter_map(|(id, ticket)| Some((id, ticket.phase.token()?))).collect()
}

fn named<'a>(state: &'a State, command: &Check) -> Named<'a> {
    let tokens: BTreeSet<u64> = command.tokens.iter().copied().collect();
    let tickets = family(state, command).into_iter().filter(|(_, token)| tokens.contains(token));
    tickets.filter_map(|(id, _)| Some((id, state.locks.tickets.get(&id)?))).collect()
}

/// Whether the session may move this ref; the ticket by which it may, if it takes one.
fn may_move(state: &State, command: &Check, update: &Update, named: &Named<'_>) -> Result<Option<TicketId>, Why> {
    let name = update.name.clone();
    let me = Holder::Session(command.session);
    match owner(&update.name) {
        Owner::Session(session) if state.are_kin(Holder::Session(session), me) => return Ok(None),
        Owner::Session(_) | Owner::Nobody => return Err(Why::RefForeign { name }),
        Owner::Everybody => {}
    }
    if update.protected && matches!(update.kind, Kind::Force | Kind::Delete) {
        return Err(Why::RefRewritten { name });
    }
    let Ok(resource) = Resource::repository_ref(&command.repository, &update.name) else {
        return Err(Why::RefForeign { name });
    };
    match covered(state, command, &Want::new(resource, Mode::X), named) {
        Ok(ticket) => Ok(Some(ticket)),
        Err(Why::LockMissing { .. }) if update.protected => Err(Why::RefProtected { name }),
        Err(Why::LockMissing { .. }) => Err(Why::RefForeign { name }),
        Err(why) => Err(why),
    }
}

/// The ticket by which the session has what it needs, its token named.
fn covered(state: &State, command: &Check, need: &Want, named: &Named<'_>) -> Result<TicketId, Why> {
    let covers = |ticket: &Ticket| ticket.wants.iter().any(|want| want.covers(&need.resource, need.mode));
    if let Some((id, _)) = named.iter().find(|(_, ticket)| covers(ticket)) {
        return Ok(*id);
    }
    let held = family(state, command).into_iter().find(|(id, _)| state.locks.tickets.get(id).is_some_and(covers));
    let resource = need.resource.clone();
    Err(match held {
        Some((_, token)) => Why::TokenMissing { resource, token },
        None => Why::LockMissing { resource },
    })
}

fn check_frozen(state: &State, command: &Check) -> Result<(), Why> {
    for frozen in state.freezes.keys() {
        let touched = below(&command.touched, frozen).is_some();
        if touched || command.whole.iter().any(|whole| whole.contains(frozen)) {
            return Err(Why::Frozen { resource: frozen.clone() });
        }
    }
    Ok(())
}

/// Whether somebody else's lock keeps a path or a ref out. Few locks are looked for among many paths: what lies below a
/// resource lies in one row, so each is one search.
fn check_others(state: &State, command: &Check) -> Result<(), Why> {
    let refs = command.updates.iter().filter(|update| !is_kept(&update.name));
    let mut refs: Vec<Resource> =
        refs.filter_map(|update| Resource::repository_ref(&command.repository, &update.name).ok()).collect();
    refs.sort();
    for (touched, root) in [
        (&command.touched, Resource::in_repository(&command.repository, "")),
        (&refs, Resource::repository_ref(&command.repository, "heads")),
    ] {
        // A repository that no lock can name has none.
        let Ok(root) = root else { continue };
        for (held, id) in held_around(state, &root) {
            let Some(resource) = reached(held, touched, &command.whole) else { continue };
            if let Some(why) = kept_out(state, command, held, id, resource) {
                return Err(why);
            }
        }
    }
    Ok(())
}

/// What is held of a repository: of what contains it, and of everything in it.
fn held_around<'a>(state: &'a State, root: &Resource) -> Vec<(&'a Resource, TicketId)> {
    let rows = root.around(&state.locks.held, true);
    rows.flat_map(|(found, row)| row.keys.iter().map(move |id| (found, *id))).collect()
}

/// What of a push a lock reaches: something at or below what is held, or a whole that it lies in.
fn reached<'a>(held: &Resource, touched: &'a [Resource], whole: &'a [Resource]) -> Option<&'a Resource> {
    below(touched, held).or_else(|| whole.iter().find(|whole| whole.contains(held)))
}

/// The first of these, in order, that is a resource or lies below it.
fn below<'a>(sorted: &'a [Resource], resource: &Resource) -> Option<&'a Resource> {
    sorted.get(sorted.partition_point(|one| one < resource)).filter(|one| resource.contains(one))
}

fn kept_out(state: &State, command: &Check, held: &Resource, id: TicketId, resource: &Resource) -> Option<Why> {
    let ticket = state.locks.tickets.get(&id)?;
    if state.are_kin(ticket.holder, Holder::Session(command.session)) {
        return None;
    }
    // A file is changed together with others as git merges it; what is pushed whole is changed alone.
    let mode = if resource == held || held.contains(resource) { Mode::IX } else { Mode::X };
    let mine = Want::new(resource.clone(), mode);
    let theirs = ticket.against(held, &mine)?;
    Some(Why::PathLocked {
        resource: resource.clone(),
        ticket: id,
        holder: ticket.holder,
        held: held.clone(),
        mode: theirs.mode,
    })
}

impl State {
    /// A gate lets a push through: what it relies on stays where it is until the push has arrived.
    pub(crate) fn pin(&mut self, tickets: &[TicketId], at: Time) {
        for id in tickets {
            if let Some(ticket) = self.locks.tickets.get_mut(id) {
                ticket.pinned_by = Some(Pin { push: self.next, before: ticket.pinned_at(at) });
                ticket.pinned_until = ticket.pinned_until.max(Some(at + limits::LOCK_PIN_MAX));
            }
        }
    }

    /// The push has arrived, or never will: it keeps nothing any more.
    pub(crate) fn unpin(&mut self, event: &Landed) {
        for id in &event.locks {
            let is_its = |ticket: &Ticket| ticket.pinned_by.is_some_and(|pin| pin.push == event.push);
            if !self.locks.tickets.get(id).is_some_and(is_its) {
                continue;
            }
            let Some(mut ticket) = self.locks.remove(*id) else { continue };
            let before = ticket.pinned_by.take().and_then(|pin| pin.before);
            ticket.pinned_until = before;
            if let (Phase::Resting { .. }, Some(until), true) =
                (ticket.phase, before, lock::rests_for_pushes(self, &ticket))
            {
                ticket.phase = Phase::Resting { until };
            }
            self.locks.insert(*id, ticket);
        }
    }
}
