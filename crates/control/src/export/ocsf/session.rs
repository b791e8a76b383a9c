//! Sessions and nodes: the life of an application; and claims that contradict the bearer: findings.

use domain::session::{AliasClaimed, ClaimMismatched, Closed, How, Mismatch, Opened, Over, Recovered, Suspected};
use domain::{SessionId, node};
use serde_json::{Value, json};

use super::shape::{Class, Severity, Shape};
use super::{actor, agent};
use crate::export::Line;

pub(super) fn opened(line: &Line, event: &Opened) -> Shape {
    let mut actor = actor(line);
    actor["session"] = json!({
        "uid": event.parent.unwrap_or(event.session).to_string(),
        "issuer": "writ",
    });
    if event.parent.is_none() {
        actor["session"]["created_time"] = line.entry.time.unix_millis().into();
        actor["session"]["expiration_time"] = event.expires_at.unix_millis().into();
    }
    let message = format!("session {} was opened", event.session);
    lifecycle((3, "Start"), message, event.session).succeeded().with("actor", actor)
}

pub(super) fn suspected(line: &Line, event: &Suspected) -> Shape {
    let message = format!("session {} missed its beats", event.session);
    lifecycle((99, "Suspect"), message, event.session).severity(Severity::Low).with("actor", actor(line))
}

pub(super) fn recovered(line: &Line, event: &Recovered) -> Shape {
    let message = format!("session {} beats again", event.session);
    lifecycle((99, "Recover"), message, event.session).with("actor", actor(line))
}

pub(super) fn over(line: &Line, event: &Over) -> Shape {
    let (code, detail, severity) = match &event.how {
        How::Ended { exit_code: None } => ("ended", None, Severity::Informational),
        How::Ended { exit_code: Some(code) } => ("ended", Some(format!("exit code {code}")), Severity::Informational),
        How::Revoked { reason, .. } => ("revoked", Some(reason.clone()), Severity::Low),
        How::ReachedExpiry => ("reached_expiry", None, Severity::Informational),
        How::MissedBeats => ("missed_beats", None, Severity::Low),
        How::ParentOver { parent } => ("parent_over", Some(format!("parent {parent}")), Severity::Informational),
    };
    let message = format!("session {} is over: {}", event.session, code.replace('_', " "));
    lifecycle((4, "Stop"), message, event.session)
        .severity(severity)
        .succeeded()
        .with("status_code", code)
        .with_some("status_detail", detail)
        .with("actor", actor(line))
}

pub(super) fn closed(line: &Line, event: &Closed) -> Shape {
    let message = format!("session {} is closed: nothing more of it will follow", event.session);
    lifecycle((99, "Close"), message, event.session).succeeded().with("actor", actor(line))
}

pub(super) fn alias_claimed(line: &Line, event: &AliasClaimed) -> Shape {
    let mut actor = agent(line, event.session);
    actor["session"]["uid_alt"] = event.client_session.as_str().into();
    let message = format!("the client of session {} named a session of its own", event.session);
    lifecycle((99, "Claim Alias"), message, event.session).with("actor", actor)
}

pub(super) fn claim_mismatched(origin: &str, line: &Line, event: &ClaimMismatched) -> Shape {
    let what = match event.mismatch {
        Mismatch::HeaderAndMetadataDiffer => "the header names another client session than the body",
        Mismatch::BelongsToAnotherSession => "the client session belongs to another live session",
    };
    let title = "a request claimed what its bearer contradicts";
    finding(origin, line, title, what)
        .severity(Severity::Medium)
        .with("evidences", json!([{"uid": event.call.to_string(), "data": {"claimed": event.claimed}}]))
        .with("actor", agent(line, event.session))
}

pub(super) fn node_started(line: &Line, event: &node::Started) -> Shape {
    let app = json!({"name": "writ", "uid": event.node.to_string(), "version": event.version});
    Shape::new(Class::ApplicationLifecycle, (3, "Start"), format!("node {} started", event.node))
        .profile("host")
        .succeeded()
        .with("app", app)
        .with("actor", actor(line))
}

pub(super) fn node_lost(line: &Line, event: &node::Lost) -> Shape {
    Shape::new(Class::ApplicationLifecycle, (4, "Stop"), format!("node {} is gone", event.node))
        .severity(Severity::Medium)
        .profile("host")
        .failed()
        .with("app", json!({"name": "writ", "uid": event.node.to_string()}))
        .with("actor", actor(line))
}

/// What the session itself is about. The profile `host` brings the actor.
fn lifecycle(activity: (u64, &'static str), message: String, session: SessionId) -> Shape {
    Shape::new(Class::ApplicationLifecycle, activity, message).profile("host").with("app", app(session))
}

/// Where an agent's requests come from, as far as the log knows.
pub(super) fn endpoint(session: SessionId) -> Value {
    json!({"svc_name": "coding agent session", "uid": session.to_string()})
}

fn app(session: SessionId) -> Value {
    json!({"name": "coding agent session", "uid": session.to_string(), "vendor_name": "writ"})
}

/// Something refused or suspicious, as a finding of the rule that has the entry's type for a name.
pub(super) fn finding(origin: &str, line: &Line, title: &str, description: &str) -> Shape {
    let info = json!({
        "uid": line.id(origin),
        "title": title,
        "desc": description,
        "created_time": line.entry.time.unix_millis(),
        "types": [line.kind()],
        "analytic": {"name": line.kind(), "type_id": 1, "type": "Rule"},
    });
    Shape::new(Class::DetectionFinding, (1, "Create"), format!("{title}: {description}"))
        .profile("host")
        .with("finding_info", info)
}
