//! The control plane of one process: the scribe, the committed view, the store and what operations need besides.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use brokers::ssh::SshAuthority;
use brokers::{DigestKey, Issuer};
use domain::{Actor, Command, NodeId, RequestId, SessionId, Time, Token};
use metering::PriceBook;
use store::{Attachment, Store};
use tokio_util::sync::CancellationToken;

use crate::archive::Archive;
use crate::cosign::Publisher;
use crate::error::Error;
use crate::introspectors::Introspectors;
use crate::notary::Notary;
use crate::password::Passwords;
use crate::people::People;
use crate::scribe::{Proposal, Receipt, Scribe};
use crate::seals::Seals;
use crate::seam::Clock;
use crate::settings::ExportSettings;
use crate::settlements::Settlements;
use crate::signing::Signing;
use crate::vending::Vending;
use crate::view::View;

/// Shared by every handler, the gateway and the background tasks.
pub struct ControlPlane {
    /// This process.
    pub node: NodeId,
    /// Time and ids.
    pub clock: Arc<Clock>,
    /// Committed state.
    pub view: Arc<View>,
    /// The way to the log.
    pub scribe: Scribe,
    /// Rows.
    pub store: Store,
    /// Names of developers, for people's eyes.
    pub people: Arc<People>,
    /// Settlements on their way to the log.
    pub settlements: Settlements,
    /// Signs the log's root.
    pub notary: Arc<Notary>,
    /// Publishes checkpoints with cosignatures, where there is a trust policy.
    pub publisher: Option<Arc<Publisher>>,
    /// Keeps the sealed log as files somewhere else, where that is configured.
    pub archive: Option<Arc<Archive>>,
    /// The text of that trust policy, for who takes a part of the log away.
    pub trust_policy: Option<String>,
    /// Seals secrets that go into the database.
    pub seals: Arc<Seals>,
    /// The keys that sign writs and tokens.
    pub signing: Arc<Signing>,
    /// Certifies sessions' keys for signing commits.
    pub ssh_authority: SshAuthority,
    /// Makes keyed digests of sign-in names.
    pub login_key: DigestKey,
    /// Checks passwords.
    pub passwords: Passwords,
    /// What calls cost.
    pub book: Arc<PriceBook>,
    /// Makes and ends credentials.
    pub vending: Vending,
    /// Relying parties that may ask about tokens.
    pub introspectors: Introspectors,
    /// How others reach this server, without a trailing slash.
    pub public_url: String,
    /// The exports that this process was configured with.
    pub exports: Vec<ExportSettings>,
    /// Cancelled when this process is to stop: whoever waits for something is answered at once.
    pub closing: CancellationToken,
    /// The one-time right to create the first administrator, while there is none.
    pub(crate) bootstrap: Mutex<Option<Token>>,
    /// When each session's beat was last written; one per live session.
    pub(crate) beats: Mutex<HashMap<SessionId, Time>>,
}

/// Who asks, and in which request.
#[derive(Debug, Clone, Copy)]
pub struct Asker {
    /// On whose behalf.
    pub by: Actor,
    /// The HTTP request.
    pub request: RequestId,
}

impl ControlPlane {
    /// Proposes a command on behalf of somebody and waits until it is durable.
    pub(crate) async fn propose(&self, asker: Asker, command: Command) -> Result<Receipt, Error> {
        self.propose_with(asker, command, Vec::new()).await
    }

    /// The same, with rows to write in the same transaction.
    pub(crate) async fn propose_with(
        &self,
        asker: Asker,
        command: Command,
        attachments: Vec<Attachment>,
    ) -> Result<Receipt, Error> {
        let proposal = Proposal { command, by: asker.by, request: Some(asker.request), attachments };
        Ok(self.scribe.propose(proposal).await?)
    }

    /// The bootstrap token, while the installation has no developers.
    pub fn bootstrap_token(&self) -> Option<Token> {
        let token = self.bootstrap.lock().unwrap_or_else(PoisonError::into_inner).clone();
        token.filter(|_| self.view.read(|state| state.developers.is_empty()))
    }

    /// The issuer, with the key that signs now.
    ///
    /// # Errors
    /// There is no key that signs.
    pub fn issuer(&self) -> Result<Issuer, Error> {
        Ok(self.signing.issuer(self.clock.now())?)
    }

    /// The page that shows a session.
    pub fn session_url(&self, session: SessionId) -> String {
        format!("{}/sessions/{session}", self.public_url)
    }
}
