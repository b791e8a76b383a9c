//! The end of a ticket: let go, broken by a human, not taken up in time, or with its session.

use serde::{Deserialize, Serialize};

use super::{Holder, Phase, Ticket};
use crate::session::{self, How as Ending};
use crate::text::check_reason;
use crate::{Actor, DeveloperId, Event, Refusal, Role, State, TicketId, Time, limits};

/// How a ticket came to be over. (That its session is over is said by the session's own entry.)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum How {
    /// Its holder let go, or no longer waits.
    Released,
    /// It was granted and let go in one.
    Passed,
    /// It was its turn, and nobody took it up.
    Unclaimed,
    /// What it held has rested long enough: its session vanished, or let go while a change was on its way.
    Rested,
    /// A human took it away.
    Broken {
        /// Why.
        reason: String,
    },
}

impl How {
    /// The name, as spelled everywhere.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::Passed => "passed",
            Self::Unclaimed => "unclaimed",
            Self::Rested => "rested",
            Self::Broken { .. } => "broken",
        }
    }
}

/// Let go, or wait no longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Which ticket.
    pub ticket: TicketId,
    /// Its token, as far as the holder knows: with another one, nothing changes.
    pub token: Option<u64>,
}

/// Take a lock away from its holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// Which ticket.
    pub ticket: TicketId,
    /// Why, for the record and for the holder.
    pub reason: String,
    /// Whether the holder's session is revoked with it: it loses the model and its credentials at once.
    pub revoke: bool,
}

/// Note that an offer was not taken up, or that a rest is over. Any node's reaper proposes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lapse {
    /// Which ticket.
    pub ticket: TicketId,
}

/// Entry: a ticket is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Over {
    /// Which.
    pub ticket: TicketId,
    /// Whose it was.
    pub holder: Holder,
    /// How.
    #[serde(flatten)]
    pub how: How,
}

/// Entry: its holder let go while a change that a gate let through was on its way. Its token opens no gate any more, and
/// nobody else has what it held before the change has arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resting {
    /// Which.
    pub ticket: TicketId,
    /// Whose it is.
    pub holder: Holder,
    /// Until when.
    pub until: Time,
}

/// What is over already, rests, or is held by another token, stays as it is: a late retry is no error.
pub(crate) fn release(state: &State, by: Actor, command: &Release, now: Time) -> Result<Vec<Event>, Refusal> {
    let Ok(ticket) = state.locks.ticket(command.ticket) else { return Ok(Vec::new()) };
    let is_holder = Holder::of(by) == Some(ticket.holder);
    let is_maintenance = matches!((by, ticket.holder), (Actor::Developer(_), Holder::Developer(_)));
    if !is_holder {
        let may = is_maintenance && state.require(by, Role::Admin).is_ok();
        may.then_some(()).ok_or(Refusal::Forbidden { needs: Role::Admin.as_str() })?;
    }
    let rests = matches!(ticket.phase, Phase::Resting { .. });
    if rests || command.token.is_some_and(|token| ticket.phase.token() != Some(token)) {
        return Ok(Vec::new());
    }
    Ok(vec![match ticket.pinned_at(now) {
        Some(until) => Event::LockResting(Resting { ticket: command.ticket, holder: ticket.holder, until }),
        None => over(command.ticket, ticket, How::Released),
    }])
}

/// The session's own human, an approver or an administrator; never a session, and not while a change that a gate let
/// through is on its way.
pub(crate) fn break_ticket(state: &State, by: Actor, command: &Break, now: Time) -> Result<Vec<Event>, Refusal> {
    let ticket = state.locks.ticket(command.ticket)?;
    check_reason(&command.reason)?;
    let session = ticket.holder.session().and_then(|id| state.sessions.get(&id));
    let is_own = session.is_some_and(|session| by == Actor::Developer(session.developer));
    if !is_own && Holder::of(by) != Some(ticket.holder) {
        state.require(by, Role::Approver)?;
    }
    if let Some(until) = ticket.pinned_at(now) {
        return Err(Refusal::LockPinned { ticket: command.ticket, until });
    }
    let mut events = vec![over(command.ticket, ticket, How::Broken { reason: command.reason.clone() })];
    if let Some(session) = ticket.holder.session().filter(|_| command.revoke && session.is_some()) {
        let revoke = session::Revoke { session, reason: command.reason.clone() };
        // Who may break a lock may end its session: they own it, or approve.
        events.extend(session::revoke(state, if is_own { by } else { Actor::System }, &revoke, now)?);
    }
    Ok(events)
}

pub(crate) fn lapse(state: &State, command: &Lapse, now: Time) -> Result<Vec<Event>, Refusal> {
    let ticket = state.locks.ticket(command.ticket)?;
    match ticket.phase {
        Phase::Offered { until } if now >= until => Ok(vec![over(command.ticket, ticket, How::Unclaimed)]),
        Phase::Resting { until } if now >= until => Ok(vec![over(command.ticket, ticket, How::Rested)]),
        _ => Err(Refusal::TicketNotDue(command.ticket)),
    }
}

/// The ends of what a human who is locked out waits for: nothing new is granted to them.
pub(crate) fn take_out_of_queues(state: &State, developer: DeveloperId, reason: &str) -> Vec<Event> {
    let waiting = state.locks.of(Holder::Developer(developer)).filter(|(_, ticket)| ticket.phase == Phase::Waiting);
    waiting.map(|(id, ticket)| over(id, ticket, How::Broken { reason: reason.to_owned() })).collect()
}

/// Whether what rests does so only for what gates let through: of a session that vanished, other changes may be on their
/// way to what no gate protects.
pub(crate) fn rests_for_pushes(state: &State, ticket: &Ticket) -> bool {
    ticket.is_gated() || ticket.holder.session().is_none_or(|session| state.sessions.contains_key(&session))
}

/// The ends of tickets that rested only for a change that has now arrived.
pub(crate) fn rested(state: &State, tickets: &[TicketId], now: Time) -> Vec<Event> {
    let found = tickets.iter().filter_map(|id| Some((*id, state.locks.tickets.get(id)?)));
    let is_done = |ticket: &Ticket| {
        let others = ticket.pinned_by.and_then(|pin| pin.before).filter(|until| *until > now);
        matches!(ticket.phase, Phase::Resting { .. }) && rests_for_pushes(state, ticket) && others.is_none()
    };
    found.filter(|(_, ticket)| is_done(ticket)).map(|(id, ticket)| over(id, ticket, How::Rested)).collect()
}

fn over(id: TicketId, ticket: &Ticket, how: How) -> Event {
    Event::LockOver(Over { ticket: id, holder: ticket.holder, how })
}

/// Until when what a ticket has rests after its session ended in some way; none if it is free at once.
///
/// A session that fell silent may have a change on its way to what no gate protects; one whose change a gate let through
/// has.
pub(crate) fn rests_until(ticket: &Ticket, ending: &Ending, at: Time) -> Option<Time> {
    if !ticket.phase.blocks() {
        return None;
    }
    let vanished = matches!(ending, Ending::MissedBeats | Ending::ParentOver { .. });
    let rest = (vanished && !ticket.is_gated()).then(|| at + limits::LOCK_REST);
    rest.max(ticket.pinned_at(at))
}
