//! The one error shape of the API: `application/problem+json` (RFC 9457) with a stable `code`, what happened and what to
//! do next. Made by named constructors and conversions, never in a handler.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use domain::session::Ending;
use domain::{Refusal, RequestId, SessionId};
use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde::Serialize;
use utoipa::ToSchema;

use super::locks::Obstacle;
use crate::error::Error;
use crate::plane::ControlPlane;

/// An error answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the code says what kind it is.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The HTTP status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// Stable, for programs.
    code: &'static str,
    /// What happened, for people.
    #[schema(value_type = String)]
    detail: Box<str>,
    /// What to do next, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    next: Option<Box<str>>,
    /// The answer's `request-id`, to be found again in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    request_id: Option<Box<str>>,
    /// What stands in the way, where something does.
    #[serde(flatten)]
    obstacle: Option<Box<Obstacle>>,
    #[serde(skip)]
    retry_after_seconds: Option<u32>,
}

impl Problem {
    /// A problem with a stable code.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("error"),
            status: status.as_u16(),
            code,
            detail: detail.into().into_boxed_str(),
            next: None,
            request_id: None,
            obstacle: None,
            retry_after_seconds: None,
        }
    }

    /// Says what to do next.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into().into_boxed_str());
        self
    }

    /// Names the request itself, where the answer is larger than a problem.
    #[must_use]
    pub(crate) fn of(mut self, request: RequestId) -> Self {
        self.request_id = Some(request.to_string().into_boxed_str());
        self
    }

    /// Says what stands in the way, for programs.
    #[must_use]
    pub(crate) fn obstacle(mut self, obstacle: Obstacle) -> Self {
        self.obstacle = Some(Box::new(obstacle));
        self
    }

    /// Says what happened in other words.
    #[must_use]
    pub(crate) fn saying(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into().into_boxed_str();
        self
    }

    /// What happened.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// What to do next.
    pub fn next_step(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// The header that says when to try again, if that may help.
    pub(crate) fn retry_after(&self) -> Option<[(http::HeaderName, HeaderValue); 1]> {
        self.retry_after_seconds.map(|seconds| [(RETRY_AFTER, HeaderValue::from(seconds))])
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        response.extensions_mut().insert(self.clone());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        headers.extend(self.retry_after().into_iter().flatten());
        response
    }
}

/// Names the request in an answer: in its header, and in its body if that is a problem.
pub(crate) fn name_request(response: &mut Response, id: RequestId) {
    let id = id.to_string();
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("request-id", value);
    }
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return };
    let named = Problem { request_id: Some(id.into_boxed_str()), ..problem };
    *response.body_mut() = serde_json::to_vec(&named).unwrap_or_default().into();
    response.headers_mut().remove(CONTENT_LENGTH);
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::Refused(refusal) => refused(&refusal),
            Error::Forbidden { next, .. } => {
                Self { next: next.map(String::into_boxed_str), ..Self::new(StatusCode::FORBIDDEN, "forbidden", text) }
            }
            Error::Unauthenticated(_) => {
                Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", text).next("sign in with `writ login`")
            }
            Error::Conflict { code, next, .. } => Self::new(StatusCode::CONFLICT, code, text).next(next),
            Error::NotFound { .. } => Self::new(StatusCode::NOT_FOUND, "not_found", text),
            Error::Invalid(_) => Self::new(StatusCode::BAD_REQUEST, "invalid_request", text),
            Error::Throttled { seconds } => Self {
                retry_after_seconds: Some(u32::try_from(seconds).unwrap_or(u32::MAX)),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, "throttled", text).next(format!("try again in {seconds} s"))
            },
            Error::Target { may_pass: true, retry_after, .. } => Self {
                retry_after_seconds: Some(
                    retry_after.map_or(5, |wait| u32::try_from(wait.as_secs().max(1)).unwrap_or(u32::MAX)),
                ),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "target_unavailable", text).next("try again in a moment")
            },
            Error::Target { broker, .. } => Self::new(StatusCode::BAD_GATEWAY, "target_refused", text)
                .next(format!("ask an administrator to run `writ broker test {broker}`")),
            Error::Unavailable(_) => Self {
                retry_after_seconds: Some(2),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", text)
                    .next("nothing was acknowledged; try again in a moment, and check the database if it stays")
            },
        }
    }
}

