//! What the tests stand on: a control plane in memory, a gateway behind a real listener, clients.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)]

use std::collections::HashSet;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use domain::call::{Reserve, Settlement};
use domain::{CallId, DeveloperId, NodeId, ProjectId, RequestId, SessionId, Time, Token, TokenKind, Usd};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use metering::PriceBook;
use simulator::{Running, Simulator};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    Authority, Caller, Config, Credential, Gateway, Listener, ListenerLimits, PeerAddr, Rejection, Retry, Upstream,
};

pub(crate) const MODEL: &str = "claude-fable-5-2";
/// 2026-11-18, inside the price book.
pub(crate) const NOW: Time = Time::from_unix_millis(1_795_000_000_000);
/// The upstream's key, which no client and no log may see.
pub(crate) const KEY: &str = "sk-upstream-key";
/// Bound of every wait: far above what anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits, but not for ever.
pub(crate) async fn within<F: Future>(what: &str, future: F) -> F::Output {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(output) => output,
        Err(_) => panic!("waited {PATIENCE:?} for {what}"),
    }
}

/// What the gateway asked of the control plane, in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Asked {
    Reserve(Box<Reserve>),
    Settle(CallId, Box<Settlement>),
}

/// How reservations are answered.
#[derive(Clone)]
pub(crate) enum Reserving {
    Yes,
    /// Yes, once the notify rings.
    Held(Arc<Notify>),
    No(Rejection),
}

/// A control plane in memory.
pub(crate) struct Fake {
    ids: AtomicU64,
    book: Arc<PriceBook>,
    pub(crate) caller: Mutex<Caller>,
    pub(crate) refusal: Mutex<Option<Rejection>>,
    pub(crate) precheck: Mutex<Option<Rejection>>,
    pub(crate) reserving: Mutex<Reserving>,
    /// Sub-agents that made calls.
    pub(crate) agents: Mutex<Vec<String>>,
    asked: watch::Sender<Vec<Asked>>,
}

pub(crate) fn token() -> String {
    Token::new(TokenKind::Session, [7; 32]).expose().to_owned()
}

impl Fake {
    pub(crate) fn new() -> Arc<Self> {
        let caller = Caller {
            session: SessionId::new(NOW, 1),
            developer: DeveloperId::new(NOW, 2),
            project: Some(ProjectId::new(NOW, 3)),
            room: None,
            over: CancellationToken::new(),
        };
        Arc::new(Self {
            ids: AtomicU64::new(1),
            book: Arc::new(PriceBook::builtin()),
            caller: Mutex::new(caller),
            refusal: Mutex::new(None),
            precheck: Mutex::new(None),
            reserving: Mutex::new(Reserving::Yes),
            agents: Mutex::default(),
            asked: watch::Sender::new(Vec::new()),
        })
    }

    fn id(&self) -> u128 {
        u128::from(self.ids.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.borrow().clone()
    }

    fn note(&self, asked: Asked) {
        self.asked.send_modify(|all| all.push(asked));
    }

    async fn wait_until(&self, what: &str, test: impl Fn(&[Asked]) -> bool) -> Vec<Asked> {
        let mut asked = self.asked.subscribe();
        within(what, asked.wait_for(|all| test(all))).await.unwrap().clone()
    }

    /// The only settlement there is; it fails if there is a second one or another reservation.
    pub(crate) async fn settlement(&self) -> Settlement {
        self.settlements(1).await.remove(0)
    }

    /// Waits for so many settlements and checks that each call was reserved first and settled once.
    pub(crate) async fn settlements(&self, count: usize) -> Vec<Settlement> {
        let settled = |all: &[Asked]| all.iter().filter(|asked| matches!(asked, Asked::Settle(..))).count();
        let asked = self.wait_until("settlements", |all| settled(all) >= count).await;
        let mut open = HashSet::new();
        let mut settlements = Vec::new();
        for one in asked {
            match one {
                Asked::Reserve(ask) => assert!(open.insert(ask.call), "reserved twice"),
                Asked::Settle(call, settlement) => {
                    assert!(open.remove(&call), "settled without a reservation, or twice");
                    settlements.push(*settlement);
                }
            }
        }
        assert_eq!(settlements.len(), count, "more settlements than expected");
        settlements
    }

    /// The only reservation asked for.
    pub(crate) async fn reservation(&self) -> Reserve {
        let asked = self.wait_until("a reservation", |all| !all.is_empty()).await;
        match &asked[0] {
            Asked::Reserve(ask) => Reserve::clone(ask),
            other => panic!("{other:?} came first"),
        }
    }

    pub(crate) fn room(&self, room: Usd) {
        self.caller.lock().unwrap().room = Some(room);
    }

    pub(crate) fn hold_reservations(&self) -> Arc<Notify> {
        let bell = Arc::new(Notify::new());
        *self.reserving.lock().unwrap() = Reserving::Held(Arc::clone(&bell));
        bell
    }

    pub(crate) fn refuse_reservations(&self, rejection: Rejection) {
        *self.reserving.lock().unwrap() = Reserving::No(rejection);
    }

    /// Ends the session: new requests are refused, live streams are cut.
    pub(crate) fn revoke(&self) -> Rejection {
        let rejection = revoked();
        *self.refusal.lock().unwrap() = Some(rejection.clone());
        self.caller.lock().unwrap().over.cancel();
        rejection
    }
}

pub(crate) fn revoked() -> Rejection {
    Rejection::new(StatusCode::PAYMENT_REQUIRED, "billing_error", "ada revoked this session at 14:02 UTC", Retry::Never)
}

impl Authority for Fake {
    fn now(&self) -> Time {
        NOW
    }

