//! Developers, teams, projects and sign-ins: the classes of identity and access management.

use domain::{Role, Roles, developer, project, sign_in, team};
use serde_json::{Value, json};

use super::shape::{Class, Severity, Shape};
use super::{actor, user};
use crate::export::Line;

pub(super) fn registered(line: &Line, event: &developer::Registered) -> Shape {
    let mut user = user(event.developer);
    if event.roles.contains(&Role::Admin) {
        user["type_id"] = 2.into();
    }
    let message = format!("developer {} was registered with roles {}", event.developer, words(&event.roles));
    Shape::new(Class::AccountChange, (1, "Create"), message).succeeded().with("actor", actor(line)).with("user", user)
}

/// The schema knows roles assigned and roles revoked; the entry says the whole set from now on.
pub(super) fn roles_set(line: &Line, event: &developer::RolesSet) -> Shape {
    let roles: Vec<_> = event.roles.iter().map(|role| role.as_str()).collect();
    let message = format!("roles of developer {} are {} from now on", event.developer, words(&event.roles));
    Shape::new(Class::UserAccess, (99, "Set Privileges"), message)
        .severity(Severity::Low)
        .succeeded()
        .with("actor", actor(line))
        .with("user", user(event.developer))
        .with("privileges", roles)
}

pub(super) fn disabled(line: &Line, event: &developer::Disabled) -> Shape {
    let message = format!("developer {} was disabled", event.developer);
    Shape::new(Class::AccountChange, (5, "Disable"), message)
        .severity(Severity::Low)
        .succeeded()
        .with("status_detail", event.reason.as_str())
        .with("actor", actor(line))
        .with("user", user(event.developer))
}

/// Who it was is gone; the pseudonym stays.
pub(super) fn erased(line: &Line, event: &developer::Erased) -> Shape {
    let message = format!("who developer {} is was erased", event.developer);
    Shape::new(Class::AccountChange, (6, "Delete"), message)
        .severity(Severity::Low)
        .succeeded()
        .with("actor", actor(line))
        .with("user", user(event.developer))
}

pub(super) fn team_created(line: &Line, event: &team::Created) -> Shape {
    let group = json!({"uid": event.team.to_string(), "name": event.name.as_str(), "type": "team"});
    let message = format!("team {} was created", event.name);
    Shape::new(Class::GroupManagement, (6, "Create"), message)
        .succeeded()
        .with("actor", actor(line))
        .with("group", group)
}

pub(super) fn member_added(line: &Line, event: &team::MemberAdded) -> Shape {
    let message = format!("developer {} joined team {}", event.developer, event.team);
    Shape::new(Class::GroupManagement, (3, "Add User"), message)
        .succeeded()
        .with("actor", actor(line))
        .with("group", group(event.team))
        .with("user", user(event.developer))
}

pub(super) fn member_removed(line: &Line, event: &team::MemberRemoved) -> Shape {
    let message = format!("developer {} left team {}", event.developer, event.team);
    Shape::new(Class::GroupManagement, (4, "Remove User"), message)
        .succeeded()
        .with("actor", actor(line))
        .with("group", group(event.team))
        .with("user", user(event.developer))
}

pub(super) fn project_created(line: &Line, event: &project::Created) -> Shape {
    let teams: Vec<_> = event.teams.iter().map(ToString::to_string).collect();
    let entity = json!({
        "uid": event.project.to_string(),
        "name": event.name.as_str(),
        "type_id": 99,
        "type": "project",
        "data": {"teams": teams},
    });
    let message = format!("project {} was created", event.name);
    Shape::new(Class::EntityManagement, (1, "Create"), message)
        .succeeded()
        .with("actor", actor(line))
        .with("entity", entity)
}

pub(super) fn lock_rules_set(line: &Line, event: &project::LockRulesSet) -> Shape {
    let entity = json!({
        "uid": event.project.to_string(),
        "type_id": 99,
        "type": "project",
        "data": {"lock_rules": event.rules},
    });
    let message = format!("the lock rules of project {} were replaced", event.project);
    Shape::new(Class::EntityManagement, (3, "Update"), message)
        .succeeded()
        .with("actor", actor(line))
        .with("entity", entity)
}

pub(super) fn signed_in(line: &Line, event: &sign_in::Started) -> Shape {
    let mut user = user(event.developer);
    user["account"] = account(event.sign_in);
    let session =
        json!({"uid": event.sign_in.to_string(), "expiration_time": event.expires_at.unix_millis(), "issuer": "writ"});
    let message = format!("developer {} signed in", event.developer);
    Shape::new(Class::Authentication, (1, "Logon"), message)
        .succeeded()
        .with("actor", actor(line))
        .with("user", user)
        .with("session", session)
        .with("service", service())
        .with("is_remote", true)
}

/// The entry names the sign-in only; whose it was is in the event of its start, under the same `user.account.uid`.
pub(super) fn signed_out(line: &Line, event: &sign_in::Ended) -> Shape {
    Shape::new(Class::Authentication, (2, "Logoff"), format!("sign-in {} ended", event.sign_in))
        .succeeded()
        .with("actor", actor(line))
        .with("user", json!({"account": account(event.sign_in)}))
        .with("session", json!({"uid": event.sign_in.to_string(), "issuer": "writ"}))
        .with("service", service())
}

fn group(team: domain::TeamId) -> Value {
    json!({"uid": team.to_string(), "type": "team"})
}

fn account(sign_in: domain::SignInId) -> Value {
    json!({"uid": sign_in.to_string(), "type_id": 99, "type": "sign-in"})
}

fn service() -> Value {
    json!({"name": "writ"})
}

fn words(roles: &Roles) -> String {
    let words: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}
