//! The secrets in what the API is told and answers.

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Map, Value};

use super::{minted, text};

/// Answers that are looked at: what is longer is a page or a stream.
const ANSWER_BYTES_MAX: usize = 256 << 10;

/// Notes what is secret in a request and its answer, and the answer itself when it is an error.
pub(crate) fn heard(method: &Method, url: &str, asked: &[u8], status: StatusCode, answer: &Bytes) {
    told(method, url, asked);
    if status.is_client_error() || status.is_server_error() {
        text("error bodies", answer);
    } else if answer.len() <= ANSWER_BYTES_MAX && contains(answer, b"\"token\"") | contains(answer, b"\"secret\"") {
        answered(answer);
    }
}

/// What an operator or a human tells.
fn told(method: &Method, url: &str, asked: &[u8]) {
    if !matches!(*method, Method::PUT | Method::POST | Method::PATCH) || !contains(asked, b"\"") {
        return;
    }
    let Ok(Value::Object(asked)) = serde_json::from_slice::<Value>(asked) else { return };
    if let Some(password) = asked.get("password").and_then(Value::as_str).filter(|text| text.len() >= super::LEAST) {
        minted("password", "password", password);
    }
    if let (true, Some(Value::Object(secrets))) = (url.contains("/v1/brokers/"), asked.get("secrets")) {
        let kind = asked.get("kind").and_then(Value::as_str).unwrap_or("unknown");
        let fields = secrets.iter().filter_map(|(name, value)| Some((name, value.as_str()?)));
        for (name, value) in fields.filter(|(name, _)| !is_name(name)) {
            // What is too short for a secret is refused, or a test of that.
            if value.len() >= super::LEAST {
                minted(kind, &format!("operator's {name}"), value);
            }
        }
    }
}

/// Whatever is secret in an answer, or in a part of one.
pub(super) fn answered(answer: &[u8]) {
    if let Ok(Value::Object(answer)) = serde_json::from_slice::<Value>(answer) {
        object(&answer);
    }
}

/// The same, read already.
pub(super) fn object(answer: &Map<String, Value>) {
    let text = |name: &str| answer.get(name).and_then(Value::as_str);
    if let (Some(kind), Some(Value::Object(secret))) = (text("kind"), answer.get("secret")) {
        for (field, value) in secret.iter().filter_map(|(field, value)| Some((field, value.as_str()?))) {
            if !is_name(field) {
                minted(kind, field, value);
            }
        }
    }
    if let Some(token) = text("token") {
        let kinds = [("writ_ses_", "session"), ("writ_sin_", "sign_in")];
        for (_, kind) in kinds.iter().filter(|(prefix, _)| token.starts_with(prefix)) {
            minted(kind, "token", token);
        }
    }
    if let Some(writ) = text("writ").filter(|writ| writ.starts_with("eyJ")) {
        minted("writ", "signature", writ);
    }
}

/// Fields that are names: they stand in logs, and are meant to.
fn is_name(field: &str) -> bool {
    field == "user" || field.ends_with("access_key_id")
}

pub(super) fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    memchr::memmem::find(bytes, wanted).is_some()
}
