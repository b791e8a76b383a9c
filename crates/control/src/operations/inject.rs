//! Requests that get a stored secret on their way: a session sends them through writ, the service sees the secret, the
//! session never does.
//!
//! The first request of a session to a target is a credential like any other: decided and recorded. Further ones go by the
//! same credential while it is alive, as far as this node knows; a session that is over cuts what runs.

use std::sync::Arc;

use axum::body::Body;
use brokers::Injection;
use brokers::broker::BrokerError;
use domain::{BrokerKind, Name, Scope, SessionId, Time};
use gateway::{Relay, RelayError};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode};

use super::credential::{self, Ask};
use crate::error::Error;
use crate::plane::{Asker, ControlPlane};

mod scrub;

use scrub::Scrubbed;

/// A request to a service that gets its secret on the way.
#[derive(Debug)]
pub struct Injected {
    /// Which broker.
    pub broker: Name,
    /// Which of its targets.
    pub target: Name,
    /// Path and query at the service, below the target's base address.
    pub path: PathAndQuery,
    /// Method and headers; its address says nothing any more.
    pub head: Parts,
    /// The body.
    pub body: Body,
}

/// Forwards a request with the target's secret in it. What comes back has the secret in none of its headers, and in no
/// text.
///
/// # Errors
/// When the session is over, the target is not granted, or the grant does not cover method and path. When the service is
/// away, or answers in an encoding in which the secret could not be seen.
pub async fn inject(
    plane: &Arc<ControlPlane>,
    relay: &Relay,
    asker: Asker,
    session: SessionId,
    injected: Injected,
) -> Result<Response<Body>, Error> {
    let Injected { broker: name, target, path, head, body } = injected;
    check_kind(plane, &name)?;
    let scope = authority(plane, asker, session, &name, &target).await?;
    let broker = plane.vending.broker(plane, &name).await?;
    let none = || Error::invalid(format!("broker `{name}` has no target `{target}`"));
    let injection = broker.injection(&target).ok_or_else(none)?;
    injection.allows(&scope, &head.method, path.path()).map_err(not_granted)?;
    let request = request(injection, head, &path, body)?;
    let (method, over) = (request.method().clone(), plane.view.over(session));
    let answer = relay.send(request, over).await.map_err(|error| failed(&name, &target, &error))?;
    returned(&name, &target, &method, injection, answer)
}

/// Nothing is said of a broker that is not there: the decision speaks first.
fn check_kind(plane: &ControlPlane, name: &Name) -> Result<(), Error> {
    let kind = plane.view.read(|state| state.brokers.get(name).map(|broker| broker.kind));
    match kind {
        Some(kind) if kind != BrokerKind::Static => Err(Error::invalid(format!(
            "credentials of a {kind} broker are not injected: ask for one with `writ credential get {name}/TARGET`"
        ))),
        _ => Ok(()),
    }
}

/// What the session may have injected: by the credential that it has, or by one that it gets now.
async fn authority(
    plane: &Arc<ControlPlane>,
    asker: Asker,
    session: SessionId,
    broker: &Name,
    target: &Name,
) -> Result<Scope, Error> {
    if let Some(scope) = alive(plane, session, broker, target)? {
        return Ok(scope);
    }
    // Many begin at the same time: one entry is enough.
    let _alone = plane.vending.injecting.lock().await;
    if let Some(scope) = alive(plane, session, broker, target)? {
        return Ok(scope);
    }
    let ask = Ask { broker: broker.to_string(), target: target.to_string(), ..Ask::default() };
    credential::obtain(plane, asker, session, ask).await.map(|vended| vended.scope)
}

