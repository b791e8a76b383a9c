//! The environment of the agent: the developer's, without credentials, with the session's.
//!
//! What is removed (a manner, not a wall: files in the home folder stay readable):
//! * every `ANTHROPIC_…` variable except the choice of models, and everything that would lead Claude Code to another
//!   provider or sign-in;
//! * keys of clouds, forges, package registries, model services and databases by their usual names, and what leads to
//!   files that hold some ([`CREDENTIALS`], [`FAMILIES`], [`PREFIXES`], [`SUFFIXES`]): clients are to find what the session
//!   has, and an empty variable often wins over it;
//! * `WRIT_…`: the developer's own sign-in is not the agent's.
//!
//! What stays: everything else, `SSH_AUTH_SOCK` included, so that a push still works. A session that is granted hosts of its
//! own gets an agent of its own in its place, unless the developer's is asked for by name.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::api::Opened;
use crate::client::{Address, is_loopback};
use crate::inside::SOCKET_VARIABLE;

/// Variables for the agent.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    kept: BTreeMap<OsString, OsString>,
    removed: Vec<String>,
    /// Names that the developer asked to pass on.
    asked_for: Vec<String>,
    /// Those of a session around this one, and [`PLACES`].
    outer: BTreeMap<String, String>,
}

/// The variable that names the control plane; inside a session only.
pub(crate) const SERVER_VARIABLE: &str = "WRIT_SERVER";

/// Variables that start with these lead around the gateway, or are writ's own.
const PREFIXES: [&str; 7] = [
    "ANTHROPIC_",
    "CLAUDE_CODE_API_KEY_",
    "CLAUDE_CODE_OAUTH_",
    "CLAUDE_CODE_SESSION_",
    "CLAUDE_CODE_SKIP_",
    "CLAUDE_CODE_USE_",
    "WRIT_",
];

/// Exceptions to [`PREFIXES`]: which model to ask for is the developer's choice.
const PREFERENCES: [&str; 3] = ["ANTHROPIC_MODEL", "ANTHROPIC_SMALL_FAST_MODEL", "ANTHROPIC_BETAS"];

/// The same for whole families: `ANTHROPIC_DEFAULT_OPUS_MODEL` and its like.
const PREFERENCE_PREFIX: &str = "ANTHROPIC_DEFAULT_";

/// Variables that are credentials by their usual names, or say where some are.
const CREDENTIALS: [&str; 70] = [
    "ARM_ACCESS_KEY",
    "ARM_SAS_TOKEN",
    "ARM_TENANT_ID",
    "BAO_TOKEN",
    "BITBUCKET_TOKEN",
    "BUNDLE_RUBYGEMS__PKG__GITHUB__COM",
    "CARGO_REGISTRY_TOKEN",
    "CI_JOB_TOKEN",
    "CLOUDFLARE_API_TOKEN",
    "CLOUDSDK_ACTIVE_CONFIG_NAME",
    "CLOUDSDK_CONFIG",
    "DIGITALOCEAN_ACCESS_TOKEN",
    "DOCKER_AUTH_CONFIG",
    "DOCKER_CONFIG",
    "DOCKER_PASSWORD",
    "GEMINI_API_KEY",
    "GH_CONFIG_DIR",
    "GH_ENTERPRISE_TOKEN",
    "GH_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
    "GITHUB_PAT",
    "GITHUB_TOKEN",
    "GITLAB_TOKEN",
    "GIT_ASKPASS",
    "HF_TOKEN",
    "KUBECONFIG",
    "KUBE_TOKEN",
    "MYSQL_PWD",
    "NETRC",
    "NODE_AUTH_TOKEN",
    "NPM_CONFIG_USERCONFIG",
    "NPM_TOKEN",
    "OPENAI_API_KEY",
    "PGDATABASE",
    "PGHOST",
    "PGHOSTADDR",
    "PGOPTIONS",
    "PGPASSFILE",
    "PGPASSWORD",
    "PGPORT",
    "PGREQUIREAUTH",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGSSLMODE",
    "PGSSLPASSWORD",
    "PGSSLROOTCERT",
    "PGSYSCONFDIR",
    "PGUSER",
    "PYPI_TOKEN",
    "REGISTRY_AUTH_FILE",
    "REGISTRY_AUTH_PREFERENCE",
    "SENTRY_AUTH_TOKEN",
    "SLACK_BOT_TOKEN",
    "SNYK_TOKEN",
    "SSH_ASKPASS",
    "STRIPE_API_KEY",
    "TF_TOKEN_app_terraform_io",
    "TWINE_PASSWORD",
    "UV_PUBLISH_TOKEN",
    "VAULT_TOKEN",
    "VSCODE_GIT_ASKPASS_EXTRA_ARGS",
    "VSCODE_GIT_ASKPASS_MAIN",
    "VSCODE_GIT_ASKPASS_NODE",
    "VSCODE_GIT_IPC_HANDLE",
    "YARN_NPM_AUTH_TOKEN",
    "npm_config_userconfig",
    "npm_config__auth",
    "npm_config__authToken",
];

