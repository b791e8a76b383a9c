//! What a gate asks the control plane about a push: `POST /v1/push-checks`.

use serde::Serialize;
use zeroize::Zeroizing;

use super::changes::{Changes, Commit, Kind, Signature, Touched};
use super::update::{Options, Update};

/// A question. Paths are told as text; of one that is not UTF-8 the nearest folder above it that is.
#[derive(Serialize)]
pub(crate) struct Question {
    /// Which session pushes, and how that is known.
    #[serde(flatten)]
    pub(crate) identity: Identity,
    /// The session that the push says it is: a claim.
    #[serde(rename = "session.claimed", skip_serializing_if = "Option::is_none")]
    claimed: Option<String>,
    /// The repository: host, owner and name.
    repository: String,
    updates: Vec<Asked>,
    /// Every path that is touched.
    paths: Vec<String>,
    /// Those of them with everything below.
    submodules: Vec<String>,
    tokens: Vec<u64>,
    commits: Vec<AskedCommit>,
    /// How many commits are new; more than are told in `commits` in a large push.
    commit_count: usize,
}

/// Which session pushes, and how the gate knows.
#[derive(Clone, Serialize)]
#[serde(tag = "proved.by", rename_all = "snake_case")]
pub(crate) enum Identity {
    /// It showed a token: its own, or one that was made for this gate.
    Token {
        /// The token.
        proof: Zeroizing<String>,
    },
    /// The web server before the repository checked it.
    WebServer {
        /// Which session it found.
        #[serde(rename = "session.id")]
        session: String,
    },
    /// The SSH server logged it in by its certificate.
    Certificate {
        /// The session in the certificate.
        #[serde(rename = "session.id")]
        session: String,
        /// Fingerprint of the authority that made the certificate.
        authority: String,
    },
}

#[derive(Serialize)]
struct Asked {
    #[serde(rename = "ref")]
    name: String,
    old: String,
    new: String,
    kind: Kind,
}

#[derive(Serialize)]
struct AskedCommit {
    id: String,
    /// The sessions that its trailers name.
    sessions: Vec<String>,
    #[serde(rename = "signed.by", skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(rename = "signed.authority", skip_serializing_if = "Option::is_none")]
    authority: Option<String>,
    /// Why its signature proves nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    unsigned: Option<String>,
}

// === impl Question ===

impl Question {
    /// The question about a push.
    pub(crate) fn new(
        identity: Identity,
        repository: &str,
        updates: &[Update],
        options: &Options,
        changes: Changes,
    ) -> Self {
        let Changes { kinds, paths, commits, commit_count } = changes;
        let asked = |(update, kind): (&Update, Kind)| Asked {
            name: update.name.clone(),
            old: update.old.to_string(),
            new: update.new.to_string(),
            kind,
        };
        let submodules = paths.iter().filter(|(_, touched)| **touched == Touched::Submodule);
        let submodules = submodules.map(|(path, _)| text(path)).collect();
        let mut paths: Vec<String> = paths.keys().map(|path| text(path)).collect();
        paths.dedup();
        Self {
            identity,
            claimed: options.session.clone(),
            repository: repository.to_owned(),
            updates: updates.iter().zip(kinds).map(asked).collect(),
            paths,
            submodules,
            tokens: options.tokens.clone(),
            commits: commits.into_iter().map(AskedCommit::from).collect(),
            commit_count,
        }
    }
}

impl From<Commit> for AskedCommit {
    fn from(commit: Commit) -> Self {
        let (session, authority, unsigned) = match commit.signature {
            Signature::Session { session, authority } => (Some(session), Some(authority), None),
            Signature::None(why) => (None, None, Some(why)),
        };
        Self { id: commit.id.to_string(), sessions: commit.sessions, session, authority, unsigned }
    }
}

/// The path; of one that is not UTF-8 the nearest folder above it that is, which is empty for the whole repository.
fn text(path: &[u8]) -> String {
    let whole = match std::str::from_utf8(path) {
        Ok(text) => return text.to_owned(),
        Err(error) => &path[..error.valid_up_to()],
    };
    // Up to there it is UTF-8.
    let valid = String::from_utf8_lossy(whole);
    valid.rsplit_once('/').map(|(folder, _)| folder.to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_path_that_is_no_text_is_told_as_the_folder_around_it() {
        for (path, told) in [
            (&b"a/b.rs"[..], "a/b.rs"),
            (b"a/new\nline\"'", "a/new\nline\"'"),
            (b"a/caf\xe9/b", "a"),
            (b"caf\xe9", ""),
            ("a/\u{e9}".as_bytes(), "a/\u{e9}"),
        ] {
            assert_eq!(super::text(path), told, "{}", path.escape_ascii());
        }
    }
}
