//! Forwards a request of another room's to a service and its answer back. Bodies are streamed, bounded in bytes and in
//! silence, in both directions; redirects are answers; a session that is over cuts what runs.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, Version, header};
use http_body::{Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use rustls::ClientConfig;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::body::{Body, BodyError, Cut};
use crate::connector::{self, Connector};
use crate::forward::chain;
use crate::outbound::{Outbound, OutboundError};
use crate::{headers, limits};

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Upload = UnsyncBoxBody<Bytes, BoxError>;

/// The client. Clones share its connections.
#[derive(Clone)]
pub struct Relay {
    client: Client<Connector, Upload>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The address is not one that writ sends to.
    #[error("the address {0}")]
    Address(&'static str),
    /// No connection came about.
    #[error("cannot connect: {0}")]
    Unreachable(String),
    /// The connection broke, or the request's body did.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// No head of an answer in time.
    #[error("no answer within {} s", .0.as_secs())]
    Silent(Duration),
    /// The request's body is larger than [`limits::RELAY_UPLOAD_BYTES_MAX`].
    #[error("the body is larger than {} MiB", limits::RELAY_UPLOAD_BYTES_MAX >> 20)]
    TooLarge,
    /// The session is over.
    #[error("the session is over")]
    SessionOver,
}

/// An answer's body on its way back.
struct Download {
    /// None once it has ended.
    service: Option<Incoming>,
    over: Pin<Box<WaitForCancellationFutureOwned>>,
    silence: Pin<Box<Sleep>>,
    left: usize,
}

// === impl Relay ===

impl Relay {
    /// A client that trusts the machine's root certificates and the bundled ones, or what `tls` says.
    ///
    /// # Errors
    /// [`OutboundError::Tls`].
    pub fn new(tls: Option<ClientConfig>) -> Result<Self, OutboundError> {
        let client = connector::client(tls).map_err(|error| OutboundError::Tls(error.to_string()))?;
        Ok(Self { client })
    }

    /// Takes from a request's headers what is about the session and its credentials, and nobody else's business; and asks
    /// for an answer that can be read.
    pub fn keep_private(headers: &mut HeaderMap) {
        headers::for_upstream(headers);
        headers.remove(header::COOKIE);
    }

    /// Sends a request with an absolute address. What is about one connection only passes in neither direction.
    ///
    /// # Errors
    /// A [`RelayError`] when no head of an answer came; `over` ends the wait too.
    pub async fn send<B>(&self, request: Request<B>, over: CancellationToken) -> Result<Response<Body>, RelayError>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Outbound::check(request.uri()).map_err(|error| match error {
            OutboundError::Address(what) => RelayError::Address(what),
            other => RelayError::Unreachable(other.to_string()),
        })?;
        let request = outgoing(request);
        let answered = tokio::select! {
            biased;
            () = over.cancelled() => return Err(RelayError::SessionOver),
            answered = tokio::time::timeout(limits::RELAY_HEAD_MAX, self.client.request(request)) => answered,
        };
        let answer = answered.map_err(|_| RelayError::Silent(limits::RELAY_HEAD_MAX))?.map_err(failed)?;
        Ok(incoming(answer, over))
    }
}

fn outgoing<B>(request: Request<B>) -> Request<Upload>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let (mut head, body) = request.into_parts();
    headers::for_connection(&mut head.headers);
    // Set again from the body that is really sent.
    head.headers.remove(header::CONTENT_LENGTH);
    head.version = Version::HTTP_11;
    head.extensions.clear();
    let body = Limited::new(body, limits::RELAY_UPLOAD_BYTES_MAX).boxed_unsync();
    Request::from_parts(head, body)
}

fn failed(error: hyper_util::client::legacy::Error) -> RelayError {
    let causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
    let is_too_large = causes.take(8).any(|cause| cause.is::<http_body_util::LengthLimitError>());
    match (is_too_large, error.is_connect()) {
        (true, _) => RelayError::TooLarge,
        (false, true) => RelayError::Unreachable(chain(&error)),
        (false, false) => RelayError::Broken(chain(&error)),
    }
}

fn incoming(answer: Response<Incoming>, over: CancellationToken) -> Response<Body> {
    let (head, body) = answer.into_parts();
    let download = Download {
        service: Some(body),
        over: Box::pin(over.clone().cancelled_owned()),
        silence: Box::pin(tokio::time::sleep(limits::STREAM_IDLE_MAX)),
        left: limits::RELAY_DOWNLOAD_BYTES_MAX,
    };
    let mut response = Response::new(download.boxed_unsync());
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers;
    headers::for_connection(response.headers_mut());
    response.extensions_mut().insert(Cut(over));
    response
}

// === impl Download ===

impl Download {
    fn stop(&mut self, error: BodyError) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.service = None;
        Poll::Ready(Some(Err(error)))
    }
}

impl http_body::Body for Download {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let Some(service) = &mut this.service else { return Poll::Ready(None) };
        if this.over.as_mut().poll(cx).is_ready() {
            return this.stop(BodyError::SessionOver);
        }
        match Pin::new(service).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                if bytes > this.left {
                    return this.stop(BodyError::TooLarge);
                }
                this.left -= bytes;
                this.silence.as_mut().reset(Instant::now() + limits::STREAM_IDLE_MAX);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => this.stop(BodyError::UpstreamCut(error)),
            Poll::Ready(None) => {
                this.service = None;
                Poll::Ready(None)
            }
            Poll::Pending if this.silence.as_mut().poll(cx).is_ready() => this.stop(BodyError::UpstreamSilent),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.service.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.service.as_ref().map_or_else(|| SizeHint::with_exact(0), Incoming::size_hint)
    }
}

#[cfg(test)]
mod tests;
