//! The broker for PostgreSQL: a login role per credential, named for its session, which has no rights of its own. It is a
//! member of a group that has them, acts as that group from its first statement on, and is dropped when the session is over.
//!
//! The statements and what they need on which release are those of the server's own manual (CREATE ROLE, GRANT, REASSIGN
//! OWNED, `pg_terminate_backend`); the password never leaves in the clear (see `scram`).

mod limits;
mod link;
mod mint;
mod pool;
mod revoke;
mod rights;
mod role;
mod scram;
mod server;
mod settings;
mod trouble;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use domain::broker::Target;
use domain::{ArtifactKind, Name, Scope, Span};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_postgres::error::SqlState;

use crate::broker::{
    Broker, BrokerError, Chance, Handle, Minted, Order, Plan, Revocation, Secret, Secrets, Tools, Work,
};
use crate::open::SettingsError;
use limits::WORK_MAX;
use pool::{Leased, Pool};
use revoke::Unfinished;
pub use server::{DialError, Endpoint, Server, Sslmode, Wire};
use settings::{Settings, TargetSettings};
use trouble::Trouble;

/// Name of the one secret: the password of the broker's own role.
const PASSWORD: &str = "password";
/// Longest life of a role: a working day.
const LIFE_MAX: Span = Span::from_secs(12 * 3600);
/// The server counts in microseconds, but a role for less than a second is none.
const LIFE_MIN: Span = Span::from_secs(1);
/// A database that every server has unless somebody dropped it, for roles whose own database is gone.
const LAST_RESORT: &str = "postgres";

/// The broker.
struct Postgres {
    settings: Settings,
    pool: Arc<Pool>,
}

/// Reads settings and secrets.
pub(crate) fn open(settings: &str, mut secrets: Secrets) -> Result<Arc<dyn Broker>, SettingsError> {
    let settings = Settings::read(settings)?;
    let server = settings.server()?;
    let password = secrets.remove(PASSWORD).filter(|password| !password.is_empty());
    let password = password.ok_or_else(|| {
        SettingsError::new(format!("the secret `{PASSWORD}` is missing: the password of `{}`", settings.user))
    })?;
    if let Some(stranger) = secrets.keys().next() {
        return Err(SettingsError::new(format!("there is no secret `{stranger}` for this kind, only `{PASSWORD}`")));
    }
    let pool = Pool::new(server, settings.user.clone(), password);
    Ok(Arc::new(Postgres { settings, pool }))
}

impl Broker for Postgres {
    fn targets(&self) -> BTreeMap<Name, Target> {
        let target = |settings: &TargetSettings| Target {
            life_min: LIFE_MIN,
            life_default: settings.life(),
            life_max: LIFE_MAX,
            is_revocable: true,
            is_local: false,
        };
        self.settings.targets.iter().map(|(name, settings)| (name.clone(), target(settings))).collect()
    }

    fn check(&self, target: &Name, scope: &Scope) -> Result<(), BrokerError> {
        self.target(target)?.check_scope(scope)
    }

    fn plan(&self, order: &Order) -> Plan {
        let role = role::name(order);
        let handle =
            self.target(&order.target).and_then(|target| Ok(handle(order, target, target.group(&order.scope)?)));
        Plan { names: vec![(ArtifactKind::DatabaseRole, role)], handle: handle.ok() }
    }

