//! `/v1/sessions`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json as Answer, Router};
use domain::{SessionId, Span, Usd, limits};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use store::CallFilter;
use utoipa::{IntoParams, ToSchema};

use super::extract::{Bearer, Json, Path, Query, SignedIn};
use super::log::{EntryLine, entry_line};
use super::problem::{self, Problem};
use super::shapes::{self, Call, Session};
use crate::error::Error;
use crate::limits::{PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX};
use crate::operations::credential;
use crate::operations::session::{self, NewSession, SessionQuery};
use crate::server::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1/sessions", get(list).post(open))
        .route("/v1/sessions/{session}", get(show))
        .route("/v1/sessions/{session}/calls", get(calls))
        .route("/v1/sessions/{session}/entries", get(entries))
        .route("/v1/sessions/{session}/beat", post(beat))
        .route("/v1/sessions/{session}/end", post(end))
        .route("/v1/sessions/{session}/revoke", post(revoke))
}

/// What is asked of a new session.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Open {
    /// Id or name; unattributed when absent.
    project: Option<String>,
    /// How long it lives at most; eight hours when absent.
    ttl_seconds: Option<u64>,
    /// The most it may spend, in nano-dollars.
    budget_usd_nanos: Option<i64>,
    /// Name of the permission profile; `default` when absent.
    profile: Option<String>,
    /// Whether a launcher will beat for it.
    #[serde(default)]
    beats: bool,
    /// The session it is opened from; the bearer is then that session's token.
    parent: Option<String>,
}

/// A fresh session; the token is shown once.
#[derive(Serialize, ToSchema)]
pub(super) struct Opened {
    session: Session,
    /// Bearer for writ's own walls.
    token: String,
    /// The signed statement of the session's authority (JWT, RS256; keys at `/.well-known/jwks.json`).
    writ: String,
    /// How often its launcher should beat at least.
    beat_every_seconds: u64,
    /// The page that shows it.
    url: String,
}

/// Which sessions.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    /// Only those that are not over.
    live: Option<bool>,
    /// Whose, by id or sign-in name.
    developer: Option<String>,
    /// For what, by id or name.
    project: Option<String>,
    /// The sub-agents of this session; left out, no sub-agent is listed.
    sub_agents_of: Option<String>,
    /// Only those opened before this one.
    before: Option<String>,
    /// How many at most, up to 1000.
    limit: Option<u32>,
}

/// Sessions, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Sessions {
    sessions: Vec<Session>,
}

/// How many rows, and before which.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// Only those before this one.
    before: Option<String>,
    /// How many at most, up to 1000.
    limit: Option<u32>,
}

/// Calls, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Calls {
    calls: Vec<Call>,
}

/// Entries of the log, oldest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Entries {
    entries: Vec<EntryLine>,
}

/// The session is live.
#[derive(Serialize, ToSchema)]
pub(super) struct Beaten {
    status: &'static str,
    /// Its credentials that were made and are not to be ended: what else its launcher keeps is good for nothing.
    credentials: Vec<String>,
}

/// How the agent ended.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    exit_code: Option<i32>,
}

/// Why a session is revoked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Revoke {
    reason: String,
}

/// Open a session for the signed-in developer, or a child session with its parent's token.
#[utoipa::path(post, path = "/v1/sessions", tag = "sessions", request_body = Open,
    responses((status = 201, body = Opened), (status = "4XX", body = Problem)))]
pub(super) async fn open(
    State(shared): State<Arc<Shared>>,
    bearer: Bearer,
    Json(body): Json<Open>,
) -> Result<(StatusCode, Answer<Opened>), Problem> {
    let plane = &shared.plane;
    let new = NewSession {
        project: body.project,
        ttl: body.ttl_seconds.map(Span::from_secs),
        budget: body.budget_usd_nanos.map(Usd::from_nanos),
        profile: body.profile,
        beats: body.beats,
        parent: body.parent.as_deref().map(session_id).transpose()?,
    };
    let granted = session::open(plane, bearer.asker(), new).await?;
    let row = plane.store.session(granted.session).await.map_err(Error::from)?;
    let row = row.ok_or_else(|| Error::not_found("session", granted.session))?;
    let opened = Opened {
        session: shapes::session(plane, &row),
        token: granted.token.expose().to_owned(),
        writ: granted.writ,
        beat_every_seconds: limits::BEAT_EVERY.as_secs(),
        url: plane.session_url(granted.session),
    };
    Ok((StatusCode::CREATED, Answer(opened)))
}

/// List sessions: one's own, or everybody's for auditors and administrators.
#[utoipa::path(get, path = "/v1/sessions", tag = "sessions", params(List),
    responses((status = 200, body = Sessions), (status = "4XX", body = Problem)))]
pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Query(query): Query<List>,
) -> Result<Answer<Sessions>, Problem> {
    let query = SessionQuery {
        developer: query.developer,
        project: query.project,
        live_only: query.live.unwrap_or(false),
        sub_agents_of: query.sub_agents_of.as_deref().map(session_id).transpose()?,
        before: query.before.as_deref().map(session_id).transpose()?,
        limit: rows(query.limit),
    };
    let rows = session::list(&shared.plane, signed_in.asker(), query).await?;
    Ok(Answer(Sessions { sessions: rows.iter().map(|row| shapes::session(&shared.plane, row)).collect() }))
}

