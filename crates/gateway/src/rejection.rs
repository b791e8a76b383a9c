//! Refusals in Anthropic's shape. Every one is made by a named function, so that a text can be found by searching.
//!
//! Statuses and headers follow what the real client was measured to do: 402 stops it with our words at once, 401 and 429
//! stop it only with `x-should-retry: false`, 5xx are retried for minutes.

use std::time::Duration;

use domain::RequestId;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};

use crate::body::{self, Body};
use crate::headers::X_SHOULD_RETRY;

/// A refusal: what the client is told instead of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The HTTP status.
    pub status: StatusCode,
    /// Anthropic's error type, such as `authentication_error`.
    pub kind: &'static str,
    /// What happened and what to do, for the developer's eye.
    pub message: String,
    /// Whether asking again may help.
    pub retry: Retry,
}

/// What the client is told about asking again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It cannot help: `x-should-retry: false`.
    Never,
    /// After so many seconds: `retry-after`.
    After(u32),
    /// The client's own habit for this status.
    Default,
}

impl Rejection {
    /// A refusal.
    pub fn new(status: StatusCode, kind: &'static str, message: impl Into<String>, retry: Retry) -> Self {
        Self { status, kind, message: message.into(), retry }
    }

    pub(crate) fn respond(&self, request: RequestId) -> Response<Body> {
        let text = serde_json::json!({
            "type": "error",
            "error": { "type": self.kind, "message": self.message },
            "request_id": request.to_string(),
        });
        let mut response = Response::new(body::full(text.to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match self.retry {
            Retry::Never => drop(headers.insert(X_SHOULD_RETRY, HeaderValue::from_static("false"))),
            Retry::After(seconds) => drop(headers.insert(RETRY_AFTER, HeaderValue::from(seconds))),
            Retry::Default => {}
        }
        response
    }
}

const HOW_TO_SIGN: &str =
    "start the agent with `writ run`, or set ANTHROPIC_AUTH_TOKEN to a session token (`writ_ses_…`)";

pub(crate) fn no_bearer() -> Rejection {
    let message = format!("no writ session token came with this request: {HOW_TO_SIGN}");
    Rejection::new(StatusCode::UNAUTHORIZED, "authentication_error", message, Retry::Never)
}

pub(crate) fn foreign_bearer() -> Rejection {
    let message = format!("the credential of this request is not a writ session token: {HOW_TO_SIGN}");
    Rejection::new(StatusCode::UNAUTHORIZED, "authentication_error", message, Retry::Never)
}

/// Not 401: the client asks a key helper again after each of those, for minutes.
pub(crate) fn empty_bearer() -> Rejection {
    let message = "this request came with an empty credential: the client's key helper (`apiKeyHelper`) gave none, \
        and what it said is in the client's output; start the agent anew with `writ run`";
    Rejection::new(StatusCode::PAYMENT_REQUIRED, "billing_error", message, Retry::Never)
}

pub(crate) fn session_over() -> Rejection {
    let message = "this session is over: start a new one with `writ run`";
    Rejection::new(StatusCode::PAYMENT_REQUIRED, "billing_error", message, Retry::Never)
}

pub(crate) fn body_too_large(max: usize) -> Rejection {
    let message = format!("request body is larger than {} MiB, the most that one request may carry", max >> 20);
    Rejection::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message, Retry::Never)
}

pub(crate) fn body_slow(idle: Duration) -> Rejection {
    let message =
        format!("the request body stopped arriving ({} s without a byte, or too long in all)", idle.as_secs());
    Rejection::new(StatusCode::REQUEST_TIMEOUT, "timeout_error", message, Retry::Default)
}

pub(crate) fn body_broken() -> Rejection {
    invalid("the request body ended early or broke the rules of HTTP")
}

pub(crate) fn bodies_full() -> Rejection {
    let message = "writ is reading as many request bodies as it has room for: try again in a moment";
    overloaded(message)
}

fn overloaded(message: &str) -> Rejection {
    Rejection::new(status_529(), "overloaded_error", message, Retry::After(2))
}

/// Anthropic's own status for an overloaded service.
fn status_529() -> StatusCode {
    StatusCode::from_u16(529).unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
}

pub(crate) fn invalid(message: impl Into<String>) -> Rejection {
    Rejection::new(StatusCode::BAD_REQUEST, "invalid_request_error", message, Retry::Never)
}

pub(crate) fn compressed_body() -> Rejection {
    let message = "a compressed request body cannot be metered: send it without content-encoding";
    Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request_error", message, Retry::Never)
}

pub(crate) fn over_room(hold: domain::Usd, room: domain::Usd) -> Rejection {
    let message = format!(
        "this call may cost up to {hold}, the budget has {room} left: ask for a larger budget, or lower `max_tokens`"
    );
    Rejection::new(StatusCode::PAYMENT_REQUIRED, "billing_error", message, Retry::Never)
}

pub(crate) fn batches_not_governed() -> Rejection {
    let message = "message batches are not governed yet: send the requests one by one to /v1/messages";
    Rejection::new(StatusCode::NOT_IMPLEMENTED, "not_supported", message, Retry::Never)
}

pub(crate) fn not_found(path: &str) -> Rejection {
    let shown: String = path.chars().filter(|c| !c.is_control()).take(100).collect();
    let message =
        format!("writ's gateway has no `{shown}`: it serves /v1/messages, /v1/messages/count_tokens and /v1/models");
    Rejection::new(StatusCode::NOT_FOUND, "not_found_error", message, Retry::Never)
}

pub(crate) fn wrong_method(allowed: &str) -> Rejection {
    let message = format!("this path takes {allowed} only");
    Rejection::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request_error", message, Retry::Never)
}

pub(crate) fn upstream_unreachable(name: &str) -> Rejection {
    let message = format!(
        "writ could not reach the model service `{name}`: try again; if it stays, ask whoever runs writ to check its address and network"
    );
    Rejection::new(StatusCode::BAD_GATEWAY, "api_error", message, Retry::Default)
}

pub(crate) fn upstream_keyless(name: &str) -> Rejection {
    let message = format!(
        "writ has no key for the model service `{name}` now, because its token endpoint gave none: try again; if it stays, ask whoever runs writ to look into its log"
    );
    Rejection::new(StatusCode::SERVICE_UNAVAILABLE, "api_error", message, Retry::After(5))
}

pub(crate) fn upstream_key_refused(name: &str) -> Rejection {
    let message = format!(
        "the model service `{name}` refuses the key that its token endpoint gave writ: try again; if it stays, ask whoever runs writ to check the federation rule"
    );
    Rejection::new(StatusCode::SERVICE_UNAVAILABLE, "api_error", message, Retry::After(5))
}

pub(crate) fn upstream_broke(name: &str) -> Rejection {
    let message = format!("the model service `{name}` broke off before it answered: try again");
    Rejection::new(StatusCode::BAD_GATEWAY, "api_error", message, Retry::Default)
}

pub(crate) fn upstream_silent(name: &str, waited: Duration) -> Rejection {
    let message = format!("the model service `{name}` did not answer within {} s: try again", waited.as_secs());
    Rejection::new(StatusCode::GATEWAY_TIMEOUT, "timeout_error", message, Retry::Default)
}
