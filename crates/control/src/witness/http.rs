//! The door of a witness.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use ledger::limits::ADD_CHECKPOINT_BYTES_MAX;
use tokio::sync::Semaphore;

use super::desk::{Desk, Reply};
use crate::limits::{WITNESS_BODY_MAX, WITNESS_REQUESTS_MAX};

#[derive(Clone)]
struct Door {
    desk: Arc<Desk>,
    /// Requests that are read or decided now.
    places: Arc<Semaphore>,
}

pub(super) fn router(desk: Arc<Desk>) -> Router {
    let door = Door { desk, places: Arc::new(Semaphore::new(WITNESS_REQUESTS_MAX)) };
    Router::new()
        .route("/add-checkpoint", post(add))
        .route("/{log}/checkpoint", get(show))
        .route("/healthz", get(async || "ok\n"))
        .with_state(door)
}

async fn add(State(door): State<Door>, body: Body) -> Reply {
    let Ok(place) = Arc::clone(&door.places).try_acquire_owned() else { return busy() };
    let read = axum::body::to_bytes(body, ADD_CHECKPOINT_BYTES_MAX);
    let body: Bytes = match tokio::time::timeout(WITNESS_BODY_MAX, read).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return Reply::new(400, "the request broke off, or is too long\n".to_owned()),
        Err(_) => return Reply::new(408, "the request did not arrive in time\n".to_owned()),
    };
    // Off the runtime's threads, and to its end even if the log hangs up: what is written is decided by one alone.
    let decided = tokio::task::spawn_blocking(move || {
        let _place = place;
        door.desk.add(&body)
    });
    decided.await.unwrap_or_else(|_| broken())
}

async fn show(State(door): State<Door>, Path(log): Path<String>) -> Reply {
    let Ok(place) = Arc::clone(&door.places).try_acquire_owned() else { return busy() };
    let shown = tokio::task::spawn_blocking(move || {
        let _place = place;
        door.desk.show(&log)
    });
    shown.await.unwrap_or_else(|_| broken())
}

fn busy() -> Reply {
    Reply::new(503, "this witness is busy, try again\n".to_owned())
}

fn broken() -> Reply {
    Reply::new(500, "this witness failed\n".to_owned())
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(CONTENT_TYPE, self.content_type), (CACHE_CONTROL, "no-store")], self.body).into_response()
    }
}
