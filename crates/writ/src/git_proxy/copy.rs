//! A copy of each repository, to know what a push brings: which of its commits the server has, and what a thin pack rests
//! on. It is never what is pushed to, so it may be thrown away at any time.

use std::collections::HashMap;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use domain::Digest;
use tempfile::TempDir;

use super::limits::{FETCH_MAX, INDEX_MAX, SPOOL_BYTES_MAX};
use super::upstream::Failed;
use crate::command_error::CommandError;
use crate::push::repository::{Repository, complaint};

/// What of the server's refs is copied: what sessions push to, and what they may start from. Then everything, where a pack
/// rests on something else.
const USUAL: [&str; 3] = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*", "+refs/writ/*:refs/writ/*"];
const ALL: [&str; 1] = ["+refs/*:refs/*"];

/// All copies.
pub(super) struct Copies {
    folder: PathBuf,
    known: Mutex<HashMap<String, Arc<Copy>>>,
}

/// One copy.
pub(super) struct Copy {
    repository: Repository,
    /// What the server told of its refs last, and what it had told when they were fetched last.
    told: Mutex<Told>,
    /// One fetch at a time.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Told {
    newest: Option<Digest>,
    fetched: Option<Digest>,
    takes_options: bool,
}

/// Objects that a push brought, beside the copy. Gone when this is dropped.
pub(super) struct Incoming {
    /// The copy with them.
    pub(super) repository: Repository,
    _folder: TempDir,
}

// === impl Copies ===

impl Copies {
    /// Copies in a private folder, which is made when absent.
    ///
    /// # Errors
    /// It cannot be made.
    pub(super) fn at(folder: &Path) -> Result<Self, CommandError> {
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        let cannot = |error: std::io::Error| CommandError::failed(format!("`{}`", folder.display())).because(&error);
        made.map_err(cannot)?;
        let folder = std::fs::canonicalize(folder).map_err(cannot)?;
        Ok(Self { folder, known: Mutex::new(HashMap::new()) })
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The server told its refs.
    pub(super) fn noticed(&self, name: &str, refs: Digest, takes_options: bool) {
        let copy = self.of(name);
        let mut told = copy.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.newest = Some(refs);
        told.takes_options = takes_options;
    }

    /// The copy of a repository: one of those that the proxy was started with, so there are not many.
    pub(super) fn of(&self, name: &str) -> Arc<Copy> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let made = || {
            let repository = Repository::at(self.folder.join(format!("{name}.git")));
            Arc::new(Copy { repository, told: Mutex::default(), fetching: tokio::sync::Mutex::new(()) })
        };
        Arc::clone(known.entry(name.to_owned()).or_insert_with(made))
    }
}

// === impl Copy ===

impl Copy {
    /// Whether the server itself takes options with a push.
    pub(super) fn takes_options(&self) -> bool {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).takes_options
    }

    /// Brings the copy to where the server was when it told its refs last.
    ///
    /// # Errors
    /// It cannot be fetched.
    pub(super) async fn follow(&self, url: &str, authorization: Option<&str>) -> Result<(), Failed> {
        let _turn = self.fetching.lock().await;
        let newest = {
            let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.newest.is_some() && told.newest == told.fetched {
                return Ok(());
            }
            told.newest
        };
        self.fetch(url, authorization, &USUAL).await?;
        self.told.lock().unwrap_or_else(PoisonError::into_inner).fetched = newest;
        Ok(())
    }

    async fn fetch(&self, url: &str, authorization: Option<&str>, refs: &[&str]) -> Result<(), Failed> {
        if !self.repository.folder().join("HEAD").exists() {
            self.make().await?;
        }
        let mut arguments =
            vec!["fetch", "--quiet", "--prune", "--no-tags", "--no-auto-maintenance", "--no-write-fetch-head", url];
        arguments.extend(refs);
        let mut command = self.repository.command(&arguments);
        if let Some(value) = authorization {
            // Not on the command line, where everybody could read it.
            command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "http.extraHeader");
            command.env("GIT_CONFIG_VALUE_0", format!("Authorization: {value}"));
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let ended = tokio::time::timeout(FETCH_MAX, command.output()).await;
        let ended = ended.map_err(|_| Failed(format!("the copy was not fetched within {} s", FETCH_MAX.as_secs())))?;
        let ended = ended.map_err(|error| Failed(format!("git cannot be run: {error}")))?;
        if ended.status.success() {
            return Ok(());
        }
        tracing::warn!(said = complaint(&ended.stderr), "a copy cannot be fetched");
        Err(Failed("the proxy cannot fetch its copy of this repository".to_owned()))
    }

    async fn make(&self) -> Result<(), Failed> {
        let folder = self.repository.folder();
        let failed = |error: &dyn std::fmt::Display| Failed(format!("the proxy cannot make its copy: {error}"));
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| failed(&error))?;
        let made = self.repository.ask(&["init", "--quiet", "--bare"], b"", 1 << 16).await;
        made.map(drop).map_err(|error| failed(&error))
    }

    /// Indexes a pack beside the copy; none for a push that brings no objects.
    ///
    /// # Errors
    /// It is damaged, or rests on what the server does not have.
    pub(super) async fn receive(
        &self,
        pack: impl Fn() -> std::io::Result<std::fs::File>,
        url: &str,
        authorization: Option<&str>,
    ) -> Result<Incoming, Failed> {
        match self.index(&pack).await {
            Ok(incoming) => Ok(incoming),
            Err(_) => {
                let _turn = self.fetching.lock().await;
                self.fetch(url, authorization, &ALL).await?;
                drop(_turn);
                self.index(&pack).await
            }
        }
    }

    async fn index(&self, pack: impl Fn() -> std::io::Result<std::fs::File>) -> Result<Incoming, Failed> {
        let failed = |error: &dyn std::fmt::Display| Failed(format!("the proxy cannot keep this push: {error}"));
        let folder = tempfile::Builder::new().prefix("incoming-").tempdir_in(self.repository.folder());
        let folder = folder.map_err(|error| failed(&error))?;
        std::fs::create_dir(folder.path().join("pack")).map_err(|error| failed(&error))?;
        let repository = self.repository.with_objects(folder.path());
        let bound = format!("--max-input-size={SPOOL_BYTES_MAX}");
        let mut command = repository.command(&["index-pack", "--stdin", "--fix-thin", &bound]);
        command.stdin(Stdio::from(pack().map_err(|error| failed(&error))?)).stdout(Stdio::null());
        let ended = tokio::time::timeout(INDEX_MAX, command.output()).await;
        let ended = ended.map_err(|_| Failed(format!("the pack was not read within {} s", INDEX_MAX.as_secs())))?;
        let ended = ended.map_err(|error| failed(&error))?;
        if !ended.status.success() {
            return Err(Failed(format!("what this push brings cannot be read: {}", complaint(&ended.stderr))));
        }
        Ok(Incoming { repository, _folder: folder })
    }

    /// The copy alone, for a push that brings nothing.
    pub(super) fn repository(&self) -> &Repository {
        &self.repository
    }
}
