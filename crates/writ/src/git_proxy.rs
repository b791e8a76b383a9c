//! `writ git-proxy`: stands in front of a git server that takes no hooks, and holds the credential that pushes.
//!
//! ```text
//! git ── info/refs, git-upload-pack ──▶ proxy ─ the session's token is checked ─▶ git server        (streamed)
//! git ── git-receive-pack ──▶ proxy ─ spooled, indexed beside a copy, POST /v1/push-checks ─▶ git server
//! ```
//!
//! It speaks git's smart HTTP (gitprotocol-http(5)). A fetch goes through as it is. A push is read up to its pack, the pack
//! is indexed in a folder of its own beside a copy of the repository, and only what the control plane admits is sent on,
//! with the server's real credential, which no agent ever has. What is refused is told in git's own way, ref by ref.

mod advertisement;
mod caller;
mod copy;
mod credential;
mod limits;
mod push;
mod report;
mod request;
mod route;
mod spool;
mod stream;
mod upstream;

use std::sync::Arc;

use gateway::{Body, Listener, ListenerLimits};
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::cli::GitProxy;
use crate::client::{Address, Client};
use crate::command_error::{CommandError, Exit};
use crate::git_receive::settings::secret;
use crate::output::print;
use crate::push::check::Asking;
use caller::{Access, Callers};
use copy::Copies;
use route::{Asks, Repositories, Service};
use stream::{no_store, said};
use upstream::Upstream;

/// Everything that a request needs.
struct Proxy {
    callers: Callers,
    checker: Asking,
    upstream: Upstream,
    repositories: Repositories,
    copies: Copies,
    /// Pushes that are read or looked at now: each takes a place on the disk.
    places: Semaphore,
}

/// Runs the proxy until `shutdown` resolves.
///
/// # Errors
/// What it is told cannot be, or the address cannot be bound.
pub(crate) async fn run(
    arguments: GitProxy,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<Exit, CommandError> {
    let tls = tls(&arguments)?;
    if tls.is_none() && !arguments.listen.ip().is_loopback() {
        return Err(CommandError::usage(format!("{} is not a loopback address", arguments.listen))
            .hinted("plain http is for loopback only: give --tls-certificate and --tls-key"));
    }
    let listen = arguments.listen;
    let proxy = Arc::new(Proxy::new(arguments)?);
    let limits = ListenerLimits { connections_max: limits::CONNECTIONS_MAX, ..ListenerLimits::default() };
    let scheme = if tls.is_some() { "https" } else { "http" };
    let cannot = |error: std::io::Error| CommandError::failed(format!("cannot listen on {listen}")).because(&error);
    let listener = Listener::bind(listen, tls, limits).await.map_err(cannot)?;
    print(&format!("{scheme}://{}\n", listener.local_addr()))?;
    let service = move |request: Request<Incoming>, _peer| {
        let proxy = Arc::clone(&proxy);
        async move { proxy.answer(request).await }
    };
    listener.serve_until(service, CancellationToken::new(), shutdown).await;
    Ok(Exit::Done)
}

fn tls(arguments: &GitProxy) -> Result<Option<Arc<rustls::ServerConfig>>, CommandError> {
    let (Some(certificate), Some(key)) = (&arguments.tls_certificate, &arguments.tls_key) else { return Ok(None) };
    let files = control::TlsFiles { certificate: certificate.clone(), key: key.clone() };
    let read = control::server_tls(&files).map_err(|error| CommandError::usage("--tls-certificate").because(&error))?;
    Ok(Some(read))
}

impl Proxy {
    fn new(arguments: GitProxy) -> Result<Self, CommandError> {
        let server: Address = arguments.server.parse().map_err(CommandError::usage)?;
        let secret = secret(&arguments.secret_file)?;
        let client = Client::new(server.clone())?.with_bearer(secret.trim());
        let upstream = Upstream::new(&arguments)?;
        let name = arguments.name.clone().unwrap_or_else(|| upstream.host().to_owned());
        Ok(Self {
            callers: Callers::new(&server, &arguments.audience)?,
            checker: Asking(client),
            repositories: Repositories::new(name, arguments.repository)?,
            copies: Copies::at(&arguments.state)?,
            upstream,
            places: Semaphore::new(limits::PUSHES_MAX),
        })
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let asks = match self.repositories.asked(request.method(), request.uri()) {
            Some(asks) => asks,
            None => return said(StatusCode::NOT_FOUND, "this proxy has no such repository; ask whoever runs it"),
        };
        let access = if asks.service == Service::ReceivePack { Access::Write } else { Access::Read };
        let proof = match self.callers.check(request.headers(), access).await {
            Ok(proof) => proof,
            Err(refusal) => return *refusal,
        };
        match (asks.service, request.method()) {
            (Service::ReceivePack, &Method::POST) => self.push(&asks, proof, request).await,
            (Service::ReceivePack, _) => self.advertise(&asks).await,
            (Service::UploadPack, _) => match self.upstream.pass(&asks, request).await {
                Ok(response) => response,
                Err(error) => said(StatusCode::BAD_GATEWAY, &error.0),
            },
        }
    }

    /// What a push is told first: the server's refs, and what can be asked of it.
    async fn advertise(&self, asks: &Asks) -> Response<Body> {
        let told = match self.upstream.advertisement(asks).await {
            Ok(told) => told,
            Err(error) => return said(StatusCode::BAD_GATEWAY, &error.0),
        };
        match advertisement::rewritten(&told) {
            Ok(rewritten) => {
                self.copies.noticed(&asks.name, rewritten.refs, rewritten.takes_options);
                let kind = "application/x-git-receive-pack-advertisement";
                no_store(StatusCode::OK, kind, rewritten.bytes)
            }
            Err(error) => said(StatusCode::BAD_GATEWAY, &error.0),
        }
    }
}
