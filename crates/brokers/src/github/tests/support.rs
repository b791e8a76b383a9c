//! A broker, an order, and a wire that answers from a script and remembers what it was asked.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::RsaKeyPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::{CredentialId, DeveloperId, ProjectId, Scope, SessionId, Span, Time};
use http::{Request, Response};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::broker::{Broker, BrokerError, Chance, Order, Secrets, TokenAsk, TokenSource, Tools, Wire, WireError};

/// 2026-11-22T20:00:00Z.
pub(super) const NOW: Time = Time::from_unix_millis(1_795_377_600_000);
/// The same as HTTP writes it, and an hour later as GitHub writes it.
pub(super) const DATE: &str = "Sun, 22 Nov 2026 20:00:00 GMT";
pub(super) const IN_AN_HOUR: &str = "2026-11-22T21:00:00Z";

/// A token as long as GitHub's may get; nothing but the secret and the request may have it.
pub(super) fn long_token() -> String {
    format!("ghs_123456_{}", "x".repeat(589))
}

/// One key for the whole process: making it takes a while.
pub(super) fn pkcs8() -> Vec<u8> {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    let made = || RsaKeyPair::generate(KeySize::Rsa2048).unwrap().as_der().unwrap().as_ref().to_vec();
    KEY.get_or_init(made).clone()
}

/// A key of 2,048 bits in PKCS #8 is 26 bytes, then the same key in PKCS #1 (RFC 5208 section 5).
pub(super) fn pkcs1(pkcs8: &[u8]) -> &[u8] {
    &pkcs8[26..]
}

pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

pub(super) fn settings() -> Value {
    json!({
        "app_id": 123_456,
        "targets": {
            "acme": {
                "installation_id": 77,
                "owner": "acme",
                "repositories": ["api", "web", "Docs"],
                "permissions": { "contents": "write", "pull_requests": "write", "issues": "read" },
            },
            "everything": { "installation_id": 78, "repositories": ["*"], "permissions": { "contents": "read" } },
        },
    })
}

pub(super) fn secrets(pem: &str) -> Secrets {
    BTreeMap::from([("private_key".to_owned(), Zeroizing::new(pem.to_owned()))])
}

pub(super) fn broker() -> Arc<dyn Broker> {
    let key = pkcs8();
    super::super::open(&settings().to_string(), secrets(&pem("RSA PRIVATE KEY", pkcs1(&key)))).unwrap()
}

pub(super) fn scope(dimensions: &[(&str, &[&str])]) -> Scope {
    let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<BTreeSet<_>>();
    Scope::new(dimensions.iter().map(|(name, of_it)| (name.parse().unwrap(), values(of_it))).collect())
}

pub(super) fn order(target: &str, scope: Scope) -> Order {
    Order {
        credential: CredentialId::new(NOW, 1),
        session: SessionId::new(NOW, 2),
        sequence: 1,
        developer: DeveloperId::new(NOW, 3),
        developer_name: "ada".to_owned(),
        project: ProjectId::new(NOW, 4),
        project_name: "checkout".parse().unwrap(),
        profile: "default".parse().unwrap(),
        target: target.parse().unwrap(),
        scope,
        at: NOW,
        expires_at: NOW + Span::from_secs(3600),
        public_key: None,
    }
}

/// An order for the API's repository, to be read and written.
pub(super) fn narrow() -> Order {
    order("acme", scope(&[("repositories", &["api"]), ("permissions", &["contents:write"])]))
}

/// GitHub's answer to [`narrow`]: what its REST description requires, and some of what it shows.
pub(super) fn granted(token: &str) -> Value {
    json!({
        "token": token,
        "expires_at": IN_AN_HOUR,
        "permissions": { "contents": "write", "metadata": "read" },
        "repository_selection": "selected",
        "repositories": [
            { "id": 1, "name": "api", "full_name": "acme/api", "owner": { "login": "acme", "id": 9 }, "private": true },
        ],
    })
}

pub(super) fn answer(status: u16, body: impl Into<Bytes>) -> Response<Bytes> {
    Response::builder().status(status).header("date", DATE).body(body.into()).unwrap()
}

pub(super) fn created(body: &Value) -> Response<Bytes> {
    answer(201, body.to_string())
}

pub(super) fn chance(now: Time) -> Chance {
    Chance { now, random: [7; 32] }
}

type Sent = Result<Response<Bytes>, WireError>;

/// Answers one request after the other, then none.
#[derive(Default)]
pub(super) struct Script {
    answers: Mutex<VecDeque<Sent>>,
    pub(super) seen: Mutex<Vec<Request<Bytes>>>,
}

impl Script {
    pub(super) fn of(answers: impl IntoIterator<Item = Response<Bytes>>) -> Arc<Self> {
        Self::of_any(answers.into_iter().map(Ok))
    }

    pub(super) fn of_any(answers: impl IntoIterator<Item = Sent>) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.into_iter().collect()), seen: Mutex::default() })
    }

    pub(super) fn tools(self: &Arc<Self>) -> Tools {
        Tools { wire: Arc::clone(self) as Arc<dyn Wire>, tokens: Arc::new(NoTokens) }
    }

    /// `METHOD address` of each request so far.
    pub(super) fn story(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|seen| format!("{} {}", seen.method(), seen.uri())).collect()
    }

    pub(super) fn bearer(&self, index: usize) -> String {
        let seen = self.seen.lock().unwrap();
        let value = seen[index].headers().get("authorization").unwrap();
        assert!(value.is_sensitive(), "a bearer must not be logged");
        value.to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned()
    }
}

impl Wire for Script {
    fn send<'a>(
        &'a self,
        request: Request<Bytes>,
        within: Duration,
    ) -> Pin<Box<dyn Future<Output = Sent> + Send + 'a>> {
        assert!(within <= crate::limits::REQUEST_MAX);
        self.seen.lock().unwrap().push(request);
        let next = self.answers.lock().unwrap().pop_front();
        Box::pin(async move { next.unwrap_or_else(|| Err(WireError::NotSent("nothing more is scripted".to_owned()))) })
    }
}

struct NoTokens;

impl TokenSource for NoTokens {
    fn token(&self, _ask: &TokenAsk<'_>, _now: Time) -> Result<Zeroizing<String>, BrokerError> {
        panic!("this broker states nothing of its own")
    }
}
