//! `/credentials`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::credential::{Due, How};
use domain::{CredentialId, SessionId};
use http::Uri;
use serde::Deserialize;
use store::CredentialRow as Row;

use super::{Failed, frame, html, moment, to_sign_in};
use crate::console::{
    Badge, CredentialRow, CredentialsPage, KnownAs, Link, Show, UnrevokedRow, Waiting, count, credentials_page,
};
use crate::error::Error;
use crate::http::credentials::{due, status};
use crate::http::extract::{Query, SignedIn, Visitor};
use crate::limits::PAGE_ROWS_DEFAULT;
use crate::operations::credential::{CredentialQuery, list};
use crate::plane::ControlPlane;
use crate::server::Shared;

/// Rows of a page.
const ROWS: usize = PAGE_ROWS_DEFAULT as usize;

#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    show: Option<String>,
    session: Option<String>,
    broker: Option<String>,
    before: Option<String>,
    /// The same for those that are to be revoked.
    due_before: Option<String>,
}

pub(super) async fn page(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Response {
    let Some(signed_in) = visitor.0 else { return to_sign_in(&uri.to_string()) };
    match build(&shared.plane, signed_in, &asked).await {
        Ok(view) => html(credentials_page(&view)),
        Err(error) => Failed::new(&shared, visitor, error).into_response(),
    }
}

async fn build(plane: &ControlPlane, signed_in: SignedIn, asked: &Asked) -> Result<CredentialsPage, Error> {
    let show = show(asked.show.as_deref())?;
    let query = CredentialQuery {
        session: given(&asked.session).map(super::session::parse).transpose()?,
        broker: given(&asked.broker).map(str::to_owned),
        limit: ROWS,
        ..CredentialQuery::default()
    };
    let due_query = CredentialQuery { due_only: true, before: id(&asked.due_before)?, ..query.clone() };
    let unrevoked = list(plane, signed_in.asker(), due_query).await?;
    let rows = match show {
        Show::Unrevoked => Vec::new(),
        Show::Live | Show::All => {
            let query = CredentialQuery { alive_only: show == Show::Live, before: id(&asked.before)?, ..query };
            list(plane, signed_in.asker(), query).await?
        }
    };
    // What is to be dead stands above already.
    let is_shown = |row: &&Row| show == Show::All || due(plane, row).is_none();
    Ok(CredentialsPage {
        frame: frame(plane, signed_in),
        show,
        session: asked.session.clone().unwrap_or_default(),
        broker: asked.broker.clone().unwrap_or_default(),
        brokers: brokers(plane, signed_in),
        more_unrevoked: next(show, asked, "due_before", &unrevoked),
        unrevoked: unrevoked.iter().filter_map(|row| Some(unrevoked_line(plane, row, due(plane, row)?))).collect(),
        older: next(show, asked, "before", &rows),
        rows: rows.iter().filter(is_shown).map(|row| line(plane, row)).collect(),
    })
}

/// A session's own, newest first, and the address of all of them where these are not all.
pub(super) async fn of_session(
    plane: &ControlPlane,
    signed_in: SignedIn,
    session: SessionId,
) -> Result<(Vec<CredentialRow>, Option<String>), Error> {
    let query = CredentialQuery { session: Some(session), limit: ROWS, ..CredentialQuery::default() };
    let rows = list(plane, signed_in.asker(), query).await?;
    let more = (rows.len() == ROWS).then(|| format!("/credentials?show=all&session={session}"));
    Ok((rows.iter().map(|row| line(plane, row)).collect(), more))
}

fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

fn show(name: Option<&str>) -> Result<Show, Error> {
    let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(Show::default()) };
    let known = Show::ALL.into_iter().find(|show| show.as_str() == name);
    known.ok_or_else(|| Error::invalid("`show` is `live`, `unrevoked` or `all`"))
}

fn id(text: &Option<String>) -> Result<Option<CredentialId>, Error> {
    given(text).map(|id| id.parse().map_err(|_| Error::not_found("credential", id.escape_default()))).transpose()
}

fn brokers(plane: &ControlPlane, signed_in: SignedIn) -> Vec<String> {
    plane.view.read(|state| match policy::authorize(state, signed_in.asker().by, policy::ReadBrokers) {
        Ok(_) => state.brokers.keys().map(ToString::to_string).collect(),
        Err(_) => Vec::new(),
    })
}

/// The same question, for what was made before the last row of a full page. Names and ids need no escaping; anything else
/// was refused before.
fn next(show: Show, asked: &Asked, field: &str, rows: &[Row]) -> Option<String> {
    let last = rows.last().filter(|_| rows.len() == ROWS)?;
    let mut address = format!("/credentials?show={}&{field}={}", show.as_str(), last.id);
    for (name, key) in [("session", &asked.session), ("broker", &asked.broker)] {
        if let Some(key) = given(key) {
            address.push_str(&format!("&{name}={key}"));
        }
    }
    Some(address)
}

fn unrevoked_line(plane: &ControlPlane, row: &Row, due: Due) -> UnrevokedRow {
    let waiting = row.trouble.as_ref().map(|trouble| Waiting {
        error: trouble.error.clone(),
        attempts: count(trouble.attempts),
        next: moment(trouble.next_at),
    });
    UnrevokedRow {
        id: row.id.to_string(),
        place: format!("{}/{}", row.broker, row.target),
        session: link(row.session),
        developer: plane.people.login(row.developer),
        cause: due.cause.as_str(),
        since: moment(due.since),
        waiting,
        is_stalled: row.stalled.is_some(),
        until: moment(row.expires_at),
    }
}

fn line(plane: &ControlPlane, row: &Row) -> CredentialRow {
    let is_due = due(plane, row).is_some();
    let known_as =
        |name: &domain::credential::PublicName| KnownAs { kind: name.kind.to_string(), value: name.value.clone() };
    CredentialRow {
        id: row.id.to_string(),
        place: format!("{}/{}", row.broker, row.target),
        session: link(row.session),
        developer: plane.people.login(row.developer),
        scope: row.scope.to_string(),
        status: Badge::credential(status(row, is_due)),
        not_made: match &row.how {
            Some(How::NotMade { reason }) => Some(reason.clone()),
            _ => None,
        },
        expires: moment(row.expires_at),
        over: row.over_at.map(moment),
        names: row.names.iter().map(known_as).collect(),
    }
}

fn link(session: SessionId) -> Link {
    Link::new(session.to_string(), format!("/sessions/{session}"))
}
