//! To the upstream and back as far as the answer's head, with failover until the first byte.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use domain::Time;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::time::timeout;

use crate::config::Key;
use crate::headers;
use crate::limits;
use crate::metrics::Metrics;
use crate::rejection::{self, Rejection};
use crate::upstreams::{Busy, Outgoing, Target, Upstreams};

/// Anthropic's status for an overloaded service.
const OVERLOADED: u16 = 529;

/// A request ready to go upstream.
pub(crate) struct Letter {
    method: Method,
    path: PathAndQuery,
    headers: HeaderMap,
    body: Bytes,
    sent: Arc<AtomicBool>,
}

/// An upstream's answer, of which only the head has been read.
pub(crate) struct Answer {
    pub(crate) response: Response<Incoming>,
    pub(crate) upstream: Arc<str>,
    pub(crate) busy: Busy,
}

/// No upstream answered.
pub(crate) struct Unanswered {
    /// The last one asked.
    pub(crate) upstream: Arc<str>,
    /// What the client is told.
    pub(crate) rejection: Rejection,
}

impl Letter {
    /// From a client's request: its own headers but for identity and connection.
    pub(crate) fn new(parts: &mut Parts, body: Bytes, sent: Arc<AtomicBool>) -> Self {
        let mut headers = std::mem::take(&mut parts.headers);
        headers::for_upstream(&mut headers);
        let path = parts.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        Self { method: parts.method.clone(), path, headers, body, sent }
    }

    /// The request for one upstream. For the last one to be made nothing is kept: its body's memory is free once sent.
    fn to(&mut self, target: &Target, key: &Key, is_last: bool) -> Result<Request<Outgoing>, http::Error> {
        let uri = target.uri(&self.path)?;
        let (headers, body) = if is_last {
            (std::mem::take(&mut self.headers), std::mem::take(&mut self.body))
        } else {
            (self.headers.clone(), self.body.clone())
        };
        let mut request = Request::new(Outgoing::new(body, Arc::clone(&self.sent)));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        key.set_on(request.headers_mut());
        Ok(request)
    }
}

/// Why one upstream gave no usable answer.
enum Failure {
    /// No connection came about: the upstream never heard of the request.
    Unreachable(Rejection),
    /// It may have begun to work: asking another one would be paid twice.
    Broken(Rejection),
    /// There is no key for it, or it takes none that there is.
    Keyless(Rejection),
}

/// Sends the letter to one upstream after the other until one answers. An overloaded or unreachable one is passed over
/// if another is left; the last one's answer stands, whatever it is.
///
/// # Errors
/// The refusal to show when none answered.
pub(crate) async fn forward(
    upstreams: &Upstreams,
    metrics: &Metrics,
    mut letter: Letter,
    now: Time,
    head_max: Duration,
) -> Result<Answer, Unanswered> {
    let mut targets = upstreams.in_order(now).peekable();
    while let Some(target) = targets.next() {
        let is_last = targets.peek().is_none();
        match attempt(target, &mut letter, is_last, head_max).await {
            Ok(answer) if is_last || answer.response.status().as_u16() != OVERLOADED => return Ok(answer),
            Ok(_) => letter.sent.store(false, Ordering::Release), // refused, so nothing of it is billed
            Err(Failure::Unreachable(_)) if !is_last => target.rest(now),
            Err(Failure::Keyless(_)) if !is_last => letter.sent.store(false, Ordering::Release),
            Err(Failure::Unreachable(rejection) | Failure::Broken(rejection) | Failure::Keyless(rejection)) => {
                return Err(Unanswered { upstream: Arc::clone(&target.name), rejection });
            }
        }
        metrics.failed_over();
        tracing::warn!(upstream = %target.name, "upstream overloaded, unreachable or without a key, asking the next one");
    }
    // A configuration without upstreams is not taken, so the loop has returned.
    Err(Unanswered { upstream: Arc::from("none"), rejection: rejection::upstream_unreachable("none") })
}

async fn attempt(target: &Target, letter: &mut Letter, is_last: bool, head_max: Duration) -> Result<Answer, Failure> {
    let Some((generation, key)) = target.credential.now() else {
        return Err(Failure::Keyless(rejection::upstream_keyless(&target.name)));
    };
    let Some(kept) = target.credential.renewed() else {
        return exchange(target, letter, &key, is_last, head_max).await;
    };
    let answer = exchange(target, letter, &key, false, head_max).await?;
    if answer.response.status() != StatusCode::UNAUTHORIZED {
        return Ok(answer);
    }
    // Refused before anything was done, so nothing of it is billed, and the client's own credential is not to blame.
    drop(answer);
    letter.sent.store(false, Ordering::Release);
    let refused = || Failure::Keyless(rejection::upstream_key_refused(&target.name));
    let key = kept.after(generation, limits::KEY_RENEWAL_MAX).await.ok_or_else(refused)?;
    let answer = exchange(target, letter, &key, is_last, head_max).await?;
    if answer.response.status() == StatusCode::UNAUTHORIZED {
        letter.sent.store(false, Ordering::Release);
        return Err(refused());
    }
    Ok(answer)
}

async fn exchange(
    target: &Target,
    letter: &mut Letter,
    key: &Key,
    is_last: bool,
    head_max: Duration,
) -> Result<Answer, Failure> {
    let name = &*target.name;
    let Ok(request) = letter.to(target, key, is_last) else {
        return Err(Failure::Broken(rejection::invalid("the request's path cannot be forwarded")));
    };
    let (client, busy) = target.pool();
    match timeout(head_max, client.request(request)).await {
        Ok(Ok(response)) => Ok(Answer { response, upstream: Arc::clone(&target.name), busy }),
        Ok(Err(error)) if error.is_connect() => {
            tracing::warn!(upstream = name, error = chain(&error), "upstream could not be reached");
            Err(Failure::Unreachable(rejection::upstream_unreachable(name)))
        }
        Ok(Err(error)) => {
            tracing::warn!(upstream = name, error = chain(&error), "upstream broke off before its answer");
            Err(Failure::Broken(rejection::upstream_broke(name)))
        }
        Err(_) => Err(Failure::Broken(rejection::upstream_silent(name, head_max))),
    }
}

/// An error with its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.take(8).fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
