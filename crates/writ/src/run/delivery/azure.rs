//! Azure: workload identity with a federated token in a file (`AZURE_FEDERATED_TOKEN_FILE`). Clients read the file again for
//! each exchange, so the launcher keeps it fresh while the session lives. It is the one mechanism that has a token on disk:
//! clients take no other, the token is good for minutes and for the exchange only, and only this user can read it.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::{Prepared, Site, Unprepared, Wired};
use crate::inside::{Credential, CredentialAsk};
use crate::run::vault::Vault;

/// What a broker says of a target.
#[derive(Debug, Clone, Deserialize)]
struct How {
    /// The directory.
    tenant_id: String,
    /// The application that trusts writ's tokens.
    client_id: String,
    /// Where tokens are exchanged.
    #[serde(default = "authority_host")]
    authority_host: String,
    /// The subscription that the Azure CLI's extensions and Terraform use.
    #[serde(default)]
    subscription_id: Option<String>,
    /// Whether this is the one that clients get; else the first.
    #[serde(default)]
    default: bool,
}

fn authority_host() -> String {
    "https://login.microsoftonline.com/".to_owned()
}

/// Shortest pause before a token is renewed, and the pause after a failure.
const PAUSE_MIN: Duration = Duration::from_secs(5);

/// Prepares the default target's file; there is no way to name several.
pub(super) async fn prepare(wired: &[Wired<'_>], site: &Site<'_>, prepared: &mut Prepared) -> Result<(), Unprepared> {
    let mut chosen: Option<(&Wired<'_>, How)> = None;
    for wired in wired {
        let how: How = serde_json::from_value(wired.how.clone()).map_err(|error| Unprepared::strange(wired, &error))?;
        if how.default || chosen.is_none() {
            chosen = Some((wired, how));
        }
    }
    let Some((wired, how)) = chosen else { return Ok(()) };
    let file =
        TokenFile { path: site.subfolder("azure")?.join("token"), vault: site.vault.clone(), ask: wired.grant.ask() };
    let next = file.renew().await.map_err(Unprepared)?;
    prepared.set("AZURE_TENANT_ID", how.tenant_id.as_str());
    prepared.set("AZURE_CLIENT_ID", how.client_id.as_str());
    prepared.set("AZURE_AUTHORITY_HOST", how.authority_host);
    prepared.set("AZURE_FEDERATED_TOKEN_FILE", &file.path);
    // The same for Terraform.
    prepared.set("ARM_USE_OIDC", "true");
    prepared.set("ARM_TENANT_ID", how.tenant_id);
    prepared.set("ARM_CLIENT_ID", how.client_id);
    prepared.set("ARM_OIDC_TOKEN_FILE_PATH", &file.path);
    if let Some(subscription) = how.subscription_id {
        prepared.set("AZURE_SUBSCRIPTION_ID", &subscription);
        prepared.set("ARM_SUBSCRIPTION_ID", subscription);
    }
    prepared.keep(file.stay_fresh(next));
    Ok(())
}

/// The file, and what is in it.
struct TokenFile {
    path: PathBuf,
    vault: Vault,
    ask: CredentialAsk,
}

impl TokenFile {
    /// Writes a token that is good for a while; when to do it again.
    async fn renew(&self) -> Result<Duration, String> {
        let credential = self.vault.credential(&self.ask).await.map_err(|error| error.to_string())?;
        let token = credential.field("token").ok_or("this is no token")?;
        self.replace(token).map_err(|error| format!("cannot write the token's file: {error}"))?;
        Ok(pause(&credential))
    }

    /// In one step: a reader sees the old or the new token.
    fn replace(&self, token: &str) -> std::io::Result<()> {
        let folder = self.path.parent().unwrap_or(&self.path);
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        std::io::Write::write_all(&mut file, token.as_bytes())?;
        file.persist(&self.path).map(drop).map_err(|error| error.error)
    }

    async fn stay_fresh(self, mut next: Duration) {
        loop {
            tokio::time::sleep(next).await;
            // Until it works again clients are told by the exchange that the token has expired.
            next = self.renew().await.unwrap_or(PAUSE_MIN);
        }
    }
}

/// Halfway to its end: a token that a client reads just before is good for the exchange.
fn pause(credential: &Credential) -> Duration {
    Duration::from_secs(credential.expires_in_seconds / 2).max(PAUSE_MIN)
}
