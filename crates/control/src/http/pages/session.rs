//! `/sessions/{session}`.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::session::Ending;
use domain::{SessionId, Usd};
use http::Uri;
use serde::Deserialize;
use store::{CallFilter, CallRow as Row, SessionFilter, SessionRow};

use super::sessions::budget;
use super::{Failed, frame, html, moment, money, to_sign_in};
use crate::console::{Badge, CallRow, EntryRow, Link, Moment, Revoke, SessionPage, SubAgentRow, count, session_page};
use crate::error::Error;
use crate::http::extract::{Path, Query, SignedIn, Visitor};
use crate::http::log::{EntryLine, entry_line};
use crate::http::shapes;
use crate::limits::PAGE_ROWS_DEFAULT;
use crate::operations::session;
use crate::server::Shared;
use crate::text::session_ended;

#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    before: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Reason {
    pub(super) reason: String,
}

pub(super) async fn page(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let Some(signed_in) = visitor.0 else { return to_sign_in(&uri.to_string()) };
    match build(&shared, signed_in, &id, &asked).await {
        Ok(view) => html(session_page(&view)),
        Err(error) => Failed::new(&shared, visitor, error).into_response(),
    }
}

pub(super) async fn revoke(
    State(shared): State<Arc<Shared>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(form): Form<Reason>,
) -> Response {
    let page = format!("/sessions/{id}");
    let Some(signed_in) = visitor.0 else { return to_sign_in(&page) };
    let revoked = async {
        let session = parse(&id)?;
        session::revoke(&shared.plane, signed_in.asker(), session, form.reason).await
    };
    match revoked.await {
        Ok(()) => Redirect::to(&page).into_response(),
        Err(error) => Failed::new(&shared, visitor, error).into_response(),
    }
}

async fn build(shared: &Shared, signed_in: SignedIn, id: &str, asked: &Asked) -> Result<SessionPage, Error> {
    let (plane, asker) = (&shared.plane, signed_in.asker());
    let row = session::get(plane, asker, parse(id)?).await?;
    let before = asked.before.as_deref().and_then(|id| id.parse().ok());
    let filter = CallFilter { session: Some(row.id), open_only: false, before, limit: PAGE_ROWS_DEFAULT };
    let calls = plane.store.calls(&filter).await?;
    let entries = plane.store.entries_of_session(row.id, PAGE_ROWS_DEFAULT as usize).await?;
    let full = entries.len() == PAGE_ROWS_DEFAULT as usize;
    let shown = shapes::session(plane, &row);
    let list: Usd = calls.iter().filter_map(|call| call.list).sum();
    let (children, descendants) = plane.view.read(|state| {
        let is_child = |id: &SessionId| state.sessions.get(id).is_some_and(|child| child.agent.is_none());
        let children: Vec<_> = state.children.get(&row.id).into_iter().flatten().copied().filter(is_child).collect();
        (children, state.descendants(row.id).len())
    });
    let filter = SessionFilter { sub_agents_of: Some(row.id), limit: PAGE_ROWS_DEFAULT, ..SessionFilter::default() };
    let sub_agents = plane.store.sessions(&filter).await?;
    let (credentials, more_credentials) = super::credentials::of_session(plane, signed_in, row.id).await?;
    let last = calls.last().filter(|_| calls.len() == PAGE_ROWS_DEFAULT as usize);
    Ok(SessionPage {
        frame: frame(plane, signed_in),
        id: shown.id.clone(),
        status: Badge::status(shown.status),
        over: row.over_how.clone().zip(row.over_at).map(|(how, at)| session_ended(plane, row.id, &Ending { how, at })),
        developer: shown.developer.login().to_owned(),
        project: shown.project.as_ref().map(|project| project.name().to_owned()),
        team: row.team.map(|team| shapes::team(plane, team).name().to_owned()),
        profile: row.profile.to_string(),
        parent: row.parent.map(link),
        agent: row.agent.clone(),
        children: children.into_iter().map(link).collect(),
        sub_agents: sub_agents.iter().map(sub_agent).collect(),
        opened: moment(row.opened_at),
        expires: moment(row.expires_at),
        over_at: row.over_at.map(moment),
        spent: money(shown.spent_usd_nanos),
        held: (shown.held_usd_nanos > 0).then(|| money(shown.held_usd_nanos)),
        list: list.to_string(),
        budget: budget(&row),
        calls_total: count(shown.calls.unsigned_abs()),
        credentials,
        more_credentials,
        locks: super::locks::of_session(plane, signed_in, row.id),
        older_calls: last.map(|call| format!("/sessions/{}?before={}", row.id, call.id)),
        calls: calls.iter().map(call_line).collect(),
        entries: entries.iter().map(entry_line).map(entry_row).collect(),
        entries_left_out: full.then(|| "later".to_owned()),
        revoke: revoke_form(shared, signed_in, &row, descendants),
    })
}

fn revoke_form(shared: &Shared, signed_in: SignedIn, row: &SessionRow, live_descendants: usize) -> Option<Revoke> {
    let action = policy::RevokeSession { developer: row.developer };
    let may = shared.plane.view.read(|state| {
        state.sessions.contains_key(&row.id) && policy::authorize(state, signed_in.asker().by, action).is_ok()
    });
    may.then(|| Revoke { action: format!("/sessions/{}/revoke", row.id), live_descendants })
}

fn sub_agent(row: &SessionRow) -> SubAgentRow {
    SubAgentRow {
        session: link(row.id),
        agent: row.agent.clone().unwrap_or_default(),
        status: Badge::status(row.status.as_str()),
        calls: count(row.calls.unsigned_abs()),
        spent: row.spent.to_string(),
    }
}

fn link(id: SessionId) -> Link {
    Link::new(id.to_string(), format!("/sessions/{id}"))
}

/// A session's id, as it stands in an address or was typed.
pub(super) fn parse(id: &str) -> Result<SessionId, Error> {
    id.parse().map_err(|_| Error::not_found("session", id.escape_default()))
}

fn call_line(row: &Row) -> CallRow {
    let usage = &row.usage;
    CallRow {
        id: row.id.to_string(),
        at: moment(row.reserved_at),
        model: row.model.clone(),
        model_served: row.model_served.clone().filter(|served| *served != row.model),
        input_tokens: count(usage.input_tokens),
        cache_write_tokens: count(usage.cache_write_5m_tokens + usage.cache_write_1h_tokens),
        cache_read_tokens: count(usage.cache_read_tokens),
        output_tokens: count(usage.output_tokens),
        cost: row.cost.unwrap_or(row.hold).to_string(),
        quality: row.quality.map(|quality| Badge::quality(quality.as_str())),
        is_unpriced: row.unpriced,
        outcome: Badge::outcome(row.outcome.map_or("in_flight", |outcome| outcome.as_str())),
    }
}

fn entry_row(entry: EntryLine) -> EntryRow {
    EntryRow {
        position: entry.position.to_string(),
        at: Moment::new(entry.time.unwrap_or_default()),
        kind: entry.kind.unwrap_or_default(),
        leaf: entry.leaf,
    }
}
