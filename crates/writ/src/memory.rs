//! What this machine remembers of a control plane's log: its key, and the last checkpoint it showed.
//!
//! The key is trusted on first use, or pinned by hand, or named by a trust policy. From then on every checkpoint must be
//! signed with it and must come with a proof that it continues the one remembered. An administrator who rewrites the log
//! and signs it again is found out by everybody who saw it before: they hold two checkpoints that cannot both be true.

mod alarm;
mod file;
mod shown;

use std::path::{Path, PathBuf};

use control::seam::Clock;
use ledger::fork::{self, Accept, Alarm};
use ledger::{SignedCheckpoint, TrustPolicy, VerifierKey};

use crate::api::{WitnessAlarm, WitnessStanding};
use crate::client::{Address, Client, ClientError};
use crate::command_error::CommandError;
use crate::credentials::Home;
use crate::limits::{COSIGNATURE_AGE_MAX, LAGGING_PAUSE, LAGGING_RETRIES};
use crate::output::clean;
pub(crate) use file::Remembered;
use shown::Shown;

/// The policy of a home, used without being asked for.
const POLICY: &str = "trust.policy";

/// Watches the log of one control plane on behalf of this machine.
#[derive(Debug)]
pub(crate) struct Watch {
    home: Home,
    server: Address,
    policy: Option<(PathBuf, TrustPolicy)>,
}

/// A checkpoint that continues everything this machine has seen of the log.
#[derive(Debug, Clone)]
#[allow(dead_code, reason = "commands that check proofs against it read it")]
pub(crate) struct Seen {
    /// The checkpoint, as it was shown now.
    pub(crate) checkpoint: SignedCheckpoint,
    /// The log's key.
    pub(crate) key: VerifierKey,
    /// What the server says of its witnesses; none where it has none.
    pub(crate) witnesses: Option<WitnessStanding>,
}

impl Watch {
    /// With the trust policy in a file, else the home's own, else none.
    ///
    /// # Errors
    /// The policy cannot be read, or a line of it is wrong.
    pub(crate) fn new(home: &Home, server: &Address, policy: Option<&Path>) -> Result<Self, CommandError> {
        let policy = match policy {
            Some(path) => Some((path.to_owned(), read_policy(path)?)),
            None => {
                let path = home.path(POLICY);
                if path.exists() { Some((path.clone(), read_policy(&path)?)) } else { None }
            }
        };
        Ok(Self { home: home.clone(), server: server.clone(), policy })
    }

    /// The policy, and the file it is from.
    pub(crate) fn policy(&self) -> Option<&(PathBuf, TrustPolicy)> {
        self.policy.as_ref()
    }

    /// Asks for the newest checkpoint, checks it against what is remembered, and remembers it. None when the server shows
    /// none, which is in order only while it never showed one.
    ///
    /// # Errors
    /// The server cannot be asked; or what it shows contradicts what it showed before, and the evidence was written.
    pub(crate) async fn check(&self, client: &Client) -> Result<Option<Seen>, CommandError> {
        let mut retries = LAGGING_RETRIES;
        loop {
            let mut known = self.remembered()?;
            let is_pinned = known.is_some();
            let mut shown = shown::fetch(client, known.as_ref()).await?;
            if let (None, Some(first)) = (&known, &shown)
                && let Some(elsewhere) = file::of_log(&self.home, &first.key)?
            {
                // New here, and known from another server: the same log.
                shown = shown::fetch(client, Some(&elsewhere)).await?;
                known = Some(elsewhere);
            }
            let Some(shown) = shown else {
                return self.without_checkpoint(known.as_ref()).map(|()| None);
            };
            match self.compare(known.as_ref(), &shown) {
                Ok(accept) => return self.accept(&accept, is_pinned, shown).await.map(Some),
                // One process of several may be a moment behind the one that answered before.
                Err(alarm::Found::Log(Alarm::Rollback { .. } | Alarm::Unproven { .. })) if retries > 0 => {
                    retries -= 1;
                    tokio::time::sleep(LAGGING_PAUSE).await;
                }
                Err(found) => return Err(alarm::raise(&self.home, &self.server, known.as_ref(), &shown, found)),
            }
        }
    }

    /// The same after the work is done, when nothing can be refused any more: what is wrong is told, not returned.
    pub(crate) async fn look_back(&self, client: &Client) {
        match self.check(client).await {
            // That the server cannot be asked was told already, by whoever ended the session.
            Err(error) if error.exit() != crate::command_error::Exit::Unreachable => error.report(),
            _ => {}
        }
    }

