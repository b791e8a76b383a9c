//! What is asked of which repository: gitprotocol-http(5), "URL Format". Only what is named when the proxy starts is there,
//! spelled exactly so: a server that does not tell upper from lower case would else know one repository by names that locks
//! tell apart.

use std::collections::BTreeSet;

use http::{Method, Uri};

use super::limits::REPOSITORIES_MAX;
use crate::command_error::CommandError;

/// Which way objects go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// To the client: fetch, clone.
    UploadPack,
    /// To the server: push.
    ReceivePack,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asks {
    /// The path of the repository at the server, as in `acme/api.git`.
    pub(super) path: String,
    /// Its name in locks, as in `github.com/acme/api`.
    pub(super) name: String,
    /// What is asked.
    pub(super) service: Service,
}

/// The repositories that the proxy has.
#[derive(Debug)]
pub(super) struct Repositories {
    host: String,
    names: BTreeSet<String>,
}

// === impl Service ===

impl Service {
    /// Its name in addresses.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::UploadPack => "git-upload-pack",
            Self::ReceivePack => "git-receive-pack",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::UploadPack, Self::ReceivePack].into_iter().find(|service| service.as_str() == name)
    }
}

// === impl Repositories ===

impl Repositories {
    /// Those of a host, named `owner/name`.
    ///
    /// # Errors
    /// A name is none, or there are too many.
    pub(super) fn new(host: String, names: Vec<String>) -> Result<Self, CommandError> {
        if names.len() > REPOSITORIES_MAX {
            return Err(CommandError::usage(format!("a proxy has at most {REPOSITORIES_MAX} repositories")));
        }
        if let Some(wrong) = names.iter().find(|name| !is_path(name) || name.ends_with(".git")) {
            return Err(CommandError::usage(format!("`{wrong}` is not a repository's name"))
                .hinted("it is written as in the address that people clone, without the host and `.git`: acme/api"));
        }
        Ok(Self { host: host.to_ascii_lowercase(), names: names.into_iter().collect() })
    }

    /// What a request asks; none if that is nothing that is here.
    pub(super) fn asked(&self, method: &Method, uri: &Uri) -> Option<Asks> {
        let path = uri.path().strip_prefix('/')?;
        let (path, service) = if let Some(path) = path.strip_suffix("/info/refs") {
            let service = uri.query()?.strip_prefix("service=").and_then(Service::named)?;
            (path, (method == Method::GET).then_some(service)?)
        } else {
            let (path, service) = path.rsplit_once('/')?;
            (path, Service::named(service).filter(|_| method == Method::POST)?)
        };
        let short = path.strip_suffix(".git").unwrap_or(path);
        let is_here = self.names.contains(short);
        let name = format!("{}/{short}", self.host);
        is_here.then(|| Asks { path: path.to_owned(), name, service })
    }
}

fn is_path(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let is_segment = |segment: &str| !segment.is_empty() && !segment.starts_with('.') && segment.bytes().all(is_plain);
    text.len() <= 256 && text.split('/').all(is_segment)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_git_s_three_addresses_of_named_repositories_are_there() {
        let repositories = Repositories::new("GitHub.com".to_owned(), vec!["acme/api".to_owned()]).unwrap();
        let asked = |method: Method, uri: &str| repositories.asked(&method, &uri.parse().unwrap());
        let push = asked(Method::POST, "/acme/api.git/git-receive-pack").unwrap();
        assert_eq!((push.path.as_str(), push.name.as_str()), ("acme/api.git", "github.com/acme/api"));
        assert_eq!(push.service, Service::ReceivePack);
        let fetch = asked(Method::GET, "/acme/api/info/refs?service=git-upload-pack").unwrap();
        assert_eq!((fetch.path.as_str(), fetch.service), ("acme/api", Service::UploadPack));
        for (method, uri) in [
            (Method::GET, "/acme/api.git/git-receive-pack"),
            (Method::POST, "/acme/api.git/info/refs?service=git-receive-pack"),
            (Method::GET, "/acme/api.git/info/refs"),
            (Method::GET, "/acme/api.git/info/refs?service=git-receive-pack&x=1"),
            (Method::GET, "/acme/api.git/HEAD"),
            (Method::POST, "/acme/other.git/git-receive-pack"),
            (Method::POST, "/Acme/api.git/git-receive-pack"),
            (Method::POST, "/acme/api.git.git/git-receive-pack"),
            (Method::POST, "/acme//api.git/git-receive-pack"),
            (Method::POST, "/acme/%61pi.git/git-receive-pack"),
            (Method::POST, "/acme/api.git/../api.git/git-receive-pack"),
            (Method::POST, "/acme/api.git/git%2Dreceive%2Dpack"),
        ] {
            assert_eq!(asked(method.clone(), uri), None, "{method} {uri}");
        }
        for wrong in ["", "acme/", "../api", "acme/api.git", "a b", "acme/.api"] {
            assert!(Repositories::new("h".to_owned(), vec![wrong.to_owned()]).is_err(), "{wrong}");
        }
    }
}
