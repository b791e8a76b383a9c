//! Pushes that were asked about, as API activity of the session.

use domain::push::{Admitted, Landed, Push, Refused};
use serde_json::{Value, json};

use super::activity;
use super::shape::{Severity, Shape};
use crate::export::Line;

pub(super) fn admitted(line: &Line, event: &Admitted) -> Shape {
    let message = format!("a push of session {} to {} was admitted", event.push.session, event.push.repository);
    let data = json!({"updates": event.push.updates, "paths": event.push.paths, "locks": event.locks});
    about(line, &event.push, message, data).succeeded()
}

pub(super) fn landed(line: &Line, event: &Landed) -> Shape {
    let message = format!("a push of session {} is not on its way any more", event.session);
    let data = json!({"push": event.push, "locks": event.locks});
    let resource = json!({"type": "push", "uid": event.push.to_string(), "data": data});
    activity(line, event.session, (99, "Land"), "git.push", message, resource).succeeded()
}

/// A push that was refused is worth a look.
pub(super) fn refused(line: &Line, event: &Refused) -> Shape {
    let message = format!("a push of session {} to {} was refused", event.push.session, event.push.repository);
    let data = json!({"updates": event.push.updates, "paths": event.push.paths, "why": event.why});
    about(line, &event.push, message, data)
        .failed()
        .severity(Severity::Low)
        .with("status_code", event.why.code())
        .with("status_detail", format!("refused: {}", event.why.code()))
}

fn about(line: &Line, push: &Push, message: String, data: Value) -> Shape {
    let resource = json!({"type": "repository", "uid": push.repository, "name": push.repository, "data": data});
    activity(line, push.session, (3, "Update"), "git.push", message, resource)
}
