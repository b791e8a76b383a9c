//! A stand-in for GitHub: every request goes to Prism, which holds it against GitHub's own description, and what the
//! description's example answers is made to fit the request. It knows which of its tokens are alive, as GitHub does.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::super::real::Part;
use crate::support::leaks::minted;
use crate::support::send;

/// GitHub, as far as an App's tokens go. Gone when dropped.
pub(super) struct GitHub {
    pub(super) url: String,
    inner: Arc<Inner>,
    accepting: JoinHandle<()>,
    /// Prism.
    pub(super) prism: Arc<Part>,
}

struct Inner {
    prism: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    made: u64,
    alive: BTreeSet<String>,
    /// `METHOD path` and what Prism answered.
    story: Vec<(String, u16)>,
    /// What the next answers grant beyond what was asked.
    more: BTreeMap<String, String>,
}

impl GitHub {
    pub(super) async fn start() -> Self {
        let prism = Arc::new(tokio::task::spawn_blocking(|| Part::start("github", &[])).await.unwrap());
        let inner = Arc::new(Inner { prism: prism.text("url").to_owned(), state: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let accepting = tokio::spawn(accept(listener, Arc::clone(&inner)));
        Self { url, inner, accepting, prism }
    }

    /// What was asked so far, with Prism's word on it.
    pub(super) fn story(&self) -> Vec<(String, u16)> {
        self.inner.state.lock().unwrap().story.clone()
    }

    pub(super) fn is_alive(&self, token: &str) -> bool {
        self.inner.state.lock().unwrap().alive.contains(token)
    }

    /// How many tokens are alive.
    pub(super) fn alive(&self) -> usize {
        self.inner.state.lock().unwrap().alive.len()
    }

    /// From now on tokens have this permission as well.
    pub(super) fn grant_more(&self, permission: &str, level: &str) {
        self.inner.state.lock().unwrap().more.insert(permission.to_owned(), level.to_owned());
    }
}

impl Drop for GitHub {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, inner: Arc<Inner>) {
    while let Ok((stream, _)) = listener.accept().await {
        let inner = Arc::clone(&inner);
        let service = service_fn(move |request| answer(Arc::clone(&inner), request));
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(inner: Arc<Inner>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let headers: Vec<(&str, &str)> = head
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "host" | "content-length" | "connection"))
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    let url = format!("{}{}", inner.prism, head.uri.path());
    let told = send(head.method.clone(), &url, &headers, body.clone()).await;
    let status = told.status.as_u16();
    let mut state = inner.state.lock().unwrap();
    state.story.push((format!("{} {}", head.method, head.uri.path()), status));
    let bearer = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (status, body) = match (head.method, status) {
        (Method::POST, 201) => (201, state.granted(&body, told.json()).to_string()),
        (Method::DELETE, 204) => match state.alive.remove(bearer.trim_start_matches("Bearer ")) {
            true => (204, String::new()),
            false => (401, json!({ "message": "Bad credentials" }).to_string()),
        },
        (_, status) => (status, told.text()),
    };
    let response = Response::builder().status(status).header(CONTENT_TYPE, "application/json");
    Ok(response.body(Full::new(body.into())).unwrap())
}

impl State {
    /// The description's example, for what was asked.
    fn granted(&mut self, asked: &[u8], mut example: Value) -> Value {
        let asked: Value = serde_json::from_slice(asked).unwrap();
        self.made += 1;
        let digits = digest(&SHA256, format!("{} {}", std::process::id(), self.made).as_bytes());
        let digits: String = digits.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let token = format!("ghs_123456_{}", digits.repeat(8));
        minted("github", "token", &token);
        self.alive.insert(token.clone());
        let in_an_hour = control::seam::Clock::System.now() + domain::Span::from_secs(3600);
        let in_an_hour = jiff::Timestamp::from_millisecond(in_an_hour.unix_millis()).unwrap();
        example["token"] = json!(token);
        example["expires_at"] = json!(format!("{in_an_hour:.0}"));
        example["permissions"] = asked["permissions"].clone();
        example["permissions"]["metadata"] = json!("read");
        for (permission, level) in &self.more {
            example["permissions"][permission] = json!(level);
        }
        let repository = example["repositories"][0].clone();
        let named = |name: &Value| {
            let mut repository = repository.clone();
            repository["name"] = name.clone();
            repository
        };
        example["repository_selection"] = json!("selected");
        example["repositories"] = asked["repositories"].as_array().unwrap().iter().map(named).collect();
        example
    }
}
