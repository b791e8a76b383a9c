//! The accept loop shared by the gateway and the API: HTTP/1.1 and HTTP/2, with or without TLS, everything bounded.

mod connection;
mod watch;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::Body;
use crate::limits;

/// The address a request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

/// Bounds of one listener; [`Default`] gives the documented ones.
#[derive(Debug, Clone)]
pub struct ListenerLimits {
    /// Connections open at one time ([`limits::CONNECTIONS_MAX`]); beyond it no more are accepted until one closes.
    pub connections_max: usize,
    /// Time for the first whole request head ([`limits::FIRST_HEAD_MAX`]).
    pub first_head_max: Duration,
    /// Time between two requests of a connection, and for the head of the second ([`limits::KEEP_ALIVE_MAX`]).
    pub keep_alive_max: Duration,
    /// A client that takes no byte for this long is cut ([`limits::WRITE_STALL_MAX`]).
    pub write_stall_max: Duration,
    /// How long requests may go on after a shutdown was asked for ([`limits::SHUTDOWN_MAX`]).
    pub shutdown_max: Duration,
}

/// A bound address, ready to serve.
pub struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    limits: Arc<ListenerLimits>,
}

impl Default for ListenerLimits {
    fn default() -> Self {
        Self {
            connections_max: limits::CONNECTIONS_MAX,
            first_head_max: limits::FIRST_HEAD_MAX,
            keep_alive_max: limits::KEEP_ALIVE_MAX,
            write_stall_max: limits::WRITE_STALL_MAX,
            shutdown_max: limits::SHUTDOWN_MAX,
        }
    }
}

impl Listener {
    /// Binds the address; port 0 takes any free one. HTTP/2 and HTTP/1.1 are offered by ALPN unless `tls` names its own.
    ///
    /// # Errors
    /// The operating system's, if the address cannot be bound.
    pub async fn bind(address: SocketAddr, tls: Option<Arc<ServerConfig>>, limits: ListenerLimits) -> io::Result<Self> {
        let tcp = TcpListener::bind(address).await?;
        let address = tcp.local_addr()?;
        let tls = tls.map(|config| TlsAcceptor::from(with_alpn(config)));
        Ok(Self { tcp, address, tls, limits: Arc::new(limits) })
    }

    /// The address it is bound to.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` resolves, cancels `closing` then, and finishes what is open: see [`Listener::serve`].
    pub async fn serve_until<S, F>(self, service: S, closing: CancellationToken, shutdown: impl Future<Output = ()>)
    where
        S: Fn(Request<Incoming>, PeerAddr) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let serving = self.serve(service, closing.clone());
        tokio::pin!(serving);
        tokio::select! {
            () = &mut serving => {}
            () = shutdown => {
                closing.cancel();
                serving.await;
            }
        }
    }

    /// Accepts and serves until `shutdown` is cancelled; then finishes what is open within
    /// [`ListenerLimits::shutdown_max`], cuts the rest, and returns.
    pub async fn serve<S, F>(self, service: S, shutdown: CancellationToken)
    where
        S: Fn(Request<Incoming>, PeerAddr) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let Self { tcp, tls, limits, .. } = self;
        let permits = Arc::new(Semaphore::new(limits.connections_max));
        let cut = CancellationToken::new();
        let accepting = async {
            while let Some((stream, peer, permit)) = accept(&tcp, &permits).await {
                let connection = connection::Connection {
                    peer,
                    tls: tls.clone(),
                    limits: Arc::clone(&limits),
                    shutdown: shutdown.clone(),
                    cut: cut.clone(),
                };
                let service = service.clone();
                tokio::spawn(async move {
                    connection.serve(stream, service).await;
                    drop(permit);
                });
            }
        };
        tokio::select! {
            () = accepting => {}
            () = shutdown.cancelled() => {}
        }
        drop(tcp);
        wait_for_all(&permits, &limits, &cut).await;
    }
}

/// The next connection, once there is room for one. None if the semaphore is closed, which never happens.
async fn accept(tcp: &TcpListener, permits: &Arc<Semaphore>) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.ok()?;
    loop {
        match tcp.accept().await {
            Ok((stream, peer)) => return Some((stream, peer, permit)),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(limits::ACCEPT_RETRY).await;
            }
        }
    }
}

/// Every open connection holds a permit: holding all of them means that none is open.
async fn wait_for_all(permits: &Semaphore, limits: &ListenerLimits, cut: &CancellationToken) {
    let all = u32::try_from(limits.connections_max).unwrap_or(u32::MAX);
    let finished = tokio::time::timeout(limits.shutdown_max, permits.acquire_many(all)).await.is_ok();
    if !finished {
        cut.cancel();
        // Cut connections end by themselves at their next turn; nothing here waits for a peer.
        let _ = permits.acquire_many(all).await;
    }
}

fn with_alpn(config: Arc<ServerConfig>) -> Arc<ServerConfig> {
    if !config.alpn_protocols.is_empty() {
        return config;
    }
    let mut config = ServerConfig::clone(&config);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

#[cfg(test)]
mod tests;
