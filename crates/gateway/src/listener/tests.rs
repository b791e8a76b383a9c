#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use super::*;

use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::testing::*;
use crate::{Config, Upstream};

const CERTIFICATE: &[u8] = include_bytes!("../../fixtures/tls/localhost.cert.der");
const KEY_DER: &[u8] = include_bytes!("../../fixtures/tls/localhost.key.der");

fn server_tls() -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let certificates = vec![CertificateDer::from(CERTIFICATE)];
    let key = PrivateKeyDer::try_from(KEY_DER).unwrap();
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_no_client_auth().with_single_cert(certificates, key).unwrap())
}

fn client_tls() -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from(CERTIFICATE)).unwrap();
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    builder.with_root_certificates(roots).with_no_client_auth()
}

/// A service that says which protocol it was asked in.
async fn echo(request: Request<Incoming>, _: PeerAddr) -> Response<Body> {
    let mut response = Response::new(crate::body::full(format!(r#"{{"protocol":"{:?}"}}"#, request.version())));
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
    response
}

async fn tls_listener() -> (SocketAddr, CancellationToken) {
    let address = (std::net::Ipv4Addr::LOCALHOST, 0).into();
    let listener = Listener::bind(address, Some(server_tls()), ListenerLimits::default()).await.unwrap();
    let (address, shutdown) = (listener.local_addr(), CancellationToken::new());
    tokio::spawn(listener.serve(echo, shutdown.clone()));
    (address, shutdown)
}

#[tokio::test]
async fn tls_offers_both_versions_of_http() {
    let (address, _shutdown) = tls_listener().await;
    for http2 in [false, true] {
        let builder = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(client_tls()).https_only();
        let https = if http2 { builder.enable_http2().build() } else { builder.enable_http1().build() };
        let client: Client<_, Empty<bytes::Bytes>> =
            Client::builder(TokioExecutor::new()).http2_only(http2).build(https);
        let uri = format!("https://{address}/").parse().unwrap();
        let response = within("an answer", client.get(uri)).await.unwrap();
        let text = response.into_body().collect().await.unwrap().to_bytes();
        let expected = if http2 { "HTTP/2.0" } else { "HTTP/1.1" };
        assert!(String::from_utf8_lossy(&text).contains(expected));
    }
}

#[tokio::test]
async fn an_upstream_behind_tls_is_spoken_to_in_http2() {
    let (address, _shutdown) = tls_listener().await;
    let base_url = format!("https://localhost:{}", address.port()).parse().unwrap();
    let credential = crate::Credential::bearer("t").unwrap();
    let mut config = Config::new(vec![Upstream { name: "tls".to_owned(), base_url, credential }]);
    config.tls = Some(client_tls());
    let stage = Stage::with(config, ListenerLimits::default()).await;
    let response = stage.send(stage.message("hello", false)).await;
    assert_eq!(response.status(), 200);
    assert_eq!(json(response).await["protocol"], "HTTP/2.0");
    stage.authority.settlement().await;
}

#[tokio::test]
async fn an_upstream_that_nobody_vouches_for_is_not_spoken_to() {
    let (address, _shutdown) = tls_listener().await;
    let stage = Stage::before(&format!("https://localhost:{}", address.port())).await;
    let response = stage.send(stage.message("hello", false)).await;
    assert_eq!(response.status(), 502);
    assert_eq!(stage.authority.settlement().await.cost, domain::Usd::ZERO);
}

#[tokio::test]
async fn a_connection_that_is_idle_is_closed() {
    let limits = ListenerLimits { keep_alive_max: Duration::from_millis(50), ..ListenerLimits::default() };
    let stage = Stage::with(Config::new(vec![upstream("main", &nobody().await)]), limits).await;
    let answer = read_to_end(stage.raw("GET /api/hello HTTP/1.1\r\nhost: writ\r\n\r\n").await).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_handshake_that_is_no_handshake_ends() {
    let (address, _shutdown) = tls_listener().await;
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    read_to_end(stream).await;
}
