//! Workspaces: where a session works. A repository of its own beside the developer's, with its own index and branch, that
//! borrows the developer's objects.
//!
//! Work comes back into the developer's repository: commits as branches `s/ses_…/…`, and everything, changed and
//! untracked files included, at `refs/writ/keep/ses_…`. Nothing is removed before it is there. The developer's own index
//! and files are never touched.
//!
//! Knows git and files; knows neither the control plane nor how an agent is run.

mod bring;
mod changes;
mod config;
mod create;
mod filters;
mod gc;
mod git;
mod holding;
mod keep;
mod large;
pub(crate) mod names;
mod nested;
mod owner;
mod processes;
mod record;
mod recover;
mod remove;
mod root;
mod send;
mod size;
mod source;
mod tips;

use std::fs::File;
use std::path::{Path, PathBuf};

use domain::Time;

use crate::command_error::CommandError;

pub(crate) use create::{Order, create};
pub(crate) use gc::{Bounds, Verdict, judge};
pub(crate) use keep::{Kept, keep};
pub(crate) use owner::Owner;
pub(crate) use record::Record;
pub(crate) use recover::{Recovered, recover};
pub(crate) use remove::{empty_trash, remove};
pub(crate) use root::{Root, WORKSPACE_VARIABLE};
pub(crate) use source::{Found, Source};

/// A workspace that this process may change.
#[derive(Debug)]
pub(crate) struct Workspace {
    folder: PathBuf,
    /// What it is.
    pub(crate) record: Record,
    /// Gone, others may.
    _lock: File,
}

/// What a workspace is at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Its launcher runs, or a process still works in it.
    Live,
    /// Its session ended, and its work is in the developer's repository.
    Ended,
    /// Its launcher was killed before it could keep the work.
    Left,
    /// The clone was removed by hand.
    Missing,
}

// === impl Workspace ===

impl Workspace {
    /// Where the agent works: the top of the clone.
    pub(crate) fn tree(&self) -> PathBuf {
        self.folder.join(&self.record.tree)
    }

    /// The folder with the clone and the record.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes a workspace that nobody works in; none when somebody does.
    ///
    /// # Errors
    /// Its record cannot be read.
    pub(crate) fn take(folder: &Path) -> Result<Option<Self>, CommandError> {
        let failed = |error: std::io::Error| {
            CommandError::failed(format!("cannot lock the workspace `{}`", folder.display())).because(&error)
        };
        let Some(lock) = root::take(folder).map_err(failed)? else { return Ok(None) };
        let record = Record::read(folder)?;
        let workspace = Self { folder: folder.to_owned(), record, _lock: lock };
        Ok((!workspace.is_in_use()).then_some(workspace))
    }

    /// Writes down that its launcher is done with it.
    ///
    /// # Errors
    /// The record cannot be written.
    pub(crate) fn end(&mut self, at: Time) -> Result<(), CommandError> {
        self.record.ended_at = Some(at);
        self.record.write(&self.folder)
    }

    /// Git in the clone. An agent worked there, so nothing of its settings is believed.
    fn git(&self) -> git::Git {
        let tree = self.tree();
        git::Git::of(&tree.join(".git"), &tree, git::Trust::Agent)
    }

    /// Git in the repository that this was made of, which may have lost its working tree meanwhile. That of a part is one
    /// that an agent works in.
    fn home(&self) -> git::Git {
        let trust = if self.record.owner.part.is_some() { git::Trust::Agent } else { git::Trust::Developer };
        git::Git::at(&self.record.git_dir, trust).with("GIT_DIR", &self.record.git_dir)
    }

    /// Whether a process works in it that is not this one.
    pub(crate) fn is_in_use(&self) -> bool {
        processes::any_in(&self.tree())
    }

    /// Whether another workspace was made of this one and needs its objects.
    ///
    /// # Errors
    /// The folder of all workspaces cannot be read.
    pub(crate) fn is_borrowed_from(&self, root: &Root) -> Result<bool, CommandError> {
        let folders = root.folders()?;
        let records = folders.iter().filter_map(|folder| Record::read(folder).ok());
        Ok(records.into_iter().any(|record| self.has(&record.git_dir)))
    }

