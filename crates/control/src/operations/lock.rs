//! Locks: ask for some, wait, let go, take away, look.

use std::ops::Bound;
use std::time::Duration;

use domain::lock::{Acquire, Break, Choice, Granted, Holder, How, Patience, Phase, Priority, Release, Want, Wants};
use domain::{Actor, Command, Event, ProjectId, Refusal, Resource, SessionId, State, TicketId, limits as bounds};

use store::{LockFilter, LockRow};

use crate::error::Error;
use crate::limits::{LOCKS_LOOKED_AT_MAX, LOCKS_READ_AT_ONCE};
use crate::plane::{Asker, ControlPlane};
use crate::scribe::Receipt;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The ticket, where the asker chose one: asked twice, it is the same request.
    pub ticket: Option<TicketId>,
    /// What is wanted.
    pub wants: Vec<Want>,
    /// All of it, or whichever is free first.
    pub choice: Choice,
    /// What to do when it is not free.
    pub patience: Patience,
    /// How long to wait for it here, once it is in the queue.
    pub wait: Duration,
    /// How urgent it is.
    pub priority: Priority,
    /// What for.
    pub intent: Option<String>,
}

/// What became of a ticket.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It is not over: look at it.
    Open(TicketId),
    /// It is over: what its row says, or will say. One that was granted and let go in one, too: nobody else held it at the
    /// position of the log that its token is.
    Over(Box<LockRow>),
}

/// Which tickets to list.
#[derive(Debug, Clone, Default)]
pub struct LockQuery {
    /// Only those that overlap this one.
    pub resource: Option<Resource>,
    /// Only of this session.
    pub session: Option<SessionId>,
    /// Only in this phase.
    pub phase: Option<String>,
    /// Only of sessions of this project, by id or name.
    pub project: Option<String>,
    /// Only those after this one; of those that are over, only those before it.
    pub after: Option<TicketId>,
    /// How many at most.
    pub limit: usize,
}

/// Some tickets, in the order of their ids; those that are over the other way round.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// Which.
    pub tickets: Vec<T>,
    /// Where to go on, if there is more.
    pub next: Option<TicketId>,
}

/// Asks for locks, or claims what was offered; waits in the queue as long as was asked.
///
/// # Errors
/// When the law refuses: held by others, frozen, a circle, or over; or the asker may hold nothing.
pub async fn ask(plane: &ControlPlane, asker: Asker, ask: Ask) -> Result<Outcome, Error> {
    let ticket = ask.ticket.unwrap_or_else(|| plane.clock.ticket_id());
    let wants = Wants::new(ask.wants)?;
    let Ask { choice, patience, priority, intent, .. } = ask;
    let acquire = Acquire { ticket, wants, choice, patience, priority, intent };
    let proposed = plane.propose(asker, Command::AcquireLock(Box::new(acquire.clone()))).await;
    if let Err(Error::Refused(refusal)) = &proposed {
        if let (Refusal::TicketOver(_), Patience::Pass) = (refusal, patience)
            && let Some(before) = passed_before(plane, asker, &acquire).await?
        {
            return Ok(before);
        }
        plane.view.lock_figures.refuse(refusal);
    }
    let receipt = proposed?;
    if let Some(passed) = passed(&receipt) {
        return Ok(passed);
    }
    wait(plane, asker, ticket, ask.wait).await
}

/// Waits until a ticket waits no longer, or for so long; claims what was offered, if the asker is whose turn it is.
///
/// # Errors
/// The ticket is over or unknown, or the claim was refused.
pub async fn wait(plane: &ControlPlane, asker: Asker, ticket: TicketId, most: Duration) -> Result<Outcome, Error> {
    look(plane, ticket).await?;
    if !most.is_zero() {
        let moved = plane.view.moved(ticket);
        tokio::select! {
            () = moved.cancelled() => {}
            () = plane.closing.cancelled() => {}
            () = tokio::time::sleep(most) => {}
        }
    }
    let offered = plane.view.read(|state| {
        let ticket = state.locks.ticket(ticket)?;
        let is_turn = matches!(ticket.phase, Phase::Offered { .. }) && Holder::of(asker.by) == Some(ticket.holder);
        Ok::<_, Refusal>(is_turn.then(|| ticket.clone()))
    })?;
    if let Some(offered) = offered {
        let acquire = Acquire {
            ticket,
            wants: offered.wants,
            choice: Choice::All,
            patience: Patience::Queue,
            priority: offered.priority,
            intent: offered.intent,
        };
        plane.propose(asker, Command::AcquireLock(Box::new(acquire))).await?;
    }
    Ok(Outcome::Open(ticket))
}

