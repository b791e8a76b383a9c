//! Brokers at work: opened from their rows, kept until they are configured anew, and given what they work with.

mod krls;
mod tokens;
mod wire;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use brokers::broker::{Broker, BrokerError, Chance, Handle, Minted, Order, Revocation, Secrets, Tools};
use domain::{BrokerKind, DeveloperId, Name, ProjectId, Refusal};
use store::{BrokerRow, BrokerSecrets, CredentialRow};
use tokio::sync::Notify;

use crate::error::Error;
use crate::limits::MINT_MAX;
use crate::plane::ControlPlane;
use crate::seam;
use crate::text;

pub use krls::KrlFile;
pub(crate) use krls::Krls;
pub use tokens::Tokens;
pub use wire::OutboundWire;

/// What this process keeps of brokers.
pub struct Vending {
    /// Opened brokers; one of each name.
    opened: Mutex<HashMap<Name, Opened>>,
    /// What they work with.
    tools: Tools,
    /// Rung when something became due for revocation.
    pub(crate) due: Notify,
    /// Held while a session gets its first authority to have a secret injected.
    pub(crate) injecting: tokio::sync::Mutex<()>,
    /// Lists of revoked certificates that were made just now.
    pub(crate) krls: Krls,
}

/// A broker with the revision of the settings that it was opened from.
type Opened = (u64, Arc<dyn Broker>);

// === impl Vending ===

impl Vending {
    /// Brokers that work with these tools.
    pub fn new(tools: Tools) -> Self {
        let (opened, injecting) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { opened, tools, due: Notify::new(), injecting, krls: Krls::default() }
    }

    /// A broker as it is configured now.
    ///
    /// # Errors
    /// There is none of that name, its secrets cannot be opened, or its settings are of another version of writ.
    pub async fn broker(&self, plane: &ControlPlane, name: &Name) -> Result<Arc<dyn Broker>, Error> {
        let revision = plane.view.read(|state| state.broker(name).map(|broker| broker.revision))?;
        if let Some(broker) = self.kept(name, revision) {
            return Ok(broker);
        }
        // The row may be newer than what this process has seen: what it says counts.
        let row = row(plane, name).await?;
        let secrets = stored_secrets(plane, name).await?;
        let opened = brokers::open(row.kind, &row.settings, secrets);
        let unusable =
            |error| Error::Unavailable(format!("broker `{name}` is configured in a way this writ cannot use: {error}"));
        let broker = opened.map_err(unusable)?;
        let mut kept = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|name, _| plane.view.read(|state| state.brokers.contains_key(name)));
        kept.insert(name.clone(), (row.revision, Arc::clone(&broker)));
        Ok(broker)
    }

    fn kept(&self, name: &Name, revision: u64) -> Option<Arc<dyn Broker>> {
        let kept = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(name).filter(|(held, _)| *held >= revision).map(|(_, broker)| Arc::clone(broker))
    }
}

/// Has a broker make a credential, within a bounded time. Without an answer it was perhaps made.
pub(crate) async fn mint(plane: &ControlPlane, broker: &dyn Broker, order: &Order) -> Result<Minted, BrokerError> {
    let within = patience(broker);
    let minting = broker.mint(order, &plane.vending.tools, chance(plane));
    let minted = tokio::time::timeout(within, minting).await;
    minted.unwrap_or_else(|_| Err(silent(within).perhaps_minted()))
}

/// Has a broker end a credential, within the same time.
pub(crate) async fn revoke(
    plane: &ControlPlane,
    broker: &dyn Broker,
    order: &Order,
    handle: &Handle,
) -> Result<Revocation, BrokerError> {
    let within = patience(broker);
    let revoking = broker.revoke(order, handle, &plane.vending.tools, chance(plane));
    tokio::time::timeout(within, revoking).await.unwrap_or_else(|_| Err(silent(within)))
}

fn patience(broker: &dyn Broker) -> Duration {
    MINT_MAX.max(broker.patience())
}

fn silent(within: Duration) -> BrokerError {
    BrokerError::away(format!("no answer within {} s", within.as_secs()))
}

fn chance(plane: &ControlPlane) -> Chance {
    Chance { now: plane.clock.now(), random: seam::random() }
}

/// The secrets that a broker was configured with; none when it has none.
pub(crate) async fn stored_secrets(plane: &ControlPlane, name: &Name) -> Result<Secrets, Error> {
    let Some(sealed) = plane.store.broker_secrets(name).await? else { return Ok(Secrets::new()) };
    let unusable = |what: String| Error::Unavailable(format!("the secrets of broker `{name}` cannot be used: {what}"));
    let plain = plane.seals.open(&secrets_name(name), &sealed).map_err(|error| unusable(error.to_string()))?;
    let read: HashMap<String, String> =
        serde_json::from_slice(&plain).map_err(|_| unusable("they are of another version of writ".to_owned()))?;
    Ok(read.into_iter().map(|(name, value)| (name, value.into())).collect())
}

/// The secrets, sealed for a broker.
pub(crate) fn sealed_secrets(plane: &ControlPlane, name: &Name, secrets: &Secrets) -> Result<BrokerSecrets, Error> {
    let plain: HashMap<&str, &str> = secrets.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let failed = |what: String| Error::Unavailable(format!("the secrets of broker `{name}` cannot be sealed: {what}"));
    let plain = serde_json::to_vec(&plain).map(zeroize::Zeroizing::new).map_err(|error| failed(error.to_string()))?;
    let sealed = plane.seals.seal(&secrets_name(name), &plain).map_err(|error| failed(error.to_string()))?;
    Ok(BrokerSecrets { broker: name.clone(), sealed })
}

fn secrets_name(broker: &Name) -> String {
    format!("broker {broker}")
}

/// The name that a credential's handle is sealed for.
pub(crate) fn handle_name(credential: domain::CredentialId) -> String {
    format!("handle {credential}")
}

/// The order of a credential, as it was decided.
pub(crate) fn order(plane: &ControlPlane, row: &CredentialRow) -> Order {
    Order {
        credential: row.id,
        session: row.session,
        sequence: row.sequence,
        developer: row.developer,
        developer_name: developer_name(plane, row.developer),
        project: row.project,
        project_name: project_name(plane, row.project, &row.target),
        profile: row.profile.clone(),
        target: row.target.clone(),
        scope: row.scope.clone(),
        at: row.requested_at,
        expires_at: row.expires_at,
        public_key: row.public_key.clone(),
    }
}

/// What a target's log may call a developer: their sign-in name, without control characters.
pub(crate) fn developer_name(plane: &ControlPlane, developer: DeveloperId) -> String {
    text::one_line(&plane.people.login(developer))
}

/// What people call a project; `otherwise` where this process has not heard of it.
pub(crate) fn project_name(plane: &ControlPlane, project: ProjectId, otherwise: &Name) -> Name {
    let known = plane.view.read(|state| state.projects.get(&project).map(|project| project.name.clone()));
    known.unwrap_or_else(|| otherwise.clone())
}

/// What a broker of a kind does with what it makes.
pub(crate) fn is_handed_over(kind: BrokerKind) -> bool {
    kind != BrokerKind::Static
}

/// A broker's row, if it is there.
pub(crate) async fn row(plane: &ControlPlane, name: &Name) -> Result<BrokerRow, Error> {
    Ok(plane.store.broker(name).await?.ok_or_else(|| Refusal::BrokerUnknown(name.clone()))?)
}
