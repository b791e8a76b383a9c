//! Whom a check believes: who asks says so; else this machine's trust policy, else the key that it remembers of the server
//! it is signed in to; else nobody but what is checked.

use std::path::Path;

use ledger::dossier::Trust;
use ledger::limits::POLICY_BYTES_MAX;
use ledger::{Cosigned, SignedCheckpoint, TrustPolicy, VerifierKey};

use crate::command_error::CommandError;
use crate::credentials::{Home, address};
use crate::memory::Watch;

/// The policy of this machine, in its configuration home.
const POLICY: &str = "trust.policy";

/// Whom to believe, and why.
pub(super) struct Whom {
    pub(super) trust: Trust,
    /// Where that is from, for people.
    pub(super) source: String,
}

/// Finds whom to believe.
///
/// # Errors
/// A policy cannot be read, or is none.
pub(super) fn whom(policy: Option<&Path>, key: Option<&VerifierKey>) -> Result<Whom, CommandError> {
    if let Some(key) = key {
        return Ok(Whom { trust: Trust::Key(key.clone()), source: "the key given".to_owned() });
    }
    if let Some(path) = policy {
        let trust = Trust::Policy(read(path)?);
        return Ok(Whom { trust, source: format!("the policy `{}`", path.display()) });
    }
    let nobody = Whom { trust: Trust::Enclosed, source: "nobody".to_owned() };
    // Without a home nothing is known: an auditor's machine may have nothing of writ but this command.
    let Ok(home) = Home::find() else { return Ok(nobody) };
    let own = home.path(POLICY);
    if own.exists() {
        return Ok(Whom { trust: Trust::Policy(read(&own)?), source: format!("the policy `{}`", own.display()) });
    }
    // Nor does it take a sign-in: one that is not there, or cannot be read, names no server.
    let Ok(Some(credentials)) = home.credentials() else { return Ok(nobody) };
    let server = address(&credentials.server)?;
    Ok(match Watch::new(&home, &server, None)?.remembered()? {
        Some(known) => Whom { trust: Trust::Key(known.key), source: format!("the key that is remembered of {server}") },
        None => nobody,
    })
}

impl Whom {
    /// What to say when nobody is believed.
    pub(super) fn warning(&self) -> Option<&'static str> {
        matches!(self.trust, Trust::Enclosed).then_some(
            "warning: no key and no trust policy was given, so the log's key was taken from what is checked: this shows only \
             that it agrees with itself\nhint: get the log's key from somebody you trust, and give it with --key or --trust",
        )
    }

    /// The name in the JSON.
    pub(super) fn name(&self) -> &'static str {
        match self.trust {
            Trust::Policy(_) => "policy",
            Trust::Key(_) => "key",
            Trust::Enclosed => "enclosed",
        }
    }

    /// Checks a checkpoint that a server showed with its own key.
    ///
    /// # Errors
    /// It is not believed.
    pub(super) fn check(
        &self,
        checkpoint: &SignedCheckpoint,
        shown: &VerifierKey,
    ) -> Result<Vec<Cosigned>, CommandError> {
        let untrusted =
            |error: &dyn std::error::Error| CommandError::failed("the newest checkpoint is not trusted").because(error);
        match &self.trust {
            Trust::Policy(policy) => policy.check(checkpoint).map_err(|error| untrusted(&error)),
            Trust::Key(key) => checkpoint.verify_log(key).map(|()| Vec::new()).map_err(|error| untrusted(&error)),
            Trust::Enclosed => checkpoint.verify_log(shown).map(|()| Vec::new()).map_err(|error| untrusted(&error)),
        }
    }
}

fn read(path: &Path) -> Result<TrustPolicy, CommandError> {
    let failed = || CommandError::usage(format!("the trust policy `{}`", path.display()));
    let bytes = std::fs::read(path).map_err(|error| failed().because(&error))?;
    if bytes.len() > POLICY_BYTES_MAX {
        return Err(CommandError::usage(format!(
            "`{}` is {} bytes, the limit is {POLICY_BYTES_MAX}",
            path.display(),
            bytes.len()
        )));
    }
    TrustPolicy::parse(&bytes).map_err(|error| failed().because(&error))
}
