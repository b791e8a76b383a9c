//! What a workspace is: a file beside the clone, so that it is known even when the clone is gone.

use std::io::Write;
use std::path::{Path, PathBuf};

use domain::Time;
use serde::{Deserialize, Serialize};

use super::Owner;
use super::root::record_of;
use crate::command_error::CommandError;
use crate::limits::FILE_BYTES_MAX;

/// The record. Paths that are no text cannot be written down: such repositories are refused before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The session, or the part of it, that works, or worked, here.
    #[serde(flatten)]
    pub(crate) owner: Owner,
    /// The top of the developer's working tree.
    pub(crate) repository: PathBuf,
    /// The `.git` folder that keeps the work: the part that all their working trees share, and that outlives this one.
    pub(crate) git_dir: PathBuf,
    /// Name of the clone's folder beside this file.
    pub(crate) tree: PathBuf,
    /// The branch that was made for the session.
    pub(crate) branch: String,
    /// The commit that it started from.
    pub(crate) base: String,
    /// The tree that it started with: of the base, or with the developer's changes.
    pub(crate) start_tree: String,
    /// Programs that the developer's settings start for files (`filter.….clean` and its like), as `key=value`.
    pub(crate) filters: Vec<String>,
    /// When it was made.
    pub(crate) made_at: Time,
    /// When its launcher was done with it; none while it runs, or when it was killed.
    #[serde(default)]
    pub(crate) ended_at: Option<Time>,
    /// What the keep-ref holds.
    #[serde(default)]
    pub(crate) kept: Option<KeptCommit>,
}

/// The commit at a keep-ref.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptCommit {
    /// Its id.
    pub(crate) commit: String,
    /// When it was kept.
    pub(crate) at: Time,
}

// === impl Record ===

impl Record {
    /// Reads the record of a workspace's folder.
    ///
    /// # Errors
    /// It cannot be read, or is of another version.
    pub(super) fn read(folder: &Path) -> Result<Self, CommandError> {
        let path = record_of(folder);
        let failed = |error: &dyn std::error::Error| {
            CommandError::failed(format!("cannot read the workspace's record `{}`", path.display())).because(error)
        };
        let size = std::fs::metadata(&path).map_err(|error| failed(&error))?.len();
        if size > FILE_BYTES_MAX {
            return Err(failed(&std::io::Error::other("it is far too large")));
        }
        let text = std::fs::read_to_string(&path).map_err(|error| failed(&error))?;
        serde_json::from_str(&text).map_err(|error| failed(&error))
    }

    /// Writes it in one step: whoever reads sees the old or the new one.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn write(&self, folder: &Path) -> Result<(), CommandError> {
        let write = || -> std::io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            serde_json::to_writer_pretty(&mut file, self)?;
            file.write_all(b"\n")?;
            file.as_file().sync_all()?;
            file.persist(record_of(folder)).map(drop).map_err(|error| error.error)
        };
        write().map_err(|error| {
            CommandError::failed(format!("cannot write the workspace's record in `{}`", folder.display()))
                .because(&error)
        })
    }

    /// Where the work is kept: `refs/writ/keep/ses_…`.
    pub(crate) fn keep_ref(&self) -> String {
        keep_ref(&self.owner)
    }
}

/// What is kept, of all sessions.
pub(super) const KEPT: &str = "refs/writ/keep";

/// Where the work of a session, or of a part of it, is kept.
pub(crate) fn keep_ref(owner: &Owner) -> String {
    format!("{KEPT}/{owner}")
}
