//! The session's id in the environment: for telemetry (OpenTelemetry), for requests (W3C Trace Context and Baggage), and in
//! what Claude Code says to the model service. All of it is a hint: whoever can set a variable can change it.

use std::ffi::OsString;

use domain::SessionId;
use serde_json::{Map, Value};

use super::environment::Environment;
use crate::api::Opened;
use crate::client::escape;

/// The variable in which Claude Code takes more members of the request's `metadata` (measured with 2.1.330).
pub(super) const METADATA_VARIABLE: &str = "CLAUDE_CODE_EXTRA_METADATA";
/// The variable in which Anthropic's clients take more headers.
pub(super) const HEADERS_VARIABLE: &str = "ANTHROPIC_CUSTOM_HEADERS";
/// The variable with the attributes of everything that reports telemetry.
pub(super) const RESOURCE_VARIABLE: &str = "OTEL_RESOURCE_ATTRIBUTES";
/// Claude Code keeps the trace to itself behind another address than Anthropic's, unless this is 1.
pub(super) const PROPAGATE_VARIABLE: &str = "CLAUDE_CODE_PROPAGATE_TRACEPARENT";

/// Keys of the resource attributes that are writ's own.
const RESOURCE_KEYS: [&str; 3] = ["writ.session.id", "enduser.id", "writ.project.id"];
/// Key in the baggage.
const BAGGAGE_KEY: &str = "writ.session";

/// The variables of a session; `span` is random.
pub(super) fn variables(opened: &Opened, environment: &Environment, span: [u8; 8]) -> Vec<(String, OsString)> {
    let session = &opened.session;
    let mut variables = vec![
        (RESOURCE_VARIABLE, resource_attributes(opened, environment.before(RESOURCE_VARIABLE))),
        ("BAGGAGE", baggage(&session.id, environment.before("BAGGAGE"))),
        (HEADERS_VARIABLE, header(&session.id)),
        (METADATA_VARIABLE, metadata(&session.id, environment.before(METADATA_VARIABLE))),
        (PROPAGATE_VARIABLE, "1".to_owned()),
    ];
    if let Ok(id) = session.id.parse() {
        variables.push(("TRACEPARENT", traceparent(id, span)));
    }
    variables.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
}

/// The hint in the headers of a model call; the gateway does not pass it on.
pub(super) fn header(session: &str) -> String {
    format!("writ-session: {session}")
}

/// `theirs` with the session's attributes (OpenTelemetry, resource SDK: a list like Baggage, values percent-encoded).
pub(super) fn resource_attributes(opened: &Opened, theirs: Option<&str>) -> String {
    let session = &opened.session;
    let project = session.project.as_ref().map(|project| project.id.as_str());
    let values = [Some(session.id.as_str()), Some(session.developer.id.as_str()), project];
    let ours = RESOURCE_KEYS.iter().zip(values).filter_map(|(key, value)| Some(format!("{key}={}", escape(value?))));
    list(theirs, &RESOURCE_KEYS, ours)
}

/// `theirs` with the session (W3C Baggage, 3.2).
fn baggage(session: &str, theirs: Option<&str>) -> String {
    list(theirs, &[BAGGAGE_KEY], [format!("{BAGGAGE_KEY}={}", escape(session))])
}

/// A list's members but for those with our keys, then ours.
fn list(theirs: Option<&str>, keys: &[&str], ours: impl IntoIterator<Item = String>) -> String {
    let key = |member: &str| member.split_once('=').map_or(member, |(key, _)| key).trim().to_owned();
    let members = theirs.unwrap_or_default().split(',').map(str::trim).filter(|member| !member.is_empty());
    let kept = members.filter(|member| !keys.contains(&key(member).as_str())).map(str::to_owned);
    kept.chain(ours).collect::<Vec<_>>().join(",")
}

/// `theirs`, if it is an object, with the session.
pub(super) fn metadata(session: &str, theirs: Option<&str>) -> String {
    let theirs = theirs.and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
    let mut members = theirs.unwrap_or_default();
    members.insert("writ.session.id".to_owned(), Value::from(session));
    Value::Object(members).to_string()
}

/// W3C Trace Context, 3.2.2: the trace is the session, so that its 16 bytes are those of the id.
fn traceparent(session: SessionId, span: [u8; 8]) -> String {
    // A span of zeros is none.
    let span = u64::from_be_bytes(span).max(1);
    format!("00-{:032x}-{span:016x}-01", session.as_u128())
}

#[cfg(test)]
mod tests;