/// Looks at a ticket, as [`wait`] does, or at what became of it.
///
/// # Errors
/// The asker may not look, nobody ever had such a ticket, or the claim was refused.
pub async fn show(plane: &ControlPlane, asker: Asker, ticket: TicketId, most: Duration) -> Result<Outcome, Error> {
    check_may_look(plane, asker)?;
    match wait(plane, asker, ticket, most).await {
        Err(Error::Refused(Refusal::TicketOver(_) | Refusal::TicketUnknown(_))) => {
            let row = plane.store.lock(ticket).await?.filter(|row| row.over_at.is_some());
            row.map(|row| Outcome::Over(Box::new(row))).ok_or(Refusal::TicketUnknown(ticket).into())
        }
        outcome => outcome,
    }
}

/// Makes sure that a ticket is known here, if any node knows it.
async fn look(plane: &ControlPlane, ticket: TicketId) -> Result<(), Error> {
    let known = || plane.view.read(|state| state.locks.ticket(ticket).map(drop));
    if let Err(Refusal::TicketUnknown(_)) = known() {
        plane.scribe.catch_up().await?;
    }
    Ok(known()?)
}

/// What was granted and let go in one.
fn passed(receipt: &Receipt) -> Option<Outcome> {
    let is_passed = |event: &Event| matches!(event, Event::LockOver(over) if over.how == How::Passed);
    let (token, granted) = granted(receipt)?;
    let row = || LockRow {
        ticket: granted.ticket,
        holder: granted.holder,
        project: None,
        wants: granted.wants.clone(),
        priority: granted.priority,
        intent: granted.intent.clone(),
        asked_at: receipt.at,
        granted_at: Some(receipt.at),
        token: Some(token),
        over_at: Some(receipt.at),
        how: Some(How::Passed),
    };
    receipt.events.iter().any(is_passed).then(|| Outcome::Over(Box::new(row())))
}

/// What the same request was answered before, if it was granted and let go in one: a retry hears the same.
async fn passed_before(plane: &ControlPlane, asker: Asker, asked: &Acquire) -> Result<Option<Outcome>, Error> {
    let row = plane.store.lock(asked.ticket).await?;
    let is_same = |row: &LockRow| {
        let wants = match asked.choice {
            Choice::All => row.wants == asked.wants,
            Choice::Any => row.wants.iter().all(|want| asked.wants.iter().any(|asked| asked == want)),
        };
        row.how == Some(How::Passed) && Holder::of(asker.by) == Some(row.holder) && wants
    };
    Ok(row.filter(is_same).map(|row| Outcome::Over(Box::new(row))))
}

/// A grant among what was written, with its token: the position of its entry.
fn granted(receipt: &Receipt) -> Option<(u64, &Granted)> {
    (receipt.position..).zip(&receipt.events).find_map(|(position, event)| match event {
        Event::LockGranted(granted) => Some((position, granted.as_ref())),
        _ => None,
    })
}

/// Lets go, or waits no longer. With another token than the ticket's, and when it is over, nothing changes.
///
/// # Errors
/// It is somebody else's.
pub async fn release(plane: &ControlPlane, asker: Asker, ticket: TicketId, token: Option<u64>) -> Result<(), Error> {
    plane.propose(asker, Command::ReleaseLock(Release { ticket, token })).await?;
    // Most locks carry no credential: the revoker need not look after each of them.
    if plane.view.read(|state| !state.due.is_empty()) {
        plane.vending.due.notify_one();
    }
    Ok(())
}

/// Takes a lock away from its holder, and cuts their session off if asked to.
///
/// # Errors
/// The asker is neither the session's human nor an approver, there is no such ticket, or a change is on its way under it.
pub async fn break_ticket(
    plane: &ControlPlane,
    asker: Asker,
    ticket: TicketId,
    reason: String,
    revoke: bool,
) -> Result<(), Error> {
    plane.propose(asker, Command::BreakLock(Break { ticket, reason, revoke })).await?;
    plane.vending.due.notify_one();
    Ok(())
}

/// Whether the asker may see who holds and waits: every session that is live, and everybody who is signed in. Locks are
/// for telling others.
///
/// # Errors
/// The session is over.
pub fn check_may_look(plane: &ControlPlane, asker: Asker) -> Result<(), Error> {
    match Holder::of(asker.by) {
        Some(Holder::Session(session)) => Ok(plane.view.read(|state| state.live_session(session).map(drop))?),
        Some(Holder::Developer(_)) => Ok(()),
        None => Err(Refusal::Forbidden { needs: domain::Role::Member.as_str() }.into()),
    }
}

/// Tickets that are not over.
///
/// # Errors
/// There is no such project, or the asker's session is over.
pub fn list(plane: &ControlPlane, asker: Asker, query: &LockQuery) -> Result<Page<TicketId>, Error> {
    check_may_look(plane, asker)?;
    let project = query.project.as_deref().map(|key| super::project::find(plane, key)).transpose()?;
    Ok(plane.view.read(|state| page(state, query, project)))
}

