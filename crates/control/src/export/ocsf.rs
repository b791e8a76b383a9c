//! OCSF 1.8.0 (schema.ocsf.io): one event for each entry, in the class that fits best, with every required attribute.
//!
//! Which entry becomes what is in `people`, `session`, `call`, `trace`, `vending` and `locks`; what all have in common is
//! here. Names and addresses of people are not in the log and so not here: `user.uid` is a pseudonym. What OCSF has no attribute for, the whole
//! entry included, is under `unmapped.writ`.

mod call;
mod locks;
mod people;
mod push;
mod session;
mod shape;
mod trace;
mod vending;

use domain::{Actor, DeveloperId, Event};
use serde_json::{Map, Value, json};

use super::Line;
use crate::text;

use shape::{Class, Shape};

/// The version of the schema that events follow.
pub const VERSION: &str = "1.8.0";

/// The event of an entry.
pub fn event(origin: &str, line: &Line) -> Value {
    let shape = shape(origin, line);
    let mut event = shape.attributes;
    let mut put = |name: &str, value: Value| event.insert(name.to_owned(), value);
    put("activity_id", shape.activity.0.into());
    put("activity_name", shape.activity.1.into());
    put("category_uid", shape.class.category_uid().into());
    put("category_name", shape.class.category_name().into());
    put("class_uid", shape.class.uid().into());
    put("class_name", shape.class.name().into());
    put("type_uid", (shape.class.uid() * 100 + shape.activity.0).into());
    put("severity_id", shape.severity.id().into());
    put("severity", shape.severity.name().into());
    put("time", line.entry.time.unix_millis().into());
    put("message", shape.message.into());
    put("metadata", metadata(origin, line, &shape.profiles));
    put("unmapped", json!({ "writ": unmapped(line) }));
    Value::Object(event)
}

/// The severity that an entry's event has, 1 (informational) to 3 (medium).
pub fn severity(origin: &str, line: &Line) -> u8 {
    shape(origin, line).severity.id()
}

fn shape(origin: &str, line: &Line) -> Shape {
    match &line.entry.event {
        Event::DeveloperRegistered(event) => people::registered(line, event),
        Event::DeveloperRolesSet(event) => people::roles_set(line, event),
        Event::DeveloperDisabled(event) => people::disabled(line, event),
        Event::DeveloperErased(event) => people::erased(line, event),
        Event::TeamCreated(event) => people::team_created(line, event),
        Event::TeamMemberAdded(event) => people::member_added(line, event),
        Event::TeamMemberRemoved(event) => people::member_removed(line, event),
        Event::ProjectCreated(event) => people::project_created(line, event),
        Event::LockRulesSet(event) => people::lock_rules_set(line, event),
        Event::SignInStarted(event) => people::signed_in(line, event),
        Event::SignInEnded(event) => people::signed_out(line, event),
        Event::SessionOpened(event) => session::opened(line, event),
        Event::SessionSuspected(event) => session::suspected(line, event),
        Event::SessionRecovered(event) => session::recovered(line, event),
        Event::SessionOver(event) => session::over(line, event),
        Event::SessionClosed(event) => session::closed(line, event),
        Event::AliasClaimed(event) => session::alias_claimed(line, event),
        Event::ClaimMismatched(event) => session::claim_mismatched(origin, line, event),
        Event::CallReserved(event) => call::reserved(line, event),
        Event::CallSettled(event) => call::settled(line, event),
        Event::CallRefused(event) => call::refused(origin, line, event),
        Event::ArtifactRecorded(event) => trace::artifact(line, event),
        Event::CertificateIssued(event) => trace::certificate(line, event),
        Event::KeyRotationAsked(event) => vending::key_asked(line, event),
        Event::KeyRotated(event) => vending::key_rotated(line, event),
        Event::BrokerConfigured(event) => vending::configured(line, event),
        Event::BrokerSwitched(event) => vending::switched(line, event),
        Event::BrokerRemoved(event) => vending::removed(line, event),
        Event::GrantSet(event) => vending::granted(line, event),
        Event::GrantRemoved(event) => vending::grant_removed(line, event),
        Event::CredentialRequested(event) => vending::requested(line, event),
        Event::CredentialIssued(event) => vending::issued(line, event),
        Event::RevocationAsked(event) => vending::revocation_asked(line, event),
        Event::CredentialStalled(event) => vending::stalled(line, event),
        Event::CredentialOver(event) => vending::over(line, event),
        Event::LockQueued(event) => locks::queued(line, event),
        Event::LockOffered(event) => locks::offered(line, event),
        Event::LockGranted(event) => locks::granted(line, event),
        Event::LockResting(event) => locks::resting(line, event),
        Event::LockOver(event) => locks::over(line, event),
        Event::ResourceWritten(event) => locks::written(line, event),
        Event::PushAdmitted(event) => push::admitted(line, event),
        Event::PushLanded(event) => push::landed(line, event),
        Event::PushRefused(event) => push::refused(line, event),
        Event::ResourceFrozen(event) => locks::frozen(line, event),
        Event::ResourceThawed(event) => locks::thawed(line, event),
        Event::NodeStarted(event) => session::node_started(line, event),
        Event::NodeLost(event) => session::node_lost(line, event),
    }
}

