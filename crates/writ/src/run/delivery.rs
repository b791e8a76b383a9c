//! Credentials where programs look for them: for each grant of the session, the variables and files of the mechanism that its
//! target's clients know already.
//!
//! A broker says in a target's `delivery` which mechanisms there are: an object with one key per mechanism (`aws`,
//! `kubernetes`, `git`, …) and what that one needs. Nothing prepared here is a secret, as far as the mechanism allows: it
//! leads to a helper of this program, which asks the launcher when the credential is needed.

mod aws;
mod azure;
mod docker;
mod env;
mod gcp;
mod git;
pub(crate) mod inject;
mod kubernetes;
mod npm;
mod postgres;
mod ssh;

use std::ffi::OsString;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::task::JoinHandle;

use super::environment::Environment;
use super::family::Family;
use super::gates::Gates;
use super::listen::Listening;
use super::session_folder::SessionFolder;
use super::vault::Vault;
use crate::api::Opened;
use crate::client::{Address, Client, escape};
use crate::inside::{Grant, Grants};
use crate::limits::GRANTS_MAX;
use crate::output::{clean, quoted};

/// What mechanisms are prepared with.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    /// The session's private folder.
    pub(super) folder: &'a SessionFolder,
    /// This program, by its absolute path: what helpers are called as.
    pub(super) writ: &'a Path,
    /// The control plane.
    pub(super) server: &'a Address,
    /// The session.
    pub(super) opened: &'a Opened,
    /// The developer's environment, without credentials.
    pub(super) environment: &'a Environment,
    /// Where credentials come from, for a mechanism that needs one in this process.
    pub(super) vault: &'a Vault,
    /// Who may use what listens.
    pub(super) family: &'a Family,
}

/// One mechanism of one grant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wired<'a> {
    /// What is granted.
    pub(super) grant: &'a Grant,
    /// What the broker says of the mechanism.
    pub(super) how: &'a Value,
}

/// What was prepared. What runs behind it ends when this is gone.
#[derive(Default)]
pub(super) struct Prepared {
    /// Variables for the agent.
    pub(super) variables: Vec<(String, OsString)>,
    /// Settings for git, in order; a key may come twice, an empty value resets what came before.
    pub(super) git: Vec<(String, OsString)>,
    /// Servers that let in what writ admits only.
    pub(super) gates: Gates,
    /// Sockets that are listened on.
    pub(super) listening: Vec<Listening>,
    /// What goes on while the session lives.
    pub(super) tasks: Vec<Task>,
    /// Programs for the front of the search path, if any were written.
    bin: Option<PathBuf>,
}

/// A task that is stopped when this is dropped.
#[derive(Debug)]
pub(super) struct Task(JoinHandle<()>);

/// Why a mechanism was not prepared: a sentence without a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unprepared(pub(super) String);

