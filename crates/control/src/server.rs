//! One control plane process: opened, rebuilt, recovered, then listening.

use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use brokers::DigestKey;
use brokers::broker::Tools;
use brokers::ssh::SshAuthority;
use domain::{Command, NodeId, RequestId, Time, Token, TokenKind, node};
use gateway::{Body, BodyError, Gateway, Listener, ListenerLimits, Outbound, Relay};
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use ledger::TrustPolicy;
use store::{DatabaseUrl, Engine, Options, Store};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use zeroize::Zeroizing;

use crate::archive::{self, Archive};
use crate::cosign::{self, Publisher};
use crate::introspectors::Introspectors;
use crate::keys::{KeysFolder, make_private_folder};
use crate::limits::SETTLEMENT_FLUSH_MAX;
use crate::notary::{self, Notary};
use crate::people::upgrade::upgrade;
use crate::people::{People, PersonKeys, login_key};
use crate::plane::ControlPlane;
use crate::scribe::{Proposal, Scribe};
use crate::seals::{Seals, SealsError};
use crate::seam::{self, Clock};
use crate::settings::Settings;
use crate::settlements::Settlements;
use crate::signing::{Signing, SigningError};
use crate::vending::{OutboundWire, Tokens, Vending};
use crate::view::View;
use crate::{export, follower, http as edge, nodes, reaper, revoker, signing, snapshot, upstreams};

/// A running control plane.
pub struct Server {
    shared: Arc<Shared>,
    listener: Listener,
    background: Vec<JoinHandle<()>>,
    stop: CancellationToken,
}

/// What every handler reaches.
pub(crate) struct Shared {
    pub(crate) plane: Arc<ControlPlane>,
    pub(crate) gateway: Gateway<ControlPlane>,
    /// Forwards requests that get a secret on their way.
    pub(crate) relay: Relay,
    /// Whether browsers reach this server over https.
    pub(crate) secure: bool,
}

/// Why a control plane did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is unusable.
    #[error("`{field}`: {what}")]
    Field {
        /// Which one, as the configuration file spells it.
        field: String,
        /// What is wrong with it.
        what: String,
    },
    /// Plain http beyond loopback.
    #[error(
        "`listen`: {0} is not a loopback address, and plain http is for loopback only: set `[tls]` certificate and key"
    )]
    PlainHttp(SocketAddr),
    /// The folder cannot be made or used.
    #[error("`data_dir`: `{}`: {error}", path.display())]
    DataDir {
        /// Which folder.
        path: PathBuf,
        /// The operating system's word.
        error: std::io::Error,
    },
    /// The store cannot be opened or read.
    #[error("the log cannot be opened: {0}")]
    Store(String),
    /// The address is taken or not ours.
    #[error("`listen`: cannot listen on {address}: {error}")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// The operating system's word.
        error: std::io::Error,
    },
}

