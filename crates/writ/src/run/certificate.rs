//! The session's certificate: asked for at the start, and again before it ends.

use std::io;
use std::path::PathBuf;

use brokers::ssh::{Certificate, SshPublicKey};
use domain::{Span, Time};
use serde::Deserialize;
use serde_json::json;
use tokio::task::JoinHandle;

use super::agent::Agent;
use super::git::{Missing, certificate_path};
use super::session_folder::SessionFolder;
use crate::api::Opened;
use crate::client::{Client, escape};
use crate::limits::{CERTIFICATE_RENEW_BEFORE, CERTIFICATE_RETRY_PAUSE};

/// `POST /v1/sessions/{id}/certificates`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Certified {
    /// The line of a `-cert.pub` file.
    certificate: String,
    /// The lines that make git trust the authority.
    pub(super) allowed_signers: String,
}

/// Where the certificate is kept: its file and the agent.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    agent: Agent,
}

/// The task that gets the next certificate in time; ends when dropped.
#[derive(Debug)]
pub(super) struct Renewal(JoinHandle<()>);

/// Asks the control plane to certify the key; `client` speaks as the session.
pub(super) async fn ask(client: &Client, session: &str, key: &SshPublicKey) -> Result<Certified, Missing> {
    let path = format!("/v1/sessions/{}/certificates", escape(session));
    let body = json!({ "public_key": key.to_string() });
    client.post(&path, &body).await.map_err(|error| Missing(error.to_string()))
}

// === impl Place ===

impl Place {
    /// The place in this folder and this agent.
    pub(super) fn new(folder: &SessionFolder, agent: Agent) -> Self {
        Self { path: certificate_path(folder), agent }
    }

    /// Puts a certificate there; the one before goes.
    ///
    /// # Errors
    /// It is none, or its file cannot be written.
    pub(super) fn put(&self, certified: &Certified) -> io::Result<Certificate> {
        let certificate: Certificate = certified.certificate.parse().map_err(io::Error::other)?;
        // The agent first: whoever reads the file then finds its key there.
        self.agent.offer(certificate.clone());
        let staged = self.path.with_extension("new");
        std::fs::write(&staged, format!("{certificate}\n"))?;
        std::fs::rename(&staged, &self.path)?;
        Ok(certificate)
    }
}

// === impl Renewal ===

impl Renewal {
    /// Renews from now on, as long as the session lasts longer than the certificate.
    pub(super) fn start(
        client: Client,
        opened: &Opened,
        key: SshPublicKey,
        place: Place,
        certified: &Certified,
    ) -> Self {
        let session = opened.session.id.clone();
        let ends = certified.certificate.parse().map(|certificate: Certificate| certificate.valid_before());
        let session_ends = opened.session.expires_at.parse().map(|at: jiff::Timestamp| at.as_second());
        let ends = ends.unwrap_or_default();
        let is_last = session_ends.is_ok_and(|last| u64::try_from(last).is_ok_and(|last| last <= ends));
        Self(tokio::spawn(async move {
            if !is_last {
                renew(&client, &session, &key, &place, ends).await;
            }
        }))
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Looks at the clock again and again instead of sleeping through: a laptop may sleep too.
async fn renew(client: &Client, session: &str, key: &SshPublicKey, place: &Place, mut ends: u64) {
    let clock = control::seam::Clock::System;
    loop {
        tokio::time::sleep(CERTIFICATE_RETRY_PAUSE).await;
        if !is_due(clock.now(), ends) {
            continue;
        }
        if let Ok(certified) = ask(client, session, key).await
            && let Ok(certificate) = place.put(&certified)
        {
            ends = certificate.valid_before();
        }
    }
}

/// Whether it is time for the next one.
fn is_due(now: Time, ends: u64) -> bool {
    let margin = Span::from_secs(CERTIFICATE_RENEW_BEFORE.as_secs());
    u64::try_from((now + margin).unix_seconds()).is_ok_and(|soon| soon >= ends)
}

#[cfg(test)]
mod tests;
