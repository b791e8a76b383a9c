//! The broker for Amazon Web Services, and for what speaks its STS and IAM (Ceph's object gateway does).
//!
//! writ makes the exchange itself and hands over the result only. Whoever calls STS chooses the role session's name and
//! its policy, so an agent that held a token for AWS could call itself what it likes and leave the policy out.
//!
//! A credential is ended by a deny on its role: see [`revoke`].

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::broker::Target as TargetFacts;
use domain::{ArtifactKind, Name, Scope, Span, Time};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use self::iam::Iam;
use self::identity::Identity;
use self::name::{revoker_session_name, role_session_name};
use self::revoke::{AwsHandle, Revoker};
use self::settings::{RevokeAs, Settings};
use self::sts::Lease;
use self::target::Target;
use crate::broker::{
    Broker, BrokerError, Chance, Handle, Minted, Order, Plan, Revocation, Secret, Secrets, Tools, Work,
};
use crate::open::SettingsError;

mod call;
mod deny;
mod endpoint;
mod form;
mod iam;
mod identity;
mod limits;
mod name;
mod policy;
mod raw;
mod reply;
mod revoke;
mod settings;
mod sigv4;
mod sts;
mod target;
mod time;

/// The one dimension of a scope: which of the target's session policies the credential gets.
const POLICY: &str = "policy";

/// Reads settings (see [`settings`]) and secrets.
pub(crate) fn open(settings: &str, secrets: Secrets) -> Result<Arc<dyn Broker>, SettingsError> {
    let settings = settings::read(settings, secrets)?;
    Ok(Arc::new(Aws { settings, revoker: Revoker::default(), revoke_identity: Mutex::default() }))
}

#[derive(Debug)]
struct Aws {
    settings: Settings,
    revoker: Revoker,
    /// Of the role that ends credentials, and since when.
    revoke_identity: Mutex<Option<(Identity, Time)>>,
}

// === impl Aws ===

impl Aws {
    fn target(&self, name: &Name) -> Result<&Target, BrokerError> {
        let missing = || BrokerError::operator(format!("this broker has no target `{name}` any more"));
        self.settings.targets.get(name).ok_or_else(missing)
    }

    async fn make(&self, order: &Order, tools: &Tools, chance: Chance) -> Result<Minted, BrokerError> {
        let target = self.target(&order.target)?;
        let policy = target.session_policy(&order.scope)?;
        let seconds = target.seconds(order.expires_at.since(chance.now));
        let session_name = role_session_name(order);
        let lease = Lease { order, role: &target.role.arn, policy, seconds, session_name: &session_name };
        let made = sts::assume(&self.settings.sts, &self.settings.means, &lease, tools, chance.now).await?;
        let mut names = vec![(ArtifactKind::AwsRoleSession, session_name.clone())];
        names.push((ArtifactKind::AwsAccessKey, made.access_key_id.to_string()));
        // By writ's clock: whatever the target's clock says, it counts the same seconds.
        let expires_at = chance.now + Span::from_secs(seconds);
        let handle = target.revoke_by.map(|by| Handle::json(&AwsHandle::new(by, target, order, expires_at)));
        Ok(Minted { secret: secret(&made, target), expires_at, names, handle })
    }

    async fn end(
        &self,
        order: &Order,
        handle: &Handle,
        tools: &Tools,
        chance: Chance,
    ) -> Result<Revocation, BrokerError> {
        let handle: AwsHandle = handle.read()?;
        let identity = self.revoke_identity(order, tools, chance.now).await?;
        let iam = Iam {
            endpoint: &self.settings.iam,
            identity: &identity,
            wire: &*tools.wire,
            now: chance.now,
            rewrites_roles: self.settings.named.iam.is_some(),
        };
        self.revoker.revoke(&iam, &handle).await.map(|()| Revocation::Dead)
    }

