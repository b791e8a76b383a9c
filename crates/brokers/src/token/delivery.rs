//! What launchers need to tell a target's clients. Read strictly here, so that a misspelt setting is found by whoever sets it
//! and not by every session.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::access::Access;

/// Mechanisms.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Delivery {
    #[serde(skip_serializing_if = "Option::is_none")]
    azure: Option<Azure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    docker: Option<Docker>,
    #[serde(skip_serializing_if = "Option::is_none")]
    env: Option<Env>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gcp: Option<Gcp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    git: Option<Git>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<Http>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kubernetes: Option<Kubernetes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    npm: Option<Npm>,
}

/// Azure's clients: the federated token in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Azure {
    /// The directory.
    tenant_id: String,
    /// The application that trusts writ's tokens.
    client_id: String,
    /// Where tokens are exchanged (`https://login.microsoftonline.com/`).
    #[serde(skip_serializing_if = "Option::is_none")]
    authority_host: Option<String>,
    /// The subscription to work in.
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription_id: Option<String>,
    /// Whether a session with several of them gets this one (the first).
    #[serde(default, skip_serializing_if = "is_false")]
    default: bool,
}

/// Docker and what reads its configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Docker {
    /// Registries, as images name them: `registry.example.com:5000`.
    registries: Vec<String>,
}

/// Environment variables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Env {
    /// For the whole session: no secrets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    plain: BTreeMap<String, String>,
    /// For `writ credential exec` and `get --format env`: `{token}` stands for the token.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    secret: BTreeMap<String, String>,
}

/// Google's clients: an external account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Gcp {
    /// The workload identity provider: `//iam.googleapis.com/projects/…/providers/…`.
    audience: String,
    /// Where tokens are exchanged (`https://sts.googleapis.com/v1/token`).
    #[serde(skip_serializing_if = "Option::is_none")]
    token_url: Option<String>,
    /// The service account to become, by its address or by the whole URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    service_account: Option<String>,
    /// Seconds that its token lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_lifetime_seconds: Option<u64>,
    /// The project to work in.
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    /// Type of the token (`urn:ietf:params:oauth:token-type:jwt`).
    #[serde(skip_serializing_if = "Option::is_none")]
    subject_token_type: Option<String>,
    /// Whether a session with several of them gets this one (the first).
    #[serde(default, skip_serializing_if = "is_false")]
    default: bool,
}

/// Git over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Git {
    /// `https`, or `http` on loopback (`https`).
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<String>,
    /// The host, with its port where it is not the usual one.
    host: String,
    /// What the paths of repositories begin with: `acme/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_prefix: Option<String>,
    /// How the server takes the token: `basic` or `bearer` (`basic`).
    #[serde(skip_serializing_if = "Option::is_none")]
    auth: Option<String>,
    /// The user name beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    /// Names of the repositories below the prefix (all).
    #[serde(skip_serializing_if = "Option::is_none")]
    repositories: Option<Vec<String>>,
    /// Whether remotes below the same path over SSH are meant too (false).
    #[serde(default, skip_serializing_if = "is_false")]
    rewrite_ssh: bool,
    /// The server takes pushes only as writ admits them; what locks call its host.
    #[serde(skip_serializing_if = "Option::is_none")]
    gate: Option<String>,
}

/// A service that takes the token as a bearer; for people to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Http {
    /// Where it is.
    base_url: String,
}

/// Kubernetes' clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kubernetes {
    /// Address of the API server.
    server: String,
    /// Its certificate authority, PEM in base64 (the machine's own).
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_authority_data: Option<String>,
    /// Name that its certificate is checked against (that of the address).
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_server_name: Option<String>,
    /// Namespace of commands that name none (`default`).
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    /// Whether commands that name no context get this one (the first).
    #[serde(default, skip_serializing_if = "is_false")]
    default: bool,
}

/// npm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Npm {
    /// The registry's URL.
    registry: String,
    /// Scopes of packages that come from it, such as `@acme` (all packages).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scopes: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks this way")]
fn is_false(value: &bool) -> bool {
    !value
}

// === impl Delivery ===

impl Delivery {
    /// Says what is wrong, from the setting's name on.
    pub(super) fn verify(&self, access: Access) -> Result<(), String> {
        if let Some(docker) = &self.docker {
            if access != Access::Registry {
                return Err("docker` is for registries, which want `access` to be `registry`".to_owned());
            }
            let is_host = |host: &String| !host.is_empty() && !host.contains(['/', ' ', '@', '"']);
            if docker.registries.is_empty() || !docker.registries.iter().all(is_host) {
                return Err("docker.registries` lists hosts such as `registry.example.com:5000`".to_owned());
            }
        }
        let is_secret = |env: &Env| env.plain.values().any(|value| value.contains("{token}"));
        if self.env.as_ref().is_some_and(is_secret) {
            return Err(
                "env.plain` is for the whole session: put what has `{token}` in it into `env.secret`".to_owned()
            );
        }
        let auth = self.git.as_ref().and_then(|git| git.auth.as_deref());
        if auth.is_some_and(|auth| !["basic", "bearer"].contains(&auth)) {
            return Err("git.auth` is `basic` or `bearer`".to_owned());
        }
        Ok(())
    }

    /// As launchers read it.
    pub(super) fn json(&self) -> Value {
        // INVARIANT: texts and numbers serialise.
        serde_json::to_value(self).unwrap_or_default()
    }
}
