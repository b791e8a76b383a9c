//! Brokers: configure, try, look at, switch, remove.

use std::collections::BTreeMap;
use std::sync::Arc;

use brokers::broker::{Broker, BrokerError, Order, Plan, Revocation, Secrets};
use domain::broker::{Configure, Remove, Switch, Target};
use domain::{BrokerKind, Command, DeveloperId, Name, Scope};
use store::{Attachment, BrokerRow};

use crate::error::Error;
use crate::limits::CANARY_LIFE;
use crate::plane::{Asker, ControlPlane};
use crate::seam;
use crate::text;
use crate::vending::{self, developer_name, sealed_secrets, stored_secrets};

/// A broker as it is asked for.
#[derive(Debug)]
pub struct NewBroker {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Its settings, a JSON object without secrets.
    pub settings: serde_json::Value,
    /// Its secrets; none keeps those it has.
    pub secrets: Option<Secrets>,
}

/// How trying a target went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// Which target.
    pub target: Name,
    /// Whether what was made was ended again; false where the target has no way to.
    pub is_revoked: bool,
}

/// Configures a broker, once a credential was made and ended again at each of its targets.
///
/// # Errors
/// When the asker is no administrator, the settings mean nothing, or a target cannot make or end a credential: then
/// nothing is changed.
pub async fn set(plane: &Arc<ControlPlane>, asker: Asker, new: NewBroker) -> Result<Vec<Tried>, Error> {
    plane.view.read(|state| policy::authorize(state, asker.by, policy::ManageBrokers).map(drop))?;
    let name: Name = new.name.parse().map_err(Error::invalid)?;
    let kind: BrokerKind = new.kind.parse().map_err(|_| unknown_kind(&new.kind))?;
    if !new.settings.is_object() {
        return Err(Error::invalid("the settings of a broker are a JSON object"));
    }
    let secrets = match &new.secrets {
        Some(secrets) => secrets.clone(),
        None => complete(kind, stored_secrets(plane, &name).await?),
    };
    let settings = new.settings.to_string();
    let broker = brokers::open(kind, &settings, secrets.clone()).map_err(Error::invalid)?;
    let tried = canary(plane, asker, Arc::clone(&broker)).await?;
    let targets = broker.targets();
    let configure = Configure { broker: name.clone(), kind, settings, targets };
    let sealed = sealed_secrets(plane, &name, &secrets)?;
    let attachments = vec![Attachment::BrokerSecrets(sealed)];
    plane.propose_with(asker, Command::ConfigureBroker(Box::new(configure)), attachments).await?;
    Ok(tried)
}

/// An ssh broker whose operator brings no authority gets one; what is there stays.
fn complete(kind: BrokerKind, mut secrets: Secrets) -> Secrets {
    if kind == BrokerKind::Ssh && secrets.is_empty() {
        let seed = brokers::generate_ssh_ca(&zeroize::Zeroizing::new(seam::random()));
        secrets.insert(brokers::SSH_CA_SEED_SECRET.to_owned(), seed);
    }
    secrets
}

/// Makes a credential at each target of a configured broker and ends it again.
///
/// # Errors
/// When the asker is no administrator, there is no such broker, or it does not work.
pub async fn test(plane: &Arc<ControlPlane>, asker: Asker, name: &str) -> Result<Vec<Tried>, Error> {
    plane.view.read(|state| policy::authorize(state, asker.by, policy::ManageBrokers).map(drop))?;
    let broker = plane.vending.broker(plane, &name.parse().map_err(Error::invalid)?).await?;
    canary(plane, asker, broker).await
}

/// All brokers.
///
/// # Errors
/// When the asker may not see them.
pub async fn list(plane: &ControlPlane, asker: Asker) -> Result<Vec<BrokerRow>, Error> {
    plane.view.read(|state| policy::authorize(state, asker.by, policy::ReadBrokers).map(drop))?;
    Ok(plane.store.brokers().await?)
}

/// One broker, with what the logs of its targets show.
///
/// # Errors
/// When the asker may not see it, or there is none.
pub async fn get(plane: &ControlPlane, asker: Asker, name: &str) -> Result<(BrokerRow, &'static str), Error> {
    plane.view.read(|state| policy::authorize(state, asker.by, policy::ReadBrokers).map(drop))?;
    let row = vending::row(plane, &name.parse().map_err(Error::invalid)?).await?;
    let shows = shows(plane, &row).await?;
    Ok((row, shows))
}

/// What the logs of a broker's targets show.
///
/// # Errors
/// It cannot be opened.
pub(crate) async fn shows(plane: &ControlPlane, row: &BrokerRow) -> Result<&'static str, Error> {
    Ok(plane.vending.broker(plane, &row.name).await?.shows())
}

/// How many of a broker's credentials are not known to be dead.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Alive {
    /// All of them.
    pub(crate) all: usize,
    /// Those that are to be ended.
    pub(crate) due: usize,
}

