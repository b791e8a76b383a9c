//! `/v1/audit`: bundles that prove themselves.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use hyper::body::Frame;
use ledger::dossier::Subject;
use serde::Deserialize;
use tokio::sync::mpsc;
use utoipa::IntoParams;

use super::cost::moment;
use super::extract::{Query, SignedIn};
use super::problem::{self, Problem};
use crate::error::Error;
use crate::operations::audit::{self, Wanted};
use crate::server::Shared;

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/v1/audit/bundle", get(bundle))
}

/// Which entries: one session's, or from a position or time on.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// All entries of this session. A developer may have those of their own.
    session: Option<String>,
    /// From this position on.
    from: Option<u64>,
    /// Up to this position (exclusive); to the end when absent.
    to: Option<u64>,
    /// From when on: `7d`, `24h`, a date, or RFC 3339.
    since: Option<String>,
    /// Until when (exclusive), likewise; to the end when absent.
    until: Option<String>,
}

/// Export entries with all that proves them: a file that `writ audit verify` checks without this server.
#[utoipa::path(get, path = "/v1/audit/bundle", tag = "log", params(Which),
    responses((status = 200, content_type = "application/octet-stream"), (status = "4XX", body = Problem),
        (status = 503, body = Problem)))]
pub(super) async fn bundle(
    State(shared): State<Arc<Shared>>,
    signed_in: SignedIn,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let wanted = wanted(&shared, which)?;
    let export = audit::export(&shared.plane, signed_in.asker(), wanted).await?;
    let name = match export.subject {
        Subject::Session { session, .. } => format!("{session}.writ-audit"),
        Subject::Range { from, to } => format!("entries-{from}-{to}.writ-audit"),
    };
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (CONTENT_DISPOSITION, disposition.unwrap_or(HeaderValue::from_static("attachment"))),
    ];
    Ok((headers, Body::new(Pieces(export.pieces))).into_response())
}

fn wanted(shared: &Shared, which: Which) -> Result<Wanted, Problem> {
    let now = shared.plane.clock.now();
    match which {
        Which { session: Some(id), from: None, to: None, since: None, until: None } => {
            let id = id.parse().map_err(|error| problem::unreadable(format!("`session`: {error}")))?;
            Ok(Wanted::Session(id))
        }
        Which { session: None, from: Some(from), to, since: None, until: None } => Ok(Wanted::Positions { from, to }),
        Which { session: None, from: None, to: None, since: Some(since), until } => {
            let until = until.as_deref().map(|until| moment(until, now)).transpose()?;
            Ok(Wanted::Times { since: moment(&since, now)?, until })
        }
        _ => Err(problem::unreadable("give one of `session`, `from` (with `to`) and `since` (with `until`)")),
    }
}

/// A body that is made while it is sent.
struct Pieces(mpsc::Receiver<Result<Bytes, Error>>);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
