//! The agent for logging in: one key for each target that is granted to the session, in memory only, and a certificate for
//! it that is made when a client asks what there is.
//!
//! It is another agent than the one that signs commits, on another socket: looking for the commit key then asks no broker
//! for anything, and a client that logs in is not offered a certificate that opens no door.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use brokers::ssh::{LoginCertificate, Reader, SshKey, SshPublicKey, Writer};

use super::user_auth::is_login;
use super::{CERTIFICATES_KEPT, IDENTITIES_ANSWER, REQUEST_IDENTITIES, SIGN_REQUEST, SIGN_RESPONSE, sign_request};

/// Work that may ask the control plane.
pub(in crate::run) type Asked<'a> = Pin<Box<dyn Future<Output = Option<LoginCertificate>> + Send + 'a>>;

/// Where a key's certificates come from: one that is still good for a while, or a new one; none when there is none to be
/// had, and once the session is over.
pub(in crate::run) trait Certificates: Send + Sync {
    /// The certificate for this key.
    fn certificate<'a>(&'a self, key: &'a SshPublicKey) -> Asked<'a>;
}

/// The keys of some targets. Cloning gives another handle on the same.
#[derive(Clone)]
pub(in crate::run) struct LoginAgent(Arc<[Arc<Identity>]>);

/// A key for one target.
pub(in crate::run) struct Identity {
    name: String,
    key: SshKey,
    source: Box<dyn Certificates>,
    wait_max: Duration,
    /// What was offered, the newest first.
    offered: Mutex<VecDeque<LoginCertificate>>,
}

// === impl Identity ===

impl Identity {
    /// A key that is called `name` where people list the agent's keys. A certificate that does not come within `wait_max`
    /// is not offered: who waits has other keys to try.
    pub(in crate::run) fn new(name: String, key: SshKey, source: Box<dyn Certificates>, wait_max: Duration) -> Self {
        Self { name, key, source, wait_max, offered: Mutex::default() }
    }

    /// The certificate to offer now.
    async fn certificate(&self) -> Option<LoginCertificate> {
        let public = self.key.public();
        let asked = tokio::time::timeout(self.wait_max, self.source.certificate(&public));
        // One for another key would be refused at every host.
        let certificate = asked.await.ok().flatten().filter(|certificate| certificate.key() == public)?;
        let mut offered = self.offered.lock().unwrap_or_else(PoisonError::into_inner);
        if offered.front() != Some(&certificate) {
            offered.push_front(certificate.clone());
            offered.truncate(CERTIFICATES_KEPT);
        }
        Some(certificate)
    }

    fn has_offered(&self, blob: &[u8]) -> bool {
        let offered = self.offered.lock().unwrap_or_else(PoisonError::into_inner);
        offered.iter().any(|certificate| certificate.blob() == blob)
    }

    async fn sign(&self, certificate: &[u8], data: &[u8]) -> Option<Vec<u8>> {
        if !is_login(data, certificate) {
            return None;
        }
        // Also a certificate that was offered before is only used while there is one to be had: not once the session is over.
        self.certificate().await?;
        Some(Writer::new().byte(SIGN_RESPONSE).string(&self.key.sign(data)).into_bytes())
    }
}

// === impl LoginAgent ===

impl LoginAgent {
    /// An agent of these keys.
    pub(in crate::run) fn new(identities: impl IntoIterator<Item = Arc<Identity>>) -> Self {
        Self(identities.into_iter().collect())
    }

    /// The answer to a request (both without their length); none when it is not known, or refused.
    pub(super) async fn answer(&self, request: &[u8]) -> Option<Vec<u8>> {
        let mut reader = Reader::new(request);
        match reader.byte() {
            Ok(REQUEST_IDENTITIES) if reader.is_empty() => Some(self.identities().await),
            Ok(SIGN_REQUEST) => {
                let (key, data) = sign_request(reader).ok()?;
                let identity = self.0.iter().find(|identity| identity.has_offered(key))?;
                identity.sign(key, data).await
            }
            // `session-bind@openssh.com` among them: clients go on without it.
            _ => None,
        }
    }

    /// Those that can be had, in their order. All are asked for at a time: one whose certificate does not come keeps nobody
    /// waiting for the others.
    async fn identities(&self) -> Vec<u8> {
        let asked = self.0.iter().map(|identity| {
            let identity = Arc::clone(identity);
            tokio::spawn(async move { identity.certificate().await })
        });
        let asked: Vec<_> = asked.collect();
        let mut offers = Vec::new();
        for (identity, asked) in self.0.iter().zip(asked) {
            offers.extend(asked.await.ok().flatten().map(|certificate| (identity.name.as_str(), certificate)));
        }
        let count = u32::try_from(offers.len()).unwrap_or(u32::MAX);
        let head = Writer::new().byte(IDENTITIES_ANSWER).u32(count);
        let all = offers
            .iter()
            .fold(head, |writer, (name, certificate)| writer.string(certificate.blob()).string(name.as_bytes()));
        all.into_bytes()
    }
}

#[cfg(test)]
mod tests;
