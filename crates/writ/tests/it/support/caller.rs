//! Who asks: anonymous, a signed-in developer, a session.

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::http::{Answer, Streaming, send, stream, try_send};
use super::process::PASSWORD;

/// Somebody with (or without) a bearer token, facing one server.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) url: String,
    pub(crate) token: Option<String>,
}

/// A session that was opened, as its own caller.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    pub(crate) id: String,
    pub(crate) writ: String,
    pub(crate) caller: Caller,
}

impl Caller {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Option<Value>) -> Answer {
        self.ask(Method::PUT, path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, None).await
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let bearer = self.bearer();
        let mut headers = self.headers(&bearer);
        headers.push(("content-type", "application/json"));
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        send(method, &format!("{}{path}", self.url), &headers, body).await
    }

    /// The same, where no answer may come.
    pub(crate) async fn try_ask(&self, method: Method, path: &str, body: Value) -> Result<Answer, String> {
        let bearer = self.bearer();
        let mut headers = self.headers(&bearer);
        headers.push(("content-type", "application/json"));
        try_send(method, &format!("{}{path}", self.url), &headers, body.to_string()).await
    }

    /// The same caller at another server.
    pub(crate) fn at(&self, url: &str) -> Self {
        Self { url: url.to_owned(), token: self.token.clone() }
    }

    /// A new developer of the team `payments`, signed in; asked by an administrator.
    pub(crate) async fn developer(&self, login: &str) -> Self {
        let body = json!({ "login": login, "password": PASSWORD, "display_name": login });
        let made = self.post("/v1/developers", body).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let joined = self.put(&format!("/v1/teams/payments/members/{login}"), None).await;
        assert_eq!(joined.status, 200, "{}", joined.text());
        let anonymous = Self { url: self.url.clone(), token: None };
        let signed_in = anonymous.post("/v1/sign-ins", json!({ "login": login, "password": PASSWORD })).await;
        assert_eq!(signed_in.status, 201, "{}", signed_in.text());
        Self { token: signed_in.json()["token"].as_str().map(str::to_owned), ..anonymous }
    }

    /// Opens a session.
    pub(crate) async fn open(&self, asked: Value) -> Opened {
        let answer = self.post("/v1/sessions", asked).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let body = answer.json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let caller = Self { url: self.url.clone(), token: Some(text(&body["token"])) };
        Opened { id: text(&body["session"]["id"]), writ: text(&body["writ"]), caller }
    }

    /// A model call whose answer arrives piece by piece.
    pub(crate) async fn call(&self, body: impl Into<Bytes>) -> Result<Streaming, String> {
        let bearer = self.bearer();
        let mut headers = self.headers(&bearer);
        headers.extend([("content-type", "application/json"), ("anthropic-version", "2023-06-01")]);
        stream(Method::POST, &format!("{}/v1/messages?beta=true", self.url), &headers, body).await
    }

    /// A whole model call.
    pub(crate) async fn message(&self, scenario: &str, streaming: bool) -> Answer {
        let mut answer = super::within("a model call", self.call(request(scenario, streaming))).await.unwrap();
        let (body, _) = super::within("a model call's body", answer.rest()).await;
        Answer { status: answer.status, headers: answer.headers, body: body.into() }
    }

    fn bearer(&self) -> Option<String> {
        self.token.as_ref().map(|token| format!("Bearer {token}"))
    }

    fn headers<'a>(&self, bearer: &'a Option<String>) -> Vec<(&'static str, &'a str)> {
        bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect()
    }
}

/// The body of a model call that plays one of the simulator's scenarios.
pub(crate) fn request(scenario: &str, streaming: bool) -> String {
    json!({
        "model": "claude-sonnet-5-5",
        "max_tokens": 1024,
        "stream": streaming,
        "messages": [{"role": "user", "content": format!("SCENARIO:{scenario} go")}],
    })
    .to_string()
}
