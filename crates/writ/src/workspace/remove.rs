//! Removing: first kept, then out of sight in one step, then deleted.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use domain::Time;

use super::keep::{Kept, keep};
use super::{Root, Workspace, create};
use crate::command_error::CommandError;
use crate::limits::WORKSPACE_FILES_MAX;

/// Keeps what is in a workspace and removes it. Deleting its files is left to [`empty_trash`].
///
/// # Errors
/// It cannot be kept, or not be moved: it stays.
pub(crate) async fn remove(root: &Root, workspace: &mut Workspace, at: Time) -> Result<Kept, CommandError> {
    if workspace.is_borrowed_from(root)? {
        return Err(CommandError::failed("another workspace was made of it and needs its objects")
            .hinted("that one goes first"));
    }
    // Removed by hand: nothing is left to be kept.
    let is_missing = !workspace.tree().exists();
    let kept = if is_missing { Kept::default() } else { keep(workspace, at).await? };
    if kept.commit.is_none() && workspace.record.kept.is_none() && workspace.record.git_dir.exists() {
        create::unpin_of(workspace).await?;
    }
    root.discard(workspace.folder()).map(|_| kept).map_err(|error| {
        CommandError::failed(format!("cannot move the workspace `{}` away", workspace.folder().display()))
            .because(&error)
    })
}

/// Deletes what was removed; returns how much of it is still there. Whoever is interrupted leaves the rest to the next.
pub(crate) fn empty_trash(root: &Root) -> usize {
    root.discarded().iter().filter(|path| delete(path).is_err()).count()
}

/// Deletes a folder, also one with folders that must not be written into, as caches of build tools are.
fn delete(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_up(folder)?;
            std::fs::remove_dir_all(folder)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn open_up(folder: &Path) -> io::Result<()> {
    let mut folders = vec![folder.to_owned()];
    let mut seen = 0_usize;
    while let Some(folder) = folders.pop() {
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
        for entry in std::fs::read_dir(&folder)?.flatten() {
            seen += 1;
            if seen > WORKSPACE_FILES_MAX {
                return Err(io::Error::other("too many files"));
            }
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Ok(())
}
