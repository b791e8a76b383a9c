//! HTTP of the scripted agent: the paths, headers and bodies of the real client (2.1.330), to loopback only.

use bytes::Bytes;
use domain::Digest;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use super::stream::Answer;
use crate::command_error::CommandError;
use crate::inside::{Inside, SOCKET_VARIABLE, SecretText};
use crate::limits::AGENT_ANSWER_BYTES_MAX;

/// Said on every request, honestly.
const USER_AGENT: &str =
    concat!("writ-demo-agent/", env!("CARGO_PKG_VERSION"), " (scripted, in the shape of claude-cli/2.1.330)");
/// What the real client announces; a real service would refuse some of it for this small body.
const BETAS: &str =
    "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,effort-2025-11-24";

/// Where to send what.
pub(super) struct Wire {
    base_url: String,
    token: SecretText,
    client_session: String,
    real_service: bool,
    http: Client<HttpConnector, Full<Bytes>>,
}

impl Wire {
    /// From the variables that `writ run` sets, and with the bearer that its launcher gives.
    ///
    /// # Errors
    /// One is missing, or the launcher is gone: this agent only works under `writ run`.
    pub(super) fn from_environment(real_service: bool) -> Result<Self, CommandError> {
        let missing = |name: &str| {
            CommandError::usage(format!("{name} is not set"))
                .hinted("start this agent with `writ run -- writ demo-agent`")
        };
        let variable = |name: &str| std::env::var(name).map_err(|_| missing(name));
        Ok(Self {
            base_url: variable("ANTHROPIC_BASE_URL")?,
            token: Inside::find().ok_or_else(|| missing(SOCKET_VARIABLE))?.bearer()?,
            client_session: uuid_of(&variable("WRIT_SESSION_ID")?),
            real_service,
            http: Client::builder(TokioExecutor::new()).build_http(),
        })
    }

    /// The client's first request: is anybody there?
    pub(super) async fn hello(&self) -> Result<(), CommandError> {
        let request = Request::builder().method(Method::HEAD).uri(format!("{}/api/hello", self.base_url));
        let request = request.header("user-agent", USER_AGENT).body(Full::default());
        self.send(request.map_err(|error| failed(&error))?).await.map(drop)
    }

    /// A model turn, streamed.
    pub(super) async fn turn(&self, body: &Value, agent: Option<&str>) -> Result<Answer, CommandError> {
        let response = self.post("/v1/messages?beta=true", body, agent).await?;
        let mut answer = Answer::default();
        let mut frames = Limited::new(response.into_body(), AGENT_ANSWER_BYTES_MAX);
        while let Some(frame) = frames.frame().await {
            let frame = frame.map_err(|error| failed(error.as_ref()))?;
            if let Some(bytes) = frame.data_ref() {
                answer.feed(bytes)?;
            }
        }
        answer.complete()
    }

    /// `count_tokens`.
    pub(super) async fn count_tokens(&self, body: &Value) -> Result<u64, CommandError> {
        let response = self.post("/v1/messages/count_tokens?beta=true", body, None).await?;
        let answer: Value = serde_json::from_slice(&whole(response).await?).map_err(|error| failed(&error))?;
        answer["input_tokens"].as_u64().ok_or_else(|| CommandError::failed("count_tokens gave no number"))
    }

    /// `metadata.user_id`: a JSON text in a JSON text, as the client writes it.
    pub(super) fn metadata(&self) -> Value {
        let device = Digest::of(b"writ demo").to_string();
        let user = json!({ "device_id": device, "account_uuid": "", "session_id": self.client_session });
        json!({ "user_id": user.to_string() })
    }

    async fn post(&self, path: &str, body: &Value, agent: Option<&str>) -> Result<Response<Incoming>, CommandError> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}{path}", self.base_url))
            .header("authorization", format!("Bearer {}", self.token.as_str()))
            .header("user-agent", USER_AGENT)
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .header("accept-encoding", "identity")
            .header("anthropic-version", "2023-06-01")
            .header("x-app", "cli")
            .header("x-claude-code-session-id", &self.client_session)
            .header("x-stainless-retry-count", "0")
            .header("x-stainless-timeout", "600");
        if !self.real_service {
            request = request.header("anthropic-beta", BETAS);
        }
        if let Some(agent) = agent {
            request = request.header("x-claude-code-agent-id", agent);
        }
        let body = Full::new(Bytes::from(body.to_string()));
        self.send(request.body(body).map_err(|error| failed(&error))?).await
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, CommandError> {
        let path = request.uri().path().to_owned();
        let response = self.http.request(request).await.map_err(|error| failed(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = whole(response).await.unwrap_or_default();
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        let message = answer["error"]["message"].as_str().unwrap_or("no message");
        Err(CommandError::failed(format!("API Error: {} {message} ({path})", status.as_u16())))
    }
}

async fn whole(response: Response<Incoming>) -> Result<Bytes, CommandError> {
    let body = Limited::new(response.into_body(), AGENT_ANSWER_BYTES_MAX).collect().await;
    body.map(http_body_util::Collected::to_bytes).map_err(|error| failed(error.as_ref()))
}

fn failed(error: &dyn std::error::Error) -> CommandError {
    CommandError::failed("the model call failed").because(error)
}

/// The client names its session by a UUID: here made from writ's session, so that a run can be repeated.
fn uuid_of(session: &str) -> String {
    let hex = Digest::of(session.as_bytes()).to_string();
    let part = |from: usize, until: usize| hex.get(from..until).unwrap_or_default();
    // RFC 9562: version 8 (free form), variant 10.
    format!("{}-{}-8{}-a{}-{}", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 30))
}
