//! Changed and untracked files as a tree, without touching anybody's index.

use std::path::Path;

use super::filters::Now;
use super::git::Git;
use super::source::Source;
use crate::command_error::CommandError;

/// Puts the developer's changed and untracked files into a new workspace; returns the tree of it all.
///
/// The objects go into the workspace, not into the developer's repository.
pub(super) async fn bring(
    source: &Source,
    workspace: &Git,
    tree: &Path,
    folder: &Path,
) -> Result<String, CommandError> {
    let index = PrivateIndex::of(&source.git_dir, folder, "start-index")?;
    let git = index.apply(source.git());
    let git = git.with("GIT_OBJECT_DIRECTORY", &tree.join(".git/objects"));
    let git = git.with("GIT_ALTERNATE_OBJECT_DIRECTORIES", &alternates(&source.objects));
    let is_sparse = source.flag("core.sparsecheckout").ok().flatten() == Some(true);
    let start = index.tree_of_all(&git, &Now { is_sparse, ..Now::default() }).await?;
    workspace.run(&["restore", "--quiet", "--worktree", &format!("--source={start}"), "--", ":/"]).await?;
    Ok(start)
}

/// The value of GIT_ALTERNATE_OBJECT_DIRECTORIES: git takes it apart at colons, unless it is quoted.
fn alternates(objects: &Path) -> std::ffi::OsString {
    let text = objects.to_string_lossy();
    if text.contains([':', '\n']) || text.starts_with('"') {
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        return format!("\"{quoted}\"").into();
    }
    objects.into()
}

/// A copy of an index; the original is only read. Removed when dropped.
pub(super) struct PrivateIndex(tempfile::TempPath);

// === impl PrivateIndex ===

impl PrivateIndex {
    /// A copy of a repository's index, in a folder.
    pub(super) fn of(git_dir: &Path, folder: &Path, prefix: &str) -> Result<Self, CommandError> {
        let failed = |error: std::io::Error| CommandError::failed("cannot copy the index").because(&error);
        let place = tempfile::Builder::new().prefix(prefix).tempfile_in(folder).map_err(failed)?.into_temp_path();
        match std::fs::copy(git_dir.join("index"), &place) {
            Ok(_) => {}
            // Git takes no empty file for an index, and none for an empty one.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                std::fs::remove_file(&place).map_err(failed)?;
            }
            Err(error) => return Err(failed(error)),
        }
        Ok(Self(place))
    }

    /// Git with this index.
    pub(super) fn apply(&self, git: Git) -> Git {
        git.with("GIT_INDEX_FILE", &*self.0)
    }

    /// The tree of the index as it is; none in the middle of a merge.
    pub(super) async fn tree(&self, git: &Git, now: &Now) -> Result<Option<String>, CommandError> {
        // It looks at files that changed in the same moment as the index.
        let said = git.ask(&[&now.arguments()[..], &["write-tree"]].concat()).await?;
        Ok(said.success.then(|| said.text()))
    }

    /// The tree with all changed and untracked files, but for ignored ones.
    pub(super) async fn tree_of_all(&self, git: &Git, now: &Now) -> Result<String, CommandError> {
        let mut arguments = now.arguments();
        arguments.extend(["-c", "core.untrackedCache=false", "add", "--all"]);
        if now.is_sparse {
            arguments.push("--sparse");
        }
        arguments.extend(["--", ":/"]);
        git.run(&arguments).await?;
        git.run(&[&now.arguments()[..], &["write-tree"]].concat()).await.map(|said| said.text())
    }
}
