//! Secrets that are injected: a loopback URL per target, on which the launcher adds the session's token and the control
//! plane adds the secret. Whoever uses the URL needs neither.
//!
//! The kernel does not say which process is at the other end of a TCP connection, so a word in the URL stands for the
//! session: it is good on this machine and while the launcher lives.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gateway::{Body, BodyError, Relay, RelayError};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::{Prepared, Site, Unprepared, Wired};
use crate::client::escape;

/// Connections at a time, of all targets of a session.
const CONNECTIONS_MAX: usize = 64;
/// Time for a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause after the system gave no connection: not a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What every connection needs.
struct Door {
    relay: Relay,
    word: Zeroizing<String>,
    /// The control plane's address of injected requests: `https://…/v1/inject`.
    base: String,
    bearer: HeaderValue,
    /// Broker and target of each URL, in the order of their numbers.
    targets: Vec<String>,
}

/// Listens while the session lives, and tells the agent where.
pub(super) async fn prepare(wired: &[Wired<'_>], site: &Site<'_>, prepared: &mut Prepared) -> Result<(), Unprepared> {
    let cannot = |error: &dyn std::error::Error| Unprepared(format!("cannot listen on loopback: {error}"));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| cannot(&error))?;
    let port = listener.local_addr().map_err(|error| cannot(&error))?.port();
    let word = Zeroizing::new(URL_SAFE_NO_PAD.encode(control::seam::random::<32>()));
    let mut bearer =
        HeaderValue::from_str(&format!("Bearer {}", site.opened.token.as_str())).map_err(|error| cannot(&error))?;
    bearer.set_sensitive(true);
    let target = |wired: &Wired<'_>| format!("{}/{}", escape(&wired.grant.broker), escape(&wired.grant.target));
    for (number, wired) in wired.iter().enumerate() {
        let name = variable(&wired.grant.broker, &wired.grant.target);
        prepared.set(&name, format!("http://127.0.0.1:{port}/{}/{number}", *word));
    }
    let door = Door {
        relay: Relay::new(None).map_err(|error| cannot(&error))?,
        word,
        base: site.server.join("/v1/inject"),
        bearer,
        targets: wired.iter().map(target).collect(),
    };
    prepared.keep(accept(listener, Arc::new(door)));
    Ok(())
}

/// The variable that holds a target's URL.
pub(crate) fn variable(broker: &str, target: &str) -> String {
    let part = |name: &str| {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        name.chars().map(plain).collect::<String>()
    };
    format!("WRIT_INJECT_{}_{}", part(broker), part(target))
}

async fn accept(listener: TcpListener, door: Arc<Door>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    // Cancelled with this task, whose end is the session's: what it forwards ends with it.
    let over = CancellationToken::new();
    let _end = over.clone().drop_guard();
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let (door, over) = (Arc::clone(&door), over.clone());
        tokio::spawn(async move {
            speak(stream, door, over).await;
            drop(place);
        });
    }
}

async fn speak(stream: TcpStream, door: Arc<Door>, over: CancellationToken) {
    let ended = over.clone();
    let answer = service_fn(move |request| {
        let (door, over) = (Arc::clone(&door), over.clone());
        async move { Ok::<_, Infallible>(door.answer(request, over).await) }
    });
    let mut server = hyper::server::conn::http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    // Who breaks a connection off knows it.
    tokio::select! {
        _ = server.serve_connection(TokioIo::new(stream), answer) => {}
        () = ended.cancelled() => {}
    }
}

// === impl Door ===

impl Door {
    async fn answer(&self, request: Request<Incoming>, over: CancellationToken) -> Response<Body> {
        let Some(address) = self.address(request.uri()) else {
            return told(StatusCode::NOT_FOUND, "this is none of the URLs in the session's WRIT_INJECT_… variables");
        };
        let (mut head, body) = request.into_parts();
        head.uri = address;
        head.headers.insert(AUTHORIZATION, self.bearer.clone());
        match self.relay.send(Request::from_parts(head, body), over).await {
            Ok(answer) => answer,
            Err(error @ RelayError::TooLarge) => told(StatusCode::PAYLOAD_TOO_LARGE, &error.to_string()),
            Err(error) => told(StatusCode::BAD_GATEWAY, &format!("the control plane: {error}")),
        }
    }

    /// `/WORD/NUMBER/REST?QUERY` becomes `…/v1/inject/BROKER/TARGET/REST?QUERY`; the rest stays as it is.
    fn address(&self, uri: &Uri) -> Option<Uri> {
        let whole = uri.path_and_query()?.as_str().strip_prefix('/')?;
        let (word, rest) = whole.split_once('/')?;
        if !is_same(word.as_bytes(), self.word.as_bytes()) {
            return None;
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let target = self.targets.get(rest[..end].parse::<usize>().ok()?)?;
        format!("{}/{target}{}", self.base, &rest[end..]).parse().ok()
    }
}

fn told(status: StatusCode, text: &str) -> Response<Body> {
    let body = Full::from(json!({ "message": text }).to_string()).map_err(|never| -> BodyError { match never {} });
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Compares without telling by its time how much is right.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests;
