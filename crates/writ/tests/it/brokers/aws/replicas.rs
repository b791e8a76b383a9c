//! Two processes end credentials of one role at the same time. Each has a broker of its own, as two replicas have; Ceph
//! replaces the whole role with every write, so that naive ones lose two in five.

use std::sync::Arc;

use brokers::broker::{Broker, BrokerError, Chance, Order, Revocation, Secrets, TokenAsk, TokenSource, Tools};
use control::vending::OutboundWire;
use domain::{BrokerKind, CredentialId, DeveloperId, ProjectId, Scope, SessionId, Span, Time};
use serde_json::json;
use zeroize::Zeroizing;

use super::rgw::Rgw;
use crate::support::{run, within};

const ROUNDS: u64 = 6;

/// This broker asks for roles with a key.
struct NoTokens;

impl TokenSource for NoTokens {
    fn token(&self, _ask: &TokenAsk<'_>, _now: Time) -> Result<Zeroizing<String>, BrokerError> {
        Err(BrokerError::operator("no tokens here"))
    }
}

fn replica(rgw: &Rgw, role: &str) -> (Arc<dyn Broker>, Tools) {
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
    (brokers::open(BrokerKind::Aws, &settings.to_string(), secrets).unwrap(), tools)
}

fn order(now: Time, number: u64) -> Order {
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

#[test]
fn two_replicas_lose_nothing_of_each_other() {
    run(async {
        let rgw = Rgw::start();
        let role = rgw.role(&Rgw::trust_admin());
        let replicas = [replica(&rgw, &role), replica(&rgw, &role)];
        let now = control::seam::Clock::System.now();
        for round in 0..ROUNDS {
            let ending = replicas.iter().zip(0..).map(|((broker, tools), index)| {
                let (broker, tools, order) = (Arc::clone(broker), tools.clone(), order(now, 2 * round + index));
                tokio::spawn(async move {
                    let handle = broker.plan(&order).handle.unwrap();
                    broker.revoke(&order, &handle, &tools, Chance { now, random: [0; 32] }).await
                })
            });
            for ended in ending.collect::<Vec<_>>() {
                let ended = within("a credential to be ended", ended).await.unwrap();
                assert_eq!(ended, Ok(Revocation::Dead), "round {round}");
            }
        }
        let said = rgw.denied(&role);
        for number in 0..2 * ROUNDS {
            let session = order(now, number).session.to_string();
            assert!(said.contains(&session), "the deny of credential {number} is lost: {said}");
        }
    });
}