    /// Whether a path is in it, whichever symbolic links lead there.
    pub(crate) fn has(&self, path: &Path) -> bool {
        let real = |path: &Path| path.canonicalize().unwrap_or(path.to_owned());
        path.starts_with(&self.folder) || real(path).starts_with(real(&self.folder))
    }
}

/// A workspace as it is listed: nothing of it is locked.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    /// The folder with the clone and the record.
    pub(crate) folder: PathBuf,
    /// What it is.
    pub(crate) record: Record,
    /// What it is at the moment.
    pub(crate) state: State,
}

// === impl Listed ===

impl Listed {
    /// All workspaces below a folder, and the errors of those whose records cannot be read.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(crate) fn all(root: &Root) -> Result<(Vec<Self>, Vec<CommandError>), CommandError> {
        let (mut found, mut errors) = (Vec::new(), Vec::new());
        for folder in root.folders()? {
            match Self::look(folder) {
                Ok(listed) => found.push(listed),
                Err(error) => errors.push(error),
            }
        }
        // What was made of another workspace comes first: the other cannot go before.
        found.sort_by_key(|listed: &Self| !listed.record.git_dir.starts_with(root.path()));
        Ok((found, errors))
    }

    /// The workspace of a session, named by its id or the end of it, or by the folder's name.
    ///
    /// # Errors
    /// There is none, or several.
    pub(crate) fn find(root: &Root, name: &str) -> Result<Self, CommandError> {
        let (all, _) = Self::all(root)?;
        let mut found: Vec<Self> = all.into_iter().filter(|listed| listed.is_called(name)).collect();
        match found.len() {
            0 => Err(CommandError::failed(format!("there is no workspace of `{name}`"))
                .hinted("`writ workspace list` shows those that are there; what was kept of others is in their repository, at refs/writ/keep/")),
            1 => Ok(found.remove(0)),
            many => Err(CommandError::usage(format!("`{name}` may mean {many} workspaces")).hinted("give the whole id of the session")),
        }
    }

    fn look(folder: PathBuf) -> Result<Self, CommandError> {
        let record = Record::read(&folder)?;
        let tree = folder.join(&record.tree);
        let is_free = root::take(&folder).is_ok_and(|lock| lock.is_some());
        let state = match (is_free && !processes::any_in(&tree), tree.join(".git").exists(), record.ended_at) {
            (false, ..) => State::Live,
            (true, false, _) => State::Missing,
            (true, true, Some(_)) => State::Ended,
            (true, true, None) => State::Left,
        };
        Ok(Self { folder, record, state })
    }

    fn is_called(&self, name: &str) -> bool {
        let id = self.record.owner.to_string();
        let by_folder = self.folder.file_name().is_some_and(|known| known.to_string_lossy() == name);
        by_folder || (name.len() >= 4 && id.to_ascii_lowercase().ends_with(&name.to_ascii_lowercase()))
    }

    /// Where the agent works: the top of the clone.
    pub(crate) fn tree(&self) -> PathBuf {
        self.folder.join(&self.record.tree)
    }

    /// What [`judge`] looks at: state, when it was over (or made), bytes. Of what stays in any case nobody asks how large it
    /// is, and to find out takes a walk through all of it.
    pub(crate) fn facts(&self) -> (State, Time, u64) {
        let bytes = if matches!(self.state, State::Live | State::Missing) { 0 } else { self.bytes() };
        (self.state, self.record.ended_at.unwrap_or(self.record.made_at), bytes)
    }

    /// Bytes on disk.
    pub(crate) fn bytes(&self) -> u64 {
        size::of(&self.folder)
    }

    /// How many files are changed or untracked.
    ///
    /// # Errors
    /// Git fails: the developer's repository is gone, for example.
    pub(crate) async fn changed_files(&self) -> Result<usize, CommandError> {
        let tree = self.tree();
        let git = git::Git::of(&tree.join(".git"), &tree, git::Trust::Agent);
        let now = filters::now(&git, &self.record.filters).await?;
        source::changed_files_with(&git, &now.arguments()).await
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Live => "live",
            Self::Ended => "ended",
            Self::Left => "left",
            Self::Missing => "missing",
        })
    }
}

#[cfg(test)]
mod tests;
