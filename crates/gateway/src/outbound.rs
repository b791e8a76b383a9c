//! A small client for what writ sends on its own account: webhooks, telemetry, and what is asked of other services.
//! One whole request, one whole bounded answer, within a bounded time. Redirects are answers, never followed.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_util::client::legacy::Client;
use rustls::ClientConfig;

use crate::config::check_address;
use crate::connector::{self, Connector};
use crate::forward::chain;
use crate::limits;

/// The client. Clones share its connections.
#[derive(Clone)]
pub struct Outbound {
    client: Client<Connector, Full<Bytes>>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The address is not one that writ sends to; nothing was sent.
    #[error("the address {0}")]
    Address(&'static str),
    /// No TLS configuration can be made.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    /// No connection came about: the other side never heard of the request.
    #[error("cannot connect: {0}")]
    Unreachable(String),
    /// The connection broke: the other side may have acted on the request.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// No whole answer in time: the other side may have acted on the request.
    #[error("no whole answer within {} ms", .0.as_millis())]
    Silent(Duration),
    /// The answer is larger than [`limits::OUTBOUND_ANSWER_BYTES_MAX`].
    #[error("the answer is larger than {} bytes", limits::OUTBOUND_ANSWER_BYTES_MAX)]
    TooLarge,
}

impl Outbound {
    /// A client that trusts the machine's root certificates and the bundled ones, or what `tls` says.
    ///
    /// # Errors
    /// [`OutboundError::Tls`].
    pub fn new(tls: Option<ClientConfig>) -> Result<Self, OutboundError> {
        let client = connector::client(tls).map_err(|error| OutboundError::Tls(error.to_string()))?;
        Ok(Self { client })
    }

    /// Whether this is an address that is sent to: `https`, or plain `http` on loopback, without a user or a password.
    ///
    /// # Errors
    /// [`OutboundError::Address`] with what is wrong.
    pub fn check(url: &Uri) -> Result<(), OutboundError> {
        check_address(url).map_err(OutboundError::Address)
    }

    /// Posts a body; the answer's head and whole body, whatever its status.
    ///
    /// # Errors
    /// An [`OutboundError`] when there is no whole answer `within` that time.
    pub async fn post(
        &self,
        url: &Uri,
        headers: HeaderMap,
        body: Bytes,
        within: Duration,
    ) -> Result<Response<Bytes>, OutboundError> {
        self.send(Method::POST, url, headers, body, within).await
    }

    /// Gets what is there; the answer's head and whole body, whatever its status.
    ///
    /// # Errors
    /// An [`OutboundError`] when there is no whole answer `within` that time.
    pub async fn get(&self, url: &Uri, headers: HeaderMap, within: Duration) -> Result<Response<Bytes>, OutboundError> {
        self.send(Method::GET, url, headers, Bytes::new(), within).await
    }

    /// Sends any request; the answer's head and whole body, whatever its status.
    ///
    /// # Errors
    /// An [`OutboundError`] when there is no whole answer `within` that time.
    pub async fn send(
        &self,
        method: Method,
        url: &Uri,
        headers: HeaderMap,
        body: Bytes,
        within: Duration,
    ) -> Result<Response<Bytes>, OutboundError> {
        Self::check(url)?;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = url.clone();
        *request.headers_mut() = headers;
        let answer = tokio::time::timeout(within, self.exchange(request)).await;
        answer.unwrap_or(Err(OutboundError::Silent(within)))
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, OutboundError> {
        let failed = |error: hyper_util::client::legacy::Error| match error.is_connect() {
            true => OutboundError::Unreachable(chain(&error)),
            false => OutboundError::Broken(chain(&error)),
        };
        let (head, body) = self.client.request(request).await.map_err(failed)?.into_parts();
        let body = Limited::new(body, limits::OUTBOUND_ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| match error.is::<LengthLimitError>() {
            true => OutboundError::TooLarge,
            false => OutboundError::Broken(chain(&*error)),
        })?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }
}

#[cfg(test)]
mod tests;
