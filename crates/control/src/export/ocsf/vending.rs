//! Brokers and grants, as entities that are managed; credentials, as API activity of writ itself.

use domain::Name;
use domain::broker::{Configured, Removed, Switched};
use domain::credential::{How, Issued, Over, Requested, RevocationAsked, Stalled};
use domain::grant::{GrantRemoved, GrantSet};
use domain::key::{Rotated, RotationAsked, Which};
use serde_json::{Value, json};

use super::shape::{Class, Severity, Shape};
use super::{activity, actor};
use crate::export::Line;

pub(super) fn configured(line: &Line, event: &Configured) -> Shape {
    let targets: Vec<_> = event.targets.keys().map(Name::as_str).collect();
    let data = json!({"kind": event.kind.as_str(), "targets": targets, "revision": event.revision});
    let message = format!("broker {} was configured", event.broker);
    managed(line, (99, "Configure"), message, entity("broker", event.broker.as_str(), Some(data)))
        .severity(Severity::Low)
}

pub(super) fn key_asked(line: &Line, event: &RotationAsked) -> Shape {
    let message = format!("the keys for {} are to be replaced", purpose(event.key));
    managed(line, (99, "Rotate"), message, entity("key", purpose(event.key), Some(json!(event))))
        .severity(Severity::Medium)
}

pub(super) fn key_rotated(line: &Line, event: &Rotated) -> Shape {
    let message = format!("there is a new key for {}", purpose(event.key));
    managed(line, (1, "Create"), message, entity("key", &event.name, Some(json!(event)))).severity(Severity::Medium)
}

fn purpose(key: Which) -> &'static str {
    match key {
        Which::Signing => "signing",
        Which::Seal => "sealing",
    }
}

pub(super) fn switched(line: &Line, event: &Switched) -> Shape {
    let word = if event.is_on { "on" } else { "off" };
    let message = format!("broker {} was switched {word}", event.broker);
    managed(line, (99, "Switch"), message, entity("broker", event.broker.as_str(), None))
        .severity(Severity::Medium)
        .with("status_detail", event.reason.as_str())
}

pub(super) fn removed(line: &Line, event: &Removed) -> Shape {
    let message = format!("broker {} was removed", event.broker);
    managed(line, (4, "Delete"), message, entity("broker", event.broker.as_str(), None)).severity(Severity::Low)
}

pub(super) fn granted(line: &Line, event: &GrantSet) -> Shape {
    let grant = &event.grant;
    let data = json!({
        "profile": grant.profile,
        "scope": grant.scope,
        "max_lifetime_seconds": grant.life_max.as_secs(),
    });
    let name = format!("{}/{}", grant.broker, grant.target);
    let message = format!("project {} was granted {name}", event.project);
    let uid = format!("{}/{name}", event.project);
    managed(line, (1, "Create"), message, entity("grant", &uid, Some(data))).severity(Severity::Low)
}

pub(super) fn grant_removed(line: &Line, event: &GrantRemoved) -> Shape {
    let name = format!("{}/{}", event.broker, event.target);
    let message = format!("the grant of {name} was taken from project {}", event.project);
    let data = event.profile.as_ref().map(|profile| json!({"profile": profile}));
    let uid = format!("{}/{name}", event.project);
    managed(line, (4, "Delete"), message, entity("grant", &uid, data)).severity(Severity::Low)
}

pub(super) fn requested(line: &Line, event: &Requested) -> Shape {
    let message = format!(
        "session {} was granted credential {} of {}/{}",
        event.session, event.credential, event.broker, event.target
    );
    let data = json!({
        "broker": event.broker.as_str(),
        "target": event.target.as_str(),
        "scope": event.scope,
        "sequence": event.sequence,
        "expires_at": event.expires_at.unix_millis(),
    });
    let resource = credential(event.credential.to_string(), data);
    activity(line, event.session, (1, "Create"), "credential.request", message, resource).succeeded()
}

pub(super) fn issued(line: &Line, event: &Issued) -> Shape {
    let message = format!("credential {} was made for session {}", event.credential, event.session);
    let names: Vec<_> = event.names.iter().map(|name| json!({"kind": name.kind, "value": name.value})).collect();
    let data = json!({"names": names, "expires_at": event.expires_at.unix_millis()});
    let resource = credential(event.credential.to_string(), data);
    activity(line, event.session, (1, "Create"), "credential.issue", message, resource).succeeded()
}

pub(super) fn revocation_asked(line: &Line, event: &RevocationAsked) -> Shape {
    let message = format!("credential {} of session {} is to be revoked", event.credential, event.session);
    let resource = credential(event.credential.to_string(), json!({"reason": event.reason}));
    activity(line, event.session, (4, "Delete"), "credential.revoke", message, resource)
        .with("status_id", 99)
        .with("status", "In Progress")
        .severity(Severity::Low)
}

/// An alarm: somebody should look.
pub(super) fn stalled(line: &Line, event: &Stalled) -> Shape {
    let message = format!("credential {} of session {} could not be revoked", event.credential, event.session);
    let data = json!({"attempts": event.attempts, "lives_until": event.lives_until.unix_millis()});
    let resource = credential(event.credential.to_string(), data);
    activity(line, event.session, (4, "Delete"), "credential.revoke", message, resource)
        .failed()
        .with("status_detail", event.reason.as_str())
        .severity(Severity::Medium)
}

pub(super) fn over(line: &Line, event: &Over) -> Shape {
    let (word, operation) = match event.how {
        How::Revoked { .. } => ("was revoked", "credential.revoke"),
        How::Expired => ("expired", "credential.expire"),
        How::NotMade { .. } => ("was not made", "credential.issue"),
    };
    let message = format!("credential {} of session {} {word}", event.credential, event.session);
    let resource = credential(event.credential.to_string(), json!(event.how));
    let shape = activity(line, event.session, (4, "Delete"), operation, message, resource);
    match &event.how {
        How::NotMade { reason } => shape.failed().with("status_detail", reason.as_str()),
        How::Revoked { .. } | How::Expired => shape.succeeded(),
    }
}

fn managed(line: &Line, activity: (u64, &'static str), message: String, entity: Value) -> Shape {
    Shape::new(Class::EntityManagement, activity, message).succeeded().with("actor", actor(line)).with("entity", entity)
}

fn entity(kind: &str, uid: &str, data: Option<Value>) -> Value {
    let mut entity = json!({"type_id": 99, "type": kind, "uid": uid, "name": uid});
    if let Some(data) = data {
        entity["data"] = data;
    }
    entity
}

fn credential(uid: String, data: Value) -> Value {
    json!({"type": "credential", "uid": uid, "data": data})
}
