//! The remotes that a session has credentials for. The launcher notes them for the helper that git calls; nothing in it is
//! secret.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::credential::Asked;
use crate::limits::REMOTES_TOLD_MAX;

/// All of a session's, in the order of its grants.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remotes(Vec<Remote>);

/// Where one target's credentials are good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remote {
    /// Which broker makes them.
    pub(crate) broker: String,
    /// Which of its targets they are for.
    pub(crate) target: String,
    /// How git speaks to the server.
    #[serde(flatten)]
    server: Server,
}

/// What a broker says in a target's delivery under `git`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Server {
    /// `https`; `http` where the broker says so.
    #[serde(default = "https")]
    protocol: String,
    /// The host, with its port where it is not the usual one.
    host: String,
    /// What the paths of the target's repositories begin with: `acme/`.
    #[serde(default)]
    path_prefix: String,
    /// How the server takes a token.
    #[serde(default)]
    auth: Auth,
    /// The user name that goes with a token, where the server takes it as a password.
    #[serde(default)]
    username: Option<String>,
    /// Names of the repositories below the prefix; all of them when left out.
    #[serde(default)]
    repositories: Option<Vec<String>>,
    /// Whether remotes below the same path over SSH are meant too.
    #[serde(default)]
    rewrite_ssh: bool,
    /// The server lets in what writ admits only; what locks call its host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gate: Option<String>,
}

/// How a server takes a token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Auth {
    /// As the password of a user name that says nothing (RFC 7617).
    #[default]
    Basic,
    /// As it is (RFC 6750). A git that cannot do that sends it as a password.
    Bearer,
}

/// Why git gets no credential: a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotGranted(String);

fn https() -> String {
    "https".to_owned()
}

// === impl Remotes ===

impl Remotes {
    /// Adds one.
    pub(crate) fn push(&mut self, remote: Remote) {
        self.0.push(remote);
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Remote> {
        self.0.iter()
    }

    /// The remote for what git asks about: of the same server, below the longest prefix.
    ///
    /// # Errors
    /// None is granted; the text says what is.
    pub(crate) fn find(&self, asked: &Asked) -> Result<&Remote, NotGranted> {
        let here: Vec<&Remote> = self.0.iter().filter(|remote| remote.is_at(asked)).collect();
        let Some(path) = asked.path.as_deref() else {
            return here.first().copied().ok_or_else(|| no_server(asked));
        };
        let granted = here.iter().filter(|remote| remote.server.has(path));
        granted.max_by_key(|remote| remote.server.path_prefix.len()).copied().ok_or_else(|| match here.is_empty() {
            true => no_server(asked),
            false => other_repository(path, &here),
        })
    }
}

fn no_server(asked: &Asked) -> NotGranted {
    NotGranted(format!("this session has no grant for git at {}://{}", asked.protocol, asked.host))
}

fn other_repository(path: &str, here: &[&Remote]) -> NotGranted {
    let told: Vec<String> = here.iter().flat_map(|remote| remote.server.told()).collect();
    let more = told.len().saturating_sub(REMOTES_TOLD_MAX);
    let mut text = told.into_iter().take(REMOTES_TOLD_MAX).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    NotGranted(format!("this session has no grant for {path}; at this server it has {text}"))
}

// === impl Remote ===

impl Remote {
    /// From what a broker says of git, and the repositories of the grant if it names some.
    ///
    /// # Errors
    /// It is not understood, or cannot be told to git.
    pub(crate) fn new(
        broker: &str,
        target: &str,
        how: &Value,
        granted: Option<&Vec<String>>,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let mut server: Server = serde_json::from_value(how.clone())?;
        server.host.make_ascii_lowercase();
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && !b"'\"\\".contains(&byte));
        if ![&server.protocol, &server.host, &server.path_prefix].into_iter().all(|text| is_plain(text)) {
            return Err("an address is written in a way that git does not take".into());
        }
        if !matches!(server.protocol.as_str(), "https" | "http") {
            return Err("git has credentials for https and http only".into());
        }
        if let Some(names) = granted.filter(|names| !names.iter().any(|name| name == domain::scope::ANY)) {
            server.repositories = Some(names.clone());
        }
        Ok(Self { broker: broker.to_owned(), target: target.to_owned(), server })
    }

    /// How its server takes a token.
    pub(crate) fn auth(&self) -> Auth {
        self.server.auth
    }

    /// The user name that goes with a token.
    pub(crate) fn username(&self) -> &str {
        self.server.username.as_deref().unwrap_or("x-access-token")
    }

    /// The address that stands for others, and those others: git's `url.BASE.insteadOf`.
    pub(crate) fn rewrites(&self) -> Option<(String, [String; 2])> {
        let Server { protocol, host, path_prefix, rewrite_ssh, .. } = &self.server;
        let name = host.split_once(':').map_or(host.as_str(), |(name, _)| name);
        let over_ssh = [format!("git@{name}:{path_prefix}"), format!("ssh://git@{name}/{path_prefix}")];
        (*rewrite_ssh && !path_prefix.is_empty()).then(|| (format!("{protocol}://{host}/{path_prefix}"), over_ssh))
    }

    /// Where the server's repositories are, if it lets in what writ admits only, and what locks call its host.
    pub(crate) fn gate(&self) -> Option<(String, String)> {
        let Server { protocol, host, path_prefix, gate, .. } = &self.server;
        let gate = gate.as_ref().filter(|gate| !gate.is_empty())?;
        Some((format!("{protocol}://{host}/{path_prefix}"), gate.clone()))
    }

    fn is_at(&self, asked: &Asked) -> bool {
        self.server.protocol == asked.protocol && self.server.host.eq_ignore_ascii_case(&asked.host)
    }
}

// === impl Server ===

impl Server {
    /// Servers do not tell upper case from lower in these, or have no two that differ by it only.
    fn has(&self, path: &str) -> bool {
        let Some(rest) = strip_prefix(path, &self.path_prefix) else { return false };
        let is = |name: &String| {
            strip_prefix(rest, name).is_some_and(|rest| {
                let rest = rest.strip_prefix(".git").unwrap_or(rest);
                rest.is_empty() || rest.starts_with('/')
            })
        };
        self.repositories.as_ref().is_none_or(|names| names.iter().any(is))
    }

    fn told(&self) -> Vec<String> {
        let prefix = &self.path_prefix;
        match &self.repositories {
            Some(names) => names.iter().map(|name| format!("{prefix}{name}")).collect(),
            None if prefix.is_empty() => vec!["everything".to_owned()],
            None => vec![format!("everything below {prefix}")],
        }
    }
}

fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests;