    /// Who ends credentials.
    async fn revoke_identity(&self, order: &Order, tools: &Tools, now: Time) -> Result<Identity, BrokerError> {
        let (role, means) = match &self.settings.revoker {
            Some(RevokeAs::Key(identity)) => return Ok(identity.clone()),
            Some(RevokeAs::Role { arn, means }) => (arn, means),
            None => {
                return Err(BrokerError::operator(
                    "this broker has nobody any more who ends credentials: see `revoke_role_arn`, and the secrets \
                     `revoke_access_key_id` and `revoke_secret_access_key`",
                ));
            }
        };
        // Held over the exchange: many that end at once ask for the role once.
        let mut kept = self.revoke_identity.lock().await;
        if let Some((identity, since)) = &*kept
            && now.since(*since) < limits::REVOKER_KEPT
        {
            return Ok(identity.clone());
        }
        // The token is about writ's own work, which a session's end does not end.
        let order = &Order { expires_at: order.expires_at.max(now + limits::TOKEN_LIFE), ..order.clone() };
        let (seconds, session_name) = (limits::LIFE_MIN.as_secs(), revoker_session_name(order));
        let lease = Lease { order, role, policy: None, seconds, session_name: &session_name };
        let made = sts::assume(&self.settings.sts, means, &lease, tools, now).await?;
        let identity = Identity::new(made.access_key_id.into(), made.secret_access_key, Some(made.session_token));
        *kept = Some((identity.clone(), now));
        Ok(identity)
    }
}

impl Broker for Aws {
    fn targets(&self) -> BTreeMap<Name, TargetFacts> {
        self.settings.targets.iter().map(|(name, target)| (name.clone(), target.facts())).collect()
    }

    fn check(&self, target: &Name, scope: &Scope) -> Result<(), BrokerError> {
        let target = self.target(target)?;
        if let Some((other, _)) = scope.iter().find(|(dimension, _)| *dimension != POLICY) {
            let text =
                format!("an aws scope has no dimension `{other}`, only `{POLICY}`: the target's session policies");
            return Err(BrokerError::asker(text));
        }
        target.session_policy(scope).map(drop)
    }

    fn plan(&self, order: &Order) -> Plan {
        let names = vec![(ArtifactKind::AwsRoleSession, role_session_name(order))];
        let target = self.settings.targets.get(&order.target);
        let handle = target.and_then(|target| {
            // Asked for later than it was decided, it lives a little longer than was decided.
            let latest = order.expires_at.max(order.at + limits::LIFE_MIN + limits::LIFE_MIN);
            target.revoke_by.map(|by| Handle::json(&AwsHandle::new(by, target, order, latest)))
        });
        Plan { names, handle }
    }

    fn mint<'a>(&'a self, order: &'a Order, tools: &'a Tools, chance: Chance) -> Work<'a, Minted> {
        Box::pin(self.make(order, tools, chance))
    }

    fn revoke<'a>(
        &'a self,
        order: &'a Order,
        handle: &'a Handle,
        tools: &'a Tools,
        chance: Chance,
    ) -> Work<'a, Revocation> {
        Box::pin(self.end(order, handle, tools, chance))
    }

    fn delivery(&self, target: &Name) -> Value {
        let Some(target) = self.settings.targets.get(target) else { return json!({}) };
        let named = &self.settings.named;
        let addresses = [("sts", &named.sts), ("iam", &named.iam), ("s3", &named.s3)];
        let endpoints: BTreeMap<&str, String> = addresses
            .into_iter()
            .filter_map(|(service, address)| address.as_ref().map(|address| (service, address.to_string())))
            .collect();
        json!({ "aws": {
            "region": target.region, "partition": self.settings.partition, "role_arn": target.role.arn,
            "account": target.role.account, "endpoints": endpoints, "via": target.via, "default": target.is_default,
        } })
    }

    fn shows(&self) -> &'static str {
        "CloudTrail shows every request under the role session's name, which starts with the session's id, and under its \
         source identity (session, then developer); the request that made the credential also shows the session, \
         developer, project and profile as tags"
    }
}

/// What the session gets, in AWS's own words for it.
fn secret(made: &sts::Credentials, target: &Target) -> Secret {
    let mut fields = vec![
        ("access_key_id", made.access_key_id.to_string()),
        ("secret_access_key", made.secret_access_key.to_string()),
        ("session_token", made.session_token.to_string()),
    ];
    fields.extend(target.role.account.clone().map(|account| ("account_id", account)));
    Secret::new(fields)
}

#[cfg(test)]
mod tests;