impl Server {
    /// Opens the store, rebuilds state, settles what an earlier run left in flight, and starts to listen.
    ///
    /// # Errors
    /// What is wrong and where; nothing is left running then.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        Self::start_with_clock(settings, Clock::steady()).await
    }

    /// The same under a clock of the caller's, for tests.
    ///
    /// # Errors
    /// See [`Server::start`].
    pub async fn start_with_clock(settings: Settings, clock: Clock) -> Result<Self, StartError> {
        check_listen(&settings)?;
        let tls = settings.tls.as_ref().map(upstreams::tls).transpose()?;
        let secure = tls.is_some();
        let upstreams = settings.upstreams.iter().map(upstreams::upstream).collect::<Result<Vec<_>, _>>()?;
        let (upstreams, federations): (Vec<_>, Vec<_>) = upstreams.into_iter().unzip();
        let limits = ListenerLimits { shutdown_max: settings.shutdown_grace, ..ListenerLimits::default() };
        let taken = |error| StartError::Listen { address: settings.listen, error };
        let listener = Listener::bind(settings.listen, tls, limits).await.map_err(taken)?;
        let sinks = export::sinks(&settings.exports)?;
        let public_url = public_url(&settings, listener.local_addr());
        let plane = Arc::new(open_plane(&settings, clock, public_url).await?);
        let bad =
            |error: gateway::ConfigError| StartError::Field { field: "upstreams".into(), what: error.to_string() };
        let gateway = Gateway::new(Arc::clone(&plane), gateway::Config::new(upstreams)).map_err(bad)?;
        let bad = |error: gateway::OutboundError| StartError::Field { field: "tls".into(), what: error.to_string() };
        let relay = Relay::new(None).map_err(bad)?;
        let stop = CancellationToken::new();
        let alone = plane.store.engine() == Engine::Sqlite;
        let started_at = plane.clock.now();
        let watch = nodes::start(Arc::clone(&plane), alone, stop.clone()).await;
        let reap = tokio::spawn(reaper::run(Arc::clone(&plane), started_at, stop.clone()));
        let follow = tokio::spawn(follower::run(Arc::clone(&plane), stop.clone()));
        let sign = tokio::spawn(sign_and_publish(Arc::clone(&plane), stop.clone()));
        let revoke = tokio::spawn(revoker::run(Arc::clone(&plane), stop.clone()));
        let keys = tokio::spawn(signing::run(Arc::clone(&plane), stop.clone()));
        let mut background = vec![watch, reap, follow, sign, keys, revoke];
        background.extend(export::start(&plane, sinks, &stop));
        let federations = federations.into_iter().flatten();
        background.extend(federations.map(|one| tokio::spawn(one.run(Arc::clone(&plane), stop.clone()))));
        let shared = Arc::new(Shared { plane, gateway, relay, secure });
        Ok(Self { shared, listener, background, stop })
    }

    /// The address it listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.listener.local_addr()
    }

    /// How others reach it, without a trailing slash.
    pub fn public_url(&self) -> &str {
        &self.shared.plane.public_url
    }

    /// The one-time right to create the first administrator; none once there is one.
    pub fn bootstrap_token(&self) -> Option<Token> {
        self.shared.plane.bootstrap_token()
    }

    /// The key that the log's checkpoints are verified with, as a verifier key.
    pub fn log_key(&self) -> String {
        self.shared.plane.notary.verifier_key().to_string()
    }

    /// This process's control plane, for tests.
    pub fn plane(&self) -> &Arc<ControlPlane> {
        &self.shared.plane
    }

    /// Serves until `shutdown` resolves, then finishes streams within the grace period, makes their settlements durable
    /// and closes the store.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) {
        let Self { shared, listener, background, stop } = self;
        let router = edge::router(Arc::clone(&shared));
        let service = {
            let shared = Arc::clone(&shared);
            move |request, _peer| dispatch(Arc::clone(&shared), router.clone(), request)
        };
        listener.serve_until(service, shared.plane.closing.clone(), shutdown).await;
        let settlements = &shared.plane.settlements;
        if tokio::time::timeout(SETTLEMENT_FLUSH_MAX, settlements.flushed()).await.is_err() {
            let waiting = settlements.waiting();
            tracing::error!(
                waiting,
                "stopping with settlements that are not durable: the next start settles at bounds"
            );
        }
        stop.cancel();
        for task in background {
            let _ = task.await;
        }
        if let Err(error) = snapshot::save(&shared.plane.store, &shared.plane.view).await {
            tracing::warn!(error, "no snapshot was saved: the next start folds more entries");
        }
        shared.plane.store.close().await;
    }
}

/// The gateway's paths go to the gateway; the rest to the API and the console. Every answer has a `request-id`.
async fn dispatch(shared: Arc<Shared>, router: Router, mut request: Request<Incoming>) -> Response<Body> {
    follower::meet(&shared.plane, request.headers()).await;
    if Gateway::<ControlPlane>::serves(request.uri().path()) {
        return shared.gateway.handle(request).await;
    }
    let id: RequestId = shared.plane.clock.request_id();
    request.extensions_mut().insert(id);
    let answered = router.oneshot(request.map(axum::body::Body::new)).await;
    let mut response = answered.unwrap_or_else(|never| match never {});
    edge::name_request(&mut response, id);
    response.map(|body| body.map_err(|error| BodyError::Other(error.into())).boxed_unsync())
}

fn check_listen(settings: &Settings) -> Result<(), StartError> {
    if settings.tls.is_none() && !settings.listen.ip().is_loopback() {
        return Err(StartError::PlainHttp(settings.listen));
    }
    Ok(())
}

fn public_url(settings: &Settings, listening: SocketAddr) -> String {
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    let url = settings.public_url.clone().unwrap_or_else(|| format!("{scheme}://{listening}"));
    url.trim_end_matches('/').to_owned()
}

