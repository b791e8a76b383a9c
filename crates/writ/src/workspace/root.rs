//! Where workspaces lie: one folder each, named after the repository, with the record beside the clone.
//!
//! ```text
//! ~/.local/state/writ/workspaces/
//!   checkout-1W3X5Y7Z/        one workspace
//!     workspace.json          what it is
//!     lock                    held while its launcher lives
//!     checkout/               the clone: the agent works here
//!   .trash/                   on the way out
//! ```

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::{Owner, names};
use crate::command_error::CommandError;
use crate::limits::WORKSPACES_MAX;

/// The variable that names the clone; inside a session only.
pub(crate) const WORKSPACE_VARIABLE: &str = "WRIT_WORKSPACE";

/// The folder of all workspaces of this user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Root(PathBuf);

/// Where what is removed waits for its deletion.
const TRASH: &str = ".trash";
/// Names in a workspace's folder.
const RECORD: &str = "workspace.json";
const LOCK: &str = "lock";

// === impl Root ===

impl Root {
    /// `workspaces` in $WRIT_HOME; inside a workspace the folder that has it; else in $XDG_STATE_HOME/writ, else in
    /// ~/.local/state/writ.
    ///
    /// # Errors
    /// None of the variables is set.
    pub(crate) fn find() -> Result<Self, CommandError> {
        Self::from_variables(|name| std::env::var_os(name))
    }

    /// The same with variables from anywhere.
    pub(crate) fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, CommandError> {
        let set = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let around = || set(WORKSPACE_VARIABLE).and_then(|tree| Some(tree.parent()?.parent()?.to_owned()));
        set("WRIT_HOME")
            .map(|home| home.join("workspaces"))
            .or_else(around)
            .or_else(|| set("XDG_STATE_HOME").map(|path| path.join("writ/workspaces")))
            .or_else(|| set("HOME").map(|path| path.join(".local/state/writ/workspaces")))
            .ok_or_else(|| {
                CommandError::usage("cannot tell where workspaces belong").hinted("set WRIT_HOME to a folder")
            })
            .and_then(|path| std::path::absolute(&path).map(Self).map_err(|error| cannot_make(&path, &error)))
    }

    /// This folder.
    #[cfg(test)]
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes the folder of a session's workspace, which nobody else has.
    ///
    /// # Errors
    /// The disk is full or read-only, or this session has a workspace already.
    pub(super) fn make(&self, repository: &str, owner: &Owner) -> Result<PathBuf, CommandError> {
        let private =
            |recursive: bool, path: &Path| std::fs::DirBuilder::new().recursive(recursive).mode(0o700).create(path);
        private(true, &self.0).map_err(|error| cannot_make(&self.0, &error))?;
        let name = names::slug(repository);
        // 40 random bits may meet again; whole ids do not.
        for end in [owner.short(), owner.to_string()] {
            let path = self.0.join(format!("{name}-{end}"));
            match private(false, &path) {
                Ok(()) => return Ok(path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(cannot_make(&path, &error)),
            }
        }
        Err(CommandError::failed(format!("session {owner} has a workspace already")))
    }

    /// The folders of all workspaces, in order of their names.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(super) fn folders(&self) -> Result<Vec<PathBuf>, CommandError> {
        let mut folders = list(&self.0)
            .map_err(|error| CommandError::failed(format!("cannot read `{}`", self.0.display())).because(&error))?;
        folders.retain(|path| record_of(path).exists());
        folders.sort();
        Ok(folders)
    }

    /// Moves a workspace's folder out of sight, in one step.
    ///
    /// # Errors
    /// It cannot be moved.
    pub(super) fn discard(&self, folder: &Path) -> io::Result<PathBuf> {
        let trash = self.0.join(TRASH);
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&trash)?;
        let place = tempfile::Builder::new().prefix("gone-").tempdir_in(&trash)?;
        // In the empty folder's place, not into it: whoever empties the trash meanwhile may take that away.
        std::fs::rename(folder, place.path())?;
        Ok(place.keep())
    }

    /// What waits for its deletion.
    pub(super) fn discarded(&self) -> Vec<PathBuf> {
        list(&self.0.join(TRASH)).unwrap_or_default()
    }
}

/// The record in a workspace's folder.
pub(super) fn record_of(folder: &Path) -> PathBuf {
    folder.join(RECORD)
}

/// The right to be the one who works with a workspace: of its launcher, later of whoever keeps or removes it. The system
/// takes it back when the process ends. None when another has it.
pub(super) fn take(folder: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(folder.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(error)) => Err(error),
    }
}

fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.take(WORKSPACES_MAX).map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn cannot_make(path: &Path, error: &io::Error) -> CommandError {
    CommandError::failed(format!("cannot make the workspace folder `{}`", path.display()))
        .because(error)
        .hinted("`--here` works in the repository's own folder; WRIT_HOME names another place for writ's files")
}
