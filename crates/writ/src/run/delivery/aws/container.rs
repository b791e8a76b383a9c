//! The container credential endpoint: HTTP on loopback, for who knows the word in a file that only this user can read.
//!
//! AWS SDKs and Tools Reference Guide, "Container credential provider": `AWS_CONTAINER_CREDENTIALS_FULL_URI` and
//! `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE`. The kernel does not say which process is at the other end of a TCP connection,
//! so here the word stands for the session; the process of [`super`] is the better way where a client takes it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::super::{Prepared, Site, Unprepared};
use crate::inside::{Credential, CredentialAsk, Grant};
use crate::output::moment;
use crate::run::vault::Vault;

/// Connections at a time: a client makes two for one command.
const CONNECTIONS_MAX: usize = 16;
/// Time for a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// Whole time of a connection: a client that waits for a slow target included.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(90);
/// Pause after the system gave no connection: not a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What every connection needs.
struct Endpoint {
    vault: Vault,
    ask: CredentialAsk,
    word: Zeroizing<String>,
}

/// Listens while the session lives, and tells the agent where.
pub(super) async fn serve(grant: &Grant, site: &Site<'_>, prepared: &mut Prepared) -> Result<(), Unprepared> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(cannot_listen)?;
    let port = listener.local_addr().map_err(cannot_listen)?.port();
    let word = Zeroizing::new(URL_SAFE_NO_PAD.encode(control::seam::random::<32>()));
    let file = site.subfolder("aws")?.join("container-token");
    site.write(&file, &word)?;
    prepared.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("http://127.0.0.1:{port}/{}", grant.name()));
    prepared.set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file);
    let endpoint = Arc::new(Endpoint { vault: site.vault.clone(), ask: grant.ask(), word });
    prepared.keep(accept(listener, endpoint));
    Ok(())
}

fn cannot_listen(error: std::io::Error) -> Unprepared {
    Unprepared(format!("cannot listen on loopback: {error}"))
}

async fn accept(listener: TcpListener, endpoint: Arc<Endpoint>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let endpoint = Arc::clone(&endpoint);
        tokio::spawn(async move {
            let _ = tokio::time::timeout(CONNECTION_TIMEOUT, speak(stream, endpoint)).await;
            drop(place);
        });
    }
}

async fn speak(stream: TcpStream, endpoint: Arc<Endpoint>) {
    let answer = service_fn(move |request| {
        let endpoint = Arc::clone(&endpoint);
        async move { Ok::<_, Infallible>(endpoint.answer(&request).await) }
    });
    let mut server = hyper::server::conn::http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    // Who breaks a connection off knows it.
    let _ = server.serve_connection(TokioIo::new(stream), answer).await;
}

// === impl Endpoint ===

impl Endpoint {
    async fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        if request.method() != Method::GET {
            return told(StatusCode::METHOD_NOT_ALLOWED, &json!({ "message": "only GET is answered" }));
        }
        let word = request.headers().get(AUTHORIZATION).map(|value| value.as_bytes()).unwrap_or_default();
        if !is_same(word, self.word.as_bytes()) {
            let text = "the Authorization header is not the content of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
            return told(StatusCode::UNAUTHORIZED, &json!({ "code": "Unauthorized", "message": text }));
        }
        match self.vault.credential(&self.ask).await {
            Ok(credential) => match shape(&credential) {
                Some(shape) => told(StatusCode::OK, &shape),
                None => told(StatusCode::BAD_GATEWAY, &json!({ "message": "this is no AWS credential" })),
            },
            Err(error) => {
                let status = if error.may_pass() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::FORBIDDEN };
                told(status, &json!({ "code": "NoCredential", "message": error.to_string() }))
            }
        }
    }
}

/// The answer that clients read; the session token is called `Token` here.
fn shape(credential: &Credential) -> Option<Value> {
    let now = control::seam::Clock::System.now();
    Some(json!({
        "AccessKeyId": credential.field("access_key_id")?,
        "SecretAccessKey": credential.field("secret_access_key")?,
        "Token": credential.field("session_token")?,
        "Expiration": moment(now + domain::Span::from_secs(credential.expires_in_seconds)),
    }))
}

fn told(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}

/// Compares without telling by its time how much is right.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}
