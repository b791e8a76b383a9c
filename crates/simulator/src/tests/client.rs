//! A small client and readers for what it gets.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::{Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::{Config, Running, Simulator};

/// How long a test waits for what must happen; only a failing test waits that long.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

pub(super) type Http = Client<HttpConnector, Full<Bytes>>;

pub(super) async fn start() -> Running {
    Simulator::start(Config::default()).await.unwrap()
}

pub(super) fn http() -> Http {
    Client::builder(TokioExecutor::new()).build_http()
}

/// What came back, read as far as it came.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The body ended as HTTP says it should.
    pub(super) whole: bool,
}

impl Got {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    pub(super) fn events(&self) -> Vec<(String, Value)> {
        events(std::str::from_utf8(&self.body).expect("text"))
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.events().into_iter().map(|(name, _)| name).collect()
    }
}

/// The complete events of a stream: name and data.
pub(super) fn events(text: &str) -> Vec<(String, Value)> {
    let complete = text.rfind("\n\n").map_or("", |end| &text[..end]);
    complete
        .split("\n\n")
        .filter(|event| !event.is_empty())
        .map(|event| {
            let (name, data) = event.split_once('\n').expect("two lines");
            let name = name.strip_prefix("event: ").expect("a name");
            let data = data.strip_prefix("data: ").expect("data");
            (name.to_owned(), serde_json::from_str(data).expect("JSON data"))
        })
        .collect()
}

/// A request body as a client with tools sends it.
pub(super) fn prompt(text: &str, stream: bool) -> Value {
    json!({
        "model": "claude-opus-5-5",
        "max_tokens": 128_000,
        "stream": stream,
        "tools": [{ "name": "Bash", "input_schema": {} }],
        "messages": [{ "role": "user", "content": [{ "type": "text", "text": text }] }],
    })
}

pub(super) fn request(url: &str, method: &str, path: &str, body: &Value) -> Request<Full<Bytes>> {
    let body = match body {
        Value::Null => Bytes::new(),
        body => Bytes::from(body.to_string()),
    };
    Request::builder()
        .method(method)
        .uri(format!("{url}{path}"))
        .header("content-type", "application/json")
        .body(Full::new(body))
        .unwrap()
}

pub(super) async fn send(running: &Running, method: &str, path: &str, body: &Value) -> Got {
    let request = request(&running.url(), method, path, body);
    read(http().request(request).await.expect("an answer")).await
}

pub(super) async fn read(response: Response<Incoming>) -> Got {
    let (head, mut incoming) = response.into_parts();
    let mut body = BytesMut::new();
    let mut whole = true;
    while let Some(frame) = incoming.frame().await {
        match frame {
            Ok(frame) => body.extend_from_slice(&frame.into_data().unwrap_or_default()),
            Err(_) => {
                whole = false;
                break;
            }
        }
    }
    Got { status: head.status.as_u16(), headers: head.headers, body: body.freeze(), whole }
}

pub(super) async fn messages(running: &Running, body: &Value) -> Got {
    send(running, "POST", "/v1/messages?beta=true", body).await
}

/// The answer to one prompt.
pub(super) async fn ask(running: &Running, text: &str, stream: bool) -> Got {
    messages(running, &prompt(text, stream)).await
}

/// The message a stream adds up to, as a client assembles it.
pub(super) fn assembled(events: &[(String, Value)]) -> Value {
    let mut message = events[0].1["message"].clone();
    let mut partial = String::new();
    for (name, data) in events {
        let index = data["index"].as_u64().unwrap_or_default() as usize;
        match name.as_str() {
            "content_block_start" => {
                partial.clear();
                let content = message["content"].as_array_mut().unwrap();
                assert_eq!(content.len(), index);
                content.push(data["content_block"].clone());
            }
            "content_block_delta" => {
                let block = &mut message["content"][index];
                for (key, value) in data["delta"].as_object().unwrap() {
                    match (key.as_str(), value.as_str().unwrap()) {
                        ("type", _) => {}
                        ("partial_json", part) => partial.push_str(part),
                        (key, part) => {
                            let so_far = block[key].as_str().unwrap().to_owned();
                            block[key] = json!(so_far + part);
                        }
                    }
                }
            }
            "content_block_stop" if !partial.is_empty() => {
                message["content"][index]["input"] = serde_json::from_str(&partial).unwrap();
            }
            "message_delta" => {
                message["stop_reason"] = data["delta"]["stop_reason"].clone();
                for (key, value) in data["usage"].as_object().unwrap() {
                    message["usage"][key] = value.clone();
                }
            }
            _ => {}
        }
    }
    message
}

/// The same message without what differs from call to call.
pub(super) fn without_ids(message: &Value) -> Value {
    let text = message.to_string();
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("_sim_") {
        out.push_str(&rest[..at + 5]);
        rest = rest[at + 5..].trim_start_matches(|c: char| c.is_ascii_hexdigit());
    }
    out.push_str(rest);
    serde_json::from_str(&out).unwrap()
}
