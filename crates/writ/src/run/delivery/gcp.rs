//! Google Cloud: application default credentials of type `external_account` whose subject token an executable of ours gives
//! (google-auth, "Executable-sourced credentials").

use serde::Deserialize;
use serde_json::json;

use super::{Prepared, Site, Unprepared, Wired};
use crate::commands::GCP_TOKEN_TYPE;

/// What a broker says of a target.
#[derive(Debug, Clone, Deserialize)]
struct How {
    /// The workload identity provider: `//iam.googleapis.com/projects/…/providers/…`.
    audience: String,
    /// Where tokens are exchanged.
    #[serde(default = "token_url")]
    token_url: String,
    /// The service account to become: its e-mail address, or the whole URL of `generateAccessToken`.
    #[serde(default)]
    service_account: Option<String>,
    /// How long the service account's token lives.
    #[serde(default)]
    token_lifetime_seconds: Option<u64>,
    /// The project that requests count for.
    #[serde(default)]
    project: Option<String>,
    /// Type of the subject token.
    #[serde(default)]
    subject_token_type: Option<String>,
    /// Whether this is the one that clients find by themselves; else the first.
    #[serde(default)]
    default: bool,
}

fn token_url() -> String {
    "https://sts.googleapis.com/v1/token".to_owned()
}

/// The longest that clients let an executable take.
const TIMEOUT_MILLIS: u32 = 120_000;

/// Prepares one file per target; clients find the default by themselves, the others with `gcloud auth login --cred-file`.
pub(super) async fn prepare(wired: &[Wired<'_>], site: &Site<'_>, prepared: &mut Prepared) -> Result<(), Unprepared> {
    let folder = site.subfolder("gcp")?;
    let mut chosen = None;
    for wired in wired {
        let how: How = serde_json::from_value(wired.how.clone()).map_err(|error| Unprepared::strange(wired, &error))?;
        let path = folder.join(format!("{}-{}.json", wired.grant.broker, wired.grant.target));
        site.write(&path, &format!("{:#}\n", account(wired, &how, site)))?;
        if how.default || chosen.is_none() {
            chosen = Some((path, how.project));
        }
    }
    let Some((path, project)) = chosen else { return Ok(()) };
    // gcloud has its own name for it.
    prepared.set("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", &path);
    prepared.set("GOOGLE_APPLICATION_CREDENTIALS", path);
    prepared.set("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "1");
    if let Some(project) = project {
        prepared.set("GOOGLE_CLOUD_PROJECT", &project);
        prepared.set("CLOUDSDK_CORE_PROJECT", project);
    }
    Ok(())
}

fn account(wired: &Wired<'_>, how: &How, site: &Site<'_>) -> serde_json::Value {
    let command = command(&site.helper("gcp", &[&wired.grant.name()]));
    let mut account = json!({
        "type": "external_account",
        "audience": how.audience,
        "subject_token_type": how.subject_token_type.as_deref().unwrap_or(GCP_TOKEN_TYPE),
        "token_url": how.token_url,
        "credential_source": { "executable": { "command": command, "timeout_millis": TIMEOUT_MILLIS } },
    });
    if let Some(name) = &how.service_account {
        let base = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/";
        let url = if name.contains("://") { name.clone() } else { format!("{base}{name}:generateAccessToken") };
        account["service_account_impersonation_url"] = url.into();
        if let Some(seconds) = how.token_lifetime_seconds {
            account["service_account_impersonation"] = json!({ "token_lifetime_seconds": seconds });
        }
    }
    account
}

/// Clients split the command at spaces, some with a shell's quotes and some without: quotes only where they must be.
fn command(words: &[std::ffi::OsString]) -> String {
    let is_plain = |word: &str| !word.contains(|one: char| one.is_whitespace() || "'\"\\$`".contains(one));
    let quoted = words.iter().map(|word| match word.to_string_lossy() {
        word if is_plain(&word) => word.into_owned(),
        _ => Site::shell(std::slice::from_ref(word)),
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
