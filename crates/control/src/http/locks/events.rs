//! `/v1/locks/events`: what happens to locks and resources, as server-sent events (the HTML standard, "Server-sent events").

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use domain::lock::{Holder as Who, Wants};
use domain::{Event, TicketId};
use http::HeaderMap;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::body::Frame;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};

use super::shape::{self, Holder};
use crate::feed::Note;
use crate::http::extract::{Bearer, Query};
use crate::http::problem::{self, Problem};
use crate::http::writes::sha256;
use crate::operations::follow::{self, Follow, StillWelcome, Told};
use crate::plane::ControlPlane;
use crate::server::Shared;
use crate::text::rfc3339;

/// What to follow.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Of {
    /// Only what overlaps this resource.
    resource: Option<String>,
}

/// The data of an event `lock`: a ticket moved.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LockEvent {
    position: u64,
    time: String,
    /// `lock.queued`, `lock.offered`, `lock.granted`, `lock.resting` (let go while a change is on its way), `lock.released`,
    /// `lock.passed`, `lock.unclaimed`, `lock.rested`, `lock.broken`, or `lock.session_over`.
    #[serde(rename = "type")]
    kind: String,
    ticket: String,
    holder: Holder,
    wants: Vec<shape::Want>,
    /// The fencing token, of a grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    intent: Option<String>,
    /// Why it was taken away.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Follow what happens to locks and resources, as server-sent events: `lock`, `write`, `freeze` and `thaw`.
///
/// The id of an event is its position in the log: who comes back with `last-event-id` misses nothing. A comment comes every
/// 15 seconds when nothing happens.
#[utoipa::path(get, path = "/v1/locks/events", tag = "locks",
    params(Of, ("last-event-id" = Option<u64>, Header, description = "The last event that was seen")),
    responses((status = 200, content_type = "text/event-stream", body = LockEvent), (status = "4XX", body = Problem)))]
pub(crate) async fn follow(
    State(shared): State<Arc<Shared>>,
    bearer: Bearer,
    Query(of): Query<Of>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let resource = of.resource.as_deref().map(super::resource).transpose()?;
    let after = headers.get("last-event-id").map(last_event).transpose()?;
    let follow = Follow { resource, after };
    let told = follow::follow(&shared.plane, bearer.asker(), follow, welcome(bearer))?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, Body::new(Events { plane: Arc::clone(&shared.plane), told })).into_response())
}

fn last_event(value: &HeaderValue) -> Result<u64, Problem> {
    let position = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    position.ok_or_else(|| problem::unreadable("`last-event-id` is the position of an entry: a number"))
}

/// A stream outlives the request's check of who asks: it ends with the session or the sign-in.
fn welcome(bearer: Bearer) -> StillWelcome {
    match bearer {
        Bearer::Session { session, .. } => Box::new(move |state| state.sessions.contains_key(&session)),
        Bearer::Developer(who) => Box::new(move |state| {
            let disabled = state.developers.get(&who.developer).is_none_or(|developer| developer.disabled);
            state.sign_ins.contains_key(&who.sign_in) && !disabled
        }),
    }
}

/// A body that is written as things happen.
struct Events {
    plane: Arc<ControlPlane>,
    told: mpsc::Receiver<Told>,
}

impl hyper::body::Body for Events {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let told = self.told.poll_recv(context);
        told.map(|told| told.map(|told| Ok(Frame::data(Bytes::from(text(&self.plane, &told))))))
    }
}

fn text(plane: &ControlPlane, told: &Told) -> String {
    match told {
        Told::Nothing => ":\n\n".to_owned(),
        Told::Note(note) => events(plane, note),
    }
}

/// The events of one entry; only the last has the id, so that who was cut off in between gets all of them again.
fn events(plane: &ControlPlane, note: &Note) -> String {
    let mut all = data(plane, note).into_iter().peekable();
    let mut text = String::new();
    while let Some((event, data)) = all.next() {
        text.push_str(&format!("event: {event}\ndata: {data}\n"));
        if all.peek().is_none() {
            text.push_str(&format!("id: {}\n", note.position));
        }
        text.push('\n');
    }
    text
}

fn data(plane: &ControlPlane, note: &Note) -> Vec<(&'static str, Value)> {
    let lock = |happened: &str, who, ticket, wants: &Wants| LockEvent {
        position: note.position,
        time: rfc3339(note.at),
        kind: format!("lock.{happened}"),
        ticket: TicketId::to_string(&ticket),
        holder: shape::holder(plane, who),
        wants: wants.iter().map(shape::want).collect(),
        token: None,
        intent: None,
        reason: None,
    };
    let moved = |happened: &'static str, who: Who| {
        note.tickets.iter().map(move |moved| lock(happened, who, moved.ticket, &moved.wants))
    };
    let locks: Vec<LockEvent> = match &note.event {
        Event::LockQueued(event) => {
            let queued = lock("queued", event.holder, event.ticket, &event.wants);
            vec![LockEvent { intent: event.intent.clone(), ..queued }]
        }
        Event::LockGranted(event) => {
            let granted = lock("granted", event.holder, event.ticket, &event.wants);
            vec![LockEvent { token: Some(note.position), intent: event.intent.clone(), ..granted }]
        }
        Event::LockOffered(event) => moved("offered", event.holder).collect(),
        Event::LockResting(event) => moved("resting", event.holder).collect(),
        Event::LockOver(event) => {
            let reason = shape::reason(&event.how);
            moved(event.how.as_str(), event.holder).map(|one| LockEvent { reason: reason.clone(), ..one }).collect()
        }
        Event::SessionOver(event) => moved("session_over", Who::Session(event.session)).collect(),
        _ => return other(plane, note),
    };
    let value = |event: LockEvent| ("lock", serde_json::to_value(event).unwrap_or_default());
    locks.into_iter().map(value).collect()
}

fn other(plane: &ControlPlane, note: &Note) -> Vec<(&'static str, Value)> {
    let (position, time) = (note.position, rfc3339(note.at));
    match &note.event {
        Event::ResourceWritten(event) => {
            let by = shape::holder(plane, Who::Session(event.session));
            let write = json!({
                "position": position,
                "time": time,
                "session.id": by.session,
                "developer.id": by.developer,
                "developer.name": by.developer_name,
                "project.id": by.project,
                "project.name": by.project_name,
                "resource": event.change.resource,
                "before": event.change.before.map(sha256),
                "after": event.change.after.map(sha256),
                "intent": event.intent,
            });
            vec![("write", write)]
        }
        Event::ResourceFrozen(event) => {
            let freeze = domain::freeze::Freeze { since: note.at, project: event.project, cause: event.cause.clone() };
            let mut freeze = serde_json::to_value(shape::frozen(plane, &event.resource, &freeze)).unwrap_or_default();
            (freeze["position"], freeze["time"]) = (position.into(), time.into());
            vec![("freeze", freeze)]
        }
        Event::ResourceThawed(event) => {
            let thaw = json!({"position": position, "time": time, "resource": event.resource, "reason": event.reason});
            vec![("thaw", thaw)]
        }
        _ => Vec::new(),
    }
}
