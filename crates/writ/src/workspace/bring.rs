//! What comes along though git does not carry it: hooks, excludes, the client's personal settings, and what
//! `.worktreeinclude` names.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::source::Source;
use crate::command_error::CommandError;
use crate::limits::{BROUGHT_FILE_BYTES_MAX, BROUGHT_FILES_MAX};

/// Files of `.git/info` that say how files are treated.
const INFO: [&str; 4] = ["attributes", "exclude", "grafts", "sparse-checkout"];
/// The client's settings and notes that are the developer's own and are usually ignored by git.
const PERSONAL: [&str; 2] = [".claude/settings.local.json", "CLAUDE.local.md"];
/// Names files that git ignores and a working tree needs, as `.gitignore` would: the client reads it, too.
const INCLUDE: &str = ".worktreeinclude";

/// Hooks and `.git/info`. Copies: an agent that writes into its hooks does not write into the developer's.
pub(super) fn repository_files(source: &Source, tree: &Path) -> io::Result<()> {
    let git_dir = tree.join(".git");
    for name in INFO {
        // A linked working tree has a sparse checkout of its own.
        let own = source.git_dir.join("info").join(name);
        let from = if own.exists() { own } else { source.common_dir.join("info").join(name) };
        copy(&from, &git_dir.join("info").join(name))?;
    }
    let hooks = match std::fs::read_dir(source.common_dir.join("hooks")) {
        Ok(hooks) => hooks,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for hook in hooks.take(BROUGHT_FILES_MAX) {
        let path = hook?.path();
        let is_sample = path.extension().is_some_and(|end| end == "sample");
        if !is_sample && let Some(name) = path.file_name() {
            copy(&path, &git_dir.join("hooks").join(name))?;
        }
    }
    Ok(())
}

/// The developer's own files that the checkout does not have.
pub(super) async fn ignored_files(source: &Source, tree: &Path) -> Result<(), CommandError> {
    let mut paths: Vec<PathBuf> = PERSONAL.iter().map(PathBuf::from).collect();
    if source.top.join(INCLUDE).is_file() {
        let exclude_from = format!("--exclude-from={INCLUDE}");
        let arguments = ["ls-files", "-z", "--others", "--ignored", &exclude_from];
        let said = source.git().run(&arguments).await?;
        paths.extend(said.pieces().map(|piece| PathBuf::from(OsStr::from_bytes(piece))));
    }
    for path in paths.iter().take(BROUGHT_FILES_MAX) {
        let to = tree.join(path);
        if to.symlink_metadata().is_err() {
            copy(&source.top.join(path), &to).map_err(|error| {
                CommandError::failed(format!("cannot bring `{}` along", path.display())).because(&error)
            })?;
        }
    }
    Ok(())
}

/// Copies a file with its mode, or a symbolic link as it is; what is not there, is no file or is too large stays behind.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let Ok(meta) = from.symlink_metadata() else { return Ok(()) };
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent)?;
    }
    if meta.is_symlink() {
        return std::os::unix::fs::symlink(std::fs::read_link(from)?, to);
    }
    if meta.is_file() && meta.len() <= BROUGHT_FILE_BYTES_MAX {
        std::fs::copy(from, to)?;
    }
    Ok(())
}
