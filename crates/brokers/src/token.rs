//! The broker for writ's own tokens: a JWT for one relying party that verifies it with writ's published keys. Clusters,
//! registries, git servers and internal services take it as it is; clouds take it in exchange for one of their own.
//!
//! The token is signed here, so nothing can go wrong at the target and nothing is there to be ended: a relying party that
//! only verifies signatures takes a token until it expires, in minutes. One that asks writ about each token (token
//! introspection, RFC 7662) refuses it from the moment it is revoked.

mod access;
mod delivery;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::broker::Target;
use domain::{ArtifactKind, Name, Scope, Span, credential, scope};
use serde::Deserialize;
use serde_json::{Map, Value};

use self::access::Access;
use self::delivery::Delivery;
use crate::broker::{
    Broker, BrokerError, Chance, Handle, Minted, Order, Plan, Revocation, Secret, Secrets, TokenAsk, Tools, Work,
};
use crate::limits;
use crate::open::SettingsError;

/// The shortest life: shorter, and a token ends on its way.
const LIFE_MIN: Span = Span::from_secs(60);
/// The life when nobody says.
const LIFE_DEFAULT: Span = Span::from_secs(600);
/// The longest life of what nobody may be able to end.
const LIFE_MAX: Span = Span::from_secs(3600);

/// The dimension that says what may be done.
const ACCESS: &str = "access";
/// The one field of the secret.
const TOKEN: &str = "token";

/// Settings of this kind. It has no secrets: the keys are the installation's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The relying parties.
    targets: BTreeMap<Name, TargetSettings>,
}

/// One relying party.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetSettings {
    /// What it calls itself (`aud`): one of those that this installation's issuer makes tokens for, which is where its
    /// subject is set too.
    audience: String,
    /// Seconds that a token lives when nobody says: 60 to 3600 (600).
    life_seconds: Option<u64>,
    /// Seconds that a token lives at most: 60 to 3600 (3600).
    life_max_seconds: Option<u64>,
    /// Whether the token carries the certificate of its key (`x5c`), as container registries want it (false).
    #[serde(default)]
    with_chain: bool,
    /// Whether the relying party asks writ about each token, so that revoking one ends it at once (false).
    #[serde(default)]
    introspects: bool,
    /// Claims that every token has, beside writ's own.
    #[serde(default)]
    claims: Map<String, Value>,
    /// How the dimension `access` becomes the claim `access`: `list`, as it is, or `registry`, for container registries
    /// (`list`).
    #[serde(default)]
    access: Access,
    /// The access of a grant that does not say.
    #[serde(default)]
    access_default: BTreeSet<String>,
    /// Further dimensions of a scope; each becomes a claim of its name, a list.
    #[serde(default)]
    dimensions: BTreeSet<Name>,
    /// What launchers need to tell the target's clients, by mechanism.
    #[serde(default)]
    delivery: Delivery,
}

/// The broker.
#[derive(Debug)]
struct Tokens {
    targets: BTreeMap<Name, TargetSettings>,
}

/// Reads settings and secrets.
pub(crate) fn open(settings: &str, secrets: Secrets) -> Result<Arc<dyn Broker>, SettingsError> {
    if let Some(name) = secrets.keys().next() {
        return Err(SettingsError::new(format!(
            "the secret `{name}` is not used: tokens are signed with writ's own key"
        )));
    }
    let settings: Settings = serde_json::from_str(settings)?;
    for (name, target) in &settings.targets {
        target.verify().map_err(|what| SettingsError::new(format!("`targets.{name}.{what}")))?;
    }
    Ok(Arc::new(Tokens { targets: settings.targets }))
}

// === impl TargetSettings ===

impl TargetSettings {
    /// Says what is wrong, from the setting's name on.
    fn verify(&self) -> Result<(), String> {
        if self.audience.trim() != self.audience || self.audience.is_empty() {
            return Err(
                "audience` is the name that the relying party knows itself by, without spaces around it".to_owned()
            );
        }
        let (min, max) = (LIFE_MIN.as_secs(), LIFE_MAX.as_secs());
        for (name, life) in [("life_seconds", self.life_seconds), ("life_max_seconds", self.life_max_seconds)] {
            if life.is_some_and(|life| !(min..=max).contains(&life)) {
                return Err(format!("{name}` is from {min} to {max}"));
            }
        }
        if self.life_default() > self.life_max() {
            return Err("life_seconds` is longer than `life_max_seconds`".to_owned());
        }
        let dimensions = std::iter::once(ACCESS).chain(self.dimensions.iter().map(Name::as_str));
        if let Some(name) = dimensions.clone().find(|name| self.claims.contains_key(*name)) {
            return Err(format!("claims.{name}` is a dimension of the scope too: set it in one place"));
        }
        if dimensions.clone().count() > domain::limits::SCOPE_DIMENSIONS_MAX {
            return Err(format!("dimensions` has at most {} names", domain::limits::SCOPE_DIMENSIONS_MAX - 1));
        }
        if self.claims.len() > limits::TOKEN_CLAIMS_MAX {
            return Err(format!("claims` has at most {} claims", limits::TOKEN_CLAIMS_MAX));
        }
        if self.dimensions.iter().any(|name| name.as_str() == ACCESS) {
            return Err("dimensions` need not name `access`: it is always one".to_owned());
        }
        self.access.claim(&self.access_default).map_err(|error| format!("access_default`: {error}"))?;
        self.delivery.verify(self.access).map_err(|what| format!("delivery.{what}"))
    }