/// Whole families that lead to credentials, one way or another.
const FAMILIES: [&str; 9] = [
    "ARM_CLIENT_",
    "ARM_OIDC_",
    "ARM_USE_",
    "AWS_",
    "AZURE_",
    "CLOUDSDK_AUTH_",
    "GOOGLE_",
    "TF_TOKEN_",
    "npm_config_//",
];

/// Exceptions to [`FAMILIES`]: where to work and how to print is no credential.
const HARMLESS: [&str; 16] = [
    "AWS_CA_BUNDLE",
    "AWS_CLI_AUTO_PROMPT",
    "AWS_DEFAULT_OUTPUT",
    "AWS_DEFAULT_REGION",
    "AWS_MAX_ATTEMPTS",
    "AWS_PAGER",
    "AWS_REGION",
    "AWS_RETRY_MODE",
    "AWS_SDK_LOAD_CONFIG",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "AZURE_CORE_OUTPUT",
    "AZURE_DEFAULTS_LOCATION",
    "GOOGLE_CLOUD_LOCATION",
    "GOOGLE_CLOUD_PROJECT",
    "GOOGLE_CLOUD_REGION",
];

/// Removed ones that only say where a file of the developer's is, which is read for what is no credential.
const PLACES: [&str; 3] = ["DOCKER_CONFIG", "NPM_CONFIG_USERCONFIG", "npm_config_userconfig"];

/// Endings of names that say "secret" in any family.
const SUFFIXES: [&str; 5] = ["_API_KEY", "_ACCESS_TOKEN", "_AUTH_TOKEN", "_CLIENT_SECRET", "_SECRET_ACCESS_KEY"];

/// Variables that say where git or a shell works.
const WORK_PLACES: [&str; 9] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
    "OLDPWD",
];

/// What leads to an agent with keys for hosts.
const SSH_AGENT: &str = "SSH_AUTH_SOCK";

impl Environment {
    /// `variables` without credentials. Those named in `keep` stay, except the ones that are writ's own to set or that
    /// lead around the gateway.
    pub(crate) fn scrubbed(variables: impl IntoIterator<Item = (OsString, OsString)>, keep: &[String]) -> Self {
        let (mut kept, mut removed, mut outer) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        for (name, value) in variables {
            let text = name.to_string_lossy().into_owned();
            let is_kept = !leads_astray(&text) && (!is_credential(&text) || keep.contains(&text));
            if is_kept {
                kept.insert(name, value);
            } else {
                if text.starts_with("WRIT_") || PLACES.contains(&text.as_str()) {
                    outer.insert(text.clone(), value.to_string_lossy().into_owned());
                }
                removed.push(text);
            }
        }
        removed.sort_unstable();
        let mut environment = Self { kept, removed, asked_for: keep.to_vec(), outer };
        environment.leave_outer_programs();
        environment
    }

    /// Programs in the folder of a session around this one speak for that session.
    fn leave_outer_programs(&mut self) {
        let outer = self.outer.get(SOCKET_VARIABLE).and_then(|socket| Path::new(socket).parent()).map(Path::to_owned);
        let (Some(outer), Some(path)) = (outer, self.path()) else { return };
        let rest: Vec<_> = std::env::split_paths(path).filter(|folder| !folder.starts_with(&outer)).collect();
        if let Ok(path) = std::env::join_paths(rest) {
            self.kept.insert("PATH".into(), path);
        }
        // So does its agent.
        self.kept.retain(|name, value| name != SSH_AGENT || !Path::new(value).starts_with(&outer));
    }

