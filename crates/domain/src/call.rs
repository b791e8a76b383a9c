//! Calls: one model request each. Money is held before the request is answered and settled after.
//!
//! Laws: what is held is the sum of the open calls' holds, what is spent is the sum of the settled costs, both along
//! the whole line of ancestors; a call is settled exactly once; a call is reserved only under a live session.

use serde::{Deserialize, Serialize};

use crate::session::{Claims, check_amount, check_claims, examine};
use crate::{
    CallId, DeveloperId, Event, NodeId, ProjectId, Refusal, SessionId, State, TeamId, Time, Usage, Usd, limits, text,
};

/// How well a cost is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// From the provider's complete usage figures.
    Exact,
    /// From part of them, because the answer was cut short.
    Estimated,
    /// Nothing was seen: the reserved upper bound stands in.
    Bound,
}

/// How a call came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The answer was delivered whole.
    Completed,
    /// The upstream refused it (an error status).
    UpstreamRefused,
    /// No upstream could be reached.
    UpstreamUnreachable,
    /// The upstream broke off, or sent an error event, after its answer had begun.
    UpstreamCut,
    /// The client went away before the end.
    ClientLeft,
    /// writ cut the answer because the session was over.
    Revoked,
    /// The node died with the call in flight; settled by recovery.
    Abandoned,
}

impl Outcome {
    /// The outcome's name, as spelled everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::UpstreamRefused => "upstream_refused",
            Self::UpstreamUnreachable => "upstream_unreachable",
            Self::UpstreamCut => "upstream_cut",
            Self::ClientLeft => "client_left",
            Self::Revoked => "revoked",
            Self::Abandoned => "abandoned",
        }
    }
}

impl Quality {
    /// The quality's name, as spelled everywhere.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Estimated => "estimated",
            Self::Bound => "bound",
        }
    }
}

/// What state keeps of a call in flight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Under which session.
    pub session: SessionId,
    /// The session's ancestors when it was reserved, nearest first: they hold the money too.
    pub ancestors: Vec<SessionId>,
    /// Which process carries it.
    pub node: NodeId,
    /// The money held.
    pub hold: Usd,
    /// When it was reserved: the window it is charged to.
    pub reserved_at: Time,
    /// Dimensions of the cost, fixed at reservation.
    pub dimensions: Dimensions,
}

/// What a call's cost is sliced by, fixed when the call is admitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dimensions {
    /// The human.
    pub developer: DeveloperId,
    /// What the work is for; none means unattributed.
    pub project: Option<ProjectId>,
    /// The team, through which the developer works on the project.
    pub team: Option<TeamId>,
    /// The model asked for.
    pub model: String,
}

/// Set money aside for a model call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserve {
    /// The new id.
    pub call: CallId,
    /// Under which session.
    pub session: SessionId,
    /// Which process carries it.
    pub node: NodeId,
    /// The model asked for.
    pub model: String,
    /// An upper bound of what it can cost.
    pub hold: Usd,
    /// What the request says about itself.
    pub claims: Claims,
    /// Whether the upstream is contacted at the same time: a refusal then leaves an entry.
    pub upstream_contacted: bool,
}

/// Account for a reserved call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settle {
    /// Which call.
    pub call: CallId,
    /// What it came to.
    pub settlement: Settlement,
}

/// What a call came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// How it ended.
    pub outcome: Outcome,
    /// What it costs by contract; charged to budgets.
    pub cost: Usd,
    /// What it costs by list price.
    pub list: Usd,
    /// How well the cost is known.
    pub quality: Quality,
    /// Whether the model was missing from the price book and priced at the dearest known rate.
    pub unpriced: bool,
    /// What it used.
    pub usage: Usage,
    /// The model that answered, if it said so.
    pub model: Option<String>,
    /// The upstream that answered.
    pub upstream: Option<String>,
    /// The upstream's HTTP status, if it answered.
    pub status: Option<u16>,
    /// The upstream's own request id, if it gave one.
    pub upstream_request: Option<String>,
    /// Version of the price book.
    pub book: String,
}

/// Settle open calls of a node that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abandon {
    /// Which node.
    pub node: NodeId,
}

/// Entry: money was set aside for a model call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserved {
    /// The new id.
    pub call: CallId,
    /// Under which session.
    pub session: SessionId,
    /// Which process carries it.
    pub node: NodeId,
    /// The money held.
    pub hold: Usd,
    /// What its cost is sliced by.
    #[serde(flatten)]
    pub dimensions: Dimensions,
    /// What the request says about itself.
    pub claims: Claims,
}

/// Entry: a reserved call is accounted for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// Which call.
    pub call: CallId,
    /// Under which session.
    pub session: SessionId,
    /// When it was reserved: the window it is charged to.
    pub reserved_at: Time,
    /// The money that was held.
    pub hold: Usd,
    /// What its cost is sliced by.
    #[serde(flatten)]
    pub dimensions: Dimensions,
    /// What it came to.
    pub settlement: Settlement,
}

/// Entry: a call was refused after the upstream had been contacted; the provider may bill what nobody received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The call's id.
    pub call: CallId,
    /// Under which session.
    pub session: SessionId,
    /// The refusal's stable code.
    pub code: String,
    /// The model asked for.
    pub model: String,
    /// What would have been held.
    pub hold: Usd,
}

