//! OpenTelemetry logs over HTTP with JSON (OTLP 1.x, opentelemetry.io/docs/specs/otlp): one log record for each entry.
//!
//! The session is `writ.session.id`, because the client's own `session.id` wins over ours in a collector. The body is
//! the entry's canonical JSON as text: its leaf hash is the attribute `writ.log.leaf`.

use bytes::Bytes;
use domain::Time;
use gateway::Outbound;
use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Uri};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::sink::{Failure, FailureKind};
use super::webhook::address;
use super::{Line, ocsf};
use crate::limits::EXPORT_REQUEST_MAX;
use crate::settings::CredentialSource;
use crate::upstreams::read_key;

/// A collector.
pub(crate) struct Otlp {
    outbound: Outbound,
    url: Uri,
    bearer: Option<HeaderValue>,
}

impl Otlp {
    /// `url` is the whole address, which usually ends with `/v1/logs`.
    pub(crate) fn new(outbound: Outbound, url: &str, bearer: Option<&CredentialSource>) -> Result<Self, String> {
        Ok(Self { outbound, url: address(url)?, bearer: bearer.map(read_bearer).transpose()? })
    }

    pub(crate) async fn deliver(&mut self, origin: &str, now: Time, lines: &[Line]) -> Result<(), Failure> {
        let mut headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (USER_AGENT, HeaderValue::from_static(concat!("writ/", env!("CARGO_PKG_VERSION")))),
        ]);
        headers.extend(self.bearer.iter().map(|bearer| (AUTHORIZATION, bearer.clone())));
        let body = request(origin, now, lines).to_string();
        let answer = self.outbound.post(&self.url, headers, body.into(), EXPORT_REQUEST_MAX).await;
        judge(&answer.map_err(|error| Failure::unanswered(&error))?)
    }
}

fn read_bearer(source: &CredentialSource) -> Result<HeaderValue, String> {
    let secret = Zeroizing::new(read_key(source)?);
    let value = HeaderValue::from_str(&format!("Bearer {}", *secret));
    let mut value = value.map_err(|_| "the secret has characters that no HTTP header can carry".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

/// `ExportLogsServiceRequest` in JSON: 64-bit integers as text, names in lowerCamelCase.
pub fn request(origin: &str, now: Time, lines: &[Line]) -> Value {
    let records: Vec<_> = lines.iter().map(|line| record(origin, now, line)).collect();
    let version = env!("CARGO_PKG_VERSION");
    json!({"resourceLogs": [{
        "resource": {"attributes": [
            text("service.name", "writ"),
            text("service.version", version),
            text("writ.log.origin", origin),
        ]},
        "scopeLogs": [{"scope": {"name": "writ.log", "version": version}, "logRecords": records}],
    }]})
}

fn record(origin: &str, now: Time, line: &Line) -> Value {
    let mut attributes = vec![
        json!({"key": "writ.log.position", "value": {"intValue": line.position.to_string()}}),
        text("writ.log.leaf", &line.leaf.to_string()),
        text("writ.node.id", &line.entry.node.to_string()),
    ];
    let mut put = |key: &str, value: Option<String>| attributes.extend(value.map(|value| text(key, &value)));
    put("writ.session.id", line.session().map(|id| id.to_string()));
    put("writ.developer.id", line.owner.map(|owner| owner.developer.to_string()));
    put("writ.project.id", line.owner.and_then(|owner| owner.project).map(|id| id.to_string()));
    put("writ.team.id", line.owner.and_then(|owner| owner.team).map(|id| id.to_string()));
    put("writ.request.id", line.entry.request.map(|id| id.to_string()));
    let (number, severity) = severity(ocsf::severity(origin, line));
    json!({
        "timeUnixNano": nanos(line.entry.time),
        "observedTimeUnixNano": nanos(now),
        "severityNumber": number,
        "severityText": severity,
        "eventName": format!("writ.{}", line.kind()),
        "body": {"stringValue": line.text},
        "attributes": attributes,
    })
}

fn text(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

fn nanos(at: Time) -> String {
    format!("{}000000", at.unix_millis().max(0))
}

/// Numbers of the log data model, section "Severity fields".
fn severity(of_ocsf: u8) -> (u8, &'static str) {
    match of_ocsf {
        0 | 1 => (9, "INFO"),
        2 => (10, "INFO2"),
        _ => (13, "WARN"),
    }
}

/// The protocol names the statuses that may be tried again, and forbids it for all others and after partial success.
fn judge(answer: &http::Response<Bytes>) -> Result<(), Failure> {
    #[derive(Deserialize, Default)]
    #[serde(default, rename_all = "camelCase")]
    struct Answer {
        partial_success: Partial,
    }
    #[derive(Deserialize, Default)]
    #[serde(default, rename_all = "camelCase")]
    struct Partial {
        rejected_log_records: Value,
    }
    match answer.status().as_u16() {
        200..=299 => {
            let said: Answer = serde_json::from_slice(answer.body()).unwrap_or_default();
            // A 64-bit integer: text by the protocol, a number by some collectors.
            let rejected = said.partial_success.rejected_log_records;
            let rejected = rejected.as_u64().or_else(|| rejected.as_str()?.parse().ok()).unwrap_or(0);
            let refused =
                || Failure::new(FailureKind::Final, format!("the collector rejected {rejected} of the records"));
            if rejected == 0 { Ok(()) } else { Err(refused()) }
        }
        // About the receiver, not the records: see the same for webhooks.
        401 | 403 | 404 | 429 | 502..=504 | 300..=399 => Err(Failure::answered(FailureKind::Passing, answer)),
        400 | 413 => Err(Failure::answered(FailureKind::Refused, answer)),
        _ => Err(Failure::answered(FailureKind::Final, answer)),
    }
}