async fn open_plane(settings: &Settings, clock: Clock, public_url: String) -> Result<ControlPlane, StartError> {
    let book = upstreams::price_book(&settings.prices)?;
    let keys = open_keys(settings)?;
    let store = open_store(settings).await?;
    let seals = Seals::start(&store, &keys, settings.seal_key_command.as_deref()).await.map_err(bad_seals)?;
    let clock = Arc::new(clock);
    let (policy, policy_text) = upstreams::trust_policy(settings.trust_policy.as_deref())?.unzip();
    let notary = Arc::new(open_notary(settings, &store, &clock, &keys).await?);
    let publisher = policy.map(|policy| open_publisher(settings, &store, &clock, &notary, policy)).transpose()?;
    let archive = open_archive(settings, &store, &notary)?;
    let view = Arc::new(View::new(snapshot::rebuild(&store).await.map_err(StartError::Store)?));
    let node = clock.node_id();
    let scribe = Scribe::start(store.clone(), Arc::clone(&view), Arc::clone(&clock), node);
    announce(&scribe, node).await?;
    let login_key = login_key::open(&store, &keys).await.map_err(bad_keys)?;
    let people = people(&store, &keys, &login_key, &view, clock.now()).await?;
    let signing = Signing::start(&store, &seals, &settings.issuer, &public_url, clock.now()).await;
    let signing = Arc::new(signing.map_err(bad_signing)?);
    let ssh_authority = ssh_authority(&store, &seals).await?;
    let vending = open_vending(&signing, &view)?;
    let nobody = view.read(|state| state.developers.is_empty());
    Ok(ControlPlane {
        node,
        clock,
        view,
        settlements: Settlements::start(scribe.clone()),
        scribe,
        store,
        people,
        notary,
        publisher: publisher.map(Arc::new),
        archive,
        trust_policy: policy_text,
        seals: Arc::new(seals),
        signing,
        vending,
        ssh_authority,
        login_key,
        passwords: Default::default(),
        book: Arc::new(book),
        introspectors: Introspectors::read(&settings.introspection)?,
        public_url,
        exports: settings.exports.clone(),
        bootstrap: std::sync::Mutex::new(nobody.then(|| seam::token(TokenKind::Bootstrap))),
        beats: Default::default(),
        closing: CancellationToken::new(),
    })
}

/// What brokers work with.
fn open_vending(signing: &Arc<Signing>, view: &Arc<View>) -> Result<Vending, StartError> {
    let bad = |error: gateway::OutboundError| StartError::Field { field: "tls".into(), what: error.to_string() };
    let wire = OutboundWire::new(Outbound::new(None).map_err(bad)?);
    let tokens = Tokens::new(Arc::clone(signing), Arc::clone(view));
    Ok(Vending::new(Tools { wire: Arc::new(wire), tokens: Arc::new(tokens) }))
}

/// The folder for keys.
fn open_keys(settings: &Settings) -> Result<KeysFolder, StartError> {
    let path = match &settings.keys_dir {
        Some(path) => path.clone(),
        None => make_data_folder(settings)?.join("keys"),
    };
    KeysFolder::open(&path).map_err(|error| bad_keys(format!("`{}`: {error}", path.display())))
}

fn bad_keys(what: String) -> StartError {
    StartError::Field { field: "keys_dir".into(), what }
}

/// The notary, once the log is known to be the one that was signed.
async fn open_notary(
    settings: &Settings,
    store: &Store,
    clock: &Arc<Clock>,
    keys: &KeysFolder,
) -> Result<Notary, StartError> {
    let failed = |error: notary::NotaryError| StartError::Store(error.to_string());
    let signer = notary::open_key(store, keys, &log_origin(settings)).await.map_err(failed)?;
    Notary::open(store.clone(), Arc::clone(clock), keys, signer, settings.trust_policy.is_none()).await.map_err(failed)
}

/// Who collects cosignatures, for a policy that is about this log.
fn open_publisher(
    settings: &Settings,
    store: &Store,
    clock: &Arc<Clock>,
    notary: &Arc<Notary>,
    policy: TrustPolicy,
) -> Result<Publisher, StartError> {
    let bad = |what: String| StartError::Field { field: "trust_policy".into(), what };
    let outbound = Outbound::new(None).map_err(|error| bad(error.to_string()))?;
    let (notary, store, clock) = (Arc::clone(notary), store.clone(), Arc::clone(clock));
    let publisher = Publisher::new(notary, store, clock, policy, outbound, settings.publish_without_quorum);
    publisher.map_err(|error| bad(error.to_string()))
}

/// Who keeps the log as files, where that is asked for.
fn open_archive(settings: &Settings, store: &Store, notary: &Arc<Notary>) -> Result<Option<Arc<Archive>>, StartError> {
    let bad = |what: String| StartError::Field { field: "archive".into(), what };
    let open = |place| Archive::open(place, store.clone(), Arc::clone(notary)).map(Arc::new).map_err(bad);
    settings.archive.as_ref().map(open).transpose()
}

