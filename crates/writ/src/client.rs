//! The client of writ's HTTP API: one request at a time, bounded in time and size, on the runtime of the caller.

mod address;
mod download;
mod error;
mod events;

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use zeroize::Zeroizing;

pub(crate) use address::{Address, escape, is_loopback};
pub(crate) use download::Download;
pub(crate) use error::{ClientError, Problem};

use crate::command_error::CommandError;
use crate::limits::{ANSWER_BYTES_MAX, REQUEST_TIMEOUT};

type Http = hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// A client of one control plane, with or without a bearer.
#[derive(Clone)]
pub(crate) struct Client {
    address: Address,
    bearer: Option<String>,
    http: Http,
}

impl Client {
    /// A client without a bearer.
    ///
    /// # Errors
    /// When the address needs TLS and this machine has no trusted certificates.
    pub(crate) fn new(address: Address) -> Result<Self, CommandError> {
        let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(connector(&address)?);
        Ok(Self { address, bearer: None, http })
    }

    /// The same client with a bearer.
    #[must_use]
    pub(crate) fn with_bearer(mut self, bearer: &str) -> Self {
        self.bearer = Some(bearer.to_owned());
        self
    }

    /// The control plane it speaks to.
    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    /// Reads.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.json(Method::GET, path, None).await
    }

    /// Reads something that is not JSON.
    pub(crate) async fn get_text(&self, path: &str) -> Result<String, ClientError> {
        let answer = self.send(Method::GET, path, None).await?;
        String::from_utf8(answer.into()).map_err(|_| ClientError::Strange(format!("the answer to `{path}` is no text")))
    }

    /// Does something.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, ClientError> {
        self.json(Method::POST, path, Some(encode(body)?)).await
    }

    /// Does something whose answer holds a secret: the text as it came, wiped when it is gone.
    pub(crate) async fn post_for_text(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
        within: Duration,
    ) -> Result<Zeroizing<String>, ClientError> {
        let answer = self.send_within(Method::POST, path, Some(encode(body)?), within).await?;
        let text = std::str::from_utf8(&answer).map(|text| Zeroizing::new(text.to_owned()));
        text.map_err(|_| ClientError::Strange(format!("the answer to `{path}` is no text")))
    }

    /// Reads what may take a while.
    pub(crate) async fn get_within<T: DeserializeOwned>(&self, path: &str, within: Duration) -> Result<T, ClientError> {
        self.read(path, &self.send_within(Method::GET, path, None, within).await?)
    }

    /// Does something that may take a while.
    pub(crate) async fn post_within<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
        within: Duration,
    ) -> Result<T, ClientError> {
        self.read(path, &self.send_within(Method::POST, path, Some(encode(body)?), within).await?)
    }

    /// Does something; the answer's content does not matter.
    pub(crate) async fn post_quietly(&self, path: &str, body: &(impl Serialize + Sync)) -> Result<(), ClientError> {
        self.send(Method::POST, path, Some(encode(body)?)).await.map(drop)
    }

    /// Puts something in a place.
    pub(crate) async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, ClientError> {
        self.json(Method::PUT, path, Some(encode(body)?)).await
    }

    /// Takes something away; the answer's content does not matter.
    pub(crate) async fn delete(&self, path: &str) -> Result<(), ClientError> {
        self.send(Method::DELETE, path, None).await.map(drop)
    }

    async fn json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
    ) -> Result<T, ClientError> {
        let answer = self.send(method, path, body).await?;
        self.read(path, &answer)
    }

    fn read<T: DeserializeOwned>(&self, path: &str, answer: &[u8]) -> Result<T, ClientError> {
        serde_json::from_slice(answer).map_err(|error| {
            ClientError::Strange(format!(
                "the answer of {} to `{path}` does not fit this version: {error}",
                self.address
            ))
        })
    }

    async fn send(&self, method: Method, path: &str, body: Option<Bytes>) -> Result<Bytes, ClientError> {
        self.send_within(method, path, body, REQUEST_TIMEOUT).await
    }

    async fn send_within(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
        within: Duration,
    ) -> Result<Bytes, ClientError> {
        let request = self.request(method, path, body)?;
        match tokio::time::timeout(within, self.exchange(request)).await {
            Ok(result) => result,
            Err(_) => {
                Err(ClientError::Unreachable(format!("{} did not answer within {} s", self.address, within.as_secs())))
            }
        }
    }

    fn request(&self, method: Method, path: &str, body: Option<Bytes>) -> Result<Request<Full<Bytes>>, ClientError> {
        let mut request = Request::builder()
            .method(method)
            .uri(self.address.join(path))
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("writ/", env!("CARGO_PKG_VERSION")));
        if let Some(bearer) = &self.bearer {
            request = request.header(AUTHORIZATION, format!("Bearer {bearer}"));
        }
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        request
            .body(Full::new(body.unwrap_or_default()))
            .map_err(|error| ClientError::Strange(format!("cannot make a request for `{path}`: {error}")))
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Bytes, ClientError> {
        let unreachable = |error: &dyn std::error::Error| {
            ClientError::Unreachable(format!("cannot reach {}{}", self.address, error::causes(error)))
        };
        let response = self.http.request(request).await.map_err(|error| unreachable(&error))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX)
            .collect()
            .await
            .map_err(|error| unreachable(error.as_ref()))?
            .to_bytes();
        if head.status.is_success() { Ok(body) } else { Err(refused(head.status, &body)) }
    }
}

fn refused(status: StatusCode, body: &[u8]) -> ClientError {
    let problem = serde_json::from_slice(body).unwrap_or_else(|_| Problem::unexplained(status));
    ClientError::Refused(Box::new(Problem { status: status.as_u16(), ..problem }))
}

fn encode(body: &impl Serialize) -> Result<Bytes, ClientError> {
    serde_json::to_vec(body)
        .map(Bytes::from)
        .map_err(|error| ClientError::Strange(format!("cannot write the request: {error}")))
}

/// TLS with the certificates this machine trusts; plain http never leaves the machine ([`Address`] sees to that).
fn connector(address: &Address) -> Result<HttpsConnector<HttpConnector>, CommandError> {
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    if !address.is_https() {
        return plain_connector(provider);
    }
    let builder = hyper_rustls::HttpsConnectorBuilder::new().with_provider_and_native_roots(provider);
    let builder = builder.map_err(|error| {
        CommandError::failed("cannot read the certificates that this machine trusts")
            .because(&error)
            .hinted("install your system's ca-certificates, or name a file in SSL_CERT_FILE")
    })?;
    Ok(builder.https_only().enable_http1().enable_http2().build())
}

/// Without reading certificates, which takes milliseconds and may fail where none are installed.
fn plain_connector(provider: rustls::crypto::CryptoProvider) -> Result<HttpsConnector<HttpConnector>, CommandError> {
    let tls = rustls::ClientConfig::builder_with_provider(std::sync::Arc::new(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| CommandError::failed("cannot set up the http client").because(&error))?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Ok(hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build())
}

/// An empty JSON object, for requests that say nothing.
pub(crate) fn nothing() -> Value {
    Value::Object(serde_json::Map::new())
}

#[cfg(test)]
pub(crate) mod tests;