/// Tickets that are over, newest first: of the asker's own session or project, or everybody's for those who may see them.
///
/// # Errors
/// There is no such project, or the asker may not see so much.
pub async fn history(plane: &ControlPlane, asker: Asker, query: &LockQuery) -> Result<Page<LockRow>, Error> {
    check_may_look(plane, asker)?;
    let project = query.project.as_deref().map(|key| super::project::find(plane, key)).transpose()?;
    let owner = match query.session {
        Some(session) => plane.store.session(session).await?.map(|row| (row.developer, row.project)),
        None => None,
    };
    let of = query.session.map_or(project, |_| owner.and_then(|(_, project)| project));
    let is_own = query.session.is_some_and(|session| asker.by == Actor::Session(session));
    if !is_own && !of.is_some_and(|project| super::project::works_on(plane, asker, project)) {
        let developer = owner.map(|(developer, _)| developer);
        plane
            .view
            .read(|state| policy::authorize(state, asker.by, policy::ReadSessions { of: developer }).map(drop))?;
    }
    over(plane, query, project).await
}

/// A page of tickets that are over: so many rows are looked at for it, whatever is among them.
async fn over(plane: &ControlPlane, query: &LockQuery, project: Option<ProjectId>) -> Result<Page<LockRow>, Error> {
    let mut page = Page { tickets: Vec::new(), next: query.after };
    let wanted = query.resource.as_ref();
    let overlaps =
        |row: &LockRow| wanted.is_none_or(|wanted| row.wants.iter().any(|want| want.resource.overlaps(wanted)));
    let mut looked_at = 0;
    while page.tickets.len() < query.limit && looked_at < LOCKS_LOOKED_AT_MAX {
        // Without a resource every row is wanted; with one, few may be.
        let limit = if wanted.is_some() { LOCKS_READ_AT_ONCE } else { query.limit };
        let (session, before) = (query.session, page.next);
        let rows = plane.store.locks(&LockFilter { session, project, over_only: true, before, limit }).await?;
        looked_at += rows.len();
        let is_last = rows.len() < limit;
        for row in rows {
            page.next = Some(row.ticket);
            if overlaps(&row) {
                page.tickets.push(row);
            }
            if page.tickets.len() >= query.limit {
                return Ok(page);
            }
        }
        if is_last {
            page.next = None;
            break;
        }
    }
    Ok(page)
}

fn page(state: &State, query: &LockQuery, project: Option<ProjectId>) -> Page<TicketId> {
    let mut page = Page { tickets: Vec::new(), next: None };
    let mut ids = candidates(state, query);
    let mut last = None;
    for _ in 0..LOCKS_LOOKED_AT_MAX {
        if page.tickets.len() >= query.limit {
            break;
        }
        let Some(id) = ids.next() else { return page };
        last = Some(id);
        if is_wanted(state, query, project, id) {
            page.tickets.push(id);
        }
    }
    page.next = ids.next().and(last);
    page
}

/// Where to look, in the order of ids.
fn candidates<'a>(state: &'a State, query: &LockQuery) -> Box<dyn Iterator<Item = TicketId> + 'a> {
    let from = query.after.map_or(Bound::Unbounded, Bound::Excluded);
    let all = (from, Bound::Unbounded);
    match (&query.resource, query.session) {
        (_, Some(session)) => {
            let tickets = state.locks.by_holder.get(&Holder::Session(session));
            Box::new(tickets.into_iter().flat_map(move |tickets| tickets.range(all)).copied())
        }
        (Some(resource), None) => {
            let after = query.after;
            let tickets = state.locks.at(resource, bounds::TICKETS_MAX).into_iter();
            Box::new(tickets.filter(move |id| after.is_none_or(|after| *id > after)))
        }
        (None, None) => Box::new(state.locks.tickets.range(all).map(|(id, _)| *id)),
    }
}

fn is_wanted(state: &State, query: &LockQuery, project: Option<ProjectId>, id: TicketId) -> bool {
    let Some(ticket) = state.locks.tickets.get(&id) else { return false };
    let works_on = || {
        let session = ticket.holder.session().and_then(|session| state.sessions.get(&session));
        session.and_then(|session| session.project)
    };
    let overlaps = |resource: &Resource| ticket.wants.iter().any(|want| want.resource.overlaps(resource));
    query.phase.as_deref().is_none_or(|phase| phase == ticket.phase.as_str())
        && project.is_none_or(|project| works_on() == Some(project))
        && query.resource.as_ref().is_none_or(overlaps)
}
