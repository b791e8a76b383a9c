//! The git server behind the proxy.

use std::time::Duration;

use bytes::Bytes;
use gateway::{Body, Outbound};
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue,
    USER_AGENT,
};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::credential::{Credential, Source};
use super::limits::{ADVERTISEMENT_BYTES_MAX, ANSWER_MAX, ASK_BYTES_MAX};
use super::route::Asks;
use super::stream::{Sent, Watched, passing};
use crate::cli::GitProxy;
use crate::command_error::CommandError;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Upload = UnsyncBoxBody<Bytes, BoxError>;

/// Says which version of git's protocol is spoken: gitprotocol-v2(5), "HTTP Transport".
const GIT_PROTOCOL: HeaderName = HeaderName::from_static("git-protocol");

/// The server, and the credential that it takes.
pub(super) struct Upstream {
    /// Scheme and authority, and a path before those of repositories.
    base: String,
    host: String,
    credential: Credential,
    client: Client<HttpsConnector<HttpConnector>, Upload>,
}

/// Why the server's answer is of no use: a sentence without its words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Failed(pub(super) String);

// === impl Upstream ===

impl Upstream {
    /// The server that the command line names.
    ///
    /// # Errors
    /// The address is none that credentials are sent to, or TLS cannot be set up.
    pub(super) fn new(arguments: &GitProxy) -> Result<Self, CommandError> {
        let wrong =
            |error: &dyn std::error::Error| CommandError::usage(format!("`{}`", arguments.upstream)).because(error);
        let uri: Uri = arguments.upstream.parse().map_err(|error| wrong(&error))?;
        Outbound::check(&uri).map_err(|error| wrong(&error))?;
        let host = uri.host().unwrap_or_default().to_owned();
        let tls = gateway::client_tls().map_err(|error| CommandError::failed("the http client").because(&error))?;
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(gateway::limits::CONNECT_MAX));
        // Version 1.1 only: the server's stream of a fetch is the whole connection then.
        let connector = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .build(connector.wrap_connector(tcp));
        let source = match (&arguments.credential_file, &arguments.credential_command) {
            (Some(path), _) => Source::File(path.clone()),
            (None, Some(command)) => Source::Command(command.clone()),
            (None, None) => Source::None,
        };
        let credential = Credential::new(source, arguments.username.clone());
        Ok(Self { base: arguments.upstream.trim_end_matches('/').to_owned(), host, credential, client })
    }

    /// Its host.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// The address of a repository.
    pub(super) fn url(&self, asks: &Asks) -> String {
        format!("{}/{}", self.base, asks.path)
    }

    /// The credential, as a header.
    ///
    /// # Errors
    /// It cannot be had.
    pub(super) async fn authorization(&self) -> Result<Option<zeroize::Zeroizing<String>>, Failed> {
        self.credential.header().await
    }

    /// Sends a fetch on, and its answer back, as they come.
    ///
    /// # Errors
    /// There is no answer that can be used.
    pub(super) async fn pass(&self, asks: &Asks, request: Request<Incoming>) -> Result<Response<Body>, Failed> {
        let (head, body) = request.into_parts();
        let query = head.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let place = if head.method == Method::GET { "info/refs" } else { asks.service.as_str() };
        let mut headers = HeaderMap::new();
        for name in [ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, CONTENT_ENCODING, GIT_PROTOCOL, USER_AGENT] {
            if let Some(value) = head.headers.get(&name) {
                headers.insert(name, value.clone());
            }
        }
        let body = Watched::new(Limited::new(body, ASK_BYTES_MAX)).boxed_unsync();
        let answer = self.send(head.method, &format!("{}/{place}{query}", self.url(asks)), headers, body).await?;
        Ok(returned(answer))
    }

    /// The refs of the server, for a push.
    ///
    /// # Errors
    /// There is no answer that can be used.
    pub(super) async fn advertisement(&self, asks: &Asks) -> Result<Bytes, Failed> {
        let url = format!("{}/info/refs?service={}", self.url(asks), asks.service.as_str());
        let empty = Empty::new().map_err(|never| match never {}).boxed_unsync();
        let answer = self.send(Method::GET, &url, HeaderMap::new(), empty).await?;
        if answer.status() != StatusCode::OK {
            return Err(Failed(format!("the git server answers {} for this repository", answer.status())));
        }
        let body = Limited::new(Watched::new(answer.into_body()), ADVERTISEMENT_BYTES_MAX).collect().await;
        Ok(body.map_err(|_| Failed("the git server's list of refs broke off, or is too long".to_owned()))?.to_bytes())
    }

    /// Sends a push on.
    ///
    /// # Errors
    /// There is no answer that can be used; whether the push arrived is not known then.
    pub(super) async fn push(&self, asks: &Asks, body: Sent) -> Result<Response<Body>, Failed> {
        let url = format!("{}/{}", self.url(asks), asks.service.as_str());
        let kind = |text: &'static str| HeaderValue::from_static(text);
        let headers = HeaderMap::from_iter([
            (CONTENT_TYPE, kind("application/x-git-receive-pack-request")),
            (ACCEPT, kind("application/x-git-receive-pack-result")),
        ]);
        let answer = self.send(Method::POST, &url, headers, body.boxed_unsync()).await?;
        Ok(returned(answer))
    }

    async fn send(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        body: Upload,
    ) -> Result<Response<Incoming>, Failed> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = url.parse().map_err(|_| Failed("the address of the repository is none".to_owned()))?;
        *request.headers_mut() = headers;
        request.headers_mut().entry(USER_AGENT).or_insert(HeaderValue::from_static("git/writ"));
        if let Some(value) = self.credential.header().await? {
            let mut value =
                HeaderValue::from_str(&value).map_err(|_| Failed("the proxy's credential is none".to_owned()))?;
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        let answer = tokio::time::timeout(ANSWER_MAX, self.client.request(request)).await;
        let answer =
            answer.map_err(|_| Failed(format!("the git server did not answer within {} s", ANSWER_MAX.as_secs())))?;
        let answer = answer.map_err(|error| {
            tracing::warn!(%error, "the git server cannot be reached");
            Failed("the git server cannot be reached".to_owned())
        })?;
        match answer.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Failed(
                "the git server does not take the proxy's credential for this; tell whoever runs the proxy".to_owned(),
            )),
            status if status.is_redirection() => {
                Err(Failed("the repository has moved; tell whoever runs the proxy its new name".to_owned()))
            }
            _ => Ok(answer),
        }
    }
}

/// The answer, with the headers that git looks at.
fn returned(answer: Response<Incoming>) -> Response<Body> {
    let (head, body) = answer.into_parts();
    let mut response = Response::new(passing(body));
    *response.status_mut() = head.status;
    for name in [CONTENT_TYPE, CONTENT_ENCODING, CACHE_CONTROL] {
        if let Some(value) = head.headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}
