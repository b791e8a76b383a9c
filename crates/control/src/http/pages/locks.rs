//! `/locks`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::lock::{Holder as Who, Mode, Phase, Ticket};
use domain::{DeveloperId, Role, TicketId};
use http::Uri;
use serde::Deserialize;

use super::session::Reason;
use super::{Failed, frame, html, moment, to_sign_in};
use crate::console::{Badge, FrozenCard, Holder, Link, LockRow, LocksPage, WorkPlace, WorkRow, locks_page};
use crate::error::Error;
use crate::http::extract::{Path, Query, SignedIn, Visitor};
use crate::http::locks::{self, held};
use crate::limits::{LOCK_PAGE_FREEZES_MAX, LOCK_PAGE_TICKETS_MAX, MACHINE_DIGITS};
use crate::operations::lock::{self, LockQuery};
use crate::operations::{freeze, project};
use crate::plane::ControlPlane;
use crate::server::Shared;

#[derive(Default, Deserialize)]
pub(crate) struct Asked {
    resource: Option<String>,
    project: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Thaw {
    resource: String,
    reason: String,
}

pub(super) async fn page(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Response {
    let Some(signed_in) = visitor.0 else { return to_sign_in(&uri.to_string()) };
    match build(&shared.plane, signed_in, asked) {
        Ok(view) => html(locks_page(&view)),
        Err(error) => Failed::new(&shared, visitor, error).into_response(),
    }
}

pub(super) async fn thaw(State(shared): State<Arc<Shared>>, visitor: Visitor, Form(form): Form<Thaw>) -> Response {
    let Some(signed_in) = visitor.0 else { return to_sign_in("/locks") };
    let thawed = async {
        let resource = form.resource.parse().map_err(Error::invalid)?;
        freeze::thaw(&shared.plane, signed_in.asker(), resource, form.reason).await
    };
    back(&shared, visitor, thawed.await)
}

pub(super) async fn break_lock(
    State(shared): State<Arc<Shared>>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(form): Form<Reason>,
) -> Response {
    let Some(signed_in) = visitor.0 else { return to_sign_in("/locks") };
    let broken = async {
        let ticket = id.parse().map_err(|_| Error::not_found("ticket", id.escape_default()))?;
        lock::break_ticket(&shared.plane, signed_in.asker(), ticket, form.reason, false).await
    };
    back(&shared, visitor, broken.await)
}

fn back(shared: &Shared, visitor: Visitor, done: Result<(), Error>) -> Response {
    match done {
        Ok(()) => Redirect::to("/locks").into_response(),
        Err(error) => Failed::new(shared, visitor, error).into_response(),
    }
}

fn build(plane: &ControlPlane, signed_in: SignedIn, asked: Asked) -> Result<LocksPage, Error> {
    let given = |text: &Option<String>| text.as_deref().map(str::trim).unwrap_or_default().to_owned();
    let (resource, project) = (given(&asked.resource), given(&asked.project));
    let query = LockQuery {
        resource: Some(&resource)
            .filter(|text| !text.is_empty())
            .map(|text| text.parse())
            .transpose()
            .map_err(Error::invalid)?,
        project: Some(project.clone()).filter(|key| !key.is_empty()),
        limit: LOCK_PAGE_TICKETS_MAX,
        ..LockQuery::default()
    };
    let page = lock::list(plane, signed_in.asker(), &query)?;
    let known: Vec<(TicketId, Ticket)> = plane.view.read(|state| {
        let known = |id: TicketId| state.locks.tickets.get(&id).map(|ticket| (id, ticket.clone()));
        page.tickets.iter().copied().filter_map(known).collect()
    });
    let (mut waiting, mut held, mut leased) = (Vec::new(), Vec::new(), Vec::new());
    for (id, ticket) in &known {
        match ticket.phase {
            Phase::Waiting | Phase::Offered { .. } => waiting.push((ticket.rank, row(plane, signed_in, *id, ticket))),
            Phase::Held { .. } | Phase::Resting { .. } if is_of_workspace(ticket) => {
                leased.push(row(plane, signed_in, *id, ticket));
            }
            Phase::Held { .. } | Phase::Resting { .. } if keeps_out(ticket) => {
                held.push(row(plane, signed_in, *id, ticket));
            }
            Phase::Held { .. } | Phase::Resting { .. } => {}
        }
    }
    waiting.sort_by_key(|(rank, _)| *rank);
    let frozen = freeze::list(plane, signed_in.asker())?.into_iter();
    let overlaps = |one: &domain::Resource| query.resource.as_ref().is_none_or(|wanted| one.overlaps(wanted));
    let frozen = frozen.filter(|(one, _)| overlaps(one)).take(LOCK_PAGE_FREEZES_MAX);
    Ok(LocksPage {
        frame: frame(plane, signed_in),
        resource,
        project,
        frozen: frozen.map(|(resource, freeze)| card(plane, signed_in, &resource, &freeze)).collect(),
        waiting: waiting.into_iter().map(|(_, row)| row).collect(),
        held,
        leased,
        places: places(plane, signed_in, &known),
        more: page.next.is_some(),
    })
}

/// The locks of a session that are not over, for its own page.
pub(super) fn of_session(plane: &ControlPlane, signed_in: SignedIn, session: domain::SessionId) -> Vec<LockRow> {
    let known: Vec<(TicketId, Ticket)> = plane.view.read(|state| {
        let of = state.locks.of(Who::Session(session)).take(LOCK_PAGE_TICKETS_MAX);
        of.map(|(id, ticket)| (id, ticket.clone())).collect()
    });
    known.iter().map(|(id, ticket)| row(plane, signed_in, *id, ticket)).collect()
}

/// Whether it is what a workspace leases for itself on its machine (`port:MACHINE/…`): nobody runs into that, since
/// everybody is given another.
fn is_of_workspace(ticket: &Ticket) -> bool {
    ticket.wants.iter().all(|want| {
        let name = want.resource.to_string();
        let leased = ["port:", "compose:", "db:"].iter().find_map(|kind| name.strip_prefix(kind));
        let machine = leased.and_then(|rest| rest.split_once('/')).map_or("", |(machine, _)| machine);
        machine.len() == MACHINE_DIGITS && machine.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// Whether others may run into it: what says only who works where is shown by place.
fn keeps_out(ticket: &Ticket) -> bool {
    ticket.wants.iter().any(|want| want.resource.kind() != "path" || !want.mode.goes_with(Mode::IX))
}

fn row(plane: &ControlPlane, signed_in: SignedIn, id: TicketId, ticket: &Ticket) -> LockRow {
    let (suspect, ahead, may_break) = plane.view.read(|state| {
        let session = ticket.holder.session().and_then(|session| state.sessions.get(&session));
        let ahead = match ticket.phase {
            Phase::Waiting => state.locks_ahead(ticket.holder, &ticket.wants, ticket.rank),
            _ => Vec::new(),
        };
        let is_own = session.is_some_and(|session| session.developer == signed_in.developer);
        let may_break = is_own || state.require(signed_in.asker().by, Role::Approver).is_ok();
        (session.is_some_and(|session| session.suspect_since.is_some()), ahead, may_break)
    });
    let name = if suspect { "suspect" } else { ticket.phase.as_str() };
    LockRow {
        ticket: id.to_string(),
        // With a space that does not break: the mode stays beside its resource.
        wants: ticket.wants.iter().map(|want| format!("{}\u{a0}{}", want.mode, want.resource)).collect(),
        state: Badge::lock(name),
        holder: holder(plane, signed_in, ticket.holder),
        intent: ticket.intent.clone(),
        since: moment(ticket.since()),
        token: ticket.phase.token().map(|token| token.to_string()),
        ahead: ahead.iter().find_map(|one| locks::ahead(plane, one)).map(|one| held(&one).replace('`', "")),
        break_action: may_break.then(|| format!("/locks/{id}/break")),
    }
}

/// Everybody is told the human and the project; the session, who may see its page.
fn holder(plane: &ControlPlane, signed_in: SignedIn, who: Who) -> Holder {
    let shown = locks::holder(plane, who);
    let developer: Option<DeveloperId> = shown.developer.and_then(|id| id.parse().ok());
    let may_see = developer.is_some_and(|developer| {
        let action = policy::ReadSession { developer };
        plane.view.read(|state| policy::authorize(state, signed_in.asker().by, action).is_ok())
    });
    Holder {
        developer: shown.developer_name.unwrap_or_else(|| "somebody".to_owned()),
        session: shown.session.filter(|_| may_see).map(|id| Link::new(id.clone(), format!("/sessions/{id}"))),
        project: shown.project_name,
    }
}

fn card(
    plane: &ControlPlane,
    signed_in: SignedIn,
    resource: &domain::Resource,
    freeze: &domain::freeze::Freeze,
) -> FrozenCard {
    let shown = locks::frozen(plane, resource, freeze);
    let mut sessions = freeze.cause.sessions();
    sessions.sort();
    sessions.dedup();
    let asker = signed_in.asker();
    let works_on = freeze.project.is_some_and(|id| project::works_on(plane, asker, id));
    FrozenCard {
        resource: shown.resource,
        since: moment(freeze.since),
        detail: shown.detail,
        project: shown.project_name,
        sessions: sessions.into_iter().map(|id| holder(plane, signed_in, Who::Session(id))).collect(),
        may_thaw: works_on || plane.view.read(|state| state.require(asker.by, Role::Approver).is_ok()),
    }
}

/// Who holds paths, in whatever mode, by repository and path.
fn places(plane: &ControlPlane, signed_in: SignedIn, known: &[(TicketId, Ticket)]) -> Vec<WorkPlace> {
    let mut places: BTreeMap<String, BTreeMap<(String, TicketId), WorkRow>> = BTreeMap::new();
    for (id, ticket) in known.iter().filter(|(_, ticket)| matches!(ticket.phase, Phase::Held { .. })) {
        for want in &ticket.wants {
            let Some((repository, path)) = place(&want.resource) else { continue };
            let row = WorkRow {
                path: path.clone(),
                does: does(want.mode),
                holder: holder(plane, signed_in, ticket.holder),
                intent: ticket.intent.clone(),
                since: moment(ticket.since()),
            };
            places.entry(repository).or_default().insert((path, *id), row);
        }
    }
    let place = |(repository, rows): (String, BTreeMap<_, WorkRow>)| WorkPlace {
        repository,
        rows: rows.into_values().collect(),
    };
    places.into_iter().map(place).collect()
}

fn place(resource: &domain::Resource) -> Option<(String, String)> {
    let whole = || Some((resource.to_string().strip_prefix("path:")?.to_owned(), String::new()));
    resource.repository_path().or_else(whole)
}

fn does(mode: Mode) -> &'static str {
    match mode {
        Mode::N => "is about to",
        Mode::IS | Mode::S => "reads",
        Mode::IX | Mode::SIX => "changes",
        Mode::X => "changes alone",
    }
}
