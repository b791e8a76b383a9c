//! Repositories inside a workspace: submodules, and clones that an agent made. A keep-ref names their commits but does not
//! hold them, so a workspace with work in one of them stays.

use std::path::{Path, PathBuf};

use super::git::{Git, Trust};
use crate::command_error::CommandError;

/// How git writes down a repository inside another.
const LINK: &str = "160000";

/// Checks what is listed as untracked and is a repository: without a commit `git add` would refuse it.
///
/// # Errors
/// One has work that is nowhere else.
pub(super) async fn check(tree: &Path, changed: &[PathBuf]) -> Result<(), CommandError> {
    for path in changed {
        let inner = tree.join(path);
        if inner.is_dir() && inner.join(".git").exists() {
            check_one(&inner, path).await?;
        }
    }
    Ok(())
}

/// Checks all repositories that the index names.
///
/// # Errors
/// One has work that is nowhere else.
pub(super) async fn check_tree(tree: &Path, git: &Git) -> Result<(), CommandError> {
    let said = git.run(&["ls-files", "-z", "--stage"]).await?;
    for piece in said.pieces().filter(|piece| piece.starts_with(LINK.as_bytes())) {
        let Some(tab) = piece.iter().position(|&byte| byte == b'\t') else { continue };
        let path = path(piece.get(tab + 1..).unwrap_or_default());
        let inner = tree.join(&path);
        if inner.join(".git").exists() {
            check_one(&inner, &path).await?;
        }
    }
    Ok(())
}

fn path(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    std::ffi::OsStr::from_bytes(bytes).into()
}

async fn check_one(inner: &Path, name: &Path) -> Result<(), CommandError> {
    let git = Git::at(inner, Trust::Agent);
    let status = git.run(&["status", "--porcelain", "-z", "--ignore-submodules=none"]).await?;
    // Commits that no remote is known to have.
    let own = git
        .run(&["rev-list", "--max-count=1", "--branches", "--tags", "--glob=refs/stash", "HEAD", "--not", "--remotes"])
        .await;
    // Without a commit there is no HEAD to list.
    let has_commits = own.is_ok_and(|said| !said.text().is_empty());
    if status.bytes().is_empty() && !has_commits {
        return Ok(());
    }
    Err(CommandError::failed(format!(
        "the repository `{}` inside the workspace has work of its own",
        name.to_string_lossy().trim_end_matches('/')
    ))
    .hinted("a keep-ref cannot hold it: push it, or take it out of the workspace"))
}
