//! What is too large for git, or lies beside it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::filters::Now;
use super::git::Git;
use crate::command_error::CommandError;
use crate::limits::{KEPT_BYTES_MAX, WORKSPACE_FILES_MAX};

/// Changed and untracked files, and untracked repositories.
///
/// # Errors
/// Together they are more than a keep-ref takes.
pub(super) async fn changed(tree: &Path, git: &Git, now: &Now) -> Result<Vec<PathBuf>, CommandError> {
    let mut arguments = now.arguments();
    arguments.extend(["ls-files", "-z", "--modified", "--others", "--deduplicate", "--exclude-standard"]);
    let said = git.run(&arguments).await?;
    let paths: Vec<PathBuf> = said.pieces().map(|piece| OsStr::from_bytes(piece).into()).collect();
    let of = |path: &PathBuf| tree.join(path).symlink_metadata().map_or(0, |meta| meta.len());
    let bytes = paths.iter().map(of).fold(0, u64::saturating_add);
    if bytes > KEPT_BYTES_MAX {
        let (bytes, max) = (bytes >> 20, KEPT_BYTES_MAX >> 20);
        return Err(CommandError::failed(format!(
            "the changed files of the workspace are {bytes} MiB, the limit of a keep-ref is {max} MiB"
        ))
        .hinted("commit what is worth it, and name the rest in .gitignore or remove it"));
    }
    Ok(paths)
}

/// Brings files of Git LFS into the developer's store. They are named by their content, so what is there is the same.
pub(super) async fn keep_lfs(tree: &Path, home: &Git) -> Result<(), CommandError> {
    let from = tree.join(".git/lfs/objects");
    if !from.exists() {
        return Ok(());
    }
    let into = home.run(&["rev-parse", "--path-format=absolute", "--git-path", "lfs/objects"]).await?.path();
    copy_new(&from, &into).map_err(|error| CommandError::failed("cannot keep files of Git LFS").because(&error))
}

fn copy_new(from: &Path, into: &Path) -> std::io::Result<()> {
    let mut folders = vec![from.to_owned()];
    let mut seen = 0_usize;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            seen += 1;
            if seen > WORKSPACE_FILES_MAX {
                return Err(std::io::Error::other(format!("there are more than {WORKSPACE_FILES_MAX}")));
            }
            let meta = path.symlink_metadata()?;
            let to = into.join(path.strip_prefix(from).unwrap_or(&path));
            if meta.is_dir() {
                folders.push(path);
            } else if meta.is_file() && !to.exists() {
                copy_whole(&path, &to)?;
            }
        }
    }
    Ok(())
}

/// All of it or nothing, also when somebody else copies the same.
fn copy_whole(from: &Path, to: &Path) -> std::io::Result<()> {
    let folder = to.parent().unwrap_or(to);
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    std::io::copy(&mut std::fs::File::open(from)?, &mut file)?;
    file.as_file().sync_all()?;
    file.persist(to).map(drop).map_err(|error| error.error)
}
