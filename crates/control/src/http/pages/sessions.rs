//! `/sessions`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::Usd;
use http::Uri;
use serde::Deserialize;
use store::{SessionRow as Row, SessionStatus};

use super::{Failed, frame, html, moment, money, to_sign_in};
use crate::console::{Badge, Budget, Link, SessionRow, SessionsPage, count, sessions_page};
use crate::http::extract::{Query, Visitor};
use crate::http::shapes;
use crate::limits::PAGE_ROWS_DEFAULT;
use crate::operations::session::{SessionQuery, list};
use crate::plane::ControlPlane;
use crate::server::Shared;

#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    live: Option<bool>,
    developer: Option<String>,
    project: Option<String>,
    before: Option<String>,
}

pub(super) async fn page(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Response {
    let Some(signed_in) = visitor.0 else { return to_sign_in(&uri.to_string()) };
    let live_only = asked.live.unwrap_or(false);
    let query = SessionQuery {
        sub_agents_of: None,
        developer: asked.developer.clone().filter(|key| !key.is_empty()),
        project: asked.project.clone().filter(|key| !key.is_empty()),
        live_only,
        before: asked.before.as_deref().and_then(|id| id.parse().ok()),
        limit: PAGE_ROWS_DEFAULT,
    };
    let rows = match list(&shared.plane, signed_in.asker(), query).await {
        Ok(rows) => rows,
        Err(error) => return Failed::new(&shared, visitor, error).into_response(),
    };
    let plane = &shared.plane;
    let is_live = |row: &&Row| matches!(row.status, SessionStatus::Active | SessionStatus::Suspect);
    let (live, over): (Vec<_>, Vec<_>) = rows.iter().partition(is_live);
    let filter = [("developer", &asked.developer), ("project", &asked.project)]
        .into_iter()
        .filter_map(|(noun, key)| key.as_ref().filter(|key| !key.is_empty()).map(|key| format!("{noun} {key}")))
        .reduce(|all, one| format!("{all}, {one}"));
    let older = rows.last().filter(|_| rows.len() == PAGE_ROWS_DEFAULT as usize).map(|row| older(&asked, row));
    html(sessions_page(&SessionsPage {
        frame: frame(plane, signed_in),
        filter,
        live_only,
        live: live.into_iter().map(|row| line(plane, row)).collect(),
        over: over.into_iter().map(|row| line(plane, row)).collect(),
        older,
    }))
}

/// The same question, for what was opened before the last row.
fn older(asked: &Asked, last: &Row) -> String {
    let mut address = format!("/sessions?before={}&live={}", last.id, asked.live.unwrap_or(false));
    for (name, key) in [("developer", &asked.developer), ("project", &asked.project)] {
        // Names and ids need no escaping; anything else was refused as unknown before.
        if let Some(key) = key.as_ref().filter(|key| !key.is_empty()) {
            address.push_str(&format!("&{name}={key}"));
        }
    }
    address
}

fn line(plane: &ControlPlane, row: &Row) -> SessionRow {
    let session = shapes::session(plane, row);
    SessionRow {
        session: Link::new(session.id.clone(), format!("/sessions/{}", session.id)),
        status: Badge::status(session.status),
        developer: session.developer.login().to_owned(),
        project: session.project.as_ref().map(|project| project.name().to_owned()),
        is_child: row.parent.is_some(),
        started: moment(row.opened_at),
        calls: count(session.calls.unsigned_abs()),
        cost: money(session.spent_usd_nanos),
        budget: budget(row),
    }
}

/// The bar of a session's budget.
pub(super) fn budget(row: &Row) -> Option<Budget> {
    let limit = row.budget.filter(|limit| *limit > Usd::ZERO)?;
    Some(Budget::new(row.spent, row.held, limit))
}