    /// The same for a folder that is not the launcher's: what says where git or a shell works is about another.
    #[must_use]
    pub(crate) fn in_folder(mut self, folder: &Path) -> Self {
        self.kept.retain(|name, _| !name.to_str().is_some_and(|name| WORK_PLACES.contains(&name)));
        self.kept.insert("PWD".into(), folder.into());
        self
    }

    /// What a variable was before, `WRIT_…` included; none when it is not text.
    pub(crate) fn before(&self, name: &str) -> Option<&str> {
        let kept = self.kept.get(OsStr::new(name)).and_then(|value| value.to_str());
        kept.or_else(|| self.outer.get(name).map(String::as_str))
    }

    /// Whether the developer asked to pass this one on, and it is there.
    pub(crate) fn keeps(&self, name: &str) -> bool {
        self.asked_for.iter().any(|asked| asked == name) && self.kept.contains_key(OsStr::new(name))
    }

    /// A program where the agent would find it.
    pub(crate) fn find_program(&self, name: &str) -> Option<PathBuf> {
        std::env::split_paths(self.path()?).map(|folder| folder.join(name)).find(|path| path.is_file())
    }

    /// The variables so far.
    pub(crate) fn variables(&self) -> &BTreeMap<OsString, OsString> {
        &self.kept
    }

    /// Names of the credentials that were removed and could be kept, sorted.
    pub(crate) fn kept_back(&self) -> Vec<&str> {
        self.removed.iter().map(String::as_str).filter(|name| !leads_astray(name)).collect()
    }

    /// Where commands are looked for.
    pub(crate) fn path(&self) -> Option<&OsStr> {
        self.kept.get(OsStr::new("PATH")).map(OsString::as_os_str)
    }

    /// Adds the session's own variables, and those of what carries its id. Its bearer is not among them: the launcher gives
    /// it to the programs of the session that ask.
    #[must_use]
    pub(crate) fn for_child(mut self, opened: &Opened, server: &Address, carried: &[(String, OsString)]) -> Self {
        let session = &opened.session;
        self.set("ANTHROPIC_BASE_URL", server.as_str());
        self.set(SERVER_VARIABLE, server.as_str());
        self.set("WRIT_SESSION_ID", &session.id);
        self.set("WRIT_DEVELOPER_ID", &session.developer.id);
        if let Some(project) = &session.project {
            self.set("WRIT_PROJECT_ID", &project.id);
        }
        self.past_proxies(server);
        for (name, value) in carried {
            self.kept.insert(name.into(), value.clone());
        }
        self
    }

    /// All variables.
    pub(crate) fn into_variables(self) -> BTreeMap<OsString, OsString> {
        self.kept
    }

    fn set(&mut self, name: &str, value: &str) {
        self.kept.insert(name.into(), value.into());
    }

    /// A proxy for the outside world must not be asked for this machine's own loopback.
    fn past_proxies(&mut self, server: &Address) {
        let host = server.as_str().split("://").nth(1).and_then(|rest| rest.rsplit_once(':')).map(|(host, _)| host);
        if !host.is_some_and(is_loopback) {
            return;
        }
        for name in ["NO_PROXY", "no_proxy"] {
            let before = self.kept.get(&OsString::from(name)).map(|value| value.to_string_lossy().into_owned());
            let list = match before.filter(|value| !value.is_empty()) {
                Some(before) => format!("{before},127.0.0.1,localhost,::1"),
                None => "127.0.0.1,localhost,::1".to_owned(),
            };
            self.set(name, &list);
        }
    }
}

/// Credentials that may be passed on when the developer says so.
pub(super) fn is_credential(name: &str) -> bool {
    let cargo = name.starts_with("CARGO_REGISTRIES_") && name.ends_with("_TOKEN");
    let family = FAMILIES.iter().any(|prefix| name.starts_with(prefix)) && !HARMLESS.contains(&name);
    CREDENTIALS.contains(&name) || cargo || family || SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// Never passed on: writ sets them itself, or they lead the client around the gateway.
fn leads_astray(name: &str) -> bool {
    let preference = PREFERENCES.contains(&name) || name.starts_with(PREFERENCE_PREFIX);
    !preference && PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests;