    fn new_call(&self) -> CallId {
        CallId::new(NOW, self.id())
    }

    fn new_request(&self) -> RequestId {
        RequestId::new(NOW, self.id())
    }

    fn node(&self) -> NodeId {
        NodeId::new(NOW, 9)
    }

    fn book(&self) -> Arc<PriceBook> {
        Arc::clone(&self.book)
    }

    fn identify(&self, bearer: &str) -> Result<Caller, Rejection> {
        if let Some(refusal) = self.refusal.lock().unwrap().clone() {
            return Err(refusal);
        }
        assert_eq!(bearer, token(), "the bearer reaches the control plane as it came");
        Ok(self.caller.lock().unwrap().clone())
    }

    async fn sub_agent(&self, _: RequestId, caller: Caller, agent: &str) -> Result<Caller, Rejection> {
        self.agents.lock().unwrap().push(agent.to_owned());
        Ok(caller)
    }

    fn precheck(&self, _: &Reserve) -> Result<(), Rejection> {
        self.precheck.lock().unwrap().clone().map_or(Ok(()), Err)
    }

    async fn reserve(&self, _: RequestId, ask: Reserve) -> Result<(), Rejection> {
        let how = self.reserving.lock().unwrap().clone();
        // Asking is noted first, so that a test can wait for it; a settlement before the answer would be a bug.
        self.note(Asked::Reserve(Box::new(ask)));
        match how {
            Reserving::Yes => Ok(()),
            Reserving::Held(bell) => {
                bell.notified().await;
                Ok(())
            }
            Reserving::No(rejection) => Err(rejection),
        }
    }

    fn settle(&self, _: RequestId, call: CallId, settlement: Settlement) {
        self.note(Asked::Settle(call, Box::new(settlement)));
    }
}

/// A gateway behind a listener, in front of something.
pub(crate) struct Stage {
    pub(crate) authority: Arc<Fake>,
    pub(crate) gateway: Arc<Gateway<Fake>>,
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: CancellationToken,
    pub(crate) served: tokio::task::JoinHandle<()>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.served.abort();
    }
}

pub(crate) async fn simulator() -> Running {
    let config = simulator::Config { expect_key: Some(KEY.to_owned()), ..simulator::Config::default() };
    Simulator::start(config).await.unwrap()
}

pub(crate) fn upstream(name: &str, url: &str) -> Upstream {
    Upstream { name: name.to_owned(), base_url: url.parse().unwrap(), credential: Credential::api_key(KEY).unwrap() }
}

/// An address that nobody listens on.
pub(crate) async fn nobody() -> String {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

impl Stage {
    /// In front of one upstream.
    pub(crate) async fn before(url: &str) -> Self {
        Self::with(Config::new(vec![upstream("main", url)]), ListenerLimits::default()).await
    }

    pub(crate) async fn with(config: Config, limits: ListenerLimits) -> Self {
        let authority = Fake::new();
        let gateway = Arc::new(Gateway::new(Arc::clone(&authority), config).unwrap());
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into(), None, limits).await.unwrap();
        let address = listener.local_addr();
        let shutdown = CancellationToken::new();
        let service = {
            let gateway = Arc::clone(&gateway);
            move |request: Request<Incoming>, _: PeerAddr| {
                let gateway = Arc::clone(&gateway);
                async move { gateway.handle(request).await }
            }
        };
        let served = tokio::spawn(listener.serve(service, shutdown.clone()));
        Self { authority, gateway, address, shutdown, served }
    }

    pub(crate) fn post(&self, path: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
        Request::builder()
            .method(Method::POST)
            .uri(format!("http://{}{path}", self.address))
            .header("authorization", format!("Bearer {}", token()))
            .header("content-type", "application/json")
            .body(Full::new(body.into()))
            .unwrap()
    }

    /// A model call with this scenario of the simulator.
    pub(crate) fn message(&self, scenario: &str, stream: bool) -> Request<Full<Bytes>> {
        self.post("/v1/messages?beta=true", message_body(scenario, stream))
    }

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        within("the head of an answer", client().request(request)).await.unwrap()
    }

    /// Sends raw bytes on a connection of its own.
    pub(crate) async fn raw(&self, bytes: impl AsRef<[u8]>) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes.as_ref()).await.unwrap();
        stream
    }

    /// A raw model call, head and body.
    pub(crate) fn raw_message(scenario: &str, stream: bool) -> String {
        let body = message_body(scenario, stream);
        format!(
            "POST /v1/messages HTTP/1.1\r\nhost: writ\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n{body}",
            token(),
            body.len()
        )
    }
}

