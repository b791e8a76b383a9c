//! Connections to upstreams: TCP, TLS with HTTP/2 or HTTP/1.1 by ALPN, plain HTTP where the configuration allows it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tower::Service;

use crate::config::ConfigError;
use crate::limits;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Connects within a bounded time, the name's resolution and the TLS handshake included.
#[derive(Clone)]
pub(crate) struct Connector {
    https: HttpsConnector<HttpConnector>,
    within: Duration,
}

impl Connector {
    /// # Errors
    /// [`ConfigError::Tls`] if no TLS configuration can be made.
    pub(crate) fn new(tls: Option<ClientConfig>, within: Duration) -> Result<Self, ConfigError> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(Duration::from_secs(30)));
        let mut tls = tls.map_or_else(client_tls, Ok)?;
        tls.alpn_protocols.clear(); // set by the builder for the versions enabled
        let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_all_versions();
        Ok(Self { https: https.wrap_connector(tcp), within })
    }
}

/// A client over such connections, for what goes out on writ's own account or on that of a session: bounded pool, heads and
/// headers.
///
/// # Errors
/// [`ConfigError::Tls`] if no TLS configuration can be made.
pub(crate) fn client<B>(tls: Option<ClientConfig>) -> Result<Client<Connector, B>, ConfigError>
where
    B: http_body::Body + Send,
    B::Data: Send,
{
    let connector = Connector::new(tls, limits::CONNECT_MAX)?;
    Ok(Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(limits::POOL_IDLE_MAX)
        .pool_max_idle_per_host(limits::OUTBOUND_IDLE_CONNECTIONS_MAX)
        .http1_max_buf_size(limits::HEAD_BYTES_MAX)
        .http1_max_headers(limits::HEADERS_MAX)
        .http2_max_header_list_size(limits::HEAD_BYTES_MAX as u32)
        .build(connector))
}

/// How others are trusted by default: the machine's own roots (companies add theirs there) and the bundled ones (slim
/// containers have none).
///
/// # Errors
/// [`ConfigError::Tls`] if no TLS configuration can be made.
pub fn client_tls() -> Result<ClientConfig, ConfigError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| ConfigError::Tls(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.https.call(uri);
        let within = self.within;
        Box::pin(async move { tokio::time::timeout(within, connecting).await? })
    }
}
