//! Traces that a session leaves elsewhere, and certificates issued to it: API activity of writ itself.

use domain::SessionId;
use domain::artifact::Recorded;
use domain::certificate::Issued;
use serde_json::{Value, json};

use super::activity;
use super::shape::Shape;
use crate::export::Line;

pub(super) fn artifact(line: &Line, event: &Recorded) -> Shape {
    let kind = event.kind.as_str();
    let message = format!("session {} left a trace: {}", event.session, kind.replace('_', " "));
    created(line, event.session, "artifact.record", message, json!({"type": kind, "uid": event.value}))
}

pub(super) fn certificate(line: &Line, event: &Issued) -> Shape {
    let message = format!("certificate {} was issued to session {}", event.serial, event.session);
    let resource = json!({
        "type": "certificate",
        "uid": event.serial.to_string(),
        "data": {"key": event.key, "valid_until": event.valid_until.unix_millis()},
    });
    created(line, event.session, "certificate.issue", message, resource)
}

fn created(line: &Line, session: SessionId, operation: &str, message: String, resource: Value) -> Shape {
    activity(line, session, (1, "Create"), operation, message, resource).succeeded()
}