/// One mechanism: all grants that have it are prepared together, since most have one file or variable for all of them.
/// The names are those in `delivery`; one that is not known here is for a later version, and left alone.
async fn prepare_one(
    mechanism: &str,
    wired: &[Wired<'_>],
    site: &Site<'_>,
    prepared: &mut Prepared,
) -> Result<(), Unprepared> {
    match mechanism {
        "aws" => aws::prepare(wired, site, prepared).await,
        "azure" => azure::prepare(wired, site, prepared).await,
        "docker" => docker::prepare(wired, site, prepared).await,
        "env" => env::prepare(wired, site, prepared).await,
        "gcp" => gcp::prepare(wired, site, prepared).await,
        "inject" => inject::prepare(wired, site, prepared).await,
        "kubernetes" => kubernetes::prepare(wired, site, prepared).await,
        "npm" => npm::prepare(wired, site, prepared).await,
        "git" => git::prepare(wired, site, prepared).await,
        "postgres" => postgres::prepare(wired, site, prepared).await,
        "ssh" => ssh::prepare(wired, site, prepared).await,
        _ => Ok(()),
    }
}

/// Prepares everything that is granted to the session; `client` speaks as the session. What cannot be prepared is said once,
/// and the rest goes on.
pub(super) async fn prepare(client: &Client, site: &Site<'_>) -> Prepared {
    let mut prepared = Prepared::default();
    let grants = match grants(client, &site.opened.session.id).await {
        Ok(grants) => grants,
        Err(error) => {
            eprintln!("writ: no credentials are prepared: {}", clean(&error.to_string()));
            return prepared;
        }
    };
    if !grants.is_empty() {
        let names: Vec<_> = grants.iter().map(|grant| clean(&grant.name())).collect();
        eprintln!("writ: credentials of this session: {} (writ credential get NAME)", names.join(", "));
    }
    for (mechanism, wired) in by_mechanism(&grants) {
        if let Err(error) = prepare_one(mechanism, &wired, site, &mut prepared).await {
            eprintln!("writ: {} is not prepared: {}", clean(mechanism), clean(&error.to_string()));
        }
    }
    prepared
}

async fn grants(client: &Client, session: &str) -> Result<Vec<Grant>, crate::client::ClientError> {
    match client.get::<Grants>(&grants_path(session)).await {
        Ok(mut answer) => {
            answer.grants.truncate(GRANTS_MAX);
            Ok(answer.grants)
        }
        // A control plane that knows no credentials.
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Where a session's grants are told.
pub(super) fn grants_path(session: &str) -> String {
    format!("/v1/sessions/{}/grants", escape(session))
}

/// Mechanisms in the order of their names, each with its grants in the control plane's order.
fn by_mechanism(grants: &[Grant]) -> std::collections::BTreeMap<&str, Vec<Wired<'_>>> {
    let mut all = std::collections::BTreeMap::<&str, Vec<Wired<'_>>>::new();
    for grant in grants {
        for (mechanism, how) in grant.delivery.as_object().into_iter().flatten() {
            all.entry(mechanism).or_default().push(Wired { grant, how });
        }
    }
    all
}

// === impl Site ===

impl Site<'_> {
    /// A folder of the session's, for one mechanism; only this user can look into it.
    ///
    /// # Errors
    /// It cannot be made.
    pub(super) fn subfolder(&self, name: &str) -> Result<PathBuf, Unprepared> {
        let path = self.folder.path().join(name);
        DirBuilder::new().mode(0o700).recursive(true).create(&path)?;
        Ok(path)
    }

    /// Writes a file that only this user can read.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn write(&self, path: &Path, content: &str) -> Result<(), Unprepared> {
        Ok(self.folder.write(path, content)?)
    }

    /// A helper's command line as its words: `writ credential-helper HELPER --socket …` and `more`. It works whatever
    /// environment it is called with.
    pub(super) fn helper(&self, helper: &str, more: &[&str]) -> Vec<OsString> {
        let fixed: [OsString; 5] = [
            self.writ.into(),
            "credential-helper".into(),
            helper.into(),
            "--socket".into(),
            self.folder.door_socket().into(),
        ];
        fixed.into_iter().chain(more.iter().map(OsString::from)).collect()
    }

    /// A shell command line of words.
    pub(super) fn shell(words: &[OsString]) -> String {
        words.iter().map(|word| quoted(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
    }
}

// === impl Prepared ===

impl Prepared {
    /// Sets a variable for the agent; the last one set counts.
    pub(super) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.variables.push((name.to_owned(), value.into()));
    }

    /// Lets a task go on while the session lives.
    pub(super) fn keep(&mut self, task: impl std::future::Future<Output = ()> + Send + 'static) {
        self.tasks.push(Task(tokio::spawn(task)));
    }

    /// Writes a program that the agent finds before others of its name: a shell script.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn program(&mut self, site: &Site<'_>, name: &str, script: &str) -> Result<PathBuf, Unprepared> {
        let bin = site.subfolder("bin")?;
        let path = bin.join(name);
        site.write(&path, &format!("#!/bin/sh\n{script}\n"))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700))?;
        self.bin = Some(bin);
        Ok(path)
    }

    /// Puts the programs at the front of the search path. To be called once, after everything is prepared.
    pub(super) fn close_path(&mut self, environment: &Environment) {
        let Some(bin) = self.bin.take() else { return };
        let before = environment.path().map(OsString::from).unwrap_or_default();
        let mut path = OsString::from(&bin);
        if !before.is_empty() {
            path.push(":");
            path.push(before);
        }
        self.set("PATH", path);
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

// === impl Unprepared ===

impl Unprepared {
    /// What a broker says of a mechanism is not what this version understands.
    pub(super) fn strange(wired: &Wired<'_>, error: &dyn std::error::Error) -> Self {
        Self(format!("what {} says of it is not understood: {error}", wired.grant.name()))
    }
}

impl From<io::Error> for Unprepared {
    fn from(error: io::Error) -> Self {
        Self(format!("cannot write into the session's folder: {error}"))
    }
}

#[cfg(test)]
mod tests;