fn alive(plane: &ControlPlane, session: SessionId, broker: &Name, target: &Name) -> Result<Option<Scope>, Error> {
    let now: Time = plane.clock.now();
    let found = plane.view.read(|state| {
        state.unexpired_session(session, now)?;
        let of_session = state.session_credentials.get(&session).into_iter().flatten();
        let mut credentials = of_session.filter_map(|id| state.credentials.get(id));
        let alive = credentials.find(|one| {
            one.broker == *broker && one.target == *target && one.is_issued && one.due.is_none() && one.expires_at > now
        });
        Ok::<_, domain::Refusal>(alive.map(|one| one.scope.clone()))
    });
    Ok(found?)
}

fn not_granted(error: BrokerError) -> Error {
    Error::Forbidden {
        text: error.text,
        next: Some("see what is granted with `writ credential granted`, or ask an administrator".to_owned()),
    }
}

fn request(injection: &Injection, head: Parts, path: &PathAndQuery, body: Body) -> Result<Request<Body>, Error> {
    let mut headers = head.headers;
    Relay::keep_private(&mut headers);
    injection.set_on(&mut headers);
    let mut request = Request::new(body);
    *request.method_mut() = head.method;
    *request.uri_mut() = injection.url(path).map_err(|_| Error::invalid("the path cannot be forwarded"))?;
    *request.headers_mut() = headers;
    Ok(request)
}

fn failed(broker: &Name, target: &Name, error: &RelayError) -> Error {
    let text = format!("target `{target}`: {error}");
    match error {
        RelayError::TooLarge => Error::invalid(text),
        RelayError::SessionOver => Error::Unauthenticated("the session is over: start a new one with `writ run`"),
        _ => Error::Target { broker: broker.to_string(), text, may_pass: true, retry_after: None },
    }
}

/// The service's answer, as the session gets it.
fn returned(
    broker: &Name,
    target: &Name,
    method: &Method,
    injection: &Injection,
    answer: Response<gateway::Body>,
) -> Result<Response<Body>, Error> {
    let (mut head, body) = answer.into_parts();
    clean(&mut head.headers, injection);
    let has_body =
        *method != Method::HEAD && head.status != StatusCode::NO_CONTENT && head.status != StatusCode::NOT_MODIFIED;
    if !has_body || !is_text(&head.headers) {
        return Ok(Response::from_parts(head, Body::new(body)));
    }
    if is_encoded(&head.headers) {
        let text = format!(
            "target `{target}`: it answered in a content encoding although none was asked for, so nobody can see whether its secret is in there"
        );
        return Err(Error::Target { broker: broker.to_string(), text, may_pass: false, retry_after: None });
    }
    // What is replaced has another length.
    head.headers.remove(CONTENT_LENGTH);
    let scrubbed = Scrubbed::new(body, injection.withheld().clone());
    Ok(Response::from_parts(head, Body::new(scrubbed)))
}

/// A cookie would be a credential of its own, without writ; a header with the secret is one whole leak.
fn clean(headers: &mut HeaderMap, injection: &Injection) {
    headers.remove(SET_COOKIE);
    let leaks = |(name, value): (&HeaderName, &http::HeaderValue)| {
        injection.withheld().is_in(value.as_bytes()).then(|| name.clone())
    };
    let leaking: Vec<HeaderName> = headers.iter().filter_map(leaks).collect();
    for name in leaking {
        tracing::warn!(header = %name, "a service echoed its secret in a header: the header was removed");
        headers.remove(name);
    }
}

/// What people and programs read as text (RFC 6838 names, and the suffixes of RFC 6839).
fn is_text(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return true };
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let named = ["application/json", "application/xml", "application/javascript", "application/x-www-form-urlencoded"];
    let suffixes = ["+json", "+xml", "json-seq", "x-ndjson", "jsonl", "yaml", "graphql"];
    kind.starts_with("text/") || named.contains(&kind.as_str()) || suffixes.iter().any(|suffix| kind.ends_with(suffix))
}

fn is_encoded(headers: &HeaderMap) -> bool {
    let codings = headers.get_all(CONTENT_ENCODING).iter().map(|value| value.as_bytes().trim_ascii());
    codings.into_iter().any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"))
}
