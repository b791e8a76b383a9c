//! A witness: a server that cosigns other people's checkpoints, each only if it continues the one before (C2SP
//! tlog-witness). To be run by somebody who is not the administrator of the log.
//!
//! ```text
//! POST /add-checkpoint                     the log asks for a cosignature
//! GET  /<hex sha256(origin)>/checkpoint    monitors read the latest one that was cosigned
//! GET  /healthz
//! ```
//!
//! What it decides is [`ledger::witness`]'s law; here are the folder it remembers in and the door it is asked at.

mod desk;
mod folder;
mod http;

use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::http::Request;
use gateway::{BodyError, Listener, ListenerLimits};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use ledger::VerifierKey;
use ledger::witness::KnownLogs;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::limits::{WITNESS_CONNECTIONS_MAX, WITNESS_STOP_MAX};
use crate::seam::Clock;
use crate::server::StartError;
use crate::settings::TlsFiles;
use crate::upstreams;
use desk::Desk;
use folder::Folder;

/// What a witness is started with.
#[derive(Debug, Clone)]
pub struct WitnessSettings {
    /// Where to listen; without [`Self::tls`] a loopback address.
    pub listen: SocketAddr,
    /// The private folder with its key, what it cosigned last of each log, and evidence; made when absent.
    pub state: PathBuf,
    /// The name in its key. Needed on the first start; later it may only repeat what the key says.
    pub name: Option<String>,
    /// The logs it cosigns for.
    pub logs: KnownLogs,
    /// Certificate and key, for https.
    pub tls: Option<TlsFiles>,
}

/// A witness that listens.
pub struct Witness {
    listener: Listener,
    desk: Arc<Desk>,
}

/// Why a witness did not start.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// No log to cosign for.
    #[error("no log is named: give the key of one with `--log`, or a trust policy")]
    NoLogs,
    /// There is no key yet, and no name for one.
    #[error("a new witness needs a name, such as `witness.example.com/audit`")]
    NoName,
    /// The key has another name.
    #[error("the key in the folder is named `{found}`, not `{asked}`")]
    OtherName {
        /// The name in the key.
        found: String,
        /// The name asked for.
        asked: String,
    },
    /// There is no key in the folder.
    #[error("there is no witness in `{}`", .0.display())]
    NoWitness(PathBuf),
    /// The key cannot be used.
    #[error("the witness's key: {0}")]
    Key(#[from] ledger::KeyError),
    /// Another process uses the folder.
    #[error("another witness uses `{}`: two with one key could sign two histories", .0.display())]
    InUse(PathBuf),
    /// The folder cannot be read or written, or a file in it is damaged.
    #[error("`{}`: {error}", path.display())]
    Folder {
        /// Which file or folder.
        path: PathBuf,
        /// What is wrong.
        error: std::io::Error,
    },
    /// Plain http beyond loopback.
    #[error("{0} is not a loopback address, and plain http is for loopback only: give a certificate and its key")]
    PlainHttp(SocketAddr),
    /// Certificate and key are no good.
    #[error(transparent)]
    Tls(StartError),
    /// The address is taken or not ours.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// The operating system's word.
        error: std::io::Error,
    },
}

impl Witness {
    /// Opens the folder, makes the key on the first start, checks what is remembered, and listens.
    ///
    /// # Errors
    /// What is wrong and where; nothing is left running then.
    pub async fn start(settings: WitnessSettings, clock: Clock) -> Result<Self, WitnessError> {
        let WitnessSettings { listen, state, name, logs, tls } = settings;
        if logs.origins().next().is_none() {
            return Err(WitnessError::NoLogs);
        }
        if tls.is_none() && !listen.ip().is_loopback() {
            return Err(WitnessError::PlainHttp(listen));
        }
        let tls = tls.as_ref().map(upstreams::tls).transpose().map_err(WitnessError::Tls)?;
        let opened = tokio::task::spawn_blocking(move || {
            let folder = Folder::open(&state, name.as_deref())?;
            Desk::open(folder, logs, clock)
        });
        let gone = |_| WitnessError::Folder { path: PathBuf::new(), error: std::io::ErrorKind::Interrupted.into() };
        let desk = Arc::new(opened.await.map_err(gone)??);
        let limits = ListenerLimits {
            connections_max: WITNESS_CONNECTIONS_MAX,
            shutdown_max: WITNESS_STOP_MAX,
            ..ListenerLimits::default()
        };
        let taken = |error| WitnessError::Listen { address: listen, error };
        let listener = Listener::bind(listen, tls, limits).await.map_err(taken)?;
        Ok(Self { listener, desk })
    }

    /// The address it listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.listener.local_addr()
    }

    /// The key that its cosignatures are verified with.
    pub fn key(&self) -> &VerifierKey {
        self.desk.key()
    }

    /// Serves until `shutdown` resolves. A request that is being decided then is decided and remembered.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) {
        let Self { listener, desk } = self;
        let router = http::router(desk);
        let service = move |request: Request<Incoming>, _peer| {
            let router = router.clone();
            async move {
                let answered = router.oneshot(request.map(axum::body::Body::new)).await;
                let response = answered.unwrap_or_else(|never| match never {});
                response.map(|body| body.map_err(|error| BodyError::Other(error.into())).boxed_unsync())
            }
        };
        listener.serve_until(service, CancellationToken::new(), shutdown).await;
    }
}

/// The key of the witness in a folder, whether it runs or not.
///
/// # Errors
/// There is none, or it cannot be read.
pub fn key_in(state: &Path) -> Result<VerifierKey, WitnessError> {
    folder::key_in(state)
}

/// The line that names a witness in a trust policy (C2SP tlog-policy), by its key's name.
pub fn policy_line(key: &VerifierKey, url: &str) -> String {
    format!("witness {} {key} {url}", key.name())
}

#[cfg(test)]
mod tests;