/// Show a session.
#[utoipa::path(get, path = "/v1/sessions/{session}", tag = "sessions", params(("session" = String, Path)),
    responses((status = 200, body = Session), (status = "4XX", body = Problem)))]
pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Answer<Session>, Problem> {
    let row = session::get(&shared.plane, bearer.asker(), session_id(&id)?).await?;
    Ok(Answer(shapes::session(&shared.plane, &row)))
}

/// List a session's model calls, newest first.
#[utoipa::path(get, path = "/v1/sessions/{session}/calls", tag = "sessions",
    params(("session" = String, Path), Page),
    responses((status = 200, body = Calls), (status = "4XX", body = Problem)))]
pub(super) async fn calls(
    State(shared): State<Arc<Shared>>,
    bearer: Bearer,
    Path(id): Path<String>,
    Query(page): Query<Page>,
) -> Result<Answer<Calls>, Problem> {
    let id = session_id(&id)?;
    session::get(&shared.plane, bearer.asker(), id).await?;
    let before = page.before.as_deref().map(str::parse).transpose();
    let before = before.map_err(|error| problem::unreadable(format!("`before`: {error}")))?;
    let filter = CallFilter { session: Some(id), open_only: false, before, limit: rows(page.limit) };
    let calls = shared.plane.store.calls(&filter).await.map_err(Error::from)?;
    Ok(Answer(Calls { calls: calls.iter().map(shapes::call).collect() }))
}

/// List a session's entries of the log, oldest first.
#[utoipa::path(get, path = "/v1/sessions/{session}/entries", tag = "sessions", params(("session" = String, Path)),
    responses((status = 200, body = Entries), (status = "4XX", body = Problem)))]
pub(super) async fn entries(
    State(shared): State<Arc<Shared>>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Answer<Entries>, Problem> {
    let id = session_id(&id)?;
    session::get(&shared.plane, bearer.asker(), id).await?;
    let stored = shared.plane.store.entries_of_session(id, PAGE_ROWS_MAX as usize).await.map_err(Error::from)?;
    Ok(Answer(Entries { entries: stored.iter().map(entry_line).collect() }))
}

/// Beat: the launcher is alive.
#[utoipa::path(post, path = "/v1/sessions/{session}/beat", tag = "sessions", params(("session" = String, Path)),
    responses((status = 200, body = Beaten), (status = 409, body = Problem, description = "the session is over")))]
pub(super) async fn beat(
    State(shared): State<Arc<Shared>>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Answer<Beaten>, Problem> {
    let id = own(bearer, &id)?;
    match session::beat(&shared.plane, bearer.asker(), id).await {
        Ok(()) => {
            let credentials = credential::good_of(&shared.plane, id).iter().map(ToString::to_string).collect();
            Ok(Answer(Beaten { status: "active", credentials }))
        }
        Err(Error::Refused(domain::Refusal::SessionOver { session, ending })) => {
            Err(problem::session_over(&shared.plane, session, &ending))
        }
        Err(error) => Err(error.into()),
    }
}

/// End a session: the agent exited.
#[utoipa::path(post, path = "/v1/sessions/{session}/end", tag = "sessions", request_body = End,
    params(("session" = String, Path)),
    responses((status = 200, body = Session), (status = "4XX", body = Problem)))]
pub(super) async fn end(
    State(shared): State<Arc<Shared>>,
    bearer: Bearer,
    Path(id): Path<String>,
    Json(body): Json<End>,
) -> Result<Answer<Session>, Problem> {
    let id = session_id(&id)?;
    session::end(&shared.plane, bearer.asker(), id, body.exit_code).await?;
    let row = session::get(&shared.plane, bearer.asker(), id).await?;
    Ok(Answer(shapes::session(&shared.plane, &row)))
}

/// Revoke a session: the kill switch of its owner and of administrators.
#[utoipa::path(post, path = "/v1/sessions/{session}/revoke", tag = "sessions", request_body = Revoke,
    params(("session" = String, Path)),
    responses((status = 200, body = Session), (status = "4XX", body = Problem)))]
pub(super) async fn revoke(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Json(body): Json<Revoke>,
) -> Result<Answer<Session>, Problem> {
    let id = session_id(&id)?;
    session::revoke(&shared.plane, signed_in.asker(), id, body.reason).await?;
    let row = session::get(&shared.plane, signed_in.asker(), id).await?;
    Ok(Answer(shapes::session(&shared.plane, &row)))
}

pub(super) fn session_id(text: &str) -> Result<SessionId, Problem> {
    text.parse().map_err(|error| problem::unreadable(format!("`{}`: {error}", text.escape_default())))
}

/// A beat comes with the session's own token.
fn own(bearer: Bearer, id: &str) -> Result<SessionId, Problem> {
    let id = session_id(id)?;
    match bearer {
        Bearer::Session { session, .. } if session == id => Ok(id),
        _ => Err(Error::Forbidden { text: "a beat comes with the session's own token".to_owned(), next: None }.into()),
    }
}

fn rows(limit: Option<u32>) -> u32 {
    limit.unwrap_or(PAGE_ROWS_DEFAULT).clamp(1, PAGE_ROWS_MAX)
}