    fn mint<'a>(&'a self, order: &'a Order, _tools: &'a Tools, chance: Chance) -> Work<'a, Minted> {
        Box::pin(async move {
            let begun = Instant::now();
            let target = self.target(&order.target)?;
            let group = target.group(&order.scope)?;
            let leased = self.take(&target.database).await?;
            let made = tokio::time::timeout(WORK_MAX, mint::mint(&leased, order, target, group, chance, begun)).await;
            let made = made.map_err(|_| self.slow().perhaps_minted())??;
            match made {
                Ok(made) => {
                    leased.give_back();
                    Ok(minted(order, target, group, &made))
                }
                Err(trouble) => Err(self.not_minted(leased, trouble, group).await),
            }
        })
    }

    fn revoke<'a>(
        &'a self,
        order: &'a Order,
        handle: &'a Handle,
        _tools: &'a Tools,
        _chance: Chance,
    ) -> Work<'a, Revocation> {
        Box::pin(async move {
            let handle: revoke::Handle = handle.read()?;
            let leased = self.take_any(&handle.database).await?;
            let prefix = role::prefix(order.session, order.sequence);
            let ending = revoke::revoke(&self.pool, &leased, &prefix, &handle.group);
            match tokio::time::timeout(WORK_MAX, ending).await {
                Ok(Ok(())) => {
                    leased.give_back();
                    Ok(Revocation::Dead)
                }
                Ok(Err(Unfinished::Told(error))) => Err(error),
                Ok(Err(Unfinished::Trouble(trouble))) => Err(self.told(&trouble, &handle.database)),
                Err(_) => Err(self.slow()),
            }
        })
    }

    fn delivery(&self, target: &Name) -> Value {
        let endpoint = self.target(target).ok().map(|target| self.settings.endpoint(target));
        json!({ "postgres": endpoint })
    }

    fn shows(&self) -> &'static str {
        "the server's log and pg_stat_activity show every connection and statement under a login role that is named for the \
         session, its human and its project, and made for one credential"
    }
}

impl Postgres {
    fn target(&self, name: &Name) -> Result<&TargetSettings, BrokerError> {
        let missing = || BrokerError::operator(format!("the PostgreSQL broker has no target `{name}` any more"));
        self.settings.targets.get(name).ok_or_else(missing)
    }

    async fn take(&self, database: &str) -> Result<Leased, BrokerError> {
        self.pool.take(database).await.map_err(|trouble| self.told(&trouble, database))
    }

    /// A connection to a database, or to any other when that one is gone: roles belong to the whole server.
    async fn take_any(&self, database: &str) -> Result<Leased, BrokerError> {
        let others = self.settings.targets.values().map(|target| target.database.as_str());
        let mut taken = self.pool.take(database).await;
        for other in others.chain([LAST_RESORT]) {
            match &taken {
                Err(Trouble::LogIn(code)) if *code == SqlState::INVALID_CATALOG_NAME => {}
                _ => break,
            }
            taken = self.pool.take(other).await;
        }
        taken.map_err(|trouble| self.told(&trouble, database))
    }

    async fn not_minted(&self, leased: Leased, trouble: Trouble, group: &str) -> BrokerError {
        let told = self.told(&trouble, leased.database());
        if matches!(trouble, Trouble::Lost) || mint::is_there_already(&trouble) {
            return told.perhaps_minted();
        }
        let is_of_rights = trouble.is(&SqlState::INSUFFICIENT_PRIVILEGE) || trouble.is(&SqlState::UNDEFINED_OBJECT);
        if !is_of_rights {
            return told;
        }
        match rights::lacking_to_mint(&leased, self.pool.user(), group).await {
            Ok(Some(better)) => {
                leased.give_back();
                better
            }
            _ => told,
        }
    }

    fn told(&self, trouble: &Trouble, database: &str) -> BrokerError {
        trouble.told(self.pool.server(), self.pool.user(), database)
    }

    fn slow(&self) -> BrokerError {
        BrokerError::away(self.pool.server().says(&format!("did not finish within {} s", WORK_MAX.as_secs())))
    }
}

fn handle(order: &Order, target: &TargetSettings, group: &str) -> Handle {
    Handle::json(&revoke::Handle {
        role: role::name(order),
        group: group.to_owned(),
        database: target.database.clone(),
    })
}

fn minted(order: &Order, target: &TargetSettings, group: &str, made: &mint::Made) -> Minted {
    Minted {
        secret: Secret::new([("user", made.role.clone()), (PASSWORD, made.password.clear.to_string())]),
        expires_at: order.expires_at,
        names: vec![(ArtifactKind::DatabaseRole, made.role.clone())],
        handle: Some(handle(order, target, group)),
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
