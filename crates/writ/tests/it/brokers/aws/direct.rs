//! The broker by itself, without a control plane: what a replica has of it, at any time.

use std::sync::Arc;

use brokers::broker::{Broker, BrokerError, Chance, Minted, Order, Revocation, Secrets, TokenAsk, TokenSource, Tools};
use control::vending::OutboundWire;
use domain::{BrokerKind, CredentialId, DeveloperId, ProjectId, Scope, SessionId, Span, Time};
use serde_json::json;
use zeroize::Zeroizing;

use super::rgw::Rgw;

/// This broker asks for roles with a key.
struct NoTokens;

impl TokenSource for NoTokens {
    fn token(&self, _ask: &TokenAsk<'_>, _now: Time) -> Result<Zeroizing<String>, BrokerError> {
        Err(BrokerError::operator("no tokens here"))
    }
}

/// A broker with what it works with.
#[derive(Clone)]
pub(super) struct Direct {
    pub(super) broker: Arc<dyn Broker>,
    tools: Tools,
}

/// A broker for a role, in a process of its own as far as it knows.
pub(super) fn direct(rgw: &Rgw, role: &str) -> Direct {
    let target = json!({
        "role_arn": format!("arn:aws:iam:::role/{role}"),
        "policies": {"read": {"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}},
    });
    let settings = json!({
        "identity": "assume_role", "region": "us-east-1", "targets": {"agent": target},
        "endpoint_sts": rgw.endpoint, "endpoint_iam": rgw.endpoint,
    });
    let admin = rgw.admin();
    let secrets = [("access_key_id", admin.id), ("secret_access_key", admin.secret)];
    let secrets: Secrets = secrets.into_iter().map(|(name, value)| (name.to_owned(), Zeroizing::new(value))).collect();
    let wire = OutboundWire::new(gateway::Outbound::new(None).unwrap());
    let tools = Tools { wire: Arc::new(wire), tokens: Arc::new(NoTokens) };
    Direct { broker: brokers::open(BrokerKind::Aws, &settings.to_string(), secrets).unwrap(), tools }
}

/// An order of that time; each number is another session.
pub(super) fn order(now: Time, number: u64) -> Order {
    let random = u128::from(number);
    Order {
        credential: CredentialId::new(now, random),
        session: SessionId::new(now, random),
        sequence: 1,
        developer: DeveloperId::new(now, 1),
        developer_name: "grace".to_owned(),
        project: ProjectId::new(now, 1),
        project_name: "checkout".parse().unwrap(),
        profile: "default".parse().unwrap(),
        target: "agent".parse().unwrap(),
        scope: Scope::default(),
        at: now,
        expires_at: now + Span::from_secs(900),
        public_key: None,
    }
}

// === impl Direct ===

impl Direct {
    pub(super) async fn mint(&self, order: &Order, now: Time) -> Result<Minted, BrokerError> {
        self.broker.mint(order, &self.tools, Chance { now, random: [0; 32] }).await
    }

    /// By what is known of it beforehand.
    pub(super) async fn revoke(&self, order: &Order, now: Time) -> Result<Revocation, BrokerError> {
        let handle = self.broker.plan(order).handle.unwrap();
        self.broker.revoke(order, &handle, &self.tools, Chance { now, random: [0; 32] }).await
    }
}
