//! `/v1/locks`.

pub(super) mod events;
mod shape;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json as Answer, Router};
use domain::lock::{Choice, Patience, Priority, Want};
use domain::{Refusal, Resource, TicketId};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub(crate) use shape::{Frozen, Holder, Obstacle, Ticket, ahead, all_ahead, frozen, held, holder, problem};

use super::extract::{Bearer, Json, Path, Query, SignedIn};
use super::problem::{self, Problem};
use super::sessions::session_id;
use crate::error::Error;
use crate::limits::{LOCK_WAIT_MAX, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX};
use crate::operations::lock::{self, Ask, LockQuery, Outcome};
use crate::plane::ControlPlane;
use crate::server::Shared;

/// The state of tickets that are over.
const OVER: &str = "over";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/locks", get(list).post(ask))
        .route("/v1/locks/events", get(events::follow))
        .route("/v1/locks/{ticket}", get(show).delete(release))
        .route("/v1/locks/{ticket}/break", post(break_lock))
}

/// What is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AskLock {
    /// A new id of the asker's own, `tkt_…`: asked twice with the same one, it is one request. Made here when absent.
    ticket: Option<String>,
    /// Up to 64 resources, each in a mode; all of them are granted together.
    #[schema(value_type = Vec<shape::Want>)]
    wants: Vec<Want>,
    /// Whether to wait in the queue when they are not free. Without it the answer is 409 `lock_held` then.
    #[serde(default)]
    wait: bool,
    /// How long this request waits for them, up to 45; the ticket stays in the queue after that.
    #[serde(default, rename = "wait.seconds")]
    wait_seconds: u64,
    /// Whichever of them is free first, instead of all. Never waits.
    #[serde(default)]
    any: bool,
    /// Let it go at once: the token says that nobody else held it then. Never waits.
    #[serde(default)]
    momentary: bool,
    /// `low`, `normal`, `high`, or, for humans, `urgent`.
    #[serde(default)]
    #[schema(value_type = String)]
    priority: Priority,
    /// What for: shown to whoever runs into it.
    intent: Option<String>,
}

/// How long to wait.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Wait {
    /// How long to wait until the ticket waits no longer, up to 45 seconds.
    #[serde(default, rename = "wait.seconds")]
    wait_seconds: u64,
}

/// By which token it is held.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct HeldBy {
    /// The token: with another one than the ticket's, nothing changes.
    token: Option<u64>,
}

/// Why it is taken away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BreakLock {
    /// Why, for the record and for the holder.
    reason: String,
    /// Whether the holder's session is revoked too: it loses the model and its credentials at once.
    #[serde(default)]
    revoke: bool,
}

/// Which tickets.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    /// Only those for something that overlaps this resource: above, below or the same.
    resource: Option<String>,
    /// Only of this session.
    session: Option<String>,
    /// `waiting`, `offered`, `held` or `resting`; or `over`: those that are over, newest first, of one's own session or
    /// project, or everybody's for those who may see them.
    state: Option<String>,
    /// Only of sessions of this project, by id or name.
    project: Option<String>,
    /// Where the page before this one ended.
    cursor: Option<String>,
    /// How many at most, up to 1000.
    limit: Option<u32>,
}

/// Tickets: in the order of their ids, those that are over the other way round.
#[derive(Serialize, ToSchema)]
pub(super) struct Locks {
    locks: Vec<Ticket>,
    /// The cursor of the next page; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Ask for locks, or claim what was offered; the bearer is a session's token, or a developer's for maintenance.
#[utoipa::path(post, path = "/v1/locks", tag = "locks", request_body = AskLock,
    responses((status = 200, body = Ticket), (status = "4XX", body = Problem), (status = "5XX", body = Problem)))]
pub(super) async fn ask(
    State(shared): State<Arc<Shared>>,
    bearer: Bearer,
    Json(body): Json<AskLock>,
) -> Result<Answer<Ticket>, Problem> {
    let plane = &shared.plane;
    let ask = Ask {
        ticket: body.ticket.as_deref().map(ticket_id).transpose()?,
        wants: body.wants,
        choice: if body.any { Choice::Any } else { Choice::All },
        patience: match (body.momentary, body.wait && !body.any) {
            (true, _) => Patience::Pass,
            (false, true) => Patience::Queue,
            (false, false) => Patience::None,
        },
        wait: wait(body.wait_seconds)?,
        priority: body.priority,
        intent: body.intent,
    };
    let outcome = lock::ask(plane, bearer.asker(), ask).await.map_err(|error| shape::problem(plane, error))?;
    Ok(Answer(shown(plane, outcome)?))
}

/// List who holds and who waits.
#[utoipa::path(get, path = "/v1/locks", tag = "locks", params(List),
    responses((status = 200, body = Locks), (status = "4XX", body = Problem)))]
pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    bearer: Bearer,
    Query(query): Query<List>,
) -> Result<Answer<Locks>, Problem> {
    let plane = &shared.plane;
    let query = LockQuery {
        resource: query.resource.as_deref().map(resource).transpose()?,
        session: query.session.as_deref().map(session_id).transpose()?,
        phase: query.state.map(phase).transpose()?,
        project: query.project,
        after: query.cursor.as_deref().map(ticket_id).transpose()?,
        limit: query.limit.unwrap_or(PAGE_ROWS_DEFAULT).min(PAGE_ROWS_MAX) as usize,
    };
    if query.phase.as_deref() == Some(OVER) {
        return over(plane, bearer, &query).await;
    }
    let page = lock::list(plane, bearer.asker(), &query)?;
    let locks = page.tickets.into_iter().filter_map(|id| open(plane, id).ok()).collect();
    Ok(Answer(Locks { locks, next: page.next.map(|id| id.to_string()) }))
}

async fn over(plane: &ControlPlane, bearer: Bearer, query: &LockQuery) -> Result<Answer<Locks>, Problem> {
    let page = lock::history(plane, bearer.asker(), query).await?;
    let locks = page.tickets.iter().map(|row| shape::over(plane, row)).collect();
    Ok(Answer(Locks { locks, next: page.next.map(|id| id.to_string()) }))
}

/// Look at a ticket, and wait for it; it is claimed when it is the turn of whoever asks.
#[utoipa::path(get, path = "/v1/locks/{ticket}", tag = "locks", params(("ticket" = String, Path), Wait),
    responses((status = 200, body = Ticket), (status = "4XX", body = Problem)))]
pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    bearer: Bearer,
    Path(id): Path<String>,
    Query(query): Query<Wait>,
) -> Result<Answer<Ticket>, Problem> {
    let (plane, asker) = (&shared.plane, bearer.asker());
    let outcome = lock::show(plane, asker, ticket_id(&id)?, wait(query.wait_seconds)?).await;
    Ok(Answer(shown(plane, outcome.map_err(|error| shape::problem(plane, error))?)?))
}

/// Let go, or wait no longer. With another token than the ticket's, and when it is over already, nothing changes.
#[utoipa::path(delete, path = "/v1/locks/{ticket}", tag = "locks", params(("ticket" = String, Path), HeldBy),
    responses((status = 204), (status = "4XX", body = Problem)))]
pub(super) async fn release(
    State(shared): State<Arc<Shared>>,
    bearer: Bearer,
    Path(id): Path<String>,
    Query(by): Query<HeldBy>,
) -> Result<StatusCode, Problem> {
    lock::release(&shared.plane, bearer.asker(), ticket_id(&id)?, by.token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take a lock away from its holder: the session's human, an approver or an administrator may.
#[utoipa::path(post, path = "/v1/locks/{ticket}/break", tag = "locks", request_body = BreakLock,
    params(("ticket" = String, Path)), responses((status = 204), (status = "4XX", body = Problem)))]
pub(super) async fn break_lock(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Json(body): Json<BreakLock>,
) -> Result<StatusCode, Problem> {
    let ticket = ticket_id(&id)?;
    lock::break_ticket(&shared.plane, signed_in.asker(), ticket, body.reason, body.revoke).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn shown(plane: &ControlPlane, outcome: Outcome) -> Result<Ticket, Problem> {
    match outcome {
        Outcome::Open(id) => Ok(open(plane, id).map_err(Error::from)?),
        Outcome::Over(row) => Ok(shape::over(plane, &row)),
    }
}

fn open(plane: &ControlPlane, id: TicketId) -> Result<Ticket, Refusal> {
    let known = plane.view.read(|state| state.locks.ticket(id).cloned())?;
    Ok(shape::ticket(plane, id, &known))
}

pub(super) fn resource(text: &str) -> Result<Resource, Problem> {
    text.parse().map_err(|error: domain::resource::ResourceError| problem::unreadable(format!("`resource`: {error}")))
}

fn ticket_id(text: &str) -> Result<TicketId, Problem> {
    text.parse().map_err(|error: domain::id::IdError| problem::unreadable(format!("`ticket`: {error}")))
}

fn phase(text: String) -> Result<String, Problem> {
    let known = ["waiting", "offered", "held", "resting", OVER].contains(&text.as_str());
    let list = "`state` is one of waiting, offered, held, resting and over";
    known.then_some(text).ok_or_else(|| problem::unreadable(list))
}

fn wait(seconds: u64) -> Result<Duration, Problem> {
    let most = LOCK_WAIT_MAX.as_secs();
    if seconds > most {
        return Err(problem::unreadable(format!("`wait.seconds` is at most {most}: ask again with the same ticket")));
    }
    Ok(Duration::from_secs(seconds))
}