pub(crate) fn client() -> Client<HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new()).build_http()
}

pub(crate) fn client_h2() -> Client<HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new()).http2_only(true).build_http()
}

pub(crate) fn message_body(scenario: &str, stream: bool) -> String {
    serde_json::json!({
        "model": MODEL,
        "max_tokens": 8000,
        "stream": stream,
        "messages": [{ "role": "user", "content": format!("SCENARIO:{scenario}") }],
    })
    .to_string()
}

/// The whole body, or what came before it broke, and whether it broke.
pub(crate) async fn read_all(response: Response<Incoming>) -> (Bytes, bool) {
    let mut body = response.into_body();
    let mut all = Vec::new();
    loop {
        match within("the next frame of an answer", body.frame()).await {
            None => return (all.into(), false),
            Some(Err(_)) => return (all.into(), true),
            Some(Ok(frame)) => all.extend_from_slice(frame.data_ref().map_or(&[][..], |data| &data[..])),
        }
    }
}

pub(crate) async fn json(response: Response<Incoming>) -> serde_json::Value {
    let (bytes, broke) = read_all(response).await;
    assert!(!broke, "the body broke off");
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&bytes)))
}

/// Everything until the other side closes.
pub(crate) async fn read_to_end(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset ends it as well as a close.
    let _ = within("the connection's end", stream.read_to_end(&mut bytes)).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads until this text has come.
pub(crate) async fn read_until(stream: &mut TcpStream, text: &str) -> String {
    let mut all = Vec::new();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&all).contains(text) {
        let read = within(text, stream.read(&mut buffer)).await.unwrap();
        assert!(read > 0, "closed before `{text}`: {}", String::from_utf8_lossy(&all));
        all.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// An upstream that answers every connection's first request with fixed bytes, then closes.
pub(crate) struct CannedUpstream {
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl CannedUpstream {
    pub(crate) async fn start<F, R>(answer: F) -> Self
    where
        F: Fn(usize) -> R + Send + 'static,
        R: Into<Vec<u8>>,
    {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            for count in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let bytes: Vec<u8> = answer(count).into();
                tokio::spawn(play(stream, bytes));
            }
        });
        Self { address, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for CannedUpstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn play(mut stream: TcpStream, bytes: Vec<u8>) {
    read_until(&mut stream, "\"messages\"").await;
    stream.write_all(&bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    // What is still unread would turn the close into a reset.
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

/// A whole HTTP/1.1 answer.
pub(crate) fn canned(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A small answer with 10 tokens in and 5 out.
pub(crate) fn answer_text(stream: bool) -> String {
    let message = |usage: &str, rest: &str| {
        format!(
            r#"{{"id":"msg_1","type":"message","role":"assistant","model":"{MODEL}","content":[],"usage":{usage}{rest}}}"#
        )
    };
    if !stream {
        return message(r#"{"input_tokens":10,"output_tokens":5}"#, r#","stop_reason":"end_turn""#);
    }
    let start = message(r#"{"input_tokens":10,"output_tokens":1}"#, r#","stop_reason":null"#);
    format!(
        "event: message_start\ndata: {{\"type\":\"message_start\",\"message\":{start}}}\n\n\
         event: message_delta\ndata: {{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"end_turn\"}},\"usage\":{{\"output_tokens\":5}}}}\n\n\
         event: message_stop\ndata: {{\"type\":\"message_stop\"}}\n\n"
    )
}

pub(crate) fn gzipped_answer(stream: bool) -> Vec<u8> {
    let kind = if stream { "text/event-stream" } else { "application/json" };
    let headers = format!("content-type: {kind}\r\ncontent-encoding: gzip\r\n");
    canned("200 OK", &headers, &gzip(answer_text(stream).as_bytes()))
}
