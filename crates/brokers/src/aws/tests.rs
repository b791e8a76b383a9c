#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod exchange;
mod revocation;
mod settings;
mod stand_in;

use std::sync::Arc;

use domain::{CredentialId, DeveloperId, ProjectId, Scope, SessionId, Span, Time};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::*;
use stand_in::StandIn;

/// 2026-11-22T20:00:00Z.
const NOW: Time = Time::from_unix_millis(1_795_377_600_000);
const ROLE: &str = "arn:aws:iam::123456789012:role/agents/agent";

pub(super) fn order() -> Order {
    Order {
        credential: CredentialId::new(NOW, 1),
        session: SessionId::new(NOW, 2),
        sequence: 7,
        developer: DeveloperId::new(NOW, 3),
        developer_name: "ada@corp.example".to_owned(),
        project: ProjectId::new(NOW, 4),
        project_name: "payments".parse().unwrap(),
        profile: "dev-write".parse().unwrap(),
        target: "agent".parse().unwrap(),
        scope: Scope::default(),
        at: NOW,
        expires_at: NOW + Span::from_secs(3600),
        public_key: None,
    }
}

fn scope(dimension: &str, values: &[&str]) -> Scope {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    Scope::new([(dimension.parse().unwrap(), values)].into())
}

fn chance() -> Chance {
    Chance { now: NOW, random: [9; 32] }
}

/// A broker's settings with two policies; `more` is merged into those of its one target.
fn settings(identity: &str, more: Value) -> Value {
    let allow = |action: &str| json!({"Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}});
    let mut target = json!({
        "role_arn": ROLE,
        "policies": { "read": allow("s3:GetObject"), "write": allow("s3:PutObject") },
        "default_policies": ["read"],
    });
    target.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "identity": identity, "region": "eu-central-1", "targets": { "agent": target } })
}

fn secrets(names: &[&str]) -> Secrets {
    names.iter().map(|name| ((*name).to_owned(), Zeroizing::new(format!("value-of-{name}")))).collect()
}

fn revoke_secrets() -> Secrets {
    secrets(&["revoke_access_key_id", "revoke_secret_access_key"])
}

fn web_identity(more: Value) -> Arc<dyn Broker> {
    open(&settings("web_identity", more).to_string(), revoke_secrets()).unwrap()
}

async fn mint(broker: &dyn Broker, order: &Order, aws: &Arc<StandIn>) -> Result<Minted, BrokerError> {
    broker.mint(order, &aws.tools(), chance()).await
}

#[test]
fn says_what_decisions_and_launchers_must_know() {
    let broker = web_identity(json!({"max_lifetime_seconds": 7200, "via": "container"}));
    let target = broker.targets()[&"agent".parse::<Name>().unwrap()];
    assert_eq!(
        (target.life_min.as_secs(), target.life_default.as_secs(), target.life_max.as_secs()),
        (900, 3600, 7200)
    );
    assert!(target.is_revocable && !target.is_local);
    assert_eq!(
        broker.delivery(&"agent".parse().unwrap()),
        json!({ "aws": {
            "account": "123456789012", "partition": "aws", "region": "eu-central-1", "role_arn": ROLE, "endpoints": {},
            "via": "container", "default": false,
        } })
    );
    let none = web_identity(json!({"revoke_by": "none"}));
    assert!(!none.targets()[&"agent".parse::<Name>().unwrap()].is_revocable);
}

#[test]
fn a_scope_names_policies_of_the_target() {
    let broker = web_identity(json!({}));
    let check = |scope: &Scope| broker.check(&"agent".parse().unwrap(), scope).map_err(|error| error.text);
    for good in [Scope::default(), scope("policy", &["*"]), scope("policy", &["read", "write"])] {
        assert_eq!(check(&good), Ok(()));
    }
    assert_eq!(
        check(&scope("policy", &["admin"])),
        Err("this target has no policy `admin`; it has `read`, `write`".to_owned())
    );
    assert_eq!(
        check(&scope("bucket", &["b"])),
        Err("an aws scope has no dimension `bucket`, only `policy`: the target's session policies".to_owned())
    );
}

#[test]
fn the_plan_is_known_before_and_always_the_same() {
    let broker = web_identity(json!({}));
    let (first, second) = (broker.plan(&order()), broker.plan(&order()));
    let name = format!("{}.7.ada@corp.example", order().session);
    assert_eq!(first.names, [(ArtifactKind::AwsRoleSession, name)]);
    assert_eq!(first.names, second.names);
    assert!(first.handle.is_some() && first.handle == second.handle);
    assert!(web_identity(json!({"revoke_by": "none"})).plan(&order()).handle.is_none());
}
