//! An operator's own broker: what it is told and what it answers, the same whether it is a command (`exec`) or an HTTP
//! endpoint (`http`). It is written by somebody else, so nothing it says is taken unchecked, and none of it is repeated.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use domain::broker::Target;
use domain::{Name, Scope};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::broker::{Broker, BrokerError, Chance, Handle, Minted, Order, Plan, Revocation, Tools, Work};
use crate::limits;
use crate::open::SettingsError;

mod answer;
mod message;
mod target;

pub(crate) use message::Action;
pub(crate) use target::{TargetSettings, is_variable};

use target::PluginTarget;

/// How the operator's broker is reached.
pub(crate) trait Carrier: Send + Sync + fmt::Debug {
    /// What it is called in errors: `the command /opt/acme/broker`.
    fn name(&self) -> &str;

    /// What the target's own log will show, in a sentence.
    fn shows(&self) -> &'static str;

    /// How long it may take to answer.
    fn within(&self) -> Duration;

    /// Tells it something and waits for its answer, whose bytes may hold a secret. Says in its error whether a credential
    /// may have been made.
    fn tell<'a>(
        &'a self,
        told: Told<'a>,
        tools: &'a Tools,
        chance: Chance,
    ) -> impl Future<Output = Result<Zeroizing<Vec<u8>>, BrokerError>> + Send + 'a;
}

/// One message on its way.
pub(crate) struct Told<'a> {
    /// What is to be done.
    pub(crate) action: Action,
    /// For which credential.
    pub(crate) order: &'a Order,
    /// The message, as JSON.
    pub(crate) json: Vec<u8>,
}

/// The broker over a carrier.
#[derive(Debug)]
pub(crate) struct Plugin<C> {
    carrier: C,
    targets: BTreeMap<Name, PluginTarget>,
}

/// What ends a credential. Without a handle the plugin ends whatever it made under the credential's id: that is all that
/// is known when writ stopped before it had the answer.
#[derive(Serialize, Deserialize)]
struct PluginHandle {
    handle: Option<String>,
}

// === impl Plugin ===

impl<C: Carrier> Plugin<C> {
    /// # Errors
    /// What is wrong with a target's settings.
    pub(crate) fn new(carrier: C, targets: BTreeMap<Name, TargetSettings>) -> Result<Self, SettingsError> {
        let read = |(name, settings): (Name, TargetSettings)| {
            let target = PluginTarget::new(&name, settings)?;
            Ok::<_, SettingsError>((name, target))
        };
        Ok(Self { carrier, targets: targets.into_iter().map(read).collect::<Result<_, _>>()? })
    }

    fn target(&self, name: &Name) -> Result<&PluginTarget, BrokerError> {
        let known = || self.targets.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let unknown = || BrokerError::asker(format!("there is no target `{name}` here, only {}", known()));
        self.targets.get(name).ok_or_else(unknown)
    }

    async fn make(&self, order: &Order, tools: &Tools, chance: Chance) -> Result<Minted, BrokerError> {
        let target = self.target(&order.target)?;
        let json = message::mint(order, target, chance.now);
        let answer = self.carrier.tell(Told { action: Action::Mint, order, json }, tools, chance).await?;
        let unusable = match answer::read(&answer, order, target, chance.now) {
            Ok(minted) => return Ok(minted),
            Err(unusable) => unusable,
        };
        drop(answer);
        let who = self.who(order);
        let error = BrokerError::operator(format!("{who} {}", unusable.what));
        if !target.law.is_revocable {
            return Err(error.perhaps_minted());
        }
        // It made something that nobody will get: not for a moment longer than needed.
        let ending = self.end(order, unusable.handle.as_deref().map(String::as_str), tools, chance);
        match tokio::time::timeout(limits::PLUGIN_END_AT_ONCE_MAX, ending).await {
            Ok(Ok(())) => Err(BrokerError::operator(format!("{error}; what it had made was revoked"))),
            _ => Err(error.perhaps_minted()),
        }
    }

    async fn end(&self, order: &Order, handle: Option<&str>, tools: &Tools, chance: Chance) -> Result<(), BrokerError> {
        // The target may have gone from the settings since: its credentials are ended all the same.
        let json = message::revoke(order, self.targets.get(&order.target), handle);
        let told = self.carrier.tell(Told { action: Action::Revoke, order, json }, tools, chance).await;
        // However it failed, the credential may be alive: the revoker goes on, and raises the alarm at once for what will
        // not pass by itself.
        told.map(drop).map_err(|error| BrokerError { maybe_minted: false, ..error })
    }

    fn who(&self, order: &Order) -> String {
        format!("{}, asked for `{}`,", self.carrier.name(), order.target)
    }
}

impl<C: Carrier> Broker for Plugin<C> {
    fn targets(&self) -> BTreeMap<Name, Target> {
        self.targets.iter().map(|(name, target)| (name.clone(), target.law)).collect()
    }

    fn check(&self, target: &Name, scope: &Scope) -> Result<(), BrokerError> {
        self.target(target)?.check(scope)
    }

    fn plan(&self, order: &Order) -> Plan {
        let is_revocable = self.targets.get(&order.target).is_none_or(|target| target.law.is_revocable);
        let handle = is_revocable.then(|| Handle::json(&PluginHandle { handle: None }));
        Plan { names: Vec::new(), handle }
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
        Box::pin(async move {
            let known: PluginHandle = handle.read()?;
            let handle = known.handle.map(Zeroizing::new);
            let text = handle.as_ref().map(|handle| handle.as_str());
            self.end(order, text, tools, chance).await.map(|()| Revocation::Dead)
        })
    }

    fn patience(&self) -> Duration {
        self.carrier.within() + limits::PLUGIN_END_AT_ONCE_MAX + limits::PLUGIN_DRAIN_MAX
    }

    fn delivery(&self, target: &Name) -> Value {
        let variables = self.targets.get(target).map(|target| &target.variables).filter(|names| !names.is_empty());
        match variables {
            None => json!({}),
            Some(names) => {
                let templates = names.iter().map(|(name, field)| (name.clone(), format!("{{{field}}}").into()));
                json!({ "env": { "secret": Value::Object(templates.collect()) } })
            }
        }
    }

    fn shows(&self) -> &'static str {
        self.carrier.shows()
    }
}

/// How long an operator's own broker may take, from its settings.
pub(crate) fn time_limit(seconds: Option<u64>) -> Result<Duration, SettingsError> {
    let max = limits::PLUGIN_TIME_MAX.as_secs();
    match seconds {
        None => Ok(limits::PLUGIN_TIME_DEFAULT),
        Some(seconds) if (1..=max).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        Some(_) => Err(SettingsError::new(format!("`timeout_seconds` is 1 to {max}"))),
    }
}

#[cfg(test)]
pub(crate) mod tests;
