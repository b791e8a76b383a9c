//! What an operator's own broker is told: one JSON object. It holds no secret of writ's; to revoke, it holds the handle
//! that the broker itself gave.

use std::collections::{BTreeMap, BTreeSet};

use domain::{CredentialId, DeveloperId, ProjectId, SessionId, Time};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::target::PluginTarget;
use crate::broker::Order;

/// Version of messages and answers.
pub(super) const VERSION: u64 = 1;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Make a credential.
    Mint,
    /// End one.
    Revoke,
}

#[derive(Serialize)]
struct Message<'a> {
    version: u64,
    action: Action,
    credential: CredentialId,
    session: SessionId,
    developer: Developer<'a>,
    project: Project<'a>,
    profile: &'a str,
    target: &'a str,
    scope: BTreeMap<&'a str, &'a BTreeSet<String>>,
    /// RFC 3339, whole seconds, rounded down.
    expires_at: String,
    /// How long that is from now on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    lifetime_seconds: Option<u64>,
    settings: Option<&'a Map<String, Value>>,
    /// There to revoke only: `null` when writ never got the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    handle: Option<Option<&'a str>>,
}

#[derive(Serialize)]
struct Developer<'a> {
    id: DeveloperId,
    name: &'a str,
}

#[derive(Serialize)]
struct Project<'a> {
    id: ProjectId,
    name: &'a str,
}

/// Make it.
pub(super) fn mint(order: &Order, target: &PluginTarget, now: Time) -> Vec<u8> {
    let lifetime_seconds = Some(order.expires_at.since(now).as_secs());
    encode(&Message { lifetime_seconds, ..message(Action::Mint, order, Some(target)) })
}

/// End it.
pub(super) fn revoke(order: &Order, target: Option<&PluginTarget>, handle: Option<&str>) -> Vec<u8> {
    encode(&Message { handle: Some(handle), ..message(Action::Revoke, order, target) })
}

/// A moment as RFC 3339, in UTC and whole seconds, rounded down.
pub(super) fn moment(at: Time) -> String {
    Timestamp::from_second(at.unix_seconds()).unwrap_or(Timestamp::MAX).to_string()
}

fn message<'a>(action: Action, order: &'a Order, target: Option<&'a PluginTarget>) -> Message<'a> {
    Message {
        version: VERSION,
        action,
        credential: order.credential,
        session: order.session,
        developer: Developer { id: order.developer, name: &order.developer_name },
        project: Project { id: order.project, name: order.project_name.as_str() },
        profile: order.profile.as_str(),
        target: order.target.as_str(),
        scope: match target {
            Some(target) => target.spelled(&order.scope),
            None => order.scope.iter().collect(),
        },
        expires_at: moment(order.expires_at),
        lifetime_seconds: None,
        settings: target.map(|target| &target.settings),
        handle: None,
    }
}

fn encode(message: &Message<'_>) -> Vec<u8> {
    // INVARIANT: texts, numbers and maps with text keys serialise.
    serde_json::to_vec(message).unwrap_or_default()
}