    /// What is remembered of the server's log.
    ///
    /// # Errors
    /// The file cannot be read or is damaged.
    pub(crate) fn remembered(&self) -> Result<Option<Remembered>, CommandError> {
        file::read(&self.home, &self.server)
    }

    /// Forgets key and checkpoint; returns whether anything was remembered.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub(crate) fn forget(&self) -> Result<bool, CommandError> {
        file::forget(&self.home, &self.server)
    }

    /// Trusts this key for the log, before the first use.
    ///
    /// # Errors
    /// Another key is trusted already, or the file cannot be written.
    pub(crate) fn pin(&self, key: VerifierKey) -> Result<(), CommandError> {
        if let Some(known) = self.remembered()? {
            return match known.key == key {
                true => Ok(()),
                false => {
                    Err(CommandError::failed(format!("another key is pinned for {}: `{}`", self.server, known.key))
                        .hinted("forget that one first: writ audit trust --forget"))
                }
            };
        }
        file::pin(&self.home, &self.server, &key, Clock::System.now())
    }

    fn compare(&self, known: Option<&Remembered>, shown: &Shown) -> Result<Accept, alarm::Found> {
        if let Some(known) = known.filter(|known| known.key != shown.key) {
            return Err(alarm::Found::KeyChanged(Box::new(known.key.clone())));
        }
        let previous = known.and_then(|known| known.checkpoint.as_ref());
        let accept = fork::remember(previous, &shown.checkpoint, shown.proof.as_deref(), &shown.key)?;
        if let Some((path, policy)) = &self.policy {
            let named = policy.logs().iter().any(|log| log.key == shown.key);
            if !named {
                return Err(alarm::Found::OtherLog(path.clone()));
            }
            let now = Clock::System.now() - COSIGNATURE_AGE_MAX;
            let oldest_s = u64::try_from(now.unix_seconds()).unwrap_or(0);
            policy
                .check_since(&shown.checkpoint, oldest_s)
                .map_err(|error| alarm::Found::Policy(path.clone(), error))?;
        }
        Ok(accept)
    }

    async fn accept(&self, accept: &Accept, is_pinned: bool, shown: Shown) -> Result<Seen, CommandError> {
        let now = Clock::System.now();
        if matches!(accept, Accept::First | Accept::Grown)
            && let Err(found) = file::advance(&self.home, &shown.key, &shown.checkpoint, now).await?
        {
            let known = file::of_log(&self.home, &shown.key)?;
            return Err(alarm::raise(&self.home, &self.server, known.as_ref(), &shown, found.into()));
        }
        if !is_pinned {
            file::pin(&self.home, &self.server, &shown.key, now)?;
        }
        let alarm = shown.witnesses.as_ref().and_then(|standing| standing.alarm.as_ref());
        if let Some(WitnessAlarm { witness, detail }) = alarm {
            let (witness, detail) = (clean(witness), clean(detail));
            eprintln!(
                "writ: THE WITNESS {witness} HOLDS ANOTHER HISTORY OF THIS LOG ({detail}): tell whoever audits it"
            );
        }
        Ok(Seen { checkpoint: shown.checkpoint, key: shown.key, witnesses: shown.witnesses })
    }

    /// A server that just started, or is older than its log's proofs, shows none. One that did before should.
    fn without_checkpoint(&self, known: Option<&Remembered>) -> Result<(), CommandError> {
        if let Some((path, _)) = &self.policy {
            let text = format!("{} shows no checkpoint of its log, and `{}` asks for one", self.server, path.display());
            return Err(
                CommandError::failed(text).hinted("is the server older than this command, or only just started?")
            );
        }
        if let Some(seen) = known.and_then(|known| known.checkpoint.as_ref()) {
            let size = seen.size();
            eprintln!(
                "writ: {} shows no checkpoint of its log, though it did before (size {size}): not checked",
                self.server
            );
        }
        Ok(())
    }
}

fn read_policy(path: &Path) -> Result<TrustPolicy, CommandError> {
    let failed = || CommandError::usage(format!("the trust policy `{}`", path.display()));
    let bytes = std::fs::read(path).map_err(|error| failed().because(&error))?;
    TrustPolicy::parse(&bytes).map_err(|error| failed().because(&error))
}

impl From<Alarm> for alarm::Found {
    fn from(alarm: Alarm) -> Self {
        Self::Log(alarm)
    }
}

/// Whether a refusal means that there is no checkpoint to be had: an older server, or one that has none yet.
fn has_none(error: &ClientError) -> bool {
    matches!(error, ClientError::Refused(problem) if problem.status == 404 || problem.status == 503)
}

#[cfg(test)]
mod tests;
