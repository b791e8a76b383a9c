//! Starting and stopping the service.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use crate::config::{Config, Faults};
use crate::federation::Federation;
use crate::limits::{ACCEPT_RETRY, CONNECTIONS_MAX};
use crate::seen::Seen;
use crate::service;
use crate::shared::Shared;
use crate::stage::Actor;
use crate::wire::{Reset, Wire};

/// The stand-in model service.
#[derive(Debug)]
pub struct Simulator;

/// A running service. Dropped means stopped: its connections are aborted.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// `None` while connections are refused.
    listening: Mutex<Option<Listening>>,
}

impl Simulator {
    /// Starts the service on loopback; it speaks HTTP/1.1 and HTTP/2 with prior knowledge, without TLS.
    ///
    /// # Errors
    /// `InvalidInput` for an address that is not loopback or a default script that is none; otherwise what binding the address says.
    pub async fn start(config: Config) -> io::Result<Running> {
        if !config.host.is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("the stand-in service listens on loopback only, not on `{}`", config.host),
            ));
        }
        let address = SocketAddr::new(config.host, config.port);
        let shared = Arc::new(Shared::new(config)?);
        let listener = TcpListener::bind(address).await?;
        Ok(Running {
            address: listener.local_addr()?,
            listening: Mutex::new(Some(Listening::start(listener, &shared))),
            shared,
        })
    }
}

impl Running {
    /// Where the service listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL, without a slash at its end: `http://127.0.0.1:4321`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests remembered (at most 4,096), oldest first; none when `Config::record` is off.
    pub fn requests(&self) -> Vec<Seen> {
        self.shared.memory.all()
    }

    /// Forgets the requests seen so far; [`Running::arrived`] counts on.
    pub fn forget(&self) {
        self.shared.memory.clear();
    }

    /// Requests read since the start, remembered or not.
    pub fn arrived(&self) -> u64 {
        *self.shared.arrived.borrow()
    }

    /// Waits until at least `count` requests have arrived.
    ///
    /// # Errors
    /// `TimedOut`, saying how many came, when that does not happen `within` the time given.
    pub async fn wait_for(&self, count: u64, within: Duration) -> io::Result<()> {
        let mut arrived = self.shared.arrived.subscribe();
        let wait = arrived.wait_for(|seen| *seen >= count);
        let in_time = tokio::time::timeout(within, wait).await.is_ok();
        match (in_time, self.arrived()) {
            (true, _) => Ok(()),
            (false, seen) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("waited {within:?} for {count} requests, {seen} came"),
            )),
        }
    }

    /// The model of that name, for which the caller speaks (script `cue`). The same name is the same actor.
    pub fn actor(&self, name: &str) -> Actor {
        Actor::new(Arc::clone(&self.shared), name)
    }

    /// Opens the token endpoint under a rule: from now on model calls need one of its tokens, and no other key counts.
    /// None closes it.
    pub fn set_federation(&self, rule: Option<Federation>) {
        self.shared.federated().set(rule);
    }

    /// Makes the next exchanges at the token endpoint fail with 503.
    pub fn fail_exchanges(&self, times: u32) {
        self.shared.federated().fail(times);
    }

    /// Takes back every token that the token endpoint gave: calls with them get a 401.
    pub fn forget_tokens(&self) {
        self.shared.federated().forget();
    }

    /// Replaces the faults in force.
    pub fn set_faults(&self, faults: Faults) {
        self.shared.set_faults(faults);
    }

    /// Sets the script for requests that have tools but no marker, written as in a marker; `None` goes back to the default text.
    ///
    /// # Errors
    /// `InvalidInput` naming what is wrong with the script's arguments.
    pub fn set_default_script(&self, script: Option<&str>) -> io::Result<()> {
        self.shared.set_default_script(script)
    }

    /// Lets every `gate` script go on, now and later, until [`Running::close_gate`].
    pub fn open_gate(&self) {
        self.shared.gate.send_replace(true);
    }

    /// Makes `gate` scripts wait again.
    pub fn close_gate(&self) {
        self.shared.gate.send_replace(false);
    }

    /// Closes the listener and aborts all connections: new ones are refused until [`Running::listen`].
    pub async fn refuse(&self) {
        if let Some(listening) = self.listening.lock().await.take() {
            listening.stop().await;
        }
    }

    /// Listens again, on the same address, after [`Running::refuse`].
    ///
    /// # Errors
    /// What binding the address says; another program may have taken it.
    pub async fn listen(&self) -> io::Result<()> {
        let mut listening = self.listening.lock().await;
        if listening.is_none() {
            let listener = TcpListener::bind(self.address).await?;
            *listening = Some(Listening::start(listener, &self.shared));
        }
        Ok(())
    }

    /// Stops at once: the listener is closed and every connection dropped, whatever it was doing.
    pub async fn stop(self) {
        self.refuse().await;
    }
}

/// The task that accepts connections and owns them all.
#[derive(Debug)]
struct Listening {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Listening {
    fn start(listener: TcpListener, shared: &Arc<Shared>) -> Self {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(accept(listener, Arc::clone(shared), stopped));
        Self { stop: Some(stop), task }
    }

    /// Answers when listener and connections are gone.
    async fn stop(mut self) {
        drop(self.stop.take());
        // A panic inside the task was reported by the panic hook; there is nothing left to stop.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            _ = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok(_) if connections.len() >= CONNECTIONS_MAX => {}
                Ok((tcp, _)) => {
                    connections.spawn(connection(tcp, Arc::clone(&shared)));
                }
                Err(error) => {
                    tracing::warn!(%error, "stand-in service could not accept a connection");
                    tokio::time::sleep(ACCEPT_RETRY).await;
                }
            },
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn connection(tcp: TcpStream, shared: Arc<Shared>) {
    let reset = Reset::default();
    let wire = Wire::new(tcp, reset.clone());
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new());
    builder.http2().timer(TokioTimer::new());
    let service = service_fn(|request| service::serve(Arc::clone(&shared), reset.clone(), request));
    if let Err(error) = builder.serve_connection(TokioIo::new(wire), service).await {
        tracing::debug!(%error, "stand-in connection ended early");
    }
}