fn refused(refusal: &Refusal) -> Problem {
    let status = match refusal {
        Refusal::Forbidden { .. }
        | Refusal::BootstrapSpent
        | Refusal::ProjectForbidden { .. }
        | Refusal::NotGranted { .. }
        | Refusal::OutsideGrant { .. }
        | Refusal::LockRequired(_)
        | Refusal::DeveloperDisabled(_) => StatusCode::FORBIDDEN,
        Refusal::DeveloperUnknown(_)
        | Refusal::TeamUnknown
        | Refusal::ProjectUnknown(_)
        | Refusal::SessionUnknown(_)
        | Refusal::CallUnknown
        | Refusal::BrokerUnknown(_)
        | Refusal::TargetUnknown { .. }
        | Refusal::GrantUnknown
        | Refusal::CredentialUnknown(_)
        | Refusal::TicketUnknown(_)
        | Refusal::FreezeUnknown(_)
        | Refusal::SignInUnknown => StatusCode::NOT_FOUND,
        Refusal::TtlOutOfBounds { .. }
        | Refusal::AmountOutOfBounds { .. }
        | Refusal::TextTooLong { .. }
        | Refusal::TextMalformed { .. }
        | Refusal::LifeOutOfBounds { .. } => StatusCode::BAD_REQUEST,
        Refusal::LimitReached { .. } => StatusCode::TOO_MANY_REQUESTS,
        Refusal::BudgetExhausted { .. } => StatusCode::PAYMENT_REQUIRED,
        _ => StatusCode::CONFLICT,
    };
    let problem = Problem::new(status, refusal.code(), refusal.to_string());
    match refusal {
        Refusal::ProjectForbidden { .. } => problem.next("ask an administrator to put you into one of its teams"),
        Refusal::Forbidden { .. } => problem.next("ask an administrator"),
        Refusal::NotGranted { .. } | Refusal::OutsideGrant { .. } => {
            problem.next("ask an administrator to widen the project's grant: `writ grant set`")
        }
        Refusal::BrokerInUse { broker, .. } => {
            problem.next(format!("see `writ credential list --broker {broker} --live`"))
        }
        Refusal::LockRequired(resource) => problem.next(format!("`writ lock acquire {resource}`, then ask again")),
        Refusal::LockHeld { .. } => {
            problem.next("wait for it with `writ lock acquire --wait`, or do something else first")
        }
        Refusal::WouldDeadlock { .. } => {
            problem.next("let go of what the others wait for, then ask for all of it at once")
        }
        Refusal::ResourceFrozen(resource) => {
            problem.next(format!("ask the owners of the project to look at it and run `writ lock thaw {resource}`"))
        }
        Refusal::SessionOver { .. } => problem.next("start a new one with `writ run`"),
        Refusal::SessionSuspect { .. } => problem.next("its launcher must beat again first"),
        Refusal::BootstrapSpent => problem.next("sign in with `writ login`"),
        _ => problem,
    }
}

/// A session that is over: who ended it, when and why.
pub(crate) fn session_over(plane: &ControlPlane, session: SessionId, ending: &Ending) -> Problem {
    let text = crate::text::session_ended(plane, session, ending);
    Problem::new(StatusCode::CONFLICT, "session_over", text).next("start a new one with `writ run`")
}

/// A token that opens nothing.
pub(crate) fn unauthenticated(detail: &'static str) -> Problem {
    Error::Unauthenticated(detail).into()
}

/// A request body or query that cannot be read.
pub(crate) fn unreadable(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_request", detail)
}

/// What the web framework would not read: a body that is too large or does not fit, a query or a path likewise.
pub(crate) fn rejected(status: StatusCode, framework_text: &str) -> Problem {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        let text = format!("the body is larger than {} KiB", crate::limits::API_BODY_BYTES_MAX / 1024);
        return Problem::new(status, "body_too_large", text);
    }
    const OURS: [(&str, &str); 5] = [
        ("Failed to parse the request body as JSON: ", "the body is not JSON: "),
        ("Failed to deserialize the JSON body into the target type: ", "the body does not fit: "),
        ("Failed to deserialize query string: ", "the query does not fit: "),
        ("Failed to deserialize form body: ", "the form does not fit: "),
        (
            "Expected request with `Content-Type: application/json`",
            "the body must come with `content-type: application/json`",
        ),
    ];
    let ours = OURS.iter().find_map(|(theirs, ours)| Some(format!("{ours}{}", framework_text.strip_prefix(theirs)?)));
    unreadable(ours.unwrap_or_else(|| "the request cannot be read".to_owned()))
}

pub(crate) async fn no_such_path(request: Request) -> Problem {
    let path: String = request.uri().path().chars().filter(|c| !c.is_control()).take(100).collect();
    Problem::new(StatusCode::NOT_FOUND, "not_found", format!("writ has no `{path}`"))
        .next("the API is described at /openapi.json")
}

pub(crate) async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path does not take that method")
        .next("the API is described at /openapi.json")
}

/// A form that another site sent.
pub(crate) fn cross_site() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "cross_site", "this form came from another site, or from no browser")
        .next("open the page on this server and try again")
}
