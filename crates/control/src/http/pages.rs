//! The console's pages: extract, call the same operation as the API, fill in a view model, render.

mod brokers;
mod cost;
mod credentials;
mod locks;
mod session;
mod sessions;
mod sign_in;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::{RequestId, Time, Usd};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use http::{Method, StatusCode};

use super::extract::{Path, SignedIn, Visitor};
use super::problem::{self, Problem};
use super::shapes;
use crate::console::{self, ErrorPage, Frame, Moment};
use crate::plane::ControlPlane;
use crate::server::Shared;
use crate::text;

/// Pages run no script, load nothing from elsewhere, and are framed by nobody.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                                       base-uri 'none'; frame-ancestors 'none'";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(home))
        .route("/sign-in", get(sign_in::form).post(sign_in::submit))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/sessions", get(sessions::page))
        .route("/sessions/{session}", get(session::page))
        .route("/sessions/{session}/revoke", post(session::revoke))
        .route("/credentials", get(credentials::page))
        .route("/locks", get(locks::page))
        .route("/locks/thaw", post(locks::thaw))
        .route("/locks/{ticket}/break", post(locks::break_lock))
        .route("/brokers", get(brokers::page))
        .route("/brokers/{broker}/disable", post(brokers::disable))
        .route("/brokers/{broker}/enable", post(brokers::enable))
        .route("/cost", get(cost::page))
        .route("/cost.csv", get(cost::csv))
        .route("/cost.json", get(cost::json))
        .route("/assets/{name}", get(asset))
        .layer(from_fn(guard))
}

/// A page that failed, for whoever looks.
pub(super) struct Failed {
    frame: Option<Frame>,
    request: String,
    problem: Problem,
}

async fn home() -> Redirect {
    Redirect::to("/sessions")
}

async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let file = console::asset(&name).ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "not_found", "no such file"))?;
    let headers = [(CONTENT_TYPE, file.content_type), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, file.body).into_response())
}

/// Refuses forms of other sites, shows every error as a page, and sets the headers of every page.
async fn guard(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default();
    let wants_page = !request.uri().path().ends_with(".json");
    let mut response = match *request.method() == Method::POST && !is_same_origin(request.headers()) {
        true => problem::cross_site().into_response(),
        false => next.run(request).await,
    };
    if wants_page && let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = Failed { frame: None, request: id, problem }.into_response();
    }
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-security-policy", CONTENT_SECURITY_POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Browsers say where a form comes from; what does not say it is no browser and has no cookie worth stealing either.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    match text(HeaderName::from_static("sec-fetch-site")) {
        Some(site) => site == "same-origin",
        None => match (text(ORIGIN), text(http::header::HOST)) {
            (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, origin)| origin == host),
            _ => false,
        },
    }
}

/// Where somebody who is not signed in goes first.
fn to_sign_in(return_to: &str) -> Response {
    let query: String = return_to.bytes().map(|byte| format!("%{byte:02X}")).collect();
    Redirect::to(&format!("/sign-in?return_to={query}")).into_response()
}

fn frame(plane: &ControlPlane, signed_in: SignedIn) -> Frame {
    let developer = shapes::developer(plane, signed_in.developer);
    let by = signed_in.asker().by;
    Frame {
        name: developer.display_name().to_owned(),
        roles: developer.roles().join(", "),
        frozen: plane.view.read(|state| state.freezes.len()),
        sees_brokers: plane.view.read(|state| policy::authorize(state, by, policy::ReadBrokers).is_ok()),
    }
}

fn moment(at: Time) -> Moment {
    Moment::new(text::rfc3339(at))
}

fn money(nanos: i64) -> String {
    Usd::from_nanos(nanos).to_string()
}

fn html(rendered: Result<String, askama::Error>) -> Response {
    match rendered {
        Ok(page) => Html(page).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the page could not be rendered")
                .into_response()
        }
    }
}

impl Failed {
    /// The page for a problem, to whoever is signed in.
    fn new(shared: &Shared, visitor: Visitor, problem: impl Into<Problem>) -> Self {
        let frame = visitor.0.map(|signed_in| frame(&shared.plane, signed_in));
        let request = visitor.0.map(|signed_in| signed_in.request.to_string()).unwrap_or_default();
        Self { frame, request, problem: problem.into() }
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let status = self.problem.status();
        let view = ErrorPage {
            frame: self.frame,
            status: status.as_u16(),
            title: status.canonical_reason().unwrap_or("error").to_owned(),
            detail: self.problem.detail().to_owned(),
            next: self.problem.next_step().map(str::to_owned),
            request_id: self.request,
        };
        (status, html(console::error_page(&view))).into_response()
    }
}