fn metadata(origin: &str, line: &Line, profiles: &[&str]) -> Value {
    let mut metadata = json!({
        "version": VERSION,
        "product": {"name": "writ", "vendor_name": "writ", "version": env!("CARGO_PKG_VERSION")},
        "uid": line.id(origin),
        "sequence": line.position,
        "event_code": line.kind(),
        "log_name": origin,
        "log_provider": "writ",
        "log_version": line.json["v"].to_string(),
        "original_time": text::rfc3339(line.entry.time),
        "original_event_uid": line.leaf.to_string(),
    });
    if let Some(session) = line.session() {
        metadata["correlation_uid"] = session.to_string().into();
    }
    if !profiles.is_empty() {
        metadata["profiles"] = json!(profiles);
    }
    metadata
}

/// The entry itself, where it stands and what it is about: canonical JSON of `entry` has the bytes that `leaf` hashes.
fn unmapped(line: &Line) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put("position", line.position.into());
    put("leaf", line.leaf.to_string().into());
    put("entry", line.json.clone());
    if let Some(session) = line.session() {
        put("session", session.to_string().into());
    }
    if let Some(owner) = line.owner {
        put("developer", owner.developer.to_string().into());
        owner.project.map(|project| put("project", project.to_string().into()));
        owner.team.map(|team| put("team", team.to_string().into()));
    }
    fields
}

/// On whose behalf the entry was written.
fn actor(line: &Line) -> Value {
    match line.entry.actor {
        Actor::System => json!({"app_name": "writ"}),
        Actor::Bootstrap => json!({"app_name": "writ bootstrap token"}),
        Actor::Developer(id) => json!({"user": user(id)}),
        Actor::Session(id) => agent(line, id),
    }
}

/// The agent of a session, with the human it acts for.
fn agent(line: &Line, session: domain::SessionId) -> Value {
    let mut actor = json!({"app_name": "coding agent", "session": {"uid": session.to_string()}});
    if let Some(owner) = line.owner {
        actor["user"] = user(owner.developer);
    }
    actor
}

/// A human, by pseudonym.
fn user(id: DeveloperId) -> Value {
    json!({"uid": id.to_string(), "type_id": 1})
}

/// API activity of writ itself, on what is a session's.
fn activity(
    line: &Line,
    of: domain::SessionId,
    activity: (u64, &'static str),
    operation: &str,
    message: String,
    resource: Value,
) -> Shape {
    let mut api = json!({"operation": operation, "service": {"name": "writ"}});
    if let Some(request) = line.entry.request {
        api["request"] = json!({"uid": request.to_string()});
    }
    Shape::new(Class::ApiActivity, activity, message)
        .with("actor", agent(line, of))
        .with("api", api)
        .with("src_endpoint", session::endpoint(of))
        .with("resources", json!([resource]))
}
