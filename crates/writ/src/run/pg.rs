//! A PostgreSQL server as a Unix socket: clients connect without a password, and the launcher logs in for them with the
//! session's role. No client holds the credential, and it is in no environment and no file.
//!
//! The launcher speaks the start of the protocol only (PostgreSQL manual, "Frontend/Backend Protocol", "Start-up" and "SASL
//! Authentication"); from the end of the log-in on it passes bytes.

mod client;
mod log_in;
mod message;

use std::sync::Arc;
use std::time::Duration;

use brokers::postgres::{Endpoint, Server};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use self::client::{Asked, Start};
use self::log_in::{Account, Failed, LoggedIn};
use self::message::Fatal;
use super::family::Stranger;
use super::listen::Speaker;
use super::vault::{NoCredential, Vault};
use crate::inside::{Credential, CredentialAsk};

/// How long a client may take to say what it wants.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a server may take to let the session's role in.
const LOG_IN_TIMEOUT: Duration = Duration::from_secs(15);
/// How long passing on a cancellation may take.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes on their way in one direction.
const BUFFER_BYTES: usize = 16 * 1024;

/// One target's socket.
#[derive(Clone)]
pub(super) struct Relay(Arc<Inner>);

struct Inner {
    endpoint: Endpoint,
    server: Server,
    ask: CredentialAsk,
    vault: Vault,
}

// === impl Relay ===

impl Relay {
    /// A way to a target, with credentials from here.
    pub(super) fn new(endpoint: Endpoint, server: Server, ask: CredentialAsk, vault: Vault) -> Self {
        Self(Arc::new(Inner { endpoint, server, ask, vault }))
    }

    async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send>(&self, mut client: S) {
        let asked = match tokio::time::timeout(START_TIMEOUT, client::read(&mut client)).await {
            Ok(Ok(Some(asked))) => asked,
            Ok(Err(fatal)) => return tell(&mut client, &fatal).await,
            // Gone, or silent.
            Ok(Ok(None)) | Err(_) => return,
        };
        match asked {
            Asked::Cancel(packet) => self.cancel(&packet).await,
            Asked::Start(start) => {
                if let Err(fatal) = self.connect(&mut client, &start).await {
                    tell(&mut client, &fatal).await;
                }
            }
        }
    }

    /// Logs in for a client and passes bytes until one side leaves.
    async fn connect<S: AsyncRead + AsyncWrite + Unpin + Send>(
        &self,
        client: &mut S,
        start: &Start,
    ) -> Result<(), Fatal> {
        start.check_database(&self.0.endpoint.database, &self.name())?;
        let LoggedIn { mut server, told } = self.log_in(start).await?;
        if client.write_all(&told).await.is_ok() {
            // Who breaks a connection off knows it.
            let _ = tokio::io::copy_bidirectional_with_sizes(client, &mut server, BUFFER_BYTES, BUFFER_BYTES).await;
        }
        Ok(())
    }

    /// A role that is refused was ended early, or its time was up while it was on its way here: then a new one is asked for,
    /// once.
    async fn log_in(&self, start: &Start) -> Result<LoggedIn, Fatal> {
        match self.log_in_with(start, false).await {
            Err(Failed::Refused) => self.log_in_with(start, true).await.map_err(|failed| self.fatal(failed)),
            other => other.map_err(|failed| self.fatal(failed)),
        }
    }

    async fn log_in_with(&self, start: &Start, fresh: bool) -> Result<LoggedIn, Failed> {
        let credential = self.credential(fresh).await.map_err(Failed::Told)?;
        let account = account(&credential).ok_or_else(|| Failed::Told(self.strange()))?;
        let wire = self.0.server.dial().await.map_err(|error| Failed::Told(Fatal::away(error.text)))?;
        let logging_in = log_in::log_in(wire, start, &self.0.endpoint.database, &account);
        tokio::time::timeout(LOG_IN_TIMEOUT, logging_in).await.unwrap_or(Err(Failed::Lost))
    }

    async fn credential(&self, fresh: bool) -> Result<Credential, Fatal> {
        let ask = CredentialAsk { fresh, ..self.0.ask.clone() };
        self.0.vault.credential(&ask).await.map_err(|error: NoCredential| {
            let text = format!("no credential for {}: {error}", self.name());
            if error.may_pass() { Fatal::away(text) } else { Fatal::refused(text) }
        })
    }

    /// A cancellation names a connection and its key, which the server gave to the client itself.
    async fn cancel(&self, packet: &[u8]) {
        let passing = async {
            let mut server = self.0.server.dial().await.ok()?;
            server.write_all(packet).await.ok()?;
            // It answers by closing.
            server.read(&mut [0; 1]).await.ok()
        };
        let _ = tokio::time::timeout(CANCEL_TIMEOUT, passing).await;
    }

    fn fatal(&self, failed: Failed) -> Fatal {
        match failed {
            Failed::Told(fatal) => fatal,
            Failed::Refused => Fatal::refused(format!(
                "the database refuses the role that was made for {}: it was revoked, or pg_hba.conf there does not let it in",
                self.name()
            )),
            Failed::Lost => {
                Fatal::away(format!("the database of {} broke off the log-in, or did not answer in time", self.name()))
            }
            Failed::Method => Fatal::refused(format!(
                "the database of {} wants a log-in other than scram-sha-256: pg_hba.conf there must name that for it",
                self.name()
            )),
        }
    }

    fn strange(&self) -> Fatal {
        Fatal::refused(format!(
            "the credential for {} has no user and password: writ is of another version",
            self.name()
        ))
    }

    /// `BROKER/TARGET`.
    fn name(&self) -> String {
        format!("{}/{}", self.0.ask.broker, self.0.ask.target)
    }
}

impl Speaker for Relay {
    async fn speak(self, _peer: Option<Pid>, stream: impl AsyncRead + AsyncWrite + Unpin + Send) {
        self.serve(stream).await;
    }

    /// In the protocol's own way, after its first message: else the client would only see a broken connection.
    async fn turn_away(self, stranger: Stranger, mut stream: impl AsyncRead + AsyncWrite + Unpin + Send) {
        if let Ok(Some(Asked::Start(_))) = client::read(&mut stream).await {
            tell(&mut stream, &Fatal::refused(stranger.to_string())).await;
        }
    }
}

fn account(credential: &Credential) -> Option<Account<'_>> {
    Some(Account { user: credential.field("user")?, password: credential.field("password")? })
}

async fn tell(client: &mut (impl AsyncWrite + Unpin), fatal: &Fatal) {
    // Whoever left does not want it.
    let _ = tokio::time::timeout(START_TIMEOUT, client.write_all(&fatal.bytes())).await;
}

#[cfg(test)]
mod tests;