    fn life_default(&self) -> Span {
        self.life_seconds.map_or(LIFE_DEFAULT.min(self.life_max()), Span::from_secs)
    }

    fn life_max(&self) -> Span {
        self.life_max_seconds.map_or(LIFE_MAX, Span::from_secs)
    }

    /// The claims of a scope.
    fn extra(&self, scope: &Scope) -> Result<Map<String, Value>, BrokerError> {
        let mut extra = self.claims.clone();
        let access = scope.values(ACCESS).unwrap_or(&self.access_default);
        let claim = self.access.claim(access).map_err(|error| BrokerError::asker(format!("`access`: {error}")))?;
        if !access.is_empty() {
            extra.insert(ACCESS.to_owned(), claim);
        }
        for (name, values) in scope.iter().filter(|(name, _)| *name != ACCESS) {
            extra.insert(name.to_owned(), values.iter().cloned().collect());
        }
        Ok(extra)
    }

    fn handle(&self, order: &Order) -> Option<Handle> {
        // Nothing has to be told to anybody: who asks about the token learns that it is revoked.
        self.introspects.then(|| Handle::json(&credential::token_id(order.session, order.sequence)))
    }
}

// === impl Tokens ===

impl Tokens {
    fn target(&self, name: &Name) -> Result<&TargetSettings, BrokerError> {
        self.targets.get(name).ok_or_else(|| {
            let known: Vec<_> = self.targets.keys().map(Name::as_str).collect();
            BrokerError::operator(format!("there is no target `{name}`; targets are {}", known.join(", ")))
        })
    }

    fn sign(&self, order: &Order, tools: &Tools, chance: Chance) -> Result<Minted, BrokerError> {
        let target = self.target(&order.target)?;
        let life = order.expires_at.since(chance.now).min(target.life_max());
        if life.as_secs() == 0 {
            return Err(BrokerError::asker("the session has no time left for a token"));
        }
        let ask = TokenAsk {
            order,
            audience: &target.audience,
            life,
            for_aws: false,
            with_chain: target.with_chain,
            extra: target.extra(&order.scope)?,
        };
        let token = tools.tokens.token(&ask, chance.now)?;
        let plan = self.plan(order);
        Ok(Minted {
            secret: Secret::new([(TOKEN, token.to_string())]),
            expires_at: chance.now + life,
            names: plan.names,
            handle: plan.handle,
        })
    }
}

impl Broker for Tokens {
    fn targets(&self) -> BTreeMap<Name, Target> {
        let law = |target: &TargetSettings| Target {
            life_min: LIFE_MIN,
            life_default: target.life_default(),
            life_max: target.life_max(),
            is_revocable: target.introspects,
            is_local: true,
        };
        self.targets.iter().map(|(name, target)| (name.clone(), law(target))).collect()
    }

    fn check(&self, target: &Name, scope: &Scope) -> Result<(), BrokerError> {
        let target = self.target(target)?;
        for (dimension, values) in scope.iter() {
            if dimension == ACCESS {
                // Whoever asks has to say which, so what it may be is only known then.
                let asked = values.iter().filter(|value| *value != scope::ANY).cloned().collect();
                target.access.claim(&asked).map_err(|error| BrokerError::asker(format!("`access`: {error}")))?;
            } else if !target.dimensions.iter().any(|known| known.as_str() == dimension) {
                let known: Vec<_> = std::iter::once(ACCESS).chain(target.dimensions.iter().map(Name::as_str)).collect();
                return Err(BrokerError::asker(format!(
                    "there is no dimension `{dimension}`; dimensions are {}",
                    known.join(", ")
                )));
            }
        }
        if target.access.is_needed() && scope.values(ACCESS).is_none() && target.access_default.is_empty() {
            return Err(BrokerError::asker(format!(
                "a token without access opens nothing: name `access`, {}",
                target.access
            )));
        }
        Ok(())
    }

    fn plan(&self, order: &Order) -> Plan {
        let id = credential::token_id(order.session, order.sequence);
        let handle = self.target(&order.target).ok().and_then(|target| target.handle(order));
        Plan { names: vec![(ArtifactKind::TokenId, id)], handle }
    }

    fn mint<'a>(&'a self, order: &'a Order, tools: &'a Tools, chance: Chance) -> Work<'a, Minted> {
        Box::pin(async move { self.sign(order, tools, chance) })
    }

    fn revoke<'a>(&'a self, order: &'a Order, _: &'a Handle, _: &'a Tools, _: Chance) -> Work<'a, Revocation> {
        Box::pin(async move {
            let introspects = self.target(&order.target)?.introspects;
            Ok(if introspects { Revocation::Dead } else { Revocation::Impossible })
        })
    }

    fn delivery(&self, target: &Name) -> Value {
        self.targets.get(target).map(|target| target.delivery.json()).unwrap_or_default()
    }

    fn shows(&self) -> &'static str {
        "whatever the relying party logs of a token: its subject, its `jti` (session and number), and the claims \
         `session`, `developer` and `project`"
    }
}

#[cfg(test)]
mod tests;
