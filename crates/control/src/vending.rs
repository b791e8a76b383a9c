//! Brokers at work: opened from their rows, kept until they are configured anew, and given what they work with.

mod krls;
mod tokens;
mod wire;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use brokers::broker::{Broker, Chance, Order, Secrets, Tools};
use domain::{BrokerKind, Name, Refusal};
use store::{BrokerRow, BrokerSecrets, CredentialRow};
use tokio::sync::Notify;

use crate::error::Error;
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

    /// What brokers work with.
    pub fn tools(&self) -> &Tools {
        &self.tools
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
        let row = plane.store.broker(name).await?.ok_or_else(|| Refusal::BrokerUnknown(name.clone()))?;
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

/// Time and chance of one piece of a broker's work.
pub(crate) fn chance(plane: &ControlPlane) -> Chance {
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
    let project_name = plane.view.read(|state| state.projects.get(&row.project).map(|project| project.name.clone()));
    Order {
        credential: row.id,
        session: row.session,
        sequence: row.sequence,
        developer: row.developer,
        developer_name: text::one_line(&plane.people.login(row.developer)),
        project: row.project,
        project_name: project_name.unwrap_or_else(|| row.target.clone()),
        profile: row.profile.clone(),
        target: row.target.clone(),
        scope: row.scope.clone(),
        at: row.requested_at,
        expires_at: row.expires_at,
        public_key: row.public_key.clone(),
    }
}

/// What a broker of a kind does with what it makes.
pub(crate) fn is_handed_over(kind: BrokerKind) -> bool {
    kind != BrokerKind::Static
}

/// A broker's row, if it is there.
pub(crate) async fn row(plane: &ControlPlane, name: &Name) -> Result<BrokerRow, Error> {
    Ok(plane.store.broker(name).await?.ok_or_else(|| Refusal::BrokerUnknown(name.clone()))?)
}