/// A refused reservation is an entry when the upstream had been contacted, so its answer is in the returned events:
/// look for [`Event::CallReserved`] to know whether the call may go on. What no entry could carry is refused outright.
pub(crate) fn reserve(state: &State, command: &Reserve, now: Time) -> Result<Vec<Event>, Refusal> {
    check_shape(command)?;
    match admit(state, command, now) {
        Ok(events) => Ok(events),
        Err(refusal) if command.upstream_contacted && refusal != Refusal::IdTaken => {
            Ok(vec![Event::CallRefused(Refused {
                call: command.call,
                session: command.session,
                code: refusal.code().to_owned(),
                model: command.model.clone(),
                hold: command.hold,
            })])
        }
        Err(refusal) => Err(refusal),
    }
}

/// Whether a call would be admitted now: also asked, without appending, before the upstream is contacted.
///
/// # Errors
/// The refusal that [`crate::decide`] would give.
pub fn admit(state: &State, command: &Reserve, now: Time) -> Result<Vec<Event>, Refusal> {
    check_shape(command)?;
    let session = state.unexpired_session(command.session, now)?;
    if state.calls.contains_key(&command.call) || state.abandoned.contains(&command.call) {
        return Err(Refusal::IdTaken);
    }
    for (what, count, max) in [
        ("calls in flight of one session", calls_of_family(state, command.session), limits::CALLS_OPEN_PER_SESSION_MAX),
        ("calls in flight", state.calls.len(), limits::CALLS_OPEN_MAX),
    ] {
        if count >= max {
            return Err(Refusal::LimitReached { what, max });
        }
    }
    check_budgets(state, command.session, command.hold)?;
    let mut events = examine(state, command.session, command.call, &command.claims);
    events.push(Event::CallReserved(Box::new(Reserved {
        call: command.call,
        session: command.session,
        node: command.node,
        hold: command.hold,
        dimensions: Dimensions {
            developer: session.developer,
            project: session.project,
            team: session.team,
            model: command.model.clone(),
        },
        claims: command.claims.clone(),
    })));
    Ok(events)
}

/// Calls in flight of the root session and all below it: they share its budget, so they share this bound.
fn calls_of_family(state: &State, session: SessionId) -> usize {
    let root = state.lineage(session).last().copied().unwrap_or(session);
    let family = std::iter::once(root).chain(state.descendants(root));
    family.filter_map(|id| state.sessions.get(&id)).map(|live| live.calls_open).sum()
}

fn check_shape(command: &Reserve) -> Result<(), Refusal> {
    check_amount(command.hold)?;
    text::check("the model", &command.model, limits::MODEL_CHARS_MAX)?;
    check_claims(&command.claims)
}

/// How much more the session may hold: the least room along its line of ancestors, `None` where no budget is set.
pub fn room(state: &State, session: SessionId) -> Option<Usd> {
    let line = std::iter::once(session).chain(state.lineage(session));
    line.filter_map(|id| state.sessions.get(&id))
        .filter_map(|live| live.budget.map(|limit| limit.minus(live.spent).minus(live.held)))
        .min()
}

fn check_budgets(state: &State, session: SessionId, hold: Usd) -> Result<(), Refusal> {
    for id in std::iter::once(session).chain(state.lineage(session)) {
        let Some(live) = state.sessions.get(&id) else {
            continue;
        };
        let Some(limit) = live.budget else { continue };
        if live.spent.plus(live.held).plus(hold) > limit {
            let (spent, held) = (live.spent, live.held);
            return Err(Refusal::BudgetExhausted { session: id, limit, spent, held, asked: hold });
        }
    }
    Ok(())
}

pub(crate) fn settle(state: &State, command: &Settle) -> Result<Vec<Event>, Refusal> {
    check_settlement(&command.settlement)?;
    let call = state.calls.get(&command.call).ok_or(Refusal::CallUnknown)?;
    Ok(vec![settled(command.call, call, command.settlement.clone())])
}

fn check_settlement(settlement: &Settlement) -> Result<(), Refusal> {
    check_amount(settlement.cost)?;
    check_amount(settlement.list)?;
    settlement.usage.check()?;
    text::check_some("the model", settlement.model.as_ref(), limits::MODEL_CHARS_MAX)?;
    text::check_some("the upstream", settlement.upstream.as_ref(), limits::LABEL_CHARS_MAX)?;
    text::check_some("the upstream's request id", settlement.upstream_request.as_ref(), limits::LABEL_CHARS_MAX)?;
    text::check("the price book's version", &settlement.book, limits::LABEL_CHARS_MAX)
}

/// Settles at the bound: the node is gone and nobody knows what was delivered.
pub(crate) fn abandon(state: &State, command: &Abandon) -> Vec<Event> {
    let of_node = state.calls.iter().filter(|(_, call)| call.node == command.node);
    of_node
        .take(limits::CALLS_ABANDONED_PER_COMMAND_MAX)
        .map(|(&id, call)| {
            let settlement = Settlement {
                outcome: Outcome::Abandoned,
                cost: call.hold,
                list: call.hold,
                quality: Quality::Bound,
                unpriced: false,
                usage: Usage::default(),
                model: None,
                upstream: None,
                status: None,
                upstream_request: None,
                book: String::new(),
            };
            settled(id, call, settlement)
        })
        .collect()
}

fn settled(id: CallId, call: &Reservation, settlement: Settlement) -> Event {
    Event::CallSettled(Box::new(Settled {
        call: id,
        session: call.session,
        reserved_at: call.reserved_at,
        hold: call.hold,
        dimensions: call.dimensions.clone(),
        settlement,
    }))
}

#[cfg(test)]
mod tests;