/// The publisher stops after the notary, so that a stopped log's last checkpoint is published; the archive after both,
/// so that it holds that one.
async fn sign_and_publish(plane: Arc<ControlPlane>, stop: CancellationToken) {
    let signed = CancellationToken::new();
    let publishing = plane.publisher.clone().map(|publisher| tokio::spawn(cosign::run(publisher, signed.clone())));
    let published = CancellationToken::new();
    let archiving = plane.archive.clone().map(|archive| tokio::spawn(archive::run(archive, published.clone())));
    notary::run(Arc::clone(&plane.notary), stop).await;
    signed.cancel();
    if let Some(publishing) = publishing {
        let _ = publishing.await;
    }
    published.cancel();
    if let Some(archiving) = archiving {
        let _ = archiving.await;
    }
}

/// What a new log is called: its public host, or, where only this machine knows it, a name that no other log has.
fn log_origin(settings: &Settings) -> String {
    let host = settings.public_url.as_deref().and_then(|url| url.split_once("://")).map(|(_, rest)| rest);
    settings.log_origin.clone().unwrap_or_else(|| match host {
        Some(host) => format!("{}/writ", host.trim_end_matches('/')),
        None => format!("localhost/writ-{:08x}", u32::from_le_bytes(seam::random())),
    })
}

async fn open_store(settings: &Settings) -> Result<Store, StartError> {
    let url = match &settings.database {
        Some(url) => url.clone(),
        None => format!("sqlite:{}", make_data_folder(settings)?.join("writ.db").display()),
    };
    let bad = |error: store::StoreError| StartError::Field { field: "database".into(), what: error.to_string() };
    let url: DatabaseUrl = url.parse().map_err(bad)?;
    let options = Options { synchronous: settings.synchronous, ..Options::new(url) };
    Store::open(&options).await.map_err(|error| StartError::Store(error.to_string()))
}

/// The first entry of every run: proves that the log can be written before anything depends on it.
async fn announce(scribe: &Scribe, node: NodeId) -> Result<(), StartError> {
    let start = node::Start { node, version: env!("CARGO_PKG_VERSION").to_owned() };
    let written = scribe.propose(Proposal::from(Command::StartNode(start))).await;
    written.map(drop).map_err(|failure| StartError::Store(failure.to_string()))
}

/// The folder for what nobody put elsewhere.
fn make_data_folder(settings: &Settings) -> Result<&Path, StartError> {
    let path = settings.data_dir.as_path();
    make_private_folder(path).map_err(|error| StartError::DataDir { path: path.to_owned(), error })?;
    Ok(path)
}

/// Everybody whose key is here, after what an earlier version or a crash left undone.
async fn people(
    store: &Store,
    keys: &KeysFolder,
    login_key: &DigestKey,
    view: &View,
    now: Time,
) -> Result<Arc<People>, StartError> {
    let failed = |error: store::StoreError| StartError::Store(error.to_string());
    let person_keys = PersonKeys::open(keys).map_err(|error| bad_keys(format!("`people`: {error}")))?;
    upgrade(store, &person_keys, login_key).await.map_err(StartError::Store)?;
    let people = People::new(person_keys);
    people.load(store, now).await.map_err(failed)?;
    people.forget_erased(view, now).await;
    store.checkpoint().await.map_err(failed)?;
    Ok(Arc::new(people))
}

/// The key that certifies sessions' keys, made once per installation and shared by its processes.
async fn ssh_authority(store: &Store, seals: &Seals) -> Result<SshAuthority, StartError> {
    let seed = seed(store, seals, "ssh-authority").await?;
    SshAuthority::from_seed(&seed).map_err(|error| StartError::Store(format!("the ssh authority's key: {error}")))
}

/// 32 secret bytes by name, thrown once per installation.
async fn seed(store: &Store, seals: &Seals, name: &str) -> Result<Zeroizing<[u8; 32]>, StartError> {
    let fresh = Zeroizing::new(seam::random::<32>());
    let stored = seals.store_if_absent(store, name, fresh.as_slice()).await.map_err(bad_seals)?;
    let wrong = |_| StartError::Store(format!("the secret `{name}` has the wrong length"));
    stored.as_slice().try_into().map(Zeroizing::new).map_err(wrong)
}

fn bad_signing(error: SigningError) -> StartError {
    match error {
        SigningError::Seals(error) => bad_seals(error),
        SigningError::Issuer(error) => StartError::Field { field: "issuer.url".into(), what: error.to_string() },
        error => StartError::Store(format!("the signing keys: {error}")),
    }
}

fn bad_seals(error: SealsError) -> StartError {
    match error.field() {
        Some(field) => StartError::Field { field: field.into(), what: error.to_string() },
        None => StartError::Store(error.to_string()),
    }
}