/// For each broker that has any. One pass over all credentials, however many brokers are shown.
pub(crate) fn alive(plane: &ControlPlane) -> BTreeMap<Name, Alive> {
    plane.view.read(|state| {
        let mut alive = BTreeMap::<Name, Alive>::new();
        for credential in state.credentials.values() {
            // Names are copied once a broker, not once a credential.
            let of_it = match alive.get_mut(&credential.broker) {
                Some(of_it) => of_it,
                None => alive.entry(credential.broker.clone()).or_default(),
            };
            of_it.all += 1;
            of_it.due += usize::from(credential.due.is_some());
        }
        alive
    })
}

/// Switches a broker on, or off: then nothing new is made and everything it made is revoked.
///
/// # Errors
/// When the asker is no administrator, or there is none.
pub async fn switch(plane: &ControlPlane, asker: Asker, name: &str, is_on: bool, reason: String) -> Result<(), Error> {
    let broker = name.parse().map_err(Error::invalid)?;
    plane.propose(asker, Command::SwitchBroker(Switch { broker, is_on, reason })).await?;
    plane.vending.due.notify_one();
    Ok(())
}

/// Removes a broker that has nothing alive, and the grants that name it.
///
/// # Errors
/// When the asker is no administrator, there is none, or something it made is alive.
pub async fn remove(plane: &ControlPlane, asker: Asker, name: &str) -> Result<(), Error> {
    let broker = name.parse().map_err(Error::invalid)?;
    plane.propose(asker, Command::RemoveBroker(Remove { broker })).await?;
    Ok(())
}

/// Dropped by whoever asked, it would leave what it made: so it runs by itself to its end.
async fn canary(plane: &Arc<ControlPlane>, asker: Asker, broker: Arc<dyn Broker>) -> Result<Vec<Tried>, Error> {
    let domain::Actor::Developer(developer) = asker.by else {
        return Err(Error::Unauthenticated("only a signed-in developer tries a broker"));
    };
    let trying = tokio::spawn(try_all(Arc::clone(plane), developer, broker)).await;
    trying.unwrap_or_else(|_| Err(Error::Unavailable("writ is stopping".to_owned())))
}

async fn try_all(
    plane: Arc<ControlPlane>,
    developer: DeveloperId,
    broker: Arc<dyn Broker>,
) -> Result<Vec<Tried>, Error> {
    let (plane, broker) = (&plane, broker.as_ref());
    let mut tried = Vec::new();
    for (name, target) in broker.targets() {
        let order = canary_order(plane, developer, name.clone(), &target);
        let failed = |error: BrokerError| Error::invalid(format!("target `{name}`: {error}"));
        let is_revoked = try_one(plane, broker, &order).await.map_err(failed)?;
        tried.push(Tried { target: name, is_revoked });
    }
    Ok(tried)
}

async fn try_one(plane: &ControlPlane, broker: &dyn Broker, order: &Order) -> Result<bool, BrokerError> {
    let Plan { handle: planned, .. } = broker.plan(order);
    let handle = match vending::mint(plane, broker, order).await {
        Ok(minted) => minted.handle.or(planned),
        Err(error) => {
            if let Some(handle) = planned.filter(|_| error.maybe_minted) {
                let _ = vending::revoke(plane, broker, order, &handle).await;
            }
            return Err(error);
        }
    };
    let Some(handle) = handle else { return Ok(false) };
    let explain = |error: BrokerError| BrokerError {
        text: format!(
            "a credential was made and could not be ended again, so it lives until {}: {error}",
            text::rfc3339(order.expires_at)
        ),
        ..error
    };
    Ok(vending::revoke(plane, broker, order, &handle).await.map_err(explain)? == Revocation::Dead)
}

fn canary_order(plane: &ControlPlane, developer: DeveloperId, target: Name, law: &Target) -> Order {
    let now = plane.clock.now();
    Order {
        credential: plane.clock.credential_id(),
        session: plane.clock.session_id(),
        sequence: 1,
        developer,
        developer_name: developer_name(plane, developer),
        project: plane.clock.project_id(),
        // INVARIANT: these are names.
        project_name: CANARY.parse().unwrap_or_else(|_| target.clone()),
        profile: CANARY.parse().unwrap_or_else(|_| target.clone()),
        target,
        scope: Scope::default(),
        at: now,
        expires_at: now + CANARY_LIFE.max(law.life_min),
        public_key: Some(CANARY_KEY.to_owned()),
    }
}

/// What the canary's project and profile are called.
const CANARY: &str = "writ-canary";
/// A key whose private half nobody has: the point is the base point of the curve (RFC 8032), with no known seed.
const CANARY_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFhmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZm";

fn unknown_kind(kind: &str) -> Error {
    let kinds: Vec<_> = BrokerKind::ALL.iter().map(|kind| kind.as_str()).collect();
    Error::invalid(format!("there is no broker of kind `{}`; kinds are {}", kind.escape_default(), kinds.join(", ")))
}
